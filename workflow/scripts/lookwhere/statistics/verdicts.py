"""The verdict on every method of every net: is it ahead of all controls?

A control is a map that a method should beat. There are five kinds, a function each, and another is
one more function in ``KINDS``: maps of no net, methods that ignore the class, the rivals of the
study, and the same method on an untrained net of the architecture, one of the study or the
untrained twins of a cascade.

Pairs are records of one sample, net and size where both maps are defined. The tests are those of
``paired``, corrected by Holm's method over all methods and controls of a net. Nets are not pooled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lookwhere.methods import registry
from lookwhere.methods.names import ALL_LABELS, CONTROL_LABELS, METHODS
from lookwhere.metrics.registry import FIRST_METRIC
from lookwhere.metrics.rivals import LABELS as RIVAL_LABELS
from lookwhere.statistics import bootstrap
from lookwhere.statistics.cascade import twins
from lookwhere.statistics.paired import (
    AHEAD,
    BEHIND,
    NOT_SIGNIFICANT,
    TOO_FEW,
    compare,
    corrected,
    enough,
    exact,
)
from lookwhere.statistics.strata import as_text, methods_only, trained_only, untrained_nets

AHEAD_OF_ALL, NO_DIFFERENT = "ahead of all controls", "no different"
TWINS = "twins"  # the control of a cascade
LABELS = {**RIVAL_LABELS, TWINS: "Untrained twins"}
CELL = ["sample", "net", "size"]
REFERENCE = [*CELL, "method", "control", "reference"]
COLUMNS = [
    *("net", "method", "verdict", "control", "difference", "low", "high", "p_holm"),
    *("pairs", "undefined", "images", "ahead", "controls", "untested", "tests"),
]
OF_CONTROL = ["pairs", "undefined", "images", "ahead"]  # counts; without a control there are none


@dataclass(frozen=True)
class Maps:
    """The records of which controls are taken; None of a study without such maps."""

    records: pd.DataFrame
    own: pd.DataFrame  # of methods of the nets on which there are verdicts
    rivals: pd.DataFrame | None
    cascade: pd.DataFrame | None


def verdicts(
    records: pd.DataFrame,
    rivals: pd.DataFrame | None = None,
    cascade: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row a trained net and method; of a study without any, an untrained one."""
    return deciding(against_controls(records, rivals, cascade))


