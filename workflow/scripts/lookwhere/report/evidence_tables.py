"""The tables of what speaks for a method: verdicts, sanity checks, and nets of known reason."""

from collections.abc import Mapping, Sequence

from lookwhere.report import notes
from lookwhere.report.notes import INTERVALS, extent_of, untrained_in
from lookwhere.report.registry import Scores, Table, table
from lookwhere.statistics import cascade, discrimination, evidence, paired, planted, verdicts
from lookwhere.statistics.strata import (
    between,
    counted,
    extent,
    trained_only,
)

CASCADE_COLUMNS = [
    *("net", "size", "method", "records", "undefined", "images"),
    *("rank_correlation", "rank_correlation_low", "rank_correlation_high"),
    *("rank_correlation_signed", "ssim", "ssim_low", "ssim_high", "ssim_records", "ssim_undefined"),
    *("kept_to", "entropy_rise", "entropy_rise_records", "entropy_rise_undefined"),
    *("trained_lift", "trained_lift_records", "trained_lift_undefined"),
    *("lift", "lift_low", "lift_high", "lift_records", "lift_undefined", "verdict"),
]
VERDICTS = """
The verdict on each method of a net, by its paired differences in concentration to every control, on
the same sample and size: behind, if it is significantly behind a control; else no different, if
there is a control from which it can't be told (p (Holm) of 0.05 or more, or equal maps); else ahead
of all. Too few images: for any difference to be significant. Control: that the verdict is about, of
the lowest difference (method less control), with the interval and p of this one. Controls are maps
of no net; methods that ignore the class, of which a study may list some; the same method on an
untrained net of the architecture, or on the untrained twins of a cascade; and the rivals of the
study: the map of another class in the image, that of the least likely class, and the mean map of
the other images. Pairs: the records on which both maps have a value; undefined: those on which one
has none. Tests: Wilcoxon's, over images, as in the table of differences by net, corrected
together over all methods and controls of the net. Untested: controls with too few images. No
different is no proof of equality: the interval states how large a difference may be.
"""
DISCRIMINATION = """
Do maps tell the class that they explain from another class in the same image? A pair is a sample
and another class of the study in its image, which gives two objects and two maps. A map is right
where its energy per pixel is higher on the object of its class than on the other. Both, one, none:
shares of the pairs in which both maps are right, one of them, or neither. A method that ignores the
class has one right in every pair; noise has both right in a quarter. For each of the two maps take
d / (d + d'), with d and d' its energy per pixel on the object of its own class and on the other:
discrimination is the sum of both shares less 1, 0 of a map that ignores the class, 1 where no map
touches the object of the other. p tests it against 0 (Wilcoxon, over images), and p (Holm) corrects
it for all methods of the net and size. Lift is that of a map on the object of its class, lift of
other that of a map on the object of the other class: a map of anything salient has both alike.
Pixels on the masks of both objects count on neither side. Undefined: a map is, or has no energy on
both objects, or an object has no pixel of its own.
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
interval. n counts the records with a rank correlation; n of another number those that have it,
where they are others.
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
Intervals are over images; by net, each row is of that net alone. n of a number: the records, or
pairs, that have it, where some have none.
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
    tests = notes.families((paired.family(rows, ["net", "size"]), "methods of each net and size"))
    return Table(rows, TWINS, f"{extent(scores.cascade)}. {INTERVALS} {tests}")


@table("verdicts", "Verdicts on methods, by net", needs=["trained nets"])
def verdicts_by_net(scores: Scores) -> Table:
    """Each method of a net against all controls."""
    rows = verdicts.verdicts(scores.records, scores.rivals, scores.cascade)
    pairs = "pairs of a method and a control of each net"
    tests = notes.families((between(rows["tests"]), pairs))
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
    if rows.empty:
        return Table(rows, DISCRIMINATION, had)
    tests = notes.families((between(discrimination.tests(rows)), "methods of each net and size"))
    own = scores.records[scores.records["net"].isin(pairs["net"].unique())]
    note = f"{extent(pairs)}{untrained_in(own)}. {had} {INTERVALS} {tests}"
    return Table(rows, DISCRIMINATION, note)


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
