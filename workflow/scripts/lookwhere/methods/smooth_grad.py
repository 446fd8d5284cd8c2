"""Gradients at noisy copies of the image: their mean, their variance and their mean square.

With e_i normal noise of standard deviation s, the n gradients are

    g_i = dy_c/dx (x + e_i),    s = noise (max x - min x),    e_i ~ N(0, s^2)

each of one forward and one backward pass. The three methods share them: a group of all three costs
as much as one. The values of n and s are those that SmoothGrad's paper recommends.
"""

from typing import TYPE_CHECKING

from lookwhere.methods.registry import GRADIENT, IMAGES, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "smooth_grad",
    "SmoothGrad",
    family="gradient",
    needs=[],
    cite="smilkov2017smoothgrad",
    group="noise",
)
def smooth_grad(run: "Run", *, passes: int = 50, noise: float = 0.15) -> "Tensor":
    """1/n sum_i g_i (N, 3, H, W), signed (Smilkov et al. 2017)."""
    mean, _ = run.shared(moments, passes=passes, noise=noise)
    return mean


@method(
    "var_grad",
    "VarGrad",
    family="gradient",
    needs=[],
    cite="adebayo2018sanity",
    group="noise",
)
def var_grad(run: "Run", *, passes: int = 50, noise: float = 0.15) -> "Tensor":
    """1/n sum_i (g_i - 1/n sum_j g_j)^2 (N, 3, H, W) (Adebayo et al. 2018)."""
    _, variance = run.shared(moments, passes=passes, noise=noise)
    return variance


@method(
    "square_grad",
    "SmoothGrad-Squared",
    family="gradient",
    needs=[],
    cite="hooker2019benchmark",
    group="noise",
)
def square_grad(run: "Run", *, passes: int = 50, noise: float = 0.15) -> "Tensor":
    """1/n sum_i g_i^2 (N, 3, H, W) (Hooker et al. 2019)."""
    mean, variance = run.shared(moments, passes=passes, noise=noise)
    return variance + mean**2


def noisy_images(run: "Run", number: int, noise: float) -> "Tensor":
    """x + e_i of pass ``number`` (N, 3, H, W)."""
    spread = run.images.amax((1, 2, 3), keepdim=True) - run.images.amin((1, 2, 3), keepdim=True)
    return run.images + noise * spread * run.noise(number)


def moments(run: "Run", passes: int, noise: float) -> tuple["Tensor", "Tensor"]:
    """The mean and the variance of the gradients (N, 3, H, W), by Welford's recurrence.

    Without the squares of large means, which would cancel: equal gradients have no variance.
    """
    mean, squares = run.images.new_zeros(2, *run.images.shape)
    numbers = run.passes(passes)
    for number in numbers:
        images = noisy_images(run, number, noise)
        gradients = run.at(images, Signal(GRADIENT, IMAGES)).gradient()
        deviations = gradients - mean
        mean += deviations / (number + 1)
        squares += deviations * (gradients - mean)
    return mean, squares / len(numbers)
