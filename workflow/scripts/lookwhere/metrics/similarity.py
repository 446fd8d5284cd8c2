"""How much two maps of the same image differ, and how complex a map is.

Maps are compared by their strength, |I| summed over the channels, and the rank correlation also by
their sum over the channels, which has a sign. Neither depends on the scale of a map: ranks have
none, and SSIM takes strengths divided by the root of their mean square (Binder et al. 2023,
Hedström et al. 2024), where a division by the largest value would depend on one pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from lookwhere.metrics.saliency import Saliency

WINDOW = 7  # pixels, as in scikit-image
C1, C2 = 0.01**2, 0.03**2  # of SSIM, in squares of the range of values
BINS = 100  # of the histogram of the entropy


@dataclass(frozen=True, eq=False)
class Prepared:
    """A map, ready to be compared: float32, of n = H W pixels."""

    strength: NDArray[np.float32]  # (H, W), of mean square 1
    ranks: NDArray[np.float32]  # (n,), of the strength: see ``unit_ranks``
    signed_ranks: NDArray[np.float32]  # (n,), of the sum over channels


@dataclass(frozen=True)
class Similarity:
    """How similar two maps are: 1 if they are the same; None where it is undefined."""

    rank_correlation: float | None = None
    rank_correlation_signed: float | None = None
    ssim: float | None = None


def prepare(saliency: Saliency) -> Prepared | None:
    """The map for comparisons; None of a map that is zero everywhere, or not finite."""
    strength = saliency.strength
    scale = float(np.sqrt(np.square(strength).mean()))
    if not (np.isfinite(scale) and scale > 0):
        return None
    signed = saliency.values.sum(axis=0, dtype=np.float64)
    return Prepared((strength / scale).astype(np.float32), unit_ranks(strength), unit_ranks(signed))


def compare(one: Prepared | None, other: Prepared | None) -> Similarity:
    """How similar two maps of one size are."""
    if one is None or other is None:
        return Similarity()
    return Similarity(
        rank_correlation(one.ranks, other.ranks),
        rank_correlation(one.signed_ranks, other.signed_ranks),
        ssim(one.strength, other.strength),
    )


def unit_ranks(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """The ranks (n,) of ``values``, of any shape, centred and of length 1; equal values share one.

    Zeros where all values are equal.
    """
    flat = values.ravel()
    order = np.argsort(flat)  # eight times as fast as scipy's rankdata, whose sort is stable
    in_order = flat[order]
    starts = np.flatnonzero(np.concatenate([[True], in_order[1:] != in_order[:-1]]))
    counts = np.diff(starts, append=len(flat))
    ranks = np.empty(len(flat))
    ranks[order] = np.repeat(starts + (counts - 1) / 2, counts)
    ranks -= ranks.mean()
    length = np.linalg.norm(ranks)
    return (ranks / length if length else ranks).astype(np.float32)


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float | None:
    """Spearman's rank correlation of values with these ``unit_ranks``; None where one is flat."""
    if not (one.any() and other.any()):
        return None
    return float(np.clip(np.dot(one.astype(np.float64), other), -1, 1))


def ssim(one: NDArray[np.floating], other: NDArray[np.floating]) -> float | None:
    """The mean structural similarity (Wang et al. 2004) of two maps (H, W).

    Over square windows that lie inside the maps, with sample variances, and the range of both maps
    together, as in scikit-image; None of maps smaller than a window, or of one value.
    """
    if min(one.shape) < WINDOW:
        return None
    pair = np.stack([one, other]).astype(np.float64)
    span = float(np.ptp(pair))
    if span == 0:
        return None

    def means(values: NDArray[np.float64]) -> NDArray[np.float64]:
        edge = WINDOW // 2
        return ndimage.uniform_filter(values, WINDOW)[edge:-edge, edge:-edge]

    sample = WINDOW**2 / (WINDOW**2 - 1)
    mean, mean_other = map(means, pair)
    variances = [
        sample * (means(values**2) - m**2)
        for values, m in zip(pair, (mean, mean_other), strict=True)
    ]
    covariance = sample * (means(pair[0] * pair[1]) - mean * mean_other)
    c1, c2 = C1 * span**2, C2 * span**2
    similarity = (2 * mean * mean_other + c1) * (2 * covariance + c2)
    similarity /= (mean**2 + mean_other**2 + c1) * (sum(variances) + c2)
    return float(similarity.mean())


def entropy(saliency: Saliency) -> float | None:
    """The entropy of the histogram of a map's strength, in nats.

    The complexity of Hedström et al. 2024, with bins of equal width from the least to the largest
    strength: 0 of a flat map, ln 100 at the most. None of a map that is not finite, or zero
    everywhere: that is no simple map, but none.
    """
    strength = saliency.strength
    if not (np.isfinite(strength).all() and strength.any()):
        return None
    counts, _ = np.histogram(strength, bins=BINS)
    return float(stats.entropy(counts))
