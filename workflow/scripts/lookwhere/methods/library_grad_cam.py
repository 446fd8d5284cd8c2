"""The door to pytorch-grad-cam: its methods of the target layer, by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lookwhere.errors import StudyError, hint

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run

# Without ShapleyCAM, whose second derivatives need weights that require their gradient.
NAMES = (
    "AblationCAM",
    "EigenCAM",
    "EigenGradCAM",
    "FEM",
    "GradCAM",
    "GradCAMElementWise",
    "GradCAMPlusPlus",
    "HiResCAM",
    "KPCA_CAM",
    "LayerCAM",
    "RandomCAM",
    "ScoreCAM",
    "SegEigenCAM",
    "XGradCAM",
)
OF_MANY_PASSES = ("AblationCAM", "ScoreCAM")  # one a channel of the target layer
# Parameters that are filled here, or that no literal can be.
OTHERS = (
    "self",
    "model",
    "target_layers",
    "reshape_transform",
    "ablation_layer",
    "batch_size",
    "compute_input_gradient",
    "detach",
    "tta_transforms",
    "uses_gradients",
)
SMOOTH = "eigen_smooth"


def pytorch_grad_cam(run: "Run", *, of: str, arguments: Mapping[str, Any]) -> "Tensor":
    """The maps (N, 1, H, W) of pytorch-grad-cam's method ``of``, such as ``ScoreCAM``.

    The library scales each map to [0, 1]. Here maps are those before: what its ``get_cam_image``
    returns, negative values 0 as in the library, resized bilinearly. The target is explained in
    float32, an image at a time, with random numbers of its own. ``arguments`` are those of the
    class, and ``eigen_smooth``.

    Raises NotDefinedError without feature maps, and StudyError if the library is not installed, has
    no such method or argument, or fails.
    """
    from lookwhere.methods.libraries import (
        Scorer,
        check_arguments,
        each_image,
        installed,
        is_trial,
        parameters,
    )
    from lookwhere.nets.layers import as_feature_maps

    library = installed("pytorch_grad_cam", "grad-cam")
    if of not in NAMES:
        raise StudyError(f"pytorch_grad_cam has no method {of!r}; {hint(of, NAMES, len(NAMES))}")
    name = f"pytorch_grad_cam's {of}"
    check_arguments(name, arguments, {*parameters(getattr(library, of), *OTHERS), SMOOTH})
    tokens, size = run.has_tokens, run.images.shape[2:]
    # A trial of many passes takes one: through the same layers, with a gradient.
    kind = library.GradCAM if is_trial(run) and of in OF_MANY_PASSES else getattr(library, of)
    options = {key: value for key, value in arguments.items() if key in parameters(kind, *OTHERS)}
    if kind is library.AblationCAM:
        options["ablation_layer"] = (
            library.AblationLayerVit() if tokens else library.AblationLayer()
        )

    def draw(image: "Tensor", target: int) -> "Tensor":
        cam = kind(
            Scorer(run.net, run.target_layer),
            [run.target_layer],
            reshape_transform=lambda output: as_feature_maps(output, *size),
            **options,
        )
        cam.batch_size = len(run.images)
        return _before_scaling(cam, image, target, bool(arguments.get(SMOOTH)))

    return each_image(run, name, draw)


pytorch_grad_cam.needs = frozenset()  # type: ignore[attr-defined]


def _before_scaling(cam: Any, image: "Tensor", target: int, smooth: bool) -> "Tensor":
    """The map (1, h, w) of an image that ``cam`` returns, before it is scaled to [0, 1]."""
    import torch
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    maps: list[Any] = []
    of_image = cam.get_cam_image

    def keep(*inputs: Any) -> Any:
        maps.append(of_image(*inputs))
        return maps[-1]

    cam.get_cam_image = keep
    try:
        cam(image, [ClassifierOutputTarget(target)], eigen_smooth=smooth)
    finally:
        kept = cam.activations_and_grads
        kept.activations, kept.gradients = [], []  # it would detach them in place, even views
        kept.release()
    [map_] = maps
    return torch.as_tensor(map_).detach().relu()
