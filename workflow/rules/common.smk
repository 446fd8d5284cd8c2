# The study as the rules see it: the checked configuration, and what follows from it.
import os
import re
import sys
from pathlib import Path

from snakemake.pathvars import Pathvars

HOUSE = Path(workflow.basedir)
SCRIPTS = HOUSE / "workflow" / "scripts"

# Our modules come first, here and in the jobs: Snakemake puts their folder behind all others, so
# that a package of the same name in PYTHONPATH would run in their place.
sys.path.insert(0, str(SCRIPTS))
search_path = [str(SCRIPTS), *filter(None, [os.getenv("PYTHONPATH")])]
# Files of the jobs are UTF-8, whatever the locale.
os.environ.update(PYTHONPATH=os.pathsep.join(search_path), PYTHONUTF8="1")

from lookwhere.charts import registry as chart_registry
from lookwhere.datasets import selections
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import provenance, receipts, results, source_hash
from lookwhere.report import registry as table_registry
from lookwhere.study import outputs
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.entries import all_files
from lookwhere.study.homes import expanded

# Methods and more of the user's own, as file.py:name: the library reads what their files declare.
USER_FILES = [file for file in all_files(config) if os.path.isfile(file)]
os.environ.update(LOOKWHERE_FILES=os.pathsep.join(USER_FILES))

try:
    from lookwhere.datasets.names import FORMATS
    from lookwhere.methods.names import CONTROLS as CONTROL_ENTRIES
    from lookwhere.methods.names import METHODS as METHOD_ENTRIES
    from lookwhere.metrics.registry import FIRST_METRIC, METRICS as METRIC_ENTRIES
    from lookwhere.study.load import load

    CHART_ENTRIES, TABLE_ENTRIES = chart_registry.entries(), table_registry.entries()
except StudyError as error:  # a file of the user's that can't be read
    raise WorkflowError(f"The configuration can't be used: {error}")

SAMPLE = {
    "annotations": "resources/sample/instances.json",
    "images": "resources/sample/images",
}
CATALOGUE = Catalogue.read(HOUSE / "resources")

# Where the study's files lie. A path of the user's may start with ~, their home folder.
config.update(expanded(config))
workflow.pathvars.update(Pathvars.from_config(config))
PATHVARS = {key: workflow.pathvars.apply(f"<{key}>") for key in ("results", "logs", "benchmarks")}
RESULTS = Path(PATHVARS["results"])
# The folders that are the study's alone: the results, and the others where they lie elsewhere.
STUDY_FOLDERS = {
    key: folder
    for key, folder in PATHVARS.items()
    if key == "results" or RESULTS not in Path(folder).parents
}

try:
    STUDY = load(
        config,
        CATALOGUE,
        {
            "methods": METHOD_ENTRIES,
            "metrics": METRIC_ENTRIES,
            "controls": CONTROL_ENTRIES,
            "charts": CHART_ENTRIES,
            "formats": FORMATS,
        },
        files=map(Path, workflow.configfiles),
        folders=STUDY_FOLDERS,
        drawn=SAMPLE.values(),
    )
except StudyError as error:
    raise WorkflowError(str(error))

CLASSES, NETS = STUDY.class_settings, STUDY.net_settings
GROUPS, METHODS, SIZES = STUDY.groups, STUDY.methods, list(STUDY.sizes)

CONTROLS = STUDY.controls or list(CONTROL_ENTRIES)
METRICS = list(dict.fromkeys([FIRST_METRIC, *(STUDY.metrics or METRIC_ENTRIES)]))

# What they declare, as a setting of what shows them.
ENTRIES = {
    "methods": {name: METHOD_ENTRIES[name] for name in METHODS},
    "controls": {name: CONTROL_ENTRIES[name] for name in CONTROLS},
    "metrics": {name: METRIC_ENTRIES[name].entry for name in METRICS},
}
DECLARED = {
    kind: {name: {"label": entry.label, **entry.options} for name, entry in entries.items()}
    for kind, entries in ENTRIES.items()
}


def code_of(kind, names=None):
    """A hash of the code of entries, by name; of a ``kind`` those of the study."""
    return source_hash.of_entries(ENTRIES[kind][name] for name in names or ENTRIES[kind])


# The selections that the study's samples came in, as the results have recorded them.
RECORDED = RESULTS / provenance.FOLDER / "selections.json"
IMAGES_BY_CLASS = {item.name: STUDY.images_per_class for item in STUDY.classes}
SELECTIONS = {
    str(selection.number): selection
    for selection in selections.plan(selections.read(RECORDED), IMAGES_BY_CLASS)
}

# The shards of each; --set-scatter shard=N asks for so many.
ASKED = workflow.resource_settings.overwrite_scatter.get("shard")
SHARDS = {number: selection.shards(ASKED) for number, selection in SELECTIONS.items()}

