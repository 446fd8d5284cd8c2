"""Class activation maps: sums of the target layer's feature maps, one weight a map.

With f the features, g = dy_c/df their gradients (both (N, K, h, w)) and Z = h w:

    M = ReLU(sum_k a_k f_k), bilinearly resized to the images

and a method is its weights a. Where the logit is a mean of the features and a linear layer, g is
the same at every place: CAM, Grad-CAM, XGrad-CAM and HiResCAM are then equal, up to the factor Z.
"""

from typing import TYPE_CHECKING

from lookwhere.methods.registry import FEATURES, GRADIENT, NotDefinedError, Signal, method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

SAME = 1e-4  # of the largest gradient: how far gradients at other places may be off by rounding


def signals(run: "Run") -> tuple["Tensor", "Tensor"]:
    """The features f and their gradients g, float32, each (N, K, h, w)."""
    return run.features.float(), run.gradient(at=FEATURES).float()


def weighted_sum(features: "Tensor", weights: "Tensor") -> "Tensor":
    """ReLU(sum_k a_k f_k) (N, 1, h, w), of weights a (N, K, 1, 1)."""
    return (weights * features).sum(dim=1, keepdim=True).relu()


@method(
    "grad_cam",
    "Grad-CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="selvaraju2017gradcam",
)
def grad_cam(run: "Run") -> "Tensor":
    """a_k = 1/Z sum_xy g_k (N, 1, H, W) (Selvaraju et al. 2017, eq. 1 and 2)."""
    features, gradients = signals(run)
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return run.upsample(weighted_sum(features, weights))


@method(
    "cam",
    "CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="zhou2016learning",
)
def cam(run: "Run") -> "Tensor":
    """a_k = w_k^c, the linear layer's weights (N, 1, H, W) (Zhou et al. 2016).

    Defined where y_c = sum_k w_k^c mean_xy f_k + b_c. There g_k = w_k^c / Z at every place, so that
    the weights are sum_xy g_k. As in Grad-CAM, the ReLU keeps the evidence for the class alone.
    """
    features, gradients = signals(run)
    if not (run.has_linear_head and _is_same_everywhere(gradients)):
        raise NotDefinedError(
            "its logits are not the means of the feature maps and one linear layer: use Grad-CAM, "
            "or another target layer"
        )
    return run.upsample(weighted_sum(features, gradients.sum(dim=(2, 3), keepdim=True)))


@method(
    "grad_cam_plus_plus",
    "Grad-CAM++",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="chattopadhay2018gradcampp",
)
def grad_cam_plus_plus(run: "Run") -> "Tensor":
    """a_k = sum_xy alpha_k ReLU(g_k) (N, 1, H, W) (Chattopadhay et al. 2018, eq. 19).

    alpha_k = g_k^2 / (2 g_k^2 + g_k^3 sum_ab f_k) = 1 / (2 + g_k sum_ab f_k), at every place with
    a gradient. The paper explains exp(y_c), which multiplies the map by exp(y_c): left out.
    """
    features, gradients = signals(run)
    denominators = 2 + gradients * features.sum(dim=(2, 3), keepdim=True)
    # At 0, possible with negative features alone, alpha is 1, as in the authors' code.
    denominators.masked_fill_(denominators == 0, 1)
    weights = (gradients.relu() / denominators).sum(dim=(2, 3), keepdim=True)
    return run.upsample(weighted_sum(features, weights))


@method(
    "xgrad_cam",
    "XGrad-CAM",
    family="cam",
    needs=[Signal(GRADIENT, FEATURES)],
    cite="fu2020axiom",
)
def xgrad_cam(run: "Run") -> "Tensor":
    """a_k = sum_xy g_k f_k / sum_xy f_k (N, 1, H, W) (Fu et al. 2020).

    0 where the sum of the features is 0, as of a map that is zero everywhere.
    """
    features, gradients = signals(run)
    totals = features.sum(dim=(2, 3), keepdim=True)
    weights = (gradients * features).sum(dim=(2, 3), keepdim=True) / totals
    return run.upsample(weighted_sum(features, weights.masked_fill(totals == 0, 0)))


def _is_same_everywhere(gradients: "Tensor") -> bool:
    """Whether the gradient (N, K, h, w) of every map is the same at every place."""
    spread = (gradients - gradients[:, :, :1, :1]).abs().amax()
    return bool(spread <= SAME * gradients.abs().amax())
