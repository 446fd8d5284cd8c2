"""Score-CAM: feature maps weighted by the logit of the image that they mask."""

from math import inf
from typing import TYPE_CHECKING

from lookwhere.methods.cam import weighted_sum
from lookwhere.methods.registry import method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "score_cam",
    "Score-CAM",
    family="cam",
    needs=[],
    cite="wang2020scorecam",
    group="score_cam",
)
def score_cam(run: "Run") -> "Tensor":
    """a_k = softmax_k(y_c(x H_k) - y_c(0)) (N, 1, H, W) (Wang et al. 2020, algorithm 1).

    H_k is the feature map f_k, resized to the image, its least value moved to 0 and its largest to
    1; a constant one masks all. x is the normalised input, so that what is masked has the colour
    that the input subtracts. y_c is the logit, as in the paper's algorithm; y_c(0) cancels in the
    softmax. Where logits are larger, the softmax is sharper. K forward passes, one a feature map.
    """
    features = run.features.float()
    scores = features.new_full(features.shape[:2], -inf)
    for channel in run.passes(features.shape[1]):
        masks = _rescaled(run.upsample(features[:, channel, None]))
        logits = run.logits_at(run.images * masks)
        scores[:, channel] = logits.gather(1, run.targets[:, None])[:, 0]
    return run.upsample(weighted_sum(features, scores.softmax(1)[:, :, None, None]))


def _rescaled(maps: "Tensor") -> "Tensor":
    """The ``maps`` (N, 1, H, W), each moved to [0, 1]; 0 where a map is constant."""
    least, most = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    return ((maps - least) / (most - least)).masked_fill(most == least, 0)
