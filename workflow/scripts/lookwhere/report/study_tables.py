"""The tables of a study, each declared above the function that makes it."""

from collections.abc import Sequence

import pandas as pd

from lookwhere.report.registry import Scores, Table, table
from lookwhere.statistics import certainty, costs, equal_maps, paired, summary
from lookwhere.statistics.strata import (
    add_strata,
    extent,
    methods_only,
    trained_only,
    untrained_nets,
)

INTERVALS = "95 % bootstrap intervals over images."
TESTS = "p: Wilcoxon's signed-rank test over images, corrected by Holm's method."

CONCENTRATION = """
Mean concentration with its 95 % interval over images; lift is mean / mask fraction. n counts the
records, undefined those without a value, reasons their status, negligible those of maps with less
than a millionth of backpropagation's energy. The rows of a group end with the controls, whose maps
count once. All tables but those by net, by training and of every record are of trained nets. By
prediction: a multi-label net recognises the target where its probability exceeds the threshold;
other nets have it in the top 1 or top 5, or not. Difference, like with like, is what the group has
more than its complement within the same class and net, as a mean over these: means of groups with
other shares of the classes compare classes.
"""
DIFFERENCES = """
Paired differences in concentration, method less other, on the same records; of two methods the one
ahead stands first. Other is a method, a control, or a net of the same architecture with random
weights that is explained by the same method. The interval is over images, for each row by itself; p
is that of Wilcoxon's signed-rank test of the images' mean differences, and p (Holm) corrects it for
all rows of the group that compare methods, or that compare methods and controls. With n images p
can't be below 2 / 2ⁿ. Result: ahead, behind, not significant (p (Holm) of 0.05 or more), or too few
images for any difference to be. The effect size is the rank-biserial correlation: 1 where the
method is ahead on every image, -1 where it is behind. Equal: no record differs, as of methods with
equal maps, and there is no test.
"""
MEASURES = """
Every measure of the same maps, with the level of chance. Relevance mass accuracy is concentration
without the square. Relevance rank accuracy: with k the number of mask pixels, the share of the k
strongest pixels on the mask (both: Arras et al. 2022). Pointing game: is the strongest pixel on the
mask (Zhang et al. 2018)? Energy pointing game: the share of the map's strength in the bounding
boxes (Wang et al. 2020).
"""
CERTAINTY = """
How concentration differs from that of the records of which the net is surest: the mean over classes
and nets of the difference within the class and net. Certainty is the rank of the target among the
outputs (softmax), or its probability (sigmoid); the first row of a kind is what the others are
compared with. The controls use no net: their differences are effects of the images. Of fewer than
ten images there is no difference.
"""
COST_COLUMNS = [
    *("net", "size", "method", "forward_passes", "backward_passes", "seconds"),
    *("mean", "lift", "lift_low", "lift_high", "is_efficient"),
]
COST = """
What a map of a trained net costs beside what it is worth. Seconds are those of one image on the
processor of the study (the median over batches), and passes those of the net, as if the method had
been computed alone: of the passes that it needs, and of its own work. A backward pass counts as it
ran, down to the image where a method of the same job needs it. Efficient: no method of the net and
size that is as cheap has a higher lift.
"""
UNDEFINED = """
How many records of which net, size and method have no concentration, and why: zero energy, the map
is zero everywhere; not finite, it is not finite; empty mask, the mask covers no pixel at this size
(it is too small, or outside of a crop); not defined, the method is not defined for the net, and
nets.csv has the reason; no map, a folder of maps lacks that of the sample. The table is empty where
all are defined. undefined.csv lists the records themselves.
"""


