"""Gather the scores of all shards in one table, one row a sample x net x method x size.

The table is checked before it appears: it never exists unless it is right.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from concentration import guard
from concentration.errors import StudyError, enumerate_errors, spoilt
from concentration.files import whole_file
from concentration.jobs import job

COLUMNS = [
    *("sample", "image_id", "class", "net", "method", "size"),
    *("concentration", "energy_inside", "energy_total", "mask_fraction"),
    *("target", "target_rank", "target_probability", "status"),
]


def main(
    parts: Sequence[str], subset: pd.DataFrame, order: Mapping[str, list[str]], table: str
) -> None:
    def place(column: pd.Series) -> pd.Series:
        return column.map(order[str(column.name)].index)

    gathered = pd.concat([read(Path(part)) for part in parts])
    if found := guard.faults(gathered, subset, order):
        folder = Path(parts[0]).parents[2]
        title = (
            "the scores are wrong, and no table is made of them. Delete the folder "
            f"{str(folder)!r} and start again, which makes them anew; if that does not help, "
            "please report what follows:"
        )
        raise StudyError(enumerate_errors(title, found))
    with whole_file(table) as draft:
        (
            gathered.sort_values("sample", kind="stable")
            .sort_values(list(order), kind="stable", key=place)
            .to_parquet(draft, index=False)
        )


def read(part: Path) -> pd.DataFrame:
    """The scores of one shard; net and size stand in its path, net/size/shard.parquet.

    Raises StudyError if it is damaged, or lacks a column, as one of an earlier version may.
    """
    try:
        scores = pd.read_parquet(part).assign(net=part.parts[-3], size=part.parts[-2])
        return scores[COLUMNS]
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are ValueErrors
        raise spoilt(part, error) from None


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.parts,
            pd.read_csv(snakemake.input.subset, dtype={"class": str}, keep_default_na=False),
            {
                "net": snakemake.params.nets,
                "size": snakemake.params.sizes,
                "method": snakemake.params.methods,
                "class": snakemake.params.classes,
            },
            snakemake.output.energy,
        )
