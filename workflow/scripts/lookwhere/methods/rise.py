"""RISE: where random masks keep the image when the logit is high."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from lookwhere.methods.registry import method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "rise",
    "RISE",
    family="perturbation",
    needs=[],
    cite="petsiuk2018rise",
    group="rise",
)
def rise(run: "Run", *, passes: int = 4000, cells: int = 7, kept: float = 0.5) -> "Tensor":
    """1/(p n) sum_i (y_i - 1/n sum_j y_j) M_i (N, 1, H, W), y_i = y_c(x M_i) (Petsiuk et al. 2018).

    A mask M_i in [0, 1] is a grid of ``cells`` along the shorter side, each 1 with probability
    p = ``kept`` and else 0, bilinearly resized to one cell more than the image and cropped at
    random. x is the normalised input: what is masked has the colour that it subtracts. The
    default n is the paper's for VGG16 (8000 for ResNet50). n forward passes.

    It differs from the paper's eq. 6 in two ways. The paper explains the probability; here it is
    the logit, as in all methods. And the paper subtracts no mean: its map is E[y_i | the pixel is
    kept], of which this one is less E[y_i]. That number, the same at every pixel, has nearly all of
    the map's energy, and is arbitrary: softmax ignores what all logits share.
    """
    mean = run.images.new_zeros(len(run.images), 1, 1, 1)  # of the logits
    mean_mask, products = run.images.new_zeros(2, *run.images[:, :1].shape)
    numbers = run.passes(passes)
    for number in numbers:
        masks = random_masks(run, number, cells, kept)
        logits = run.logits_at(run.images * masks).gather(1, run.targets[:, None])[:, :, None, None]
        deviation = logits - mean
        mean += deviation / (number + 1)
        mean_mask += (masks - mean_mask) / (number + 1)
        products += deviation * (masks - mean_mask)  # Welford's recurrence: no large sums cancel
    return products / (kept * len(numbers))


def random_masks(run: "Run", number: int, cells: int, kept: float) -> "Tensor":
    """The mask M_i of each image in pass ``number`` (N, 1, H, W)."""
    size = run.images.shape[2:]
    grid = [round(cells * length / min(size)) for length in size]
    cell = [-(-length // count) for length, count in zip(size, grid, strict=True)]
    enlarged = [(count + 1) * length for count, length in zip(grid, cell, strict=True)]
    masks = []
    for rng in run.generators(number):
        coarse = torch.from_numpy((rng.random(grid) < kept).astype(np.float32))
        fine = functional.interpolate(coarse[None, None], enlarged, mode="bilinear")
        top, left = (int(rng.integers(length)) for length in cell)
        masks.append(fine[:, :, top : top + size[0], left : left + size[1]])
    return torch.cat(masks).to(run.images.device)
