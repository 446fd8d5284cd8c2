"""ROAD: what the net loses with the pixels of most energy, and of least, where none shows that.

A pixel that is replaced by a constant shows where it was, and the net may react to its outline.
Noisy linear imputation replaces it by the weighted mean of its eight neighbours (1/6 beside it,
1/12 across a corner), which for all missing pixels is one sparse system of linear equations, and
adds noise (Rong et al. 2022, section 4.3).
"""

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from lookwhere.metrics.order import strongest_first
from lookwhere.metrics.registry import metric
from lookwhere.metrics.saliency import Saliency

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lookwhere.methods.passes import Passes

Image = NDArray[np.float32]

# Weights of a pixel's neighbours, by their offset in rows and columns.
NEIGHBOURS = {
    (down, right): 1 / (6 * (abs(down) + abs(right)))
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
    if down or right
}


@metric(
    "road",
    "ROAD",
    needs=("map", "passes"),
    bounds=(-1, 1),
    better="higher",
    cite="rong2022road",
)
def road(
    saliency: Saliency,
    passes: "Passes",
    *,
    kept: "Sequence[int]" = (20, 40, 60, 80),
    noise: float = 0.01,
) -> float:
    """Half of p without the least less p without the most, a mean over the shares ``kept``.

    p is the target's probability where all but ``kept`` per cent of the pixels are imputed, those
    of most energy (most relevant first) or of least. The same as pytorch-grad-cam's
    ``ROADCombined`` of these percentiles; ``noise`` has its deviation. Of a map of random order it
    is 0 on average. Two forward passes a share.
    """
    order = strongest_first(saliency.energy, passes.generator())

    def images() -> "Iterator[Image]":
        for number, percent in enumerate(kept):
            count = ceil(percent / 100 * (order.size - 1))
            for place, known in enumerate((order[order.size - count :], order[:count])):
                missing = np.ones(order.size, dtype=bool)
                missing[known] = False
                imputed = impute(passes.image, missing.reshape(passes.image.shape[1:]))
                generator = passes.generator(2 * number + place + 1)
                grain = generator.standard_normal(imputed.shape, np.float32) * np.float32(noise)
                yield imputed + grain * missing.reshape(imputed.shape[1:])

    without_most, without_least = passes.probabilities(images()).reshape(len(kept), 2).T
    return float((without_least - without_most).mean() / 2)


def impute(image: Image, missing: NDArray[np.bool_]) -> Image:
    """The image (C, H, W) with the ``missing`` pixels (H, W) as the means of their neighbours.

    One pixel at least is not missing.
    """
    height, width = missing.shape
    equations = int(missing.sum())
    # The number of each missing pixel's equation, -1 of the others, within a rim of -2.
    number = np.full((height + 2, width + 2), -2)
    number[1:-1, 1:-1] = -1
    number[1:-1, 1:-1][missing] = np.arange(equations)
    rows, columns = np.nonzero(missing)
    known = np.zeros((equations, len(image)))
    total = np.zeros(equations)
    entries = []
    for (down, right), weight in NEIGHBOURS.items():
        neighbour = number[rows + down + 1, columns + right + 1]
        total += weight * (neighbour > -2)
        is_known, [unknown] = neighbour == -1, np.nonzero(neighbour >= 0)
        known[is_known] += weight * image[:, rows[is_known] + down, columns[is_known] + right].T
        entries.append((np.full(unknown.size, -weight), unknown, neighbour[unknown]))
    entries.append((total, np.arange(equations), np.arange(equations)))
    values, row, column = map(np.concatenate, zip(*entries, strict=True))
    matrix = sparse.csc_matrix((values, (row, column)), shape=(equations, equations))
    # Symmetric and diagonally dominant: no pivoting, and an order for such matrices.
    options = {"SymmetricMode": True}
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options=options)
    imputed = image.copy()
    imputed[:, missing] = factors.solve(known).T
    return imputed
