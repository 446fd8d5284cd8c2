"""The evidence on each method, side by side: what a reader should see before believing a map.

A piece of evidence is a function in ``PIECES``: a mean with its interval over images, by method or
by net and method. A study has those of which it has the results. All are of trained nets.

    lift              is the map on the object?
    rank_correlation  is the map of the net? With that of the untrained twins: 1 is the same map
    discrimination    is the map of the class? 0 is a map that ignores it
    faithful          does the net need what it shows? 0 is a map of random order
    auc               does it tell a net that cheats, of nets of known reason? 0.5 is chance
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from lookwhere.metrics import contrasts
from lookwhere.metrics.registry import of_records
from lookwhere.statistics import (
    cascade,
    discrimination,
    faithful,
    planted,
    verdicts,
)
from lookwhere.statistics.strata import methods_only, trained_only, untrained_nets
from lookwhere.statistics.summary import lifts, means

METHOD = ["method"]


@dataclass(frozen=True)
class Results:
    """What a study has found out; None or empty where it has no such results."""

    records: pd.DataFrame
    rivals: pd.DataFrame | None = None
    cascade: pd.DataFrame | None = None
    reasons: Mapping[str, Sequence[str]] = field(default_factory=dict)  # classes by net


def of_sources(
    sources: Mapping[str, pd.DataFrame], reasons: Mapping[str, Sequence[str]]
) -> Results:
    """The results among the sources of a chart, by name."""
    return Results(sources["measures"], sources.get("rivals"), sources.get("cascade"), reasons)


def of_methods(results: Results) -> pd.DataFrame:
    """One row a method, in the study's order.

    Columns: method; each piece of evidence as by ``summary.mean_of``, with its ends (_low, _high)
    and counts (_records, _undefined); in words ahead_of_all, on how many nets the method is ahead
    of all controls, and not_ahead, of which control it is not on the others; and keeps_map, on how
    many nets and sizes it keeps its map in the cascade.
    """
    table = _joined(results, METHOD)
    words = [_in_words(results)]
    if results.cascade is not None:
        words.append(_kept(results.cascade))
    for column in words:
        table = table.merge(column, on="method", how="left")
    return table


def of_nets(results: Results) -> pd.DataFrame:
    """One row a net and method: the columns of ``of_methods`` but those in words."""
    return _joined(results, ["net", "method"])


def _joined(results: Results, by: Sequence[str]) -> pd.DataFrame:
    tables = [table for piece in PIECES if (table := piece(results, by)) is not None]
    first, *others = (table.astype(dict.fromkeys(by, "str")) for table in tables)
    for table in others:
        first = first.merge(table, on=list(by), how="left")
    return first


def lift(results: Results, by: Sequence[str]) -> pd.DataFrame:
    """How many times as much energy on the object as by chance."""
    return lifts(methods_only(trained_only(results.records)), by)


def rank_correlation(results: Results, by: Sequence[str]) -> pd.DataFrame | None:
    """The rank correlation of the maps of the untrained twins with those of the net."""
    if results.cascade is None:
        return None
    return means(cascade.twins(results.cascade), "rank_correlation", by)


def discriminates(results: Results, by: Sequence[str]) -> pd.DataFrame | None:
    """The discrimination between two classes in an image."""
    if results.rivals is None:
        return None
    untrained = untrained_nets(results.records)
    pairs = discrimination.of_pairs(results.rivals[~results.rivals["net"].isin(untrained)])
    return means(pairs, "discrimination", by) if len(pairs) else None


def faithfulness(results: Results, by: Sequence[str]) -> pd.DataFrame | None:
    """The contrast of faithfulness that the study has."""
    if not contrasts.of_metrics(of_records(results.records.columns)):
        return None
    return means(faithful.contrasted(results.records), "faithful", by)


def detection(results: Results, by: Sequence[str]) -> pd.DataFrame | None:
    """How well concentration tells nets that cheat, over images: of all nets together alone."""
    if list(by) != METHOD or not results.reasons:
        return None
    table = planted.detection(results.records, results.reasons, ["image"])
    counts = {name: f"auc_{name}" for name in ("records", "undefined")}
    names = [*by, "auc", "auc_low", "auc_high", *counts.values()]
    return table.rename(columns=counts)[names]


Piece = Callable[[Results, Sequence[str]], pd.DataFrame | None]
PIECES: Sequence[Piece] = (lift, rank_correlation, discriminates, faithfulness, detection)


def _in_words(results: Results) -> pd.DataFrame:
    """On how many nets a method is ahead of all controls, and of what it is not on the others."""
    of_nets = verdicts.verdicts(results.records, results.rivals, results.cascade)
    rows = []
    for method, group in of_nets.groupby("method", sort=False, observed=True):
        is_ahead = group["verdict"] == verdicts.AHEAD_OF_ALL
        rows.append(
            {
                "method": str(method),
                "ahead_of_all": f"{is_ahead.sum()} of {len(group)}",
                "not_ahead": "; ".join(map(_reason, group[~is_ahead].to_dict("records"))),
            }
        )
    return pd.DataFrame(rows, columns=["method", "ahead_of_all", "not_ahead"])


def _reason(row: Mapping[str, str]) -> str:
    """``no different from Sobel edges (vgg19)``."""
    if row["verdict"] == verdicts.TOO_FEW:
        return f"{row['verdict']} ({row['net']})"
    word = "behind" if row["verdict"] == verdicts.BEHIND else "no different from"
    return f"{word} {verdicts.label(row['control'])} ({row['net']})"


def _kept(records: pd.DataFrame) -> pd.DataFrame:
    """On how many nets and sizes a method keeps its map as the net becomes random."""
    states = cascade.verdicts(records).astype({"method": "str"})
    kept = (states["verdict"] == cascade.KEEPS).groupby(states["method"], sort=False)
    texts = [f"{int(count)} of {size}" for count, size in zip(kept.sum(), kept.size(), strict=True)]
    return pd.DataFrame({"method": list(kept.groups), "keeps_map": texts})
