"""Class activation maps that weigh the features at each place, rather than each map as a whole.

With f the features and g = dy_c/df their gradients (N, K, h, w), products are elementwise.
"""

from typing import TYPE_CHECKING

from lookwhere.methods.cam import signals
from lookwhere.methods.registry import FEATURES, GRADIENT, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "hires_cam",
    "HiResCAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="draelos2020hirescam",
)
def hires_cam(run: "Run") -> "Tensor":
    """ReLU(sum_k g_k f_k), resized (N, 1, H, W) (Draelos and Carin 2020)."""
    features, gradients = signals(run)
    return run.upsample((gradients * features).sum(1, keepdim=True).relu())


@method(
    "layer_cam",
    "LayerCAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="jiang2021layercam",
)
def layer_cam(run: "Run") -> "Tensor":
    """ReLU(sum_k ReLU(g_k) f_k), resized (N, 1, H, W) (Jiang et al. 2021)."""
    features, gradients = signals(run)
    return run.upsample((gradients.relu() * features).sum(1, keepdim=True).relu())


@method(
    "elementwise_grad_cam",
    "Element-wise Grad-CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="gildenblat2021pytorch",
)
def elementwise_grad_cam(run: "Run") -> "Tensor":
    """sum_k ReLU(g_k f_k), resized (N, 1, H, W) (GradCAMElementWise of pytorch-grad-cam)."""
    features, gradients = signals(run)
    return run.upsample((gradients * features).relu().sum(1, keepdim=True))
