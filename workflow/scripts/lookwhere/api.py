"""The public functions of the library, for a notebook or a script."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.errors import StudyError, hint
from lookwhere.methods.names import METHODS
from lookwhere.metrics import concentration, localisation

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["METHODS", "explain", "score"]


def explain(
    net: "nn.Module",
    images: "Tensor",
    targets: Sequence[int],
    target_layer: str,
    methods: Sequence[str] = tuple(METHODS),
) -> dict[str, NDArray[np.float32]]:
    """Compute the saliency maps of a batch.

    Parameters
    ----------
    net
        A classifier in eval mode. It is not changed.
    images
        Its inputs (N, 3, H, W), float32, normalised as it expects them.
    targets
        The index of the output that is explained, one an image.
    target_layer
        The name of the module whose feature maps Grad-CAM weighs, such as ``features.12``.
    methods
        Names from ``METHODS``. One forward pass and one backward pass a ReLU rule serve them all.

    Returns
    -------
    dict
        By method the maps (N, C, H, W), float32, raw and signed: C is 3 for gradients, 1 for CAMs.

    Raises
    ------
    StudyError
        For a method, a layer or a target that does not exist, or a method that is not defined for
        the net (deconvolution and guided backpropagation need nets built on ReLU).

    Examples
    --------
    >>> import torch
    >>> from torchvision.models import squeezenet1_1
    >>> net = squeezenet1_1(num_classes=6).eval()
    >>> maps = explain(net, torch.zeros(2, 3, 64, 48), [0, 5], "features.12", ["grad_cam"])
    >>> maps["grad_cam"].shape
    (2, 1, 64, 48)
    """
    import torch

    from lookwhere.methods.run import forward, saliency_maps
    from lookwhere.nets import classifiers

    for name in methods:
        if name not in METHODS:
            raise StudyError(f"method {name!r} does not exist; {hint(name, METHODS)}")
    passed = forward(net, classifiers.layer(net, target_layer), images)
    outputs = passed.logits.shape[1]
    for target in targets:
        if not 0 <= target < outputs:
            raise StudyError(f"target {target} is none of the net's {outputs} outputs")
    tensors = saliency_maps(passed, torch.tensor(targets, device=images.device), methods)
    return {name: tensor.contiguous().cpu().numpy() for name, tensor in tensors.items()}


def score(saliency: NDArray[np.floating], mask: NDArray[np.bool_]) -> dict[str, Any]:
    """Score how much of a map lies on a mask.

    Parameters
    ----------
    saliency
        A map (C, H, W), raw and signed.
    mask
        The object (H, W), true on it, at the size of the map.

    Returns
    -------
    dict
        ``concentration``, the share of the map's energy (its squared values) on the mask; the
        measures of ``lookwhere.metrics.localisation``, for one mask and its bounding box;
        ``mask_fraction``, which an uninformative map scores on average; and ``status``: where it
        is not ``ok`` the others are None.

    Raises
    ------
    ValueError
        If map and mask have other heights or widths.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([[True, False], [False, False]])
    >>> scores = score(np.array([[[3.0, 1.0], [0.0, 0.0]]]), mask)
    >>> scores["concentration"], scores["relevance_mass_accuracy"], scores["mask_fraction"]
    (0.9, 0.75, 0.25)
    """
    mask = np.asarray(mask, dtype=bool)
    found = concentration.score(saliency, mask)
    measures: dict[str, float | None] = dict.fromkeys(localisation.NAMES)
    if found.status == "ok":
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = np.zeros_like(mask)
        box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
        measures |= asdict(localisation.measure(saliency, mask, box))
    return {
        "concentration": found.concentration,
        **measures,
        "mask_fraction": found.mask_fraction,
        "status": found.status,
    }