# Dilations of the sweep: shares by which a mask grows.
DILATIONS = [step / 10 for step in range(11)]

SALIENCY = "<results>/saliency/{net}/{method}/{size}/{selection}-{shard}"
SHOWCASE = "<results>/showcase/{net}/{size}/{group}/{selection}-{shard}"
KEPT_MAPS = SALIENCY if STUDY.keep_maps else SHOWCASE  # the showcase's stay in any case
SOME_TRAINED = STUDY.some_trained


def fetched_weights(net):
    """The receipt of the net's weights, as an input of a rule; none where they are not fetched."""
    [own] = [item for item in STUDY.nets if item.name == net["name"]]
    return f"<results>/weights/{own.architecture}-{own.weights}.csv" if own.is_fetched else []


def study_in_full(wildcards):
    """What the records are made of: no table is made of those of another study."""
    return {
        "classes": CLASSES,
        "images_per_class": STUDY.images_per_class,
        "seed": STUDY.seed,
        "mask_dilation": STUDY.mask_dilation,
        "annotations": (DIGESTS.of_path(Path(ANNOTATIONS)) if OWN_ANNOTATIONS else ANNOTATIONS),
        "nets": [with_hash(net) for net in NETS.values()],
    }


def weights_name(wildcards):
    return f"{wildcards.architecture}-{wildcards.weights}"


def with_hash(net):
    """The net with the SHA-256 of weights of the user's own."""
    if net["weights"] == "random" or fetched_weights(net):
        return net
    return {**net, "sha256": DIGESTS.sha256(Path(net["weights"]))}


def figure_files(labels):
    """The files of the figures, as outputs; the report lists their pages by these labels."""
    files = []
    for name, label in labels.items():
        page = report(
            f"<results>/figures/{name}.html", category="Figures", labels={"figure": label}
        )
        files += [page, *multiext(f"<results>/figures/{name}", ".png", ".pdf", ".eps")]
    return files


def table_files(labels):
    """The files of the tables, as outputs; the report lists their pages by these labels."""
    files = []
    for name, label in labels.items():
        page = report(f"<results>/tables/{name}.html", category="Tables", labels={"table": label})
        files += [page, *multiext(f"<results>/tables/{name}", ".csv", ".md", ".tex")]
    return files


def map_folder(method):
    """A method's maps of a net, a size and a shard, as an output."""
    folder = directory(SALIENCY.replace("{method}", method))
    return folder if STUDY.keep_maps else temp(folder)


def of_shards(pattern, **wildcards):
    """The files of a pattern for all shards of the study, and the values of other wildcards."""
    return [
        file
        for number, shards in SHARDS.items()
        for file in expand(pattern, selection=number, shard=shards, **wildcards)
    ]


def shards_of_selection(wildcards):
    return len(SHARDS[wildcards.selection])


def targets_of_selection(wildcards):
    """The output indices of the classes of a selection, by class."""
    names = SELECTIONS[wildcards.selection].classes
    return {c["name"]: c["targets"] for c in CLASSES if c["name"] in names}


def rule_of_group(group):
    """The rule that computes the maps of a group of methods."""
    return "compute_maps" if group == METHODS[0] else f"compute_maps_{group}"


def operations(net, size):
    """What the forward pass of a sample costs, in giga multiply-adds."""
    pixels = 480 * 640 if size == "original" else int(size) ** 2
    return pixels / 224**2 * float(CATALOGUE.architectures[NETS[net]["architecture"]]["gflops"])


def heaviest_first(wildcards):
    """The priority of a job of maps: a long one that starts last would leave other cores idle."""
    work = operations(wildcards.net, wildcards.size)
    return sum(operations(net, size) < work for net in NETS for size in SIZES)


def growing(mem_mb):
    """Memory that doubles, triples with every attempt at a job: profiles/slurm tries again."""
    return lambda wildcards, attempt: mem_mb * attempt


# What of the declared tables and charts the study has.
CONTENTS = {
    "methods": METHODS,
    "sizes": SIZES,
    "trained_nets": [net.name for net in STUDY.nets if net.is_trained],
    "mask_dilation": STUDY.mask_dilation,
}
try:
    TABLES = outputs.of_study(TABLE_ENTRIES, CONTENTS)
    CHARTS = outputs.of_study(outputs.chosen(CHART_ENTRIES, STUDY.charts), CONTENTS)
except StudyError as error:
    raise WorkflowError(f"The configuration can't be used: {error}")
# The figures by name, with their labels in the report; rules of their own draw further ones.
FIGURES = {name: chart.label for name, chart in CHARTS.items()} | {"comparison": "Comparison"}
TABLE_FORMATS = ["csv", "md", "tex", "html"]
FIGURE_FORMATS = ["png", "pdf", "eps", "html"]
