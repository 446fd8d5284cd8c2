"""FullGrad: the gradient of the input and those of all biases, in one map."""

from typing import TYPE_CHECKING

from lookwhere.methods.biases import rescaled
from lookwhere.methods.registry import BIASES, GRADIENT, IMAGES, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "full_grad",
    "FullGrad",
    family="gradient",
    needs=[Signal(GRADIENT, IMAGES), Signal(GRADIENT, BIASES)],
    cite="srinivas2019full",
)
def full_grad(run: "Run") -> "Tensor":
    """sum_c psi(x dy_c/dx) + sum_l sum_k psi(b_l dy_c/db_l)_k (N, 1, H, W), of all layers l.

    psi takes the absolute value, rescales it to [0, 1] over the layer, and resizes it (Srinivas and
    Fleuret 2019, eq. 6, and their code; rescaled by feature map, as in pytorch-grad-cam, the bias
    would cancel). x is the normalised input. The layers are convolutions and batch norms, where
    these are folded the folded ones, whose bias is that of the batch norm.
    """
    return rescaled((run.images * run.gradient()).abs()) + run.gradient(at=BIASES)
