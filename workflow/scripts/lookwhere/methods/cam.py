"""Class activation maps: sums of the target layer's feature maps, weighted by the gradient."""

from typing import TYPE_CHECKING

from lookwhere.methods.gradients import guided_backpropagation
from lookwhere.methods.registry import FEATURES, GRADIENT, GUIDED, IMAGES, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


def weighted_sum(features: "Tensor", gradients: "Tensor") -> "Tensor":
    """ReLU(sum_k a_k f_k) (N, 1, h, w), a_k the mean of dy_c/df_k; both are (N, K, h, w)."""
    weights = gradients.float().mean(dim=(2, 3), keepdim=True)  # (N, K, 1, 1)
    return (weights * features.float()).sum(dim=1, keepdim=True).relu()


@method(
    "grad_cam",
    "Grad-CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="selvaraju2017gradcam",
)
def grad_cam(run: "Run") -> "Tensor":
    """Grad-CAM (N, 1, H, W), bilinearly resized (Selvaraju et al. 2017, eq. 1 and 2)."""
    return run.upsample(weighted_sum(run.features, run.gradient(at=FEATURES)))


@method(
    "guided_grad_cam",
    "Guided Grad-CAM",
    family="cam",
    needs=[Signal(GUIDED, IMAGES), Signal(GRADIENT, FEATURES)],
    cite="selvaraju2017gradcam",
)
def guided_grad_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times Grad-CAM (N, 3, H, W), elementwise (Selvaraju et al. 2017)."""
    return guided_backpropagation(run) * grad_cam(run)
