"""The public functions of the library, for a notebook or a script."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookwhere.datasets import regions
from lookwhere.errors import StudyError, hint
from lookwhere.methods import registry
from lookwhere.methods.names import METHODS
from lookwhere.metrics import scoring
from lookwhere.metrics.columns import CHANCE
from lookwhere.metrics.registry import METRICS, of_maps, of_passes
from lookwhere.metrics.saliency import Saliency

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["METHODS", "METRICS", "explain", "score"]


def explain(
    net: "nn.Module",
    images: "Tensor",
    targets: Sequence[int],
    target_layer: str | None = None,
    methods: Sequence[str] | None = None,
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
        The name of the module whose feature maps Grad-CAM weighs, such as ``features.12``; not
        needed by methods without feature maps.
    methods
        Names from ``METHODS``; by default all that are defined for the net and share the passes of
        one run: a forward pass, and a backward pass a ReLU rule. Others take many passes.

    Returns
    -------
    dict
        By method the maps (N, C, H, W), float32, raw and signed: C is 3 for gradients, 1 for CAMs.

    Raises
    ------
    StudyError
        For a method, a layer or a target that does not exist, or one of the ``methods`` that is
        not defined for the net (deconvolution and all guided methods need nets built on ReLU
        alone).

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

    from lookwhere.methods.forward import forward
    from lookwhere.methods.run import defined_maps, saliency_maps
    from lookwhere.nets import layers

    _require("method", methods or (), METHODS)
    layer = None if target_layer is None else net.get_submodule(layers.resolve(net, target_layer))
    passed = forward(net, layer, images)
    outputs = passed.logits.shape[1]
    for target in targets:
        if not 0 <= target < outputs:
            raise StudyError(
                f"target {target} is none of the net's {outputs} outputs: "
                f"give an index from 0 to {outputs - 1}"
            )
    explained = torch.tensor(targets, device=images.device)
    if methods is None:
        few = [name for name, entry in METHODS.items() if not registry.group(entry)]
        tensors, _ = defined_maps(passed, explained, few)
    else:
        tensors = saliency_maps(passed, explained, methods)
    return {name: tensor.contiguous().cpu().numpy() for name, tensor in tensors.items()}


def score(
    saliency: NDArray[np.floating],
    mask: NDArray[np.bool_],
    metrics: Sequence[str] = tuple(of_maps(METRICS)),
    ignored: NDArray[np.bool_] | None = None,
) -> dict[str, Any]:
    """Score how much of a map lies on a mask.

    Parameters
    ----------
    saliency
        A map (C, H, W), raw and signed.
    mask
        The object (H, W), true on it, at the size of the map.
    metrics
        Names from ``METRICS``: by default all that need no net, and none that needs one.
    ignored
        Pixels (H, W) that count on neither side, such as a void border: neither in the map nor in
        the mask nor in its share of the image.

    Returns
    -------
    dict
        The ``metrics`` by name, for the mask and its bounding box: ``concentration`` is the share
        of the map's energy (its squared values) on the mask; ``mask_fraction`` and
        ``box_fraction``, which an uninformative map scores on average; and ``status``: where it is
        not ``ok`` the metrics are None.

    Raises
    ------
    ValueError
        If map, mask and ignored pixels differ in height or width.
    StudyError
        For a metric that does not exist, needs a net, or fails.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.array([[True, False], [False, False]])
    >>> scores = score(np.array([[[3.0, 1.0], [0.0, 0.0]]]), mask)
    >>> scores["concentration"], scores["relevance_mass_accuracy"], scores["mask_fraction"]
    (0.9, 0.75, 0.25)
    """
    _require("metric", metrics, METRICS)
    if needy := of_passes(metrics):
        raise StudyError(f"metric {needy[0]!r} needs the net: list it in the metrics of a study")
    void = None if ignored is None else np.asarray(ignored, dtype=bool)
    region = regions.prepare([np.asarray(mask, dtype=bool)], 0, [0], void)
    scores = scoring.score(Saliency(np.asarray(saliency)), region, metrics)
    return {name: scores[name] for name in (*metrics, *CHANCE, "status")}


def _require(kind: str, names: Sequence[str], known: Mapping[str, Any]) -> None:
    for name in names:
        if name not in known:
            raise StudyError(f"{kind} {name!r} does not exist; {hint(name, known)}")
