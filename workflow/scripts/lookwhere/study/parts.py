"""The parts of a study but for its nets: data set, classes, methods, cascade and paths."""

from typing import Annotated, Any, Literal

from pydantic import Field

from lookwhere.study.entries import name_of
from lookwhere.study.fields import Folder, Index, Many, Method, Part


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
