"""The typed study: the keys of its configuration, their defaults, and derived values.

A field is a key of the configuration with its type, constraint, default, and a description that
completes "... is not allowed; ". Error messages, the JSON schema and the README's table of keys are
generated from these. ``help`` explains a key, ``otherwise`` describes its default.

A missing text is ``""`` and a missing list ``()``, neither of which a configuration can hold.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lookwhere.datasets.names import slug
from lookwhere.datasets.sizes import ORIGINAL, SIZE
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.entries import files_of, flat, name_of

T = TypeVar("T")


def _tuple(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def _asked(value: Any) -> Any:
    return ({} if value else None) if type(value) is bool else value


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


Many = Annotated[tuple[T, ...], Field(min_length=1), BeforeValidator(_tuple)]

# Snakemake takes braces in paths for wildcards.
Folder = Annotated[str, Field(pattern="^[^{}]+$", description="give a folder, without braces")]
Index = Annotated[int, Field(ge=0, le=10**9, description="give an output index, from 0")]
SampleId = Annotated[str, Field(description="give a sample id such as 000000000139-traffic_light")]
FILES_OF_WEIGHTS = (".pth", ".pt", ".ckpt", ".bin", ".tar", ".safetensors")
Size = Annotated[
    str,
    BeforeValidator(
        _text,
        json_schema_input_type=Annotated[int, Field(ge=1, le=9999)]
        | Annotated[str, Field(pattern=SIZE)],
    ),
    Field(pattern=SIZE, description="give original, n, short-n, crop-n or pad-n, n from 1 to 9999"),
]
Method = Annotated[str, Field(description="give the name of a saliency method, or file.py:name")]
Metric = Annotated[str, Field(description="give the name of a metric, or file.py:name")]
Control = Annotated[str, Field(description="give the name of a control, or file.py:name")]
Rival = Annotated[
    Literal["other_class", "least_likely", "mean_map"],
    Field(description="give other_class, least_likely or mean_map"),
]
Chart = Annotated[str, Field(description="give the name of a chart, or file.py:name")]


Layer = Annotated[
    str, Field(min_length=1, description="give the name of a module, e.g. features.35")
]
EXPLAIN = (
    "give annotated (the output of the annotated class) or predicted (the highest of all outputs)"
)
Explain = Annotated[Literal["annotated", "predicted"], Field(description=EXPLAIN)]


class Part(BaseModel):
    """Strict values of YAML: 224.0 is not a whole number, nan not a number, true not 1."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, regex_engine="python-re"
    )


class Dataset(Part):
    """The images and their annotations."""

    annotations: str = Field(
        pattern="^[^{}]+$",
        description="give the path of the annotations, without braces",
        json_schema_extra={"help": "A COCO instances file, or what the format reads."},
    )
    images: str = Field(
        pattern="^[^{}]+$", description="give the folder of the images, without braces"
    )
    source: str = Field(
        default="",
        pattern="^https?://",
        description="give the address of a zip archive that holds the annotations",
        json_schema_extra={
            "help": "Annotations and images are fetched.",
            "otherwise": "nothing is fetched",
        },
    )
    format: str = Field(
        default="coco",
        pattern=r"^([^{}]+[.]py:)?[^\W\d]\w*$(?!\n)",
        description="give the name of a format, or file.py:name of a format of your own",
        json_schema_extra={
            "help": (
                "See [formats of annotations](#formats-of-annotations). How to write one: "
                "[docs/how-to/add-a-data-set.md](docs/how-to/add-a-data-set.md)."
            )
        },
    )
    boxes: Literal["leave_out", "use"] = Field(
        default="leave_out",
        description=(
            "give leave_out (images in which an instance has no mask are not drawn) or use (the "
            "box of such an instance is its region)"
        ),
        json_schema_extra={
            "help": "For instances that have a box and no mask. The format boxes always uses boxes."
        },
    )
    crowds: Literal["leave_out", "count", "skip_image"] = Field(
        default="leave_out",
        description=(
            "give leave_out (crowds are no part of the region), count (as instances) or skip_image "
            "(images with a crowd of the class are not drawn)"
        ),
        json_schema_extra={"help": "For annotations with `iscrowd: 1`."},
    )
    exif: Literal["upright", "stored"] = Field(
        default="upright",
        description=(
            "give upright (images are turned as their EXIF orientation says) or stored (they are "
            "not)"
        ),
        json_schema_extra={
            "help": "For images whose annotated size fits both views; else the size decides."
        },
    )

    @property
    def format_name(self) -> str:
        """The name of the format."""
        return name_of(self.format)

    @property
    def choices(self) -> dict[str, str]:
        """The keys that decide what is drawn, for jobs."""
        return {"boxes": self.boxes, "crowds": self.crowds, "exif": self.exif}


