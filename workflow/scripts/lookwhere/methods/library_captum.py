"""The door to captum: its attributions of images and of the target layer, by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookwhere.errors import StudyError, hint
from lookwhere.methods.registry import NotDefinedError

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

OF_IMAGES = (
    "Deconvolution",
    "DeepLift",
    "FeatureAblation",
    "GradientShap",
    "GuidedBackprop",
    "GuidedGradCam",
    "InputXGradient",
    "IntegratedGradients",
    "KernelShap",
    "LRP",
    "Lime",
    "Occlusion",
    "Saliency",
    "ShapleyValueSampling",
)
OF_LAYERS = (
    "InternalInfluence",
    "LayerActivation",
    "LayerConductance",
    "LayerDeepLift",
    "LayerGradCam",
    "LayerGradientShap",
    "LayerGradientXActivation",
    "LayerIntegratedGradients",
    "LayerLRP",
)
NEEDS_LAYER = (*OF_LAYERS, "GuidedGradCam")
NEEDS_MAPS = ("GuidedGradCam", "LayerGradCam")  # they would take tokens for channels
BY_RELU = ("Deconvolution", "GuidedBackprop", "GuidedGradCam")
BY_DIFFERENCE = ("DeepLift", "LayerDeepLift")
BY_RELEVANCE = ("LRP", "LayerLRP")
NOISE = "NoiseTunnel"


def captum(run: "Run", *, of: str, arguments: Mapping[str, Any]) -> "Tensor":
    """The maps (N, C, H, W) of captum's method ``of``, such as ``DeepLift`` or ``LayerGradCam``.

    ``NoiseTunnel:Saliency`` joins the method's maps of noisy images. Attributions of a layer are
    those of the target layer, summed over its channels, and resized bilinearly (N, 1, H, W). The
    target is explained in float32, an image at a time, with random numbers of its own; a pass holds
    at most as many copies as the batch has images.

    ``arguments`` are those of the class and of its ``attribute``, with captum's defaults. In place
    of tensors they hold numbers: ``baselines`` is a value of the normalised image, or one a
    channel, and 0 by default (the colour that the input subtracts); ``feature_mask`` the side in
    pixels of squares, each a feature; ``sliding_window_shapes`` and ``strides`` sides too.

    Raises NotDefinedError where the method does not apply to the net, and StudyError if captum is
    not installed, has no such method or argument, or fails.
    """
    from lookwhere.methods.captum_arguments import of_call, of_class
    from lookwhere.methods.libraries import Scorer, each_image, installed

    attr = installed("captum.attr", "captum")
    noise, _, method = of.rpartition(":")
    if noise not in ("", NOISE) or method not in OF_IMAGES + OF_LAYERS:
        names = [*OF_IMAGES, *OF_LAYERS]
        raise StudyError(
            f"captum has no method {of!r} of images; {hint(method, names, len(names))}"
        )
    name = f"captum's {of}"
    _require(run, name, method)
    kind = getattr(attr, method)
    attributes = [kind.attribute, *([attr.NoiseTunnel.attribute] if noise else [])]
    call = of_call(run, name, kind, attributes, arguments)
    layers = [run.target_layer] if method in NEEDS_LAYER else []
    attribution = kind(Scorer(run.net, run.target_layer), *layers, **of_class(kind, arguments))
    if noise:
        attribution = attr.NoiseTunnel(attribution)

    def draw(image: "Tensor", target: int) -> "Tensor":
        if method in BY_RELEVANCE:
            _pass_on_relevance(run)
        explained = {} if method == "LayerActivation" else {"target": target}
        returned = attribution.attribute(image, **explained, **call)
        maps = returned[0] if isinstance(returned, tuple) else returned
        return _summed(maps, *image.shape[2:]) if method in OF_LAYERS else maps

    return each_image(run, name, draw)


captum.needs = frozenset()  # type: ignore[attr-defined]


def _require(run: "Run", name: str, method: str) -> None:
    """Raise NotDefinedError where a method does not apply to the net."""
    from lookwhere.methods import layer_wise

    # Without features, has_tokens raises NotDefinedError.
    if method in NEEDS_LAYER and run.has_tokens and method in NEEDS_MAPS:
        raise NotDefinedError(
            f"{name} needs feature maps (N, K, h, w), and the target layer yields tokens"
        )
    if method in BY_RELU:
        layer_wise.require_rules(run, name, layer_wise.RELU)
    if method in BY_DIFFERENCE:
        rules = {**layer_wise.ACTIVATIONS, **layer_wise.POOLING}
        layer_wise.require_rules(run, name, rules)
    if method in BY_RELEVANCE:
        layer_wise.require_relevance(run, name)


def _pass_on_relevance(run: "Run") -> None:
    """Give what does nothing, such as a folded batch norm, a rule of captum's LRP."""
    from captum.attr._utils.lrp_rules import EpsilonRule
    from torch import nn

    for module in run.net.modules():
        if isinstance(module, nn.Identity):
            module.rule = EpsilonRule()


def _summed(attributions: "Tensor", height: int, width: int) -> "Tensor":
    """Attributions of a layer, as maps or tokens, summed over channels: (1, 1, h, w)."""
    from lookwhere.nets.layers import as_feature_maps

    return as_feature_maps(attributions, height, width).sum(dim=1, keepdim=True)
