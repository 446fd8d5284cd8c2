"""The tables of a study, each declared above the function that makes it."""

from collections.abc import Sequence

import pandas as pd

from lookwhere.methods.names import LABELS
from lookwhere.metrics import contrasts
from lookwhere.metrics.registry import METRICS, of_records
from lookwhere.report import notes
from lookwhere.report.notes import INTERVALS, extent_of, of_each
from lookwhere.report.registry import Scores, Table, table
from lookwhere.statistics import (
    certainty,
    concordance,
    costs,
    paired,
    ranks,
    summary,
    wins,
)
from lookwhere.statistics.strata import (
    add_strata,
    between,
    methods_only,
    trained_only,
)

NEMENYI = "The critical difference (Nemenyi, p < 0.05) is over {} pairs of maps{}."

CONCENTRATION = """
Mean concentration with its 95 % interval over images, which does not cover the spread over nets:
the range of nets is from the lowest to the highest mean of a net. Lift is mean / mask fraction. n
counts the records, undefined those without a value, reasons their status, negligible those of maps
with less than a millionth of backpropagation's energy. The rows of a group end with the controls,
whose maps count once. All tables but those by net, by training and of every record are of trained
nets. By prediction: a multi-label net recognises the target where its probability exceeds the
threshold; other nets have it in the top 1 or top 5, or not. Difference, like with like, is what the
group has more than its complement within the same class and net, as a mean over these: means of
groups with other shares of the classes compare classes.
"""
DIFFERENCES = """
Paired differences in concentration, method less other, on the same records; of two methods the one
ahead stands first. Other is a method, a control, or a net of the same architecture with random
weights that is explained by the same method. Ahead on: the images on which the method is ahead. The
interval is over images, for each row by itself; the range of nets, from the net of the lowest
difference to that of the highest, is the spread over nets, which it does not cover. p is that of
Wilcoxon's signed-rank test of the images' mean differences, and p (Holm) corrects it for all rows
of the group that compare methods, or that compare methods and controls. With n images p can't be
below 2 / 2ⁿ, and images without a difference are none of them. Result: ahead, behind, not
significant (p (Holm) of 0.05 or more), or too few images for any difference to be. The effect size
is the rank-biserial correlation: 1 where the method is ahead on every image, -1 where it is behind.
Equal: no record differs, as of methods with equal maps, and there is no test.
"""
RANKS = """
Average ranks of the methods over images, by concentration: 1 is the best, and ties share the mean
of their ranks. Maps: how many are ranked; methods with equal maps share a rank and count once. Two
methods differ significantly where their ranks are further apart than the critical difference
(Nemenyi), if Friedman's test, chi square and p, finds a difference between any. That test needs
three maps, and is that of each group by itself. Result: best, behind (the best, significantly), not
significant, equal, too few images (fewer than ten), or not ranked, as the method is undefined in
more than a fifth of the records of the group. Images: those that have a record where all ranked
methods are defined.
"""
WINS = """
On how many images the method of the row is ahead of that of the column, of those where both are
defined: 30/39. Columns are numbered as the rows are, the method with the most wins first. An image
is the mean of its paired differences in concentration, on the same sample, net and size. *: the
difference is significant. The table of differences has the same pair by pair, with p.
"""
MEASURES = """
Every measure of the same maps, with the level of chance. Relevance mass accuracy is concentration
without the square. Relevance rank accuracy: with k the number of mask pixels, the share of the k
strongest pixels on the mask (both: Arras et al. 2022). Pointing game: is the strongest pixel on the
mask (Zhang et al. 2018)? Energy pointing game: the share of the map's strength in the bounding
boxes (Wang et al. 2020). Of metrics that need the net a map of no net, a control, has none.
Deletion and insertion: the target's mean probability while the pixels of most energy are deleted,
or inserted (Petsiuk et al. 2018). Pixel flipping: while pixels become the lowest value of the
input, in the order of the signed map (Bach et al. 2015). ROAD: what the net loses with the pixels
of most energy beyond those of least, imputed (Rong et al. 2022). Infidelity: how far the sums of
the map over squares are from what the logit loses with these (Yeh et al. 2019). All of these but
ROAD depend on the net: compare methods on one net.
"""
AGREEMENT = """
Whether two measures rank the methods alike, by Kendall's tau-b: a mean over trained nets and sizes,
the lowest and the highest of them, and their number. Alpha: Krippendorff's, of the rankings by
single images with one measure. Measures of which less is better are turned; methods with equal maps
count once. All methods are compared on the same records (n of them, each a sample, net and size):
those where all have a value. Not compared: methods of a net and size that are undefined in more
than a fifth of the records.
"""
BY_CHANCE = ["chance", "lift", "lift_low", "lift_high"]  # of metrics with a level of chance
CERTAINTY = """
How concentration differs from that of the records of which the net is surest: the mean over classes
and nets of the difference within the class and net. Certainty is the rank of the target among the
outputs (softmax), or its probability (sigmoid); the first row of a kind is what the others are
compared with. The controls use no net: their differences are effects of the images. Of fewer than
ten images there is no difference.
"""
COST_COLUMNS = [
    *("net", "size", "method", "forward_passes", "backward_passes", "seconds"),
    *("mean", "lift", "lift_low", "lift_high", "efficient"),
]
COST = """
What a map of a trained net costs beside what it is worth. Seconds are those of one image, of the
median size, on the processor of the study, and passes those of the net, of the method alone:
methods of one job share passes, and cost less together. Efficient: no method of the net and size
that is as cheap has a higher lift.
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
    rows = paired.differences(scores.records, by)
    of_methods = rows["other"].isin(LABELS)
    families = [
        (paired.family(rows[of_kind], by), f"pairs of {kind}")
        for kind, of_kind in {"methods": of_methods, "method and control": ~of_methods}.items()
        if of_kind.any()
    ]
    tests = notes.families(*families, by=by)
    note = extent_of(add_strata(scores.records, by), INTERVALS, tests)
    return Table(rows, DIFFERENCES, note)


@table(
    "differences_between_sizes",
    "Differences in concentration between sizes",
    needs=["several sizes"],
)
def differences_between_sizes(scores: Scores) -> Table:
    """Each method at two sizes, on the same records."""
    records = methods_only(trained_only(scores.records))
    rows = paired.between_sizes(records)
    pairs = ["size", "other"]
    tests = notes.families((paired.family(rows, pairs), "methods of each two sizes"))
    return Table(rows, DIFFERENCES, extent_of(records, INTERVALS, tests))


@table("ranks", "Average ranks", by=[], needs=["several methods"])
@table("ranks_by_net", "Average ranks by net", by=["net"], needs=["several methods"])
@table("ranks_by_size", "Average ranks by size", by=["size"], needs=["several methods"])
def average_ranks(scores: Scores, by: Sequence[str]) -> Table:
    """Average ranks over images, with Friedman's test and the critical difference."""
    rows = ranks.ranks(scores.records, by)
    pairs = between(rows["maps"] * (rows["maps"] - 1) // 2)
    family = NEMENYI.format(pairs, of_each(by))
    return Table(rows, RANKS, extent_of(methods_only(add_strata(scores.records, by)), family))


@table("wins", "Wins in images", needs=["several methods"])
def number_of_wins(scores: Scores) -> Table:
    """On how many images each method is ahead of each other."""
    both = wins.wins(scores.records)
    count = str(both["p"].count() // 2)
    tests = notes.families((count, "pairs of methods")).replace("p:", "*: p < 0.05,")
    records = methods_only(trained_only(scores.records))
    return Table(wins.matrix(both), WINS, extent_of(records, tests))


@table("certainty", "Concentration by how sure the net is of the target", needs=["predictions"])
def by_certainty(scores: Scores) -> Table:
    """Differences in concentration to the bin of highest certainty."""
    trained = trained_only(scores.records)
    return Table(certainty.by_certainty(trained), CERTAINTY, extent_of(trained, INTERVALS))


@table("measures", "Measures by method")
def measures(scores: Scores) -> Table:
    """Means of all measures; over several nets, of those of which nets compare."""
    trained = trained_only(scores.records)
    names = of_records(trained.columns)
    kept = contrasts.of_several_nets(names) if trained["net"].nunique() > 1 else names
    left_out = [name for name in names if name not in kept]
    labels = ", ".join(METRICS[name].label for name in left_out)
    text = f"Left out, as the numbers of nets do not compare (see measures_by_net): {labels}."
    note = extent_of(trained, INTERVALS, *([text] if left_out else []))
    return Table(summary.summarise_measures(trained.drop(columns=left_out)), MEASURES, note)


@table("measures_by_net", "Measures that need the net, by net", needs=["faithfulness"])
def measures_by_net(scores: Scores) -> Table:
    """Means of the metrics of faithfulness, of each trained net."""
    trained = methods_only(trained_only(scores.records))
    rows = summary.summarise_measures(trained, needs_net=True, by=["net", "method"])
    rows = rows.drop(columns=[name for name in BY_CHANCE if rows[name].isna().all()])
    return Table(rows, MEASURES, extent_of(trained, INTERVALS))


@table("agreement", "Agreement of measures", needs=["faithfulness", "three methods"])
def agreement(scores: Scores) -> Table:
    """Whether measures rank the methods alike, and whether images do."""
    trained = methods_only(trained_only(scores.records))
    return Table(concordance.of_metrics(scores.records), AGREEMENT, extent_of(trained))


@table("undefined", "Undefined records")
def undefined(scores: Scores) -> Table:
    """Counts of the records without concentration."""
    return Table(summary.undefined(scores.records), UNDEFINED, extent_of(scores.records))


@table("cost", "Cost by method", needs=["predictions"])
def cost(scores: Scores) -> Table:
    """What a map costs beside its lift, by net, size and method."""
    assert scores.costs is not None
    rows = costs.of_methods(costs.beside(scores.records, scores.costs))
    rows["efficient"] = rows["is_efficient"].map({True: "yes", False: "no"})
    trained = methods_only(trained_only(scores.records))
    return Table(rows[COST_COLUMNS], COST, extent_of(trained, INTERVALS))


def compared(rows: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """The rows by method, with the means of another study if there are any."""
    return rows if scores.reference is None else summary.compare(rows, scores.reference)