class Class(Part):
    """A category of the annotations, and its index in the outputs of the nets."""

    name: str = Field(
        pattern=r"[^\W_]",  # a letter or digit of any script
        max_length=64,  # it becomes part of file names
        description="give the name of a category of the annotations, up to 64 characters",
    )
    target: Index | Many[Index] = Field(
        default=(),
        description="give the index of the class in the nets' output, from 0, or a list of several",
        json_schema_extra={
            "help": (
                "Of several the best-scoring one is explained. All nets of a study share the "
                "meaning of their outputs."
            ),
            "otherwise": "ImageNet's, of `resources/classes.csv`; not needed without a net",
        },
    )

    @property
    def targets(self) -> list[int]:
        """The output indices: one, or several of which the best-scoring one is explained."""
        return [self.target] if isinstance(self.target, int) else list(self.target)


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


# What computes a method that is not of this project.
Elsewhere = Annotated[
    str, Field(min_length=1, json_schema_extra={"otherwise": "a method of this project"})
]


class ChosenMethod(Part):
    """A saliency method with other arguments than its own, or of another library."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$(?!\n)",
        max_length=100,
        description='give a name for files and columns, in up to 100 letters, digits and "._+-"',
    )
    label: str = Field(
        default="",
        min_length=1,
        description="give a label for tables and figures",
        json_schema_extra={"otherwise": "that of the method, or the name in words"},
    )
    family: str = Field(
        default="",
        min_length=1,
        description="give the name of a family: methods of a family have similar colours",
        json_schema_extra={"otherwise": "that of the method, or the library"},
    )
    method: str = Field(
        default="",
        min_length=1,
        description="give the name of a saliency method, or file.py:name",
        json_schema_extra={"otherwise": "that of the name"},
    )
    captum: Elsewhere = Field(
        default="", description="give the name of a class of captum.attr, e.g. DeepLift"
    )
    pytorch_grad_cam: Elsewhere = Field(
        default="", description="give the name of a class of pytorch_grad_cam, e.g. ScoreCAM"
    )
    zennit: Elsewhere = Field(
        default="", description="give the name of a composite of zennit, e.g. EpsilonPlusFlat"
    )
    function: Elsewhere = Field(
        default="",
        description="give file.py:name or package.module:name of a function that returns maps",
        json_schema_extra={
            "help": "See [docs/how-to/your-own-method.md](docs/how-to/your-own-method.md)."
        },
    )
    arguments: dict[str, Any] = Field(
        default={},
        description="give a mapping of arguments",
        json_schema_extra={
            "help": "Such as `{passes: 20}` of `smooth_grad`.",
            "otherwise": "the method's own, mostly its paper's",
        },
    )


METHOD = "give the name of a saliency method, file.py:name, or {name, arguments}"
ListedMethod = Annotated[Method | ChosenMethod, Field(description=METHOD)]


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


class Cascade(Part):
    """A sanity check: the nets as their layers become random, from the output downwards."""

    images_per_class: int = Field(
        default=3,
        ge=1,
        le=10**9,
        description="give a whole number from 1",
        json_schema_extra={"help": "The first images of each class are explained."},
    )
    stages: int = Field(
        default=6,
        ge=1,
        le=1000,
        description="give a whole number from 1 to 1000",
        json_schema_extra={
            "help": (
                "Each makes a further part of the layers random; the last is the untrained twin of "
                "the net."
            )
        },
    )
    seeds: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="give a whole number from 1 to 1000",
        json_schema_extra={"help": "The number of untrained twins of a net."},
    )

    def explained(self, classes: int) -> int:
        """The number of times that an image is explained, by a net at a size."""
        return self.images_per_class * classes * (1 + self.stages * self.seeds)


class Pathvars(Part):
    """Snakemake's path variables that a study may set."""

    results: Folder = Field(default="", json_schema_extra={"otherwise": "`results`"})
    logs: Folder = Field(default="", json_schema_extra={"otherwise": "`logs` in the results"})
    benchmarks: Folder = Field(
        default="", json_schema_extra={"otherwise": "`benchmarks` in the results"}
    )


