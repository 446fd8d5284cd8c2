"""The door to zennit: layer-wise relevance propagation (LRP), by the name of a composite."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookwhere.errors import StudyError, hint

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

NAMES = (
    "EpsilonAlpha2Beta1",
    "EpsilonAlpha2Beta1Flat",
    "EpsilonGammaBox",
    "EpsilonPlus",
    "EpsilonPlusFlat",
    "ExcitationBackprop",
)
OTHERS = ("canonizers", "first_map", "layer_map", "zero_params")  # no literals
BOUNDS = ("low", "high")


def zennit(run: "Run", *, of: str, arguments: Mapping[str, Any]) -> "Tensor":
    """The relevance (N, C, H, W) of the pixels by zennit's composite ``of``.

    The relevance at the output is 1 for the target, and 0 for others. ``arguments`` are those of
    the composite: ``low`` and ``high``, the bounds of the normalised image, are a number, or a list
    of one a channel. Nets compute in float32.

    Raises NotDefinedError where zennit has no rule for parts of the net: norms that are not folded
    into convolutions, activations that are functions, and branches that meet outside of the blocks
    of torchvision's ResNets. Raises StudyError if zennit is not installed, has no such composite or
    argument, or fails.
    """
    import torch
    from torchvision.models.resnet import BasicBlock, Bottleneck

    from lookwhere.methods.layer_wise import require_relevance
    from lookwhere.methods.libraries import (
        Scorer,
        as_maps,
        check_arguments,
        installed,
        lent,
        parameters,
    )

    composites = installed("zennit.composites", "zennit")
    canonizers = installed("zennit.torchvision", "zennit")
    gradient = installed("zennit.attribution", "zennit").Gradient
    if of not in NAMES:
        raise StudyError(f"zennit has no composite {of!r} of LRP; {hint(of, NAMES)}")
    name = f"zennit's {of}"
    kind = getattr(composites, of)
    known = parameters(kind, *OTHERS)
    check_arguments(name, arguments, known)
    for bound in BOUNDS:
        if bound in known and bound not in arguments:
            raise StudyError(
                f"{name}: {bound} is missing; give the {bound}est value of the normalised image, "
                "or a list of one a channel"
            )
    bounds = {
        key: torch.tensor(arguments[key], dtype=torch.float32).reshape(1, -1, 1, 1)
        for key in BOUNDS
        if key in known
    }
    require_relevance(run, name, (BasicBlock, Bottleneck))
    blocks = [canonizers.ResNetBottleneckCanonizer(), canonizers.ResNetBasicBlockCanonizer()]
    composite = kind(**{**arguments, **bounds}, canonizers=blocks)

    def relevance(logits: "Tensor") -> "Tensor":
        return torch.zeros_like(logits).scatter_(1, run.targets[:, None], 1)

    with lent(run, name), gradient(Scorer(run.net), composite) as attributor:
        _, maps = attributor(run.images.clone().requires_grad_(), relevance)
        return as_maps(run, maps, name)


zennit.needs = frozenset()  # type: ignore[attr-defined]