def deciding(table: pd.DataFrame) -> pd.DataFrame:
    """The verdict on every method of a net, from the table of ``against_controls``.

    Columns: net, method, verdict (behind, no different, ahead of all controls, or too few images),
    control (that the verdict is about: of those ahead of the method, else of those from which it
    does not differ, else of all, the one with the lowest difference), the difference (method -
    control) with its interval and p_holm, pairs, undefined (records of which one of the two maps
    has no value), images, ahead (on how many of these the method is), controls (tested), untested
    (controls of too few images), and tests (of the net, that are corrected together).
    """
    rows = [
        _verdict(group) for _, group in table.groupby(["net", "method"], sort=False, observed=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(OF_CONTROL, "Int64"))


def against_controls(
    records: pd.DataFrame, rivals: pd.DataFrame | None, cascade: pd.DataFrame | None
) -> pd.DataFrame:
    """Every method of a net against every control: ``paired.compare``, p_holm and result.

    ``undefined`` counts the records that are no pair, and ``tests`` those of the net. The column
    ``data`` has the differences of each, and their images, for an interval.
    """
    records = as_text(records)
    own = methods_only(trained_only(records))
    own = own[[*CELL, "image_id", "architecture", "method", FIRST_METRIC]]
    maps = Maps(records, own, rivals, cascade)
    kinds = (kind(maps) for kind in KINDS)
    references = pd.concat(references for references in kinds if len(references))
    both = own.merge(references[REFERENCE], on=[*CELL, "method"])
    both["difference"] = exact(both[FIRST_METRIC] - both["reference"])
    both = both.drop(columns=["sample", "size", "architecture", FIRST_METRIC, "reference"])
    cells = both.groupby(["net", "method", "control"], sort=False)
    rows = [
        dict(zip(["net", "method", "control"], key, strict=True))
        | compare(group, group["difference"], of_nets=False, intervals=False)
        | {"data": group}
        for key, group in cells
    ]
    table = pd.DataFrame(rows)
    table["undefined"] = table["data"].map(len) - table["pairs"]
    table["tests"] = table.groupby("net")["p"].transform("count")
    table = corrected(table, [table["net"]])
    # Maps that are equal on most images do not differ significantly, whatever the others show.
    alike = (table["result"] == TOO_FEW) & enough(table["images"], table["tests"])
    return table.assign(result=table["result"].mask(alike, NOT_SIGNIFICANT))


def of_no_net(maps: Maps) -> pd.DataFrame:
    """Each control of no net, beside every method."""
    records = maps.records
    return _beside(records[records["method"].isin(list(CONTROL_LABELS))], maps.own)


def of_no_class(maps: Maps) -> pd.DataFrame:
    """Each method that ignores the class, beside every other one."""
    records, methods = maps.records, maps.own["method"].unique()
    free = [m for m in methods if registry.family(METHODS[m]) == "class_free"]
    beside = _beside(records[records["method"].isin(free)], maps.own)
    return beside[beside["control"] != beside["method"]]


def of_rivals(maps: Maps) -> pd.DataFrame:
    """The rivals of the study."""
    if maps.rivals is None:
        return pd.DataFrame(columns=REFERENCE)
    names = {"rival": "control", FIRST_METRIC: "reference"}
    return as_text(maps.rivals).rename(columns=names)[REFERENCE]


def of_untrained(maps: Maps) -> pd.DataFrame:
    """The same method on each untrained net of the architecture."""
    untrained = maps.records[maps.records["net"].isin(untrained_nets(maps.records))]
    names = {"net": "control", FIRST_METRIC: "reference"}
    keys = ["sample", "size", "architecture", "method"]
    nets = untrained.rename(columns=names)[[*keys, "control", "reference"]]
    return maps.own[[*CELL, "architecture", "method"]].merge(nets, on=keys)[REFERENCE]


def of_twins(maps: Maps) -> pd.DataFrame:
    """The same method on the untrained twins of a cascade, their mean, of its few samples."""
    if maps.cascade is None:
        return pd.DataFrame(columns=REFERENCE)
    of_map = as_text(twins(maps.cascade)).groupby([*CELL, "method"])[FIRST_METRIC]
    return of_map.mean().reset_index(name="reference").assign(control=TWINS)[REFERENCE]


KINDS = (of_no_net, of_no_class, of_rivals, of_untrained, of_twins)


def label(control: str) -> str:
    """The name of a control in print."""
    return {**LABELS, **ALL_LABELS}.get(control, control)


def _beside(controls: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """The ``controls`` beside every method of the same sample, net and size."""
    names = {"method": "control", FIRST_METRIC: "reference"}
    references = controls.rename(columns=names)[[*CELL, "control", "reference"]]
    return own[[*CELL, "method"]].merge(references, on=CELL)[REFERENCE]


def _verdict(group: pd.DataFrame) -> dict[str, object]:
    """The verdict on a method, from its rows of ``against_controls``."""
    tested = group[group["result"] != TOO_FEW]
    if tested.empty:
        return {**group.iloc[0][["net", "method"]], "verdict": TOO_FEW} | _counts(group)
    order: Sequence[tuple[str, pd.Series]] = [
        (BEHIND, tested["result"] == BEHIND),
        (NO_DIFFERENT, ~tested["result"].isin([BEHIND, AHEAD])),
        (AHEAD_OF_ALL, tested["result"] == AHEAD),
    ]
    state, members = next((state, members) for state, members in order if members.any())
    decisive = tested[members].sort_values("difference", kind="stable").iloc[0]
    data = decisive["data"].dropna(subset="difference")
    low, high = bootstrap.mean_interval(data["difference"], data["image_id"])
    return {**decisive, "verdict": state, "low": low, "high": high} | _counts(group)


def _counts(group: pd.DataFrame) -> dict[str, int]:
    untested = int((group["result"] == TOO_FEW).sum())
    tests = int(group["tests"].iloc[0])
    return {"controls": len(group) - untested, "untested": untested, "tests": tests}
