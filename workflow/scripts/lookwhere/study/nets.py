"""The nets of a study: their keys, their weights, and a net of each target layer."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from lookwhere.datasets.names import slug
from lookwhere.study.fields import EXPLAIN, Explain, Layer, Many, Part, Size

FILES_OF_WEIGHTS = (".pth", ".pt", ".ckpt", ".bin", ".tar", ".safetensors")


class Input(Part):
    """How pixels become a net's input."""

    mean: Many[Annotated[float, Field(description="give a number")]] = Field(
        default=(),
        description="give a list of numbers, one a channel, in the unit of range",
        json_schema_extra={"otherwise": "that of the net's own weights, else ImageNet's"},
    )
    std: Many[Annotated[float, Field(gt=0, description="give a number above 0")]] = Field(
        default=(),
        description="give a list of numbers above 0, one a channel, in the unit of range",
        json_schema_extra={"otherwise": "that of the net's own weights, else ImageNet's"},
    )
    range: Literal[1, 255] = Field(
        default=1,
        description="give 1 or 255, the value of white",
        json_schema_extra={"help": "The value of white before mean and std."},
    )
    channels: Literal["rgb", "bgr", "grey"] = Field(
        default="rgb",
        description="give rgb, bgr or grey",
        json_schema_extra={"help": "The order of the channels; `mean` and `std` follow it."},
    )


class Net(Part):
    """A net, its weights, its input, and the activation of its outputs; or maps in its place."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["architecture"]}, {"required": ["maps"]}]}
    )

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\n)",
        max_length=100,
        description='give a name for files and figures, in up to 100 letters, digits and "-_."',
    )
    architecture: str = Field(
        default="",
        pattern=r"^[^{}\n]+$(?!\n)",
        description=(
            "give a classifier of torchvision (vgg19), timm:NAME, or a function that returns a "
            "torch.nn.Module (file.py:function or package.module:function)"
        ),
        json_schema_extra={
            "help": "A function of yours is run by the jobs.",
            "otherwise": "none, of maps that other tools made",
        },
    )
    arguments: dict[str, Any] = Field(
        default={},
        description="give a mapping of the arguments of the function that builds the net",
        json_schema_extra={
            "help": "Such as `{transform_input: false}` of a GoogLeNet trained without it.",
            "otherwise": "none",
        },
    )
    weights: str = Field(
        default="",
        pattern=r"^(?!.*[{}\n])(random$|[A-Z0-9_]+$|.*/|.*[.](pth?|ckpt|bin|tar|safetensors)$)",
        description=(
            "give a name of torchvision's (IMAGENET1K_V1), the path of a state dict or checkpoint "
            "(ends in .pth, .pt, .ckpt, .bin, .tar or .safetensors), or random"
        ),
        json_schema_extra={
            "otherwise": "those that the function of yours gives the net; else an error"
        },
    )
    weights_key: str = Field(
        default="",
        min_length=1,
        description="give the dotted path of the state dict in the file, e.g. state_dict.model",
        json_schema_extra={
            "help": "For checkpoints that hold several.",
            "otherwise": "the state dict that fits the architecture",
        },
    )
    target_layer: Layer | Many[Layer] = Field(
        default="",
        description="give the name of a module, e.g. features.35 or layer4[-1], or a list of these",
        json_schema_extra={
            "help": (
                "Grad-CAM and other CAMs weight its feature maps. Each of several becomes a net of "
                "its own in tables and figures, `name-layer`."
            ),
            "otherwise": "the last layer with feature maps, where there is any",
        },
    )
    input: Input = Field(
        default=Input(),
        description="give a mapping of mean, std, range and channels",
        json_schema_extra={"otherwise": "that of timm's or torchvision's weights, else ImageNet's"},
    )
    explain: Explain = Field(
        default="annotated",
        description=EXPLAIN,
        json_schema_extra={"help": "The output that is explained.", "otherwise": "the study's"},
    )
    outputs: Literal["softmax", "sigmoid"] = Field(
        default="softmax",
        description="give softmax (one class an image) or sigmoid (any number of classes)",
        json_schema_extra={
            "help": (
                "A softmax recognises the class of the highest output; a sigmoid, of a multi-label "
                "net, each class whose probability exceeds the threshold."
            )
        },
    )
    threshold: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description=(
            "give the probability above which a class is recognised, between 0 and 1 (0.5 by "
            "default)"
        ),
        json_schema_extra={"help": "For sigmoid outputs alone."},
    )
    sizes: Many[Size] = Field(
        default=(),
        description="give a list of input sizes: original, n, short-n, crop-n or pad-n",
        json_schema_extra={
            "help": "Such as 299 of Inception, where the other nets see 224.",
            "otherwise": "the study's; original of maps that other tools made",
        },
    )
    maps: str = Field(
        default="",
        pattern="^[^{}]+$",
        description="give the path of a folder with a folder for each method, without braces",
        json_schema_extra={
            "help": (
                "Maps that other tools made are scored in place of a net's, of which nothing else "
                "is needed: [docs/how-to/score-your-maps.md](docs/how-to/score-your-maps.md)."
            ),
            "otherwise": "none",
        },
    )

    reason: Many[Annotated[str, Field(description="give the name of a class of the study")]] = (
        Field(
            default=(),
            description="give a list of classes of the study, the one of the smallest mask first",
            json_schema_extra={
                "help": (
                    "Their masks hold what the net is known to use, as a net that was trained for "
                    "it does: [docs/planted.md](docs/planted.md)."
                ),
                "otherwise": "not known",
            },
        )
    )

    @property
    def is_trained(self) -> bool:
        return self.weights != "random"

    @property
    def is_fetched(self) -> bool:
        """Whether the weights are torchvision's, which the workflow fetches."""
        return is_torchvisions(self.weights)

    @property
    def weights_file(self) -> str:
        """The file of the weights, or ``random``."""
        if self.is_fetched:
            return f"resources/weights/{self.architecture}-{self.weights}.pth"
        return self.weights


def cells(net: Net, layer: str, explain: Sequence[str]) -> Iterator[Net]:
    """The net at a target layer, once for each way of ``explain`` unless it has its own."""
    if net.maps:
        yield net
        return
    name = net.name if isinstance(net.target_layer, str) else f"{net.name}-{slug(layer)}"
    own = "explain" in net.model_fields_set
    for way in [net.explain] if own else explain:
        ending = f"-{way}" if way != explain[0] and not own else ""
        yield net.model_copy(update={"name": name + ending, "target_layer": layer, "explain": way})


def is_path(weights: str) -> bool:
    """Whether weights are a file, not ``random`` or one of torchvision's names."""
    return "/" in weights or weights.endswith(FILES_OF_WEIGHTS)


def is_torchvisions(weights: str) -> bool:
    """Whether weights are one of torchvision's names, such as IMAGENET1K_V1."""
    return weights not in ("", "random") and not is_path(weights)
