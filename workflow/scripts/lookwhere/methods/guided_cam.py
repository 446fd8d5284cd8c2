"""Guided backpropagation times a class activation map, elementwise: (N, 3, H, W).

Selvaraju et al. (2017) propose the product for Grad-CAM: the map of the class selects from details
that are much the same for every class.
"""

from typing import TYPE_CHECKING

from lookwhere.methods.cam import cam, grad_cam, grad_cam_plus_plus, xgrad_cam
from lookwhere.methods.eigen_cam import eigen_grad_cam
from lookwhere.methods.elementwise_cam import elementwise_grad_cam, hires_cam, layer_cam
from lookwhere.methods.gradients import guided_backpropagation
from lookwhere.methods.registry import FEATURES, GRADIENT, GUIDED, IMAGES, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

BOTH = [Signal(GUIDED, IMAGES), Signal(GRADIENT, FEATURES)]


@method("guided_grad_cam", "Guided Grad-CAM", family="cam", needs=BOTH, cite="selvaraju2017gradcam")
def guided_grad_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times Grad-CAM."""
    return run.map_of(guided_backpropagation) * run.map_of(grad_cam)


@method("guided_cam", "Guided CAM", family="cam", needs=BOTH, cite="selvaraju2017gradcam")
def guided_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times CAM."""
    return run.map_of(guided_backpropagation) * run.map_of(cam)


@method(
    "guided_grad_cam_plus_plus",
    "Guided Grad-CAM++",
    family="cam",
    needs=BOTH,
    cite="selvaraju2017gradcam",
)
def guided_grad_cam_plus_plus(run: "Run") -> "Tensor":
    """Guided backpropagation times Grad-CAM++."""
    return run.map_of(guided_backpropagation) * run.map_of(grad_cam_plus_plus)


@method(
    "guided_xgrad_cam",
    "Guided XGrad-CAM",
    family="cam",
    needs=BOTH,
    cite="selvaraju2017gradcam",
)
def guided_xgrad_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times XGrad-CAM."""
    return run.map_of(guided_backpropagation) * run.map_of(xgrad_cam)


@method(
    "guided_hires_cam",
    "Guided HiResCAM",
    family="cam",
    needs=BOTH,
    cite="selvaraju2017gradcam",
)
def guided_hires_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times HiResCAM."""
    return run.map_of(guided_backpropagation) * run.map_of(hires_cam)


@method(
    "guided_layer_cam",
    "Guided LayerCAM",
    family="cam",
    needs=BOTH,
    cite="selvaraju2017gradcam",
)
def guided_layer_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times LayerCAM."""
    return run.map_of(guided_backpropagation) * run.map_of(layer_cam)


@method(
    "guided_elementwise_grad_cam",
    "Guided Element-wise Grad-CAM",
    family="cam",
    needs=BOTH,
    cite="selvaraju2017gradcam",
)
def guided_elementwise_grad_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times Element-wise Grad-CAM."""
    return run.map_of(guided_backpropagation) * run.map_of(elementwise_grad_cam)


@method(
    "guided_eigen_grad_cam",
    "Guided Eigen-Grad-CAM",
    family="cam",
    needs=BOTH,
    cite="selvaraju2017gradcam",
)
def guided_eigen_grad_cam(run: "Run") -> "Tensor":
    """Guided backpropagation times Eigen-Grad-CAM."""
    return run.map_of(guided_backpropagation) * run.map_of(eigen_grad_cam)