@table("concentration", "Concentration by method", by=["method"])
@table("concentration_by_net", "Concentration by net", by=["net", "size", "method"])
@table("concentration_by_size", "Concentration by size", by=["size", "method"])
@table("concentration_by_class", "Concentration by class", by=["class", "method"])
@table(
    "concentration_by_training",
    "Concentration by training",
    by=["training", "method"],
    needs=["trained nets"],
)
def concentration(scores: Scores, by: Sequence[str]) -> Table:
    """Means of the groups; by method alone also those of another study."""
    records = add_strata(scores.records, by)
    rows = summary.summarise(records, by)
    if by == ["method"]:
        rows = compared(rows, scores)
    return Table(rows, CONCENTRATION, extent_of(records, INTERVALS))


@table("concentration_all", "Concentration of every record")
def concentration_all(scores: Scores) -> Table:
    """Means of all records, untrained nets included, with the sums of the thesis."""
    rows = compared(summary.summarise(scores.records), scores)
    return Table(rows, CONCENTRATION, extent_of(scores.records, INTERVALS), show=("sum",))


@table("concentration_by_prediction", "Concentration by prediction", needs=["predictions"])
def concentration_by_prediction(scores: Scores) -> Table:
    """Means by whether the net recognises the target."""
    rows = summary.by_prediction(trained_only(scores.records))
    records = add_strata(scores.records, ["prediction"])
    return Table(rows, CONCENTRATION, extent_of(records, INTERVALS))


@table("differences", "Differences in concentration", by=[])
@table("differences_by_net", "Differences in concentration by net", by=["net"])
@table("differences_by_size", "Differences in concentration by size", by=["size"])
@table("differences_by_class", "Differences in concentration by class", by=["class"])
@table(
    "differences_by_prediction",
    "Differences in concentration by prediction",
    by=["prediction"],
    needs=["predictions"],
)
def differences(scores: Scores, by: Sequence[str]) -> Table:
    """Every two methods, and each method and control, on the same records."""
    note = extent_of(add_strata(scores.records, by), INTERVALS, TESTS)
    return Table(paired.differences(scores.records, by), DIFFERENCES, note)


@table(
    "differences_between_sizes",
    "Differences in concentration between sizes",
    needs=["several sizes"],
)
def differences_between_sizes(scores: Scores) -> Table:
    """Each method at two sizes, on the same records."""
    records = methods_only(trained_only(scores.records))
    rows = paired.between_sizes(records)
    return Table(rows, DIFFERENCES, extent_of(records, INTERVALS, TESTS))


@table("certainty", "Concentration by how sure the net is of the target", needs=["predictions"])
def by_certainty(scores: Scores) -> Table:
    """Differences in concentration to the bin of highest certainty."""
    trained = trained_only(scores.records)
    return Table(certainty.by_certainty(trained), CERTAINTY, extent_of(trained, INTERVALS))


@table("measures", "Measures by method")
def measures(scores: Scores) -> Table:
    """Means of all measures."""
    trained = trained_only(scores.records)
    return Table(summary.summarise_measures(trained), MEASURES, extent_of(trained, INTERVALS))


@table("undefined", "Undefined records")
def undefined(scores: Scores) -> Table:
    """Counts of the records without concentration."""
    return Table(summary.undefined(scores.records), UNDEFINED, extent_of(scores.records))


@table("cost", "Cost by method", needs=["predictions"])
def cost(scores: Scores) -> Table:
    """What a map costs beside its lift, by net, size and method."""
    assert scores.costs is not None
    rows = costs.of_methods(costs.beside(scores.records, scores.costs))
    trained = methods_only(trained_only(scores.records))
    return Table(rows[COST_COLUMNS], COST, extent_of(trained, INTERVALS))


def compared(rows: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """The rows by method, with the means of another study if there are any."""
    return rows if scores.reference is None else summary.compare(rows, scores.reference)


def extent_of(records: pd.DataFrame, *more: str) -> str:
    """The extent of a table's records, and the methods of equal maps: ``39 images, 3 nets.``"""
    included = " (untrained included)" if untrained_nets(records) else ""
    equal = (f"{sentence}." for sentence in equal_maps.sentences(records))
    return " ".join([f"{extent(records)}{included}.", *more, *equal])
