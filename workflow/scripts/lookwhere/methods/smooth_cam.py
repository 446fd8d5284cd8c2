"""Grad-CAM++ of gradients that are averaged over noisy copies of the image."""

from typing import TYPE_CHECKING

from lookwhere.methods.cam import weighted_sum
from lookwhere.methods.registry import FEATURES, GRADIENT, Signal, method
from lookwhere.methods.smooth_grad import noisy_images

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "smooth_grad_cam_plus_plus",
    "Smooth Grad-CAM++",
    family="cam",
    needs=[],
    cite="omeiza2019smooth",
    group="smooth_grad_cam_plus_plus",
)
def smooth_grad_cam_plus_plus(run: "Run", *, passes: int = 50, noise: float = 0.15) -> "Tensor":
    """a_k = sum_xy alpha_k ReLU(D1_k) (N, 1, H, W) (Omeiza et al. 2019).

    alpha_k = D2_k / (2 D2_k + D3_k sum_ab f_k), with Dp the mean of g_i^p and g_i = dy_c/df at
    x + e_i, the noise of SmoothGrad (``smooth_grad``); f are the features of x itself. Without
    noise, or where y_c is linear in f, it is Grad-CAM++. The paper prints D1 in place of the first
    D2, with which it would not be. n forward and n backward passes.
    """
    features = run.features.float()
    powers = features.new_zeros(3, *features.shape)
    numbers = run.passes(passes)
    for number in numbers:
        images = noisy_images(run, number, noise)
        gradients = run.at(images, Signal(GRADIENT, FEATURES)).gradient(at=FEATURES).float()
        for power, total in enumerate(powers, start=1):
            total += gradients**power
    first, second, third = powers / len(numbers)
    denominators = 2 * second + third * features.sum(dim=(2, 3), keepdim=True)
    # At 0, where there is no gradient, alpha has no part in the weights: see also Grad-CAM++.
    alphas = second / denominators.masked_fill(denominators == 0, 1)
    weights = (alphas * first.relu()).sum(dim=(2, 3), keepdim=True)
    return run.upsample(weighted_sum(features, weights))
