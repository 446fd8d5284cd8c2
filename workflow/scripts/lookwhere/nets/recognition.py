"""Whether a net recognises the classes of a study, by the ranks of their targets.

A net that is fed otherwise than in its training, one whose outputs are other classes, and one with
the weights of another net run all the same, and their maps mean nothing. So the ranks among the
outputs, on a few images of each class, are compared with chance, and with the ranks after the usual
corrections.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lookwhere.datasets.samples import Sample
from lookwhere.nets import inputs
from lookwhere.nets.inputs import Input

Array = NDArray[np.float64]
Targets = Mapping[str, Sequence[int]]  # the output indices of each class

PER_CLASS, MOST = 5, 30  # samples: of a class, and of all
SHUFFLES = 999
LEVEL = 0.05  # of both tests

RECOGNISED, BY_CHANCE, TOO_FEW = "yes", "as by chance", "too few samples to judge"

USUAL_CAUSES = (
    "Usual causes: the channels, range, mean or std of its input are not those of its training; "
    "the targets of the classes are not its outputs; its weights are another net's"
)


@dataclass(frozen=True)
class Recognition:
    """The ranks of the targets, of so many ``samples``, among a net's ``outputs``.

    ``chance`` is the probability of ranks as good as these by chance. ``correction`` is a setting
    that clearly improves them, to ``corrected_rank``; empty if none does.
    """

    net: str
    size: str
    samples: int
    outputs: int
    median_rank: float
    chance: float
    recognised: str
    correction: str = ""
    corrected_rank: float | None = None

    @property
    def warning(self) -> str:
        """What is probably wrong, in words; empty if nothing is."""
        on = f"on {self.samples} samples the median rank of their targets is {self.median_rank:g}"
        on += f" of {self.outputs}"
        better = (
            f" With {self.correction} it is {self.corrected_rank:g}." if self.correction else ""
        )
        if self.recognised == BY_CHANCE:
            return (
                f"net {self.net!r} does not recognise the classes: {on}, as by chance.{better} "
                f"{USUAL_CAUSES}"
            )
        return f"net {self.net!r} recognises the classes poorly: {on}.{better}" if better else ""


def choose(samples: Sequence[Sample]) -> list[Sample]:
    """The first samples of each class, up to 5, and up to 30 of all: one of each class in turn."""
    by_class: dict[str, list[Sample]] = {}
    for sample in samples:
        by_class.setdefault(sample.class_name, []).append(sample)
    turns = zip_longest(*(of_class[:PER_CLASS] for of_class in by_class.values()))
    return [sample for sample in chain.from_iterable(turns) if sample is not None][:MOST]


def judge(
    net: str,
    size: str,
    classes: Sequence[str],
    targets: Targets,
    own: Input,
    logits_with: Callable[[Input], Array],
) -> Recognition:
    """Judge a net.

    Parameters
    ----------
    classes
        The class of each sample.
    targets
        The output indices of each class: of several the best-ranked one counts.
    own
        The net's input.
    logits_with
        The logits (N, outputs) of the samples, with an input.
    """
    ranks = rank(logits_with(own))
    outputs = ranks.shape[1]
    own_ranks = of_targets(ranks, classes, targets)
    median, by_chance = float(np.median(own_ranks)), chance(ranks, classes, targets)
    recognised = RECOGNISED if by_chance <= LEVEL else BY_CHANCE
    perfect = ideal(outputs, classes, targets)
    if recognised == BY_CHANCE and chance(perfect, classes, targets) > LEVEL:
        recognised = TOO_FEW
    facts = (net, size, len(classes), outputs, median, by_chance, recognised)
    is_high = recognised == RECOGNISED and median <= max(2, outputs / 100)
    if recognised == TOO_FEW or is_high:
        return Recognition(*facts)
    corrected = dict(_shifted(ranks, targets))
    for words, other in inputs.usual_corrections(own).items():
        corrected[f"input: {words}"] = rank(logits_with(other)), targets
    level, clear = LEVEL / len(corrected), dict[str, Array]()
    worst = median if recognised == BY_CHANCE else median / 2
    for words, (others, moved) in corrected.items():
        better = of_targets(others, classes, moved)
        if (
            np.median(better) <= worst
            and is_clearly_better(better, own_ranks, level)
            and chance(others, classes, moved) <= level
        ):
            clear[words] = better
    if not clear:
        return Recognition(*facts)
    best = min(clear, key=lambda words: np.log(clear[words]).mean())
    return Recognition(*facts, best, float(np.median(clear[best])))


def rank(logits: Array) -> Array:
    """The rank of each output of a sample, 1 for the highest: (N, outputs).

    Equal logits share the mean of their ranks, and so do all of a sample that has others than
    numbers.
    """
    finite = np.isfinite(logits).all(axis=1, keepdims=True)
    return pd.DataFrame(np.where(finite, -logits, 0)).rank(axis=1).to_numpy()


def of_targets(ranks: Array, classes: Sequence[str], targets: Targets) -> Array:
    """The best rank of the targets of each sample's class: (N,)."""
    return np.array(
        [row[list(targets[name])].min() for row, name in zip(ranks, classes, strict=True)]
    )


def ideal(outputs: int, classes: Sequence[str], targets: Targets) -> Array:
    """The ranks (N, outputs) of a net that ranks the targets first."""
    logits = np.zeros((len(classes), outputs))
    for row, name in zip(logits, classes, strict=True):
        row[list(targets[name])] = 1
    return rank(logits)


def chance(ranks: Array, classes: Sequence[str], targets: Targets, seed: int = 0) -> float:
    """The probability of ranks as good as these if they had nothing to do with the classes.

    A permutation test: outputs are shuffled over the targets, and classes over the samples, so that
    a net which always prefers the same outputs gains nothing from these. The statistic is the mean
    logarithm of the targets' ranks.
    """
    rng, logs = np.random.default_rng(seed), np.log(ranks)
    names = list(dict.fromkeys(classes))
    flat = [target for name in names for target in targets[name]]
    starts = np.cumsum([0, *(len(targets[name]) for name in names[:-1])])
    samples, columns = np.arange(len(classes)), np.array([names.index(name) for name in classes])

    def mean(outputs: NDArray[np.int64], of_sample: NDArray[np.int64]) -> float:
        best = np.minimum.reduceat(logs[:, outputs[flat]], starts, axis=1)  # (N, classes)
        return float(best[samples, of_sample].mean())

    outputs = np.arange(ranks.shape[1])
    observed = mean(outputs, columns) + 1e-9  # for another order of summation
    as_good = sum(
        mean(rng.permutation(outputs), rng.permutation(columns)) <= observed
        for _ in range(SHUFFLES)
    )
    return (1 + as_good) / (1 + SHUFFLES)


def is_clearly_better(ranks: Array, others: Array, level: float) -> bool:
    """Whether ``ranks`` are lower than ``others``, by a sign test at ``level``."""
    lower, higher = int((ranks < others).sum()), int((ranks > others).sum())
    count = lower + higher
    return sum(comb(count, k) for k in range(lower, count + 1)) <= level * 2**count


def _shifted(ranks: Array, targets: Targets) -> Iterator[tuple[str, tuple[Array, Targets]]]:
    """The ranks with the targets one lower and one higher, where all of these are outputs."""
    for step, words in ((-1, "each target one lower"), (1, "each target one higher")):
        moved = {name: [target + step for target in listed] for name, listed in targets.items()}
        if all(0 <= target < ranks.shape[1] for listed in moved.values() for target in listed):
            yield words, (ranks, moved)
