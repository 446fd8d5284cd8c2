"""The typed study: the keys of its configuration, their defaults, and derived values.

A field, here and in the parts (``parts``, ``nets``), is a key of the configuration with its type,
constraint, default, and a description that completes "... is not allowed; ". Error messages, the
JSON schema and the table of keys in docs/configuration.md are generated from these. ``help``
explains a key, ``otherwise`` describes its default.

A missing text is ``""`` and a missing list ``()``, neither of which a configuration can hold.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from lookwhere.datasets.sizes import ORIGINAL
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.entries import files_of, flat, name_of
from lookwhere.study.fields import (
    EXPLAIN,
    Chart,
    Control,
    Explain,
    Many,
    Metric,
    Part,
    Rival,
    SampleId,
    Size,
)
from lookwhere.study.nets import Net, cells, is_path
from lookwhere.study.parts import (
    METHOD,
    Cascade,
    ChosenMethod,
    Class,
    Dataset,
    ListedMethod,
    Pathvars,
)


def _asked(value: Any) -> Any:
    return ({} if value else None) if type(value) is bool else value


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
            for cell in cells(net, layer, explain)
        ]
        nets = [
            net.model_copy(update={"sizes": net.sizes or ((ORIGINAL,) if net.maps else self.sizes)})
            for net in nets
        ]
        used = [size for net in nets for size in net.sizes]
        sizes = dict.fromkeys([size for size in self.sizes if size in used] + used)
        changes = {"classes": tuple(classes), "nets": tuple(nets), "sizes": tuple(sizes)}
        return self.model_copy(update=changes)


def _name(entry: str | ChosenMethod) -> str:
    return name_of(entry) if isinstance(entry, str) else entry.name