class Study(Part):
    """The whole study."""

    model_config = ConfigDict(json_schema_extra={"description": "give a mapping, as config.yaml"})

    dataset: Dataset = Field(
        description=(
            "give annotations (such as a COCO instances file) and images (the folder of its images)"
        )
    )
    classes: Many[
        Annotated[
            Class,
            Field(
                description=(
                    "give a class as {name, target}; the target of an ImageNet class may be left "
                    "out"
                )
            ),
        ]
    ] = Field(description="give a list of classes, each with a name")
    images_per_class: Literal["all"] | Annotated[int, Field(ge=1, le=10**9)] = Field(
        description="give a whole number from 1 to 10^9, or all",
        json_schema_extra={
            "help": "The number of images drawn for each class; all takes each that can be drawn."
        },
    )
    max_pixels: int = Field(
        default=0,
        ge=1,
        le=10**9,
        description="give a whole number of pixels, from 1",
        json_schema_extra={
            "help": "Images of more pixels are resized to as many, their aspect ratio kept.",
            "otherwise": "none is resized",
        },
    )
    seed: int = Field(
        ge=0,
        le=2**63 - 1,
        description="give a whole number from 0, below 2^63",
        json_schema_extra={"help": "Images and random weights are drawn with it."},
    )
    mask_dilation: float = Field(
        ge=0,
        le=10,
        description="give the share by which a mask's area grows, from 0 to 10 (0.2 is 20 %)",
        json_schema_extra={
            "help": "A mask grows by at least this share, in whole rings of pixels."
        },
    )
    nets: Many[
        Annotated[
            Net,
            Field(
                description=(
                    "give a net as {name, architecture, weights, target_layer, outputs, "
                    "threshold}, or maps that other tools made as {name, maps}"
                )
            ),
        ]
    ] = Field(description="give a list of nets, each with name, architecture and weights, or maps")
    method_entries: Many[
        Annotated[
            ListedMethod | Many[ListedMethod],
            Field(description=f"{METHOD}, or a list of these (a group)"),
        ]
    ] = Field(
        alias="methods",
        description="give a list of saliency methods, or of groups (lists) of these",
        json_schema_extra={
            "help": (
                "One job computes the methods of a group: a method that is added as a group of its "
                "own does not recompute the others. Methods of many passes have groups of their "
                "own unless the study lists groups. How to write one: "
                "[docs/how-to/add-a-method.md](docs/how-to/add-a-method.md)."
            )
        },
    )
    sizes: Many[Size] = Field(
        description="give a list of input sizes: original, n, short-n, crop-n or pad-n",
        json_schema_extra={
            "help": (
                "n: n x n pixels, the aspect ratio not kept; short-n: n pixels on the shorter "
                "side, the aspect ratio kept; crop-n: the n x n pixels in the centre of an image "
                "with 256/224 n on the shorter side, torchvision's own evaluation; pad-n: n pixels "
                "on the longer side, padded to n x n with ImageNet's mean colour."
            )
        },
    )
    metric_entries: Many[Metric] = Field(
        default=(),
        alias="metrics",
        description="give a list of metrics",
        json_schema_extra={
            "help": (
                "Concentration is always among them. Metrics of faithfulness run the net on "
                "changed images, and are computed where they are listed: deletion, deletion_blur, "
                "insertion, insertion_mean, road, pixel_flipping, infidelity. How to write one: "
                "[docs/how-to/add-a-metric.md](docs/how-to/add-a-metric.md)."
            ),
            "otherwise": "all of the library that need no net",
        },
    )
    control_entries: Many[Control] = Field(
        default=(),
        alias="controls",
        description="give a list of controls",
        json_schema_extra={
            "help": (
                "Maps of no net. How to write one: "
                "[docs/how-to/add-a-control.md](docs/how-to/add-a-control.md)."
            ),
            "otherwise": "all of the library",
        },
    )
    rivals: Many[Rival] = Field(
        default=(),
        description="give a list of other_class, least_likely and mean_map",
        json_schema_extra={
            "help": (
                "Maps that know the net but not the class: the net explained for another class of "
                "the study in the image, or for its least likely output, and the mean map of the "
                "other images. They take about as long as the maps, twice, and recompute none."
            ),
            "otherwise": "none",
        },
    )
    chart_entries: Many[Chart] = Field(
        default=(),
        alias="charts",
        description="give a list of charts",
        json_schema_extra={
            "help": (
                "These figures are drawn. How to write one: "
                "[docs/how-to/add-a-chart.md](docs/how-to/add-a-chart.md)."
            ),
            "otherwise": "all of the library",
        },
    )
    explain: Explain | Many[Explain] = Field(
        default="annotated",
        description=f"{EXPLAIN}, or a list of both",
        json_schema_extra={
            "help": (
                "Of both, the second becomes a net of its own in tables and figures, "
                "`name-predicted`."
            )
        },
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="give float32, or bfloat16 (faster, see docs/performance.md)",
        json_schema_extra={"help": "bfloat16 moves concentration a little."},
    )
    keep_maps: bool = Field(
        default=True,
        description="give true, or false to delete maps as soon as they are scored",
        json_schema_extra={
            "help": (
                "Those of the showcase are kept. Changing masks or showcase, or setting `true` "
                "again, recomputes the maps. To delete the maps of a finished study, set `false` "
                "and run `snakemake --delete-temp-output`."
            )
        },
    )
    reference: str = Field(
        default="",
        pattern="^[^{}]+$",
        description="give the path of a table with the columns method and mean, without braces",
        json_schema_extra={
            "help": "Tables list its means beside ours.",
            "otherwise": "none",
        },
    )
    showcase: Literal["all"] | Many[SampleId] = Field(
        default=(),
        description="give a list of sample ids such as 000000000139-traffic_light, or all",
        json_schema_extra={
            "help": (
                "They are shown as pictures; the comparison shows the first that fit on a page."
            ),
            "otherwise": (
                "one of every class, two of them in one image; the gallery adds the worst of every "
                "class"
            ),
        },
    )
    cascade: Annotated[
        Cascade | None, BeforeValidator(_asked, json_schema_input_type=bool | Cascade)
    ] = Field(
        default=None,
        description="give true, or a mapping of images_per_class, stages and seeds",
        json_schema_extra={
            "help": (
                "Trained nets are explained as their layers become random, from the output "
                "downwards: does a map change with its net? See "
                "[docs/reading.md](docs/reading.md#does-a-map-depend-on-the-net)."
            ),
            "otherwise": "none",
        },
    )
    pathvars: Pathvars = Field(
        default=Pathvars(),
        description="give Snakemake's path variables, e.g. {results: results/my_study}",
        json_schema_extra={"help": "They separate the results of studies."},
    )

    @property
    def cascaded_nets(self) -> list[str]:
        """The names of the nets that have a cascade."""
        return [n.name for n in self.nets if n.is_trained and not n.maps] if self.cascade else []

    @property
    def groups(self) -> list[list[str]]:
        """The groups of methods that the study lists; a flat list is one."""
        groups = [entry for entry in self.method_entries if isinstance(entry, tuple)]
        return [[_name(item) for item in group] for group in groups or [flat(self.method_entries)]]

    @property
    def lists_groups(self) -> bool:
        """Whether the methods are listed in groups."""
        return isinstance(self.method_entries[0], tuple)

    @property
    def methods(self) -> list[str]:
        """The names of the methods."""
        return [name for group in self.groups for name in group]

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics; empty for all of the library."""
        return [name_of(entry) for entry in self.metric_entries]

    @property
    def controls(self) -> list[str]:
        """The names of the controls; empty for all of the library."""
        return [name_of(entry) for entry in self.control_entries]

    @property
    def charts(self) -> list[str]:
        """The names of the charts; empty for all of the library."""
        return [name_of(entry) for entry in self.chart_entries]

    @property
    def files(self) -> list[str]:
        """The user's own Python files, absolute, sorted."""
        listed = [*self.metric_entries, *self.control_entries, *self.chart_entries]
        texts = (
            entry if isinstance(entry, str) else entry.method for entry in flat(self.method_entries)
        )
        return files_of([*texts, *listed, self.dataset.format])

    @property
    def paths(self) -> dict[str, str]:
        """The paths of the user's own data, by key."""
        paths = {
            "dataset.annotations": self.dataset.annotations,
            "dataset.images": self.dataset.images,
        }
        for number, net in enumerate(self.nets):
            if is_path(net.weights):
                paths[f"nets[{number}].weights"] = net.weights
            if net.maps:
                paths[f"nets[{number}].maps"] = net.maps
        if self.reference:
            paths["reference"] = self.reference
        return paths

    @property
    def contents(self) -> dict[str, Any]:
        """What decides which tables and figures the study has, and what these take of it."""
        trained = [net for net in self.nets if net.is_trained]
        reasons = {net.name: list(net.reason) for net in trained if net.reason}
        first = self.classes[0].name
        return {
            "methods": self.methods,
            "sizes": list(self.sizes),
            "sizes_of_a_net": max((net.sizes for net in trained or self.nets), key=len),
            "trained_nets": [net.name for net in trained],
            "predicting_nets": [net.name for net in trained or self.nets if not net.maps],
            "cascaded_nets": self.cascaded_nets,
            "mask_dilation": self.mask_dilation,
            "rivals": list(self.rivals),
            "nets_of_other_class": self.annotated_nets if "other_class" in self.rivals else [],
            "reasons": reasons,
            "conducts": sorted({"honest" if first in r else "cheating" for r in reasons.values()}),
        }

    @property
    def annotated_nets(self) -> list[str]:
        """The nets that explain the annotated class, whose maps the workflow computes."""
        nets = (net for net in self.nets if not net.maps)
        return [net.name for net in nets if net.explain == "annotated"]

    @property
    def class_settings(self) -> list[dict[str, Any]]:
        """The settings of classes for jobs: name and targets."""
        return [{"name": item.name, "targets": item.targets} for item in self.classes]

    @property
    def net_settings(self) -> dict[str, dict[str, Any]]:
        """The settings of nets for jobs, by name: all defaults, the weights as a file.

        Not their sizes: a further size of a net leaves its maps at others. Nor their reasons, which
        no map depends on.
        """
        return {
            net.name: {"name": net.name, "maps": net.maps}
            if net.maps
            else {
                **net.model_dump(exclude={"sizes", "maps", "reason"}),
                "weights": net.weights_file,
                "target_layer": net.target_layer or None,
                "input": net.input.model_dump(exclude_defaults=True),
                "precision": self.precision,
            }
            for net in self.nets
        }

    def completed(self, catalogue: Catalogue) -> "Study":
        """The study with the defaults that depend on classes and architectures.

        A net of several target layers, or explained in both ways, becomes several nets. Each net
        has its sizes, and the study all of these: its own first.
        """
        classes = [
            item.model_copy(update={"target": item.targets or catalogue.targets.get(item.name, [])})
            for item in self.classes
        ]
        explain = flat([self.explain])
        nets = [
            cell
            for net in self.nets
            for layer in flat([net.target_layer or catalogue.target_layer(net.architecture)])
            for cell in _cells(net, layer, explain)
        ]
        nets = [
            net.model_copy(update={"sizes": net.sizes or ((ORIGINAL,) if net.maps else self.sizes)})
            for net in nets
        ]
        used = [size for net in nets for size in net.sizes]
        sizes = dict.fromkeys([size for size in self.sizes if size in used] + used)
        changes = {"classes": tuple(classes), "nets": tuple(nets), "sizes": tuple(sizes)}
        return self.model_copy(update=changes)


def _cells(net: Net, layer: str, explain: Sequence[str]) -> Iterator[Net]:
    """The net at a target layer, once for each way of ``explain`` unless it has its own."""
    if net.maps:
        yield net
        return
    name = net.name if isinstance(net.target_layer, str) else f"{net.name}-{slug(layer)}"
    own = "explain" in net.model_fields_set
    for way in [net.explain] if own else explain:
        ending = f"-{way}" if way != explain[0] and not own else ""
        yield net.model_copy(update={"name": name + ending, "target_layer": layer, "explain": way})


def _name(entry: str | ChosenMethod) -> str:
    return name_of(entry) if isinstance(entry, str) else entry.name


def is_path(weights: str) -> bool:
    """Whether weights are a file, not ``random`` or one of torchvision's names."""
    return "/" in weights or weights.endswith(FILES_OF_WEIGHTS)


def is_torchvisions(weights: str) -> bool:
    """Whether weights are one of torchvision's names, such as IMAGENET1K_V1."""
    return weights not in ("", "random") and not is_path(weights)
