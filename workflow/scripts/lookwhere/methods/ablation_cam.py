"""Ablation-CAM: feature maps weighted by what the logit loses without them."""

from typing import TYPE_CHECKING

from lookwhere.methods.cam import signals, weighted_sum
from lookwhere.methods.registry import FEATURES, GRADIENT, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

MOST_VALUES = 2**20  # of the features of a pass, 4 MB: less than the activations of an image


@method(
    "ablation_cam",
    "Ablation-CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="desai2020ablation",
    group="ablation_cam",
)
def ablation_cam(run: "Run") -> "Tensor":
    """a_k = y_c - y_c(f_k = 0) (N, 1, H, W) (Desai and Ramaswamy 2020).

    The paper divides by y_c, which scales the map, and turns its sign where y_c < 0: left out. The
    K logits of an image are those of the layers above the target layer, as many in a forward pass
    as fit in ``MOST_VALUES``. Where y_c is linear in f, a_k = sum_xy g_k f_k, without a pass.
    """
    features, gradients = signals(run)
    is_linear = run.has_linear_head
    weights = (gradients * features).sum((2, 3)) if is_linear else _losses(run, features)
    return run.upsample(weighted_sum(features, weights[:, :, None, None]))


def _losses(run: "Run", features: "Tensor") -> "Tensor":
    """y_c - y_c(f_k = 0) (N, K)."""
    count, channels = features.shape[:2]
    losses = features.new_zeros(count, channels)
    chunk = max(1, MOST_VALUES // features[0].numel())
    firsts = range(0, channels, chunk)
    for image, target in enumerate(run.targets):
        for number in run.passes(len(firsts)):
            first = firsts[number]
            ablated = range(first, min(first + chunk, channels))
            copies = features[image].repeat(len(ablated), 1, 1, 1)
            copies[range(len(ablated)), ablated] = 0
            logits = run.logits_above(copies, image)
            losses[image, ablated] = run.logits[image, target].float() - logits[:, target]
    return losses
