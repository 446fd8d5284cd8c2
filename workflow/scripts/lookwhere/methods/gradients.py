"""Methods that read the signal at the input, each under its rule for the ReLUs."""

from typing import TYPE_CHECKING

from lookwhere.methods.registry import DECONVOLUTION, GRADIENT, GUIDED, IMAGES, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "backpropagation",
    "Backpropagation",
    family="gradient",
    needs=[Signal(GRADIENT, IMAGES)],
    cite="simonyan2014deep",
)
def backpropagation(run: "Run") -> "Tensor":
    """The gradient dy_c/dx (N, 3, H, W): R <- 1[z > 0] R (Simonyan et al. 2014)."""
    return run.gradient()


@method(
    "input_x_gradient",
    "Input x Gradient",
    family="gradient",
    needs=[Signal(GRADIENT, IMAGES)],
    cite="shrikumar2016not",
)
def input_x_gradient(run: "Run") -> "Tensor":
    """x dy_c/dx (N, 3, H, W), elementwise (Shrikumar et al. 2016).

    x is the input of the net, normalised: pixels of the colour that it subtracts have no part.
    """
    return run.images * run.gradient()


@method(
    "deconvolution",
    "Deconvolution",
    family="gradient",
    needs=[Signal(DECONVOLUTION, IMAGES)],
    cite="zeiler2014visualizing",
)
def deconvolution(run: "Run") -> "Tensor":
    """The signal (N, 3, H, W) under R <- max(R, 0), whatever z was (Zeiler and Fergus 2014)."""
    return run.gradient(DECONVOLUTION)


@method(
    "guided_backpropagation",
    "Guided Backpropagation",
    family="gradient",
    needs=[Signal(GUIDED, IMAGES)],
    cite="springenberg2015striving",
)
def guided_backpropagation(run: "Run") -> "Tensor":
    """The signal (N, 3, H, W) under R <- 1[z > 0] max(R, 0) (Springenberg et al. 2015)."""
    return run.gradient(GUIDED)
