"""Gradients on straight paths to the image x: what each pixel adds to the logit on the way."""

from typing import TYPE_CHECKING

import numpy as np

from lookwhere.methods.registry import GRADIENT, IMAGES, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "integrated_gradients",
    "Integrated Gradients",
    family="path",
    needs=[],
    cite="sundararajan2017axiomatic",
    group="integrated_gradients",
)
def integrated_gradients(run: "Run", *, passes: int = 50) -> "Tensor":
    """x int_0^1 dy_c/dx (a x) da (N, 3, H, W) (Sundararajan et al. 2017, eq. 1).

    The path begins at x' = 0 of the normalised input: an image of the colour that the input
    subtracts, as by default in captum. Complete: the map adds up to y_c(x) - y_c(x'). The integral
    is a Gauss-Legendre quadrature of n places, as in captum; n forward and n backward passes.
    """
    total = run.images.new_zeros(run.images.shape)
    places, weights = np.polynomial.legendre.leggauss(passes)  # on [-1, 1]
    for number in run.passes(passes):
        share = (1 + float(places[number])) / 2
        total += float(weights[number]) / 2 * _gradient_at(run, share * run.images)
    return run.images * total


@method(
    "expected_gradients",
    "Expected Gradients",
    family="path",
    needs=[],
    cite="erion2021improving",
    group="expected_gradients",
)
def expected_gradients(run: "Run", *, passes: int = 200) -> "Tensor":
    """E[(x - x') dy_c/dx (x' + a (x - x'))], a ~ U(0, 1) (N, 3, H, W) (Erion et al. 2021).

    In the paper the references x' are images of the training set. Here they are normal noise of
    mean 0 and deviation 1, independent at every pixel: of the normalised input these are the mean
    and the deviation of the data set. A map then depends on its own image alone. In expectation
    it adds up to y_c(x) - E[y_c(x')]. The mean of n draws; n forward and n backward passes.
    """
    total = run.images.new_zeros(run.images.shape)
    numbers = run.passes(passes)
    for number in numbers:
        # The next pass has other noise, so that the share of the path does not depend on x'.
        shares = [rng.random(dtype=np.float32) for rng in run.generators(passes + number)]
        references = run.noise(number)
        differences = run.images - references
        places = references + run.images.new_tensor(shares)[:, None, None, None] * differences
        total += differences * _gradient_at(run, places)
    return total / len(numbers)


def _gradient_at(run: "Run", images: "Tensor") -> "Tensor":
    """The gradient (N, 3, H, W) at other images."""
    return run.at(images, Signal(GRADIENT, IMAGES)).gradient()
