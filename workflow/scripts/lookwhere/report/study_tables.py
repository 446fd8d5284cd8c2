"""The tables of a study, each declared above the function that makes it."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lookwhere.methods.names import LABELS
from lookwhere.report.registry import Scores, Table, table
from lookwhere.statistics import (
    cascade,
    certainty,
    concordance,
    costs,
    discrimination,
    equal_maps,
    evidence,
    paired,
    planted,
    ranks,
    summary,
    verdicts,
    wins,
)
from lookwhere.statistics.strata import (
    add_strata,
    between,
    counted,
    extent,
    methods_only,
    trained_only,
    untrained_nets,
)

INTERVALS = "95 % bootstrap intervals over images."
TESTS = "p: Wilcoxon's signed-rank test over images, corrected by Holm's method over {}."
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
below 2 / 2ⁿ. Result: ahead, behind, not significant (p (Holm) of 0.05 or more), or too few images
for any difference to be. The effect size is the rank-biserial correlation: 1 where the method is
ahead on every image, -1 where it is behind. Equal: no record differs, as of methods with equal
maps, and there is no test.
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
or inserted (Petsiuk et al. 2018). Pixel flipping: while pixels become black in the order of the
signed map (Bach et al. 2015). ROAD: what the net loses with the pixels of most energy beyond those
of least, imputed (Rong et al. 2022). Infidelity: how far the sums of the map over squares are from
what the logit loses with these (Yeh et al. 2019).
"""
AGREEMENT = """
Kendall's tau-b of the rankings of the methods by two measures: a mean over trained nets and sizes,
the lowest and the highest of them, and their number. Alpha: Krippendorff's, of the rankings by
single images with one measure. Measures of which less is better are turned; methods with equal maps
count once.
"""
CERTAINTY = """
How concentration differs from that of the records of which the net is surest: the mean over classes
and nets of the difference within the class and net. Certainty is the rank of the target among the
outputs (softmax), or its probability (sigmoid); the first row of a kind is what the others are
compared with. The controls use no net: their differences are effects of the images. Of fewer than
ten images there is no difference.
"""
CASCADE_COLUMNS = [
    *("net", "size", "method", "records", "undefined", "images"),
    *("rank_correlation", "rank_correlation_low", "rank_correlation_high"),
    *("rank_correlation_signed", "ssim", "ssim_low", "ssim_high", "kept_to", "entropy_rise"),
    *("trained_lift", "lift", "lift_low", "lift_high", "verdict"),
]
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
VERDICTS = """
The verdict on each method of a net, by its paired differences in concentration to every control, on
the same sample and size: behind, if it is significantly behind a control; else no different, if
there is a control from which it can't be told (p (Holm) of 0.05 or more, or equal maps); else ahead
of all. Too few images: for any difference to be significant. Control: that the verdict is about, of
the lowest difference (method less control), with the interval and p of this one. Controls are maps
of no net; methods that ignore the class, of which a study may list some; the same method on an
untrained net of the architecture; and the rivals of the study: the map of another class in the
image, that of the least likely class, and the mean map of the other images. Tests: Wilcoxon's, over
images, as in the table of differences by net, corrected together over all methods and controls of
the net. Untested: controls with too few images. No different is no proof of equality: the interval
states how large a difference may be.
"""
DISCRIMINATION = """
Do maps tell the class that they explain from another class in the same image? A pair is a sample
and another class of the study in its image, which gives two objects and two maps. A map is right
where its energy per pixel is higher on the object of its class than on the other. Both, one, none:
shares of the pairs in which both maps are right, one of them, or neither. A method that ignores the
class has one right in every pair; noise has both right in a quarter. Discrimination is the share of
a map's energy per pixel that lies on its own object, summed over both maps, less 1: 0 of a map that
ignores the class, 1 where no map touches the object of the other. p tests it against 0 (Wilcoxon,
over images), and p (Holm) corrects it for all methods of the net and size. Lift is that of a map on
the object of its class, lift of other that of a map on the object of the other class: a map of
anything salient has both alike. Pixels on the masks of both objects count on neither side.
Undefined: a map is, or has no energy on both objects, or an object has no pixel of its own.
"""
CASCADE = """
What is left of a map when all layers of its net are random, as in a net that was never trained: the
rank correlation of the strength of its pixels with that of the trained net (with sign: of their sum
over channels), the structural similarity (SSIM), and the lift beside that of the trained net, over
images and untrained twins. Kept to: the share of layers, from the output, up to which the mean rank
correlation is above a half. Entropy rise: how much more complex the map becomes, (H' - H) / H, with
H the entropy of the histogram of its strengths (Hedström et al. 2024). Verdict: keeps its map, the
interval of the rank correlation lies above a half; changes with the net, below; changes late, below
but kept to more than half of the layers; in between; too few images (fewer than ten) for an
interval. n counts the records with a rank correlation.
"""
TWINS = """
Lift of a method on the trained net, and on its untrained twins: nets of the same architecture with
random values, on the same samples. A method that is not ahead of its twins does not show what the
net has learned. The difference is in concentration, the net less the mean of its twins, with its
interval over images; p is that of Wilcoxon's signed-rank test of the images' mean differences, and
p (Holm) corrects it for the methods of the net and size.
"""
EVIDENCE = """
The evidence on each method, side by side, over the trained nets: the columns of which the study has
results. On the object: lift. Ahead of all: on how many nets the method is significantly ahead of
all controls; otherwise: of which it is not, on the others (the table of verdicts). Of the net: the
rank correlation of a map with that of an untrained twin of its net, where 1 is the same map and
less is better; keeps map: on how many nets and sizes the map stays (the table of the cascade). Of
the class: discrimination, which is 1 where the maps of two classes in an image share nothing, and 0
where they are the same (the table of discrimination). Faithful: what the net loses with the pixels
that the map ranks first, beyond those that it ranks last; 0 in random order. AUC: of nets of known
reason, how well concentration tells those that do not use the object (the table of detection).
Intervals are over images; by net, each row is of that net alone.
"""
PLANTED = """
Nets of known reason: the mean share of the energy on each class, and whether the class is what the
nets are known to use (reason), holds it in its mask, or is a decoy. Shares of a net add up to one
where masks share no pixel and cover the image. Controls, untrained nets and nets of no known reason
are left out.
"""
DETECTION = """
Does the concentration on the first class tell nets that do not use it? A cheating net is one whose
known reason does not hold that class. Of images, a map is judged by its concentration; of nets, the
mean over images. AUC is the area under the ROC curve, 0.5 by chance, with its interval over images
(the nets are as they are). Sensitivity is the share of the cheating that is flagged, specificity
that of the honest that is not: where those with a lift below 1 are flagged; and (best) where those
below the threshold are, which is the best one for these records, and so optimistic.
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
    tests = [
        f"{paired.family(rows[of_kind], by)} pairs of {kind}"
        for kind, of_kind in {"methods": of_methods, "method and control": ~of_methods}.items()
        if of_kind.any()
    ]
    families = TESTS.format(f"{', and over '.join(tests)}{of_each(by)}")
    note = extent_of(add_strata(scores.records, by), INTERVALS, families)
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
    tests = TESTS.format(f"{paired.family(rows, pairs)} methods of each two sizes")
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
    tests = TESTS.format(f"{both['p'].count() // 2} pairs of methods").replace("p:", "*: p < 0.05,")
    records = methods_only(trained_only(scores.records))
    return Table(wins.matrix(both), WINS, extent_of(records, tests))


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


@table("agreement", "Agreement of measures", needs=["faithfulness", "three methods"])
def agreement(scores: Scores) -> Table:
    """Whether measures rank the methods alike, and whether images do."""
    trained = methods_only(trained_only(scores.records))
    return Table(concordance.of_metrics(scores.records), AGREEMENT, extent_of(trained))


@table("undefined", "Undefined records")
def undefined(scores: Scores) -> Table:
    """Counts of the records without concentration."""
    return Table(summary.undefined(scores.records), UNDEFINED, extent_of(scores.records))


@table("cascade", "Cascade: maps of untrained twins", needs=["cascade"])
def of_cascade(scores: Scores) -> Table:
    """How much of its map a method keeps when all layers are random."""
    assert scores.cascade is not None
    rows = cascade.verdicts(scores.cascade)
    return Table(rows[CASCADE_COLUMNS], CASCADE, f"{extent(scores.cascade)}. {INTERVALS}")


@table("twins", "Trained nets and their untrained twins", needs=["cascade"])
def of_twins(scores: Scores) -> Table:
    """Lift on the trained net and on its untrained twins, and the paired differences."""
    assert scores.cascade is not None
    rows = cascade.against_twins(scores.cascade)
    tests = TESTS.format(f"{paired.family(rows, ['net', 'size'])} methods of each net and size")
    return Table(rows, TWINS, f"{extent(scores.cascade)}. {INTERVALS} {tests}")


@table("cost", "Cost by method", needs=["predictions"])
def cost(scores: Scores) -> Table:
    """What a map costs beside its lift, by net, size and method."""
    assert scores.costs is not None
    rows = costs.of_methods(costs.beside(scores.records, scores.costs))
    rows["efficient"] = rows["is_efficient"].map({True: "yes", False: "no"})
    trained = methods_only(trained_only(scores.records))
    return Table(rows[COST_COLUMNS], COST, extent_of(trained, INTERVALS))


@table("verdicts", "Verdicts on methods, by net", needs=["trained nets"])
def verdicts_by_net(scores: Scores) -> Table:
    """Each method of a net against all controls."""
    rows = verdicts.verdicts(scores.records, scores.rivals)
    tests = TESTS.format(f"{between(rows['tests'])} pairs of a method and a control of each net")
    rows = rows.drop(columns="tests")
    return Table(rows, VERDICTS, extent_of(trained_only(scores.records), INTERVALS, tests))


@table("discrimination", "Discrimination between classes", needs=["other class"])
def discrimination_of_methods(scores: Scores) -> Table:
    """Own and other map on own and other object, by net, size and method."""
    assert scores.rivals is not None
    rows = discrimination.of_methods(scores.rivals)
    pairs = discrimination.of_pairs(scores.rivals)
    of_all = scores.rivals["sample"].nunique()
    had = f"{pairs['sample'].nunique()} of {of_all} samples show another class of the study."
    tests = TESTS.format(f"{between(discrimination.tests(rows))} methods of each net and size")
    return Table(rows, DISCRIMINATION, f"{extent(pairs)}. {had} {INTERVALS} {tests}")


@table("evidence", "Evidence by method", needs=["evidence"], options=["reasons"])
def evidence_by_method(scores: Scores, reasons: Mapping[str, Sequence[str]]) -> Table:
    """What speaks for each method."""
    rows = evidence.of_methods(results_of(scores, reasons))
    return Table(rows, EVIDENCE, extent_of(trained_only(scores.records), INTERVALS))


@table("evidence_by_net", "Evidence by net", needs=["evidence"], options=["reasons"])
def evidence_by_net(scores: Scores, reasons: Mapping[str, Sequence[str]]) -> Table:
    """The same, of each net."""
    rows = evidence.of_nets(results_of(scores, reasons))
    return Table(rows, EVIDENCE, extent_of(trained_only(scores.records), INTERVALS))


def results_of(scores: Scores, reasons: Mapping[str, Sequence[str]]) -> evidence.Results:
    """The results that are evidence."""
    return evidence.Results(scores.records, scores.rivals, scores.cascade, reasons)


@table("planted", "Nets of known reason", needs=["nets of known reason"], options=["reasons"])
def of_known_reason(scores: Scores, reasons: Mapping[str, Sequence[str]]) -> Table:
    """Shares of the energy by net, class and method."""
    rows = planted.shares(scores.records, reasons)
    return Table(rows, PLANTED, known_extent(scores, reasons))


@table(
    "detection",
    "Detection of cheating nets",
    needs=["honest and cheating nets"],
    options=["reasons"],
)
def detection(scores: Scores, reasons: Mapping[str, Sequence[str]]) -> Table:
    """How well the concentration on the first class tells nets that do not use it."""
    rows = planted.detection(scores.records, reasons)
    return Table(rows, DETECTION, known_extent(scores, reasons))


def known_extent(scores: Scores, reasons: Mapping[str, Sequence[str]]) -> str:
    """The extent of the records of nets of known reason, and how many nets are left out."""
    known = planted.of_known_reason(scores.records, reasons)
    left_out = planted.left_out(scores.records, reasons)
    others = [f"Left out: {counted(left_out, 'net')} of no known reason."] if left_out else []
    return extent_of(known, INTERVALS, *others)


def compared(rows: pd.DataFrame, scores: Scores) -> pd.DataFrame:
    """The rows by method, with the means of another study if there are any."""
    return rows if scores.reference is None else summary.compare(rows, scores.reference)


def of_each(by: Sequence[str]) -> str:
    """`` of each net`` for tables by net; nothing for those without groups."""
    return f" of each {', '.join(by)}" if by else ""


def extent_of(records: pd.DataFrame, *more: str) -> str:
    """The extent of a table's records, and the methods of equal maps: ``39 images, 3 nets.``"""
    included = " (untrained included)" if untrained_nets(records) else ""
    equal = (f"{sentence}." for sentence in equal_maps.sentences(records))
    return " ".join([f"{extent(records)}{included}.", *more, *equal])
