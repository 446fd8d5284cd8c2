"""Tables of the study: what the records of ``energy.parquet`` come to.

The mean is over the records where concentration is defined; those where it is not are counted, with
the reason. Lift is mean concentration / mean mask fraction over the same records: 1 is a map that
knows nothing.
"""

from collections.abc import Sequence

import pandas as pd

from .energy import STATUSES
from .files import whole_file
from .methods import LABELS

DECIMALS = {
    "sum": 2,
    "mean": 3,
    "mask_fraction": 3,
    "lift": 2,
    "reference_mean": 3,
    "difference": 3,
}


def summarise(energy: pd.DataFrame, by: Sequence[str] = ("method",)) -> pd.DataFrame:
    """One row a group, in the order of first appearance.

    Columns: ``by``, records, undefined, reasons, sum, mean, mask_fraction, lift.
    """
    defined = energy["mask_fraction"].where(energy["concentration"].notna())
    groups = energy.assign(mask_fraction=defined).groupby(list(by), sort=False)
    return (
        groups.agg(
            records=("status", "size"),
            undefined=("concentration", lambda column: int(column.isna().sum())),
            reasons=("status", _reasons),
            sum=("concentration", "sum"),
            mean=("concentration", "mean"),
            mask_fraction=("mask_fraction", "mean"),
        )
        .assign(lift=lambda table: table["mean"] / table["mask_fraction"])
        .reset_index()
    )


def compare(table: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """The table by method with another study's ``mean`` beside ours: reference_mean, difference."""
    other = table["method"].map(reference.set_index("method")["mean"])
    return table.assign(reference_mean=other, difference=table["mean"] - other)


def write(table: pd.DataFrame, csv: str, markdown: str, tex: str) -> None:
    """The table three times: raw numbers as csv, and readable ones for a page and for a paper."""
    with whole_file(csv) as draft:
        table.to_csv(draft, index=False)
    readable = _readable(table)
    with whole_file(markdown) as draft:
        draft.write_text(readable.to_markdown(index=False, disable_numparse=True) + "\n")
    with whole_file(tex) as draft:
        draft.write_text(readable.to_latex(index=False, escape=True))


def _reasons(status: pd.Series) -> str:
    counts = status.value_counts()
    undefined = [name for name in STATUSES if name != "ok" and counts.get(name, 0)]
    return ", ".join(f"{counts[name]} {name}" for name in undefined)


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.assign(
        **{
            column: [f"{value:.{places}f}" if pd.notna(value) else "-" for value in table[column]]
            for column, places in DECIMALS.items()
            if column in table
        }
    )
    if "method" in shown:
        shown["method"] = shown["method"].map(LABELS)
    return shown.rename(columns=lambda name: name.replace("_", " "))
