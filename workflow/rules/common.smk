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

from lookwhere.datasets import selections
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import provenance, receipts, results, source_hash
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


def titled(name):
    """The name of a table or figure in words: concentration_by_net is Concentration by net."""
    return name.replace("_", " ").capitalize()


def figure_files(figures):
    """The files of the figures, as outputs; the report shows their pages."""
    files = []
    for figure in figures:
        page = report(
            f"<results>/figures/{figure}.html",
            category="Figures",
            labels={"figure": titled(figure)},
        )
        files += [
            page,
            *multiext(f"<results>/figures/{figure}", ".png", ".pdf", ".eps"),
        ]
    return files


def table_files(caption, tables):
    """The files of the tables, as outputs; the report shows their pages."""
    files = []
    for table in tables:
        page = report(
            f"<results>/tables/{table}.html",
            caption=f"../report/tables/{caption}.rst",
            category="Tables",
            labels={"table": titled(table)},
        )
        files += [page, *multiext(f"<results>/tables/{table}", ".csv", ".md", ".tex")]
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


# Tables, each with the columns that tell its groups apart.
CONCENTRATION = {
    "concentration": ["method"],
    "concentration_all": ["method"],
    "concentration_by_net": ["net", "size", "method"],
    "concentration_by_size": ["size", "method"],
    "concentration_by_class": ["class", "method"],
    "concentration_by_prediction": ["prediction", "method"],
}
if SOME_TRAINED:
    CONCENTRATION["concentration_by_training"] = ["training", "method"]
DIFFERENCES = {
    "differences": [],
    "differences_by_net": ["net"],
    "differences_by_size": ["size"],
    "differences_by_class": ["class"],
    "differences_by_prediction": ["prediction"],
}
if len(SIZES) > 1:
    DIFFERENCES["differences_between_sizes"] = None  # of a method with itself: no groups
TABLES = [*CONCENTRATION, *DIFFERENCES, "certainty", "measures", "undefined"]
TABLE_FORMATS = ["csv", "md", "tex", "html"]

# Charts: the module that draws each, and its options.
CHARTS = {
    "concentration": ("concentration", {}),
    "distribution": ("distribution", {}),
    **{f"concentration_by_net_{s}": ("concentration_by_net", {"size": s}) for s in SIZES},
    "concentration_by_class": ("concentration_by_class", {}),
    "lift": ("lift", {}),
    "dilation_sweep": ("dilation_sweep", {"dilation": STUDY.mask_dilation}),
    "certainty": ("certainty", {}),
    "measures": ("measures", {}),
    "controls": ("controls", {}),
}
if len(SIZES) > 1:
    CHARTS["concentration_by_size"] = ("concentration_by_size", {})
if len(METHODS) > 1:
    CHARTS["differences"] = ("differences", {})
FIGURES = [*CHARTS, "comparison"]
FIGURE_FORMATS = ["png", "pdf", "eps", "html"]

# Tables and figures that some studies have and others have not: those of an earlier study of the
# same results are removed, so that nothing stands beside a study that is not of it.
PRESENT = [
    *expand("tables/{table}.{format}", table=TABLES, format=TABLE_FORMATS),
    *expand("figures/{figure}.{format}", figure=FIGURES, format=FIGURE_FORMATS),
]
SOMETIMES = [
    *expand(
        "tables/{table}.{format}",
        table=["concentration_by_training", "differences_between_sizes"],
        format=TABLE_FORMATS,
    ),
    *expand(
        "figures/{figure}.{format}",
        figure=[
            "concentration_by_net_*",
            "concentration_by_size",
            "differences",
            "target_rank",
        ],
        format=FIGURE_FORMATS,
    ),
]
