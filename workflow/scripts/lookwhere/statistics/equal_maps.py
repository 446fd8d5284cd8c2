"""Methods whose maps are equal on a net, up to a factor.

Where the head of a net is a mean and a linear layer, CAM, Grad-CAM, XGrad-CAM and HiResCAM are
equal; of features that are not negative, LayerCAM and Element-wise Grad-CAM are. The maps of two
methods may be of different jobs, and deleted, so that the evidence is that of the records: the
concentrations agree to float32's rounding in every record of the net where both are defined.
Differences of rounding are removed here, so that no test and no order is made of them.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lookwhere.methods.names import LABELS
from lookwhere.metrics.registry import FIRST_METRIC, of_records
from lookwhere.statistics.strata import as_text, counted, methods_only

TOLERANCE = 1e-6  # of float32, equal maps differ by less than 1e-7, others by 1e-4 and more
MAP = ["sample", "size", "dilation"]  # columns that identify a map of a net and method
NAMED = 3  # nets that a sentence names; more are counted
MOST = 3  # groups in a note

Groups = list[list[str]]  # of methods


def groups(records: pd.DataFrame) -> dict[str, Groups]:
    """The groups of methods with equal maps, in the study's order, by net that has any."""
    keys = [name for name in MAP if name in records]
    rows = as_text(methods_only(records)).drop_duplicates([*keys, "net", "method"])
    methods = list(rows["method"].unique())
    found: dict[str, Groups] = {}
    for net, of_net in rows.groupby("net", sort=False):
        table = of_net.pivot(index=keys, columns="method", values=FIRST_METRIC)
        shares = {method: table[method].to_numpy(float) for method in methods if method in table}
        of_methods: Groups = []
        for method in shares:
            equal = (group for group in of_methods if _agree(shares[group[0]], shares[method]))
            group = next(equal, None)
            if group:
                group.append(method)
            else:
                of_methods.append([method])
        if several := [group for group in of_methods if len(group) > 1]:
            found[str(net)] = several
    return found


def without_rounding(records: pd.DataFrame) -> pd.DataFrame:
    """The records, where those of equal maps have the same numbers: of the first such method.

    A metric that depends on the factor between two maps keeps its numbers.
    """
    first = {
        (net, method): group[0]
        for net, of_net in groups(records).items()
        for group in of_net
        for method in group[1:]
    }
    if not first:
        return records
    keys, names = [name for name in [*MAP, "net"] if name in records], of_records(records.columns)
    text = as_text(records)
    of_first = [first.get(pair, pair[1]) for pair in zip(text["net"], text["method"], strict=True)]
    rows = text.set_index([*keys, "method"])[names]
    theirs = rows.reindex(pd.MultiIndex.from_frame(text[keys].assign(method=of_first)))
    theirs = theirs.set_axis(records.index)
    rounding = (records[names] - theirs).abs() <= TOLERANCE
    return records.assign(**{n: records[n].mask(rounding[n], theirs[n]) for n in names})


def sentences(records: pd.DataFrame) -> Iterator[str]:
    """``Grad-CAM and HiResCAM have equal maps on resnet50``, one a group of methods."""
    for methods, nets in _in_words(records):
        yield f"{methods} have equal maps on {nets}"


def notes(records: pd.DataFrame) -> Iterator[str]:
    """``Equal maps: Grad-CAM and HiResCAM (resnet50); ...``, if there are any, for a figure."""
    named = [f"{methods} ({nets})" for methods, nets in _in_words(records)]
    if more := len(named[MOST:]):
        groups = counted(more, "more group")
        named = [*named[:MOST], f"and {groups} (see tables/differences)"]
    if named:
        yield f"Equal maps: {'; '.join(named)}"


def _in_words(records: pd.DataFrame) -> list[tuple[str, str]]:
    """The methods of each group and their nets, the largest groups first."""
    nets: dict[tuple[str, ...], list[str]] = {}
    for net, of_net in groups(records).items():
        for group in of_net:
            nets.setdefault(tuple(group), []).append(net)
    words = []
    for methods, names in sorted(nets.items(), key=lambda item: -len(item[0])):
        *most, last = (LABELS[method] for method in methods)
        place = ", ".join(names) if len(names) <= NAMED else counted(len(names), "net")
        words.append((f"{', '.join(most)} and {last}", place))
    return words


def _agree(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether the shares (records,) of two methods agree wherever both are defined.

    Records with all energy on the mask, or none, are no evidence by themselves.
    """
    defined = ~np.isnan(one) & ~np.isnan(other)
    partial = (one[defined] > 0) & (one[defined] < 1)
    return bool(partial.any() and (np.abs(one - other)[defined] <= TOLERANCE).all())
