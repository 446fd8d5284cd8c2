# The study as the rules see it: the checked configuration, and what follows from it.
import ast
import csv
import hashlib
import math
import re
import sys
from pathlib import Path

import yaml

HOUSE = Path(workflow.basedir)
SCRIPTS = HOUSE / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from concentration import config as configuration
from concentration import yaml_keys
from concentration.errors import enumerate_errors

SAMPLE = {"annotations": "resources/sample/instances.json", "images": "resources/sample/images"}

with open(HOUSE / "resources/architectures.csv") as table:
    ARCHITECTURES = {row["architecture"]: row for row in csv.DictReader(table)}

with open(HOUSE / "resources/classes.csv") as table:
    IMAGENET = {}
    for row in csv.DictReader(table):
        IMAGENET.setdefault(row["category"], []).append(int(row["target"]))


def check_config():
    """Refuse a faulty configuration, with every fault in one message."""
    dataset = config.get("dataset") or {}
    schema = yaml.safe_load((HOUSE / "workflow/schemas/config.schema.yaml").read_text())
    produced = dataset.values() if "source" in dataset else SAMPLE.values()
    faults = [
        f"{file}: {fault}"
        for file in map(Path, workflow.configfiles)
        if file.is_file()
        for fault in yaml_keys.repeated(file.read_text())
    ]
    faults += configuration.faults(config, schema, ARCHITECTURES, IMAGENET, produced)
    if faults:
        # The run ends here, so there is time for the checks that need torch and the annotations.
        try:
            faults += configuration.slow_faults(config, ARCHITECTURES, IMAGENET)
        except ImportError:
            pass  # an environment of Snakemake alone: the jobs' own will tell
        raise WorkflowError(enumerate_errors("The configuration can't be used:", faults))


def resolved(net):
    """The net with its default target layer and precision, and its weights as a file (or random)."""
    weights = net["weights"]
    if configuration.is_torchvisions(weights):
        weights = f"resources/weights/{net['architecture']}-{weights}.pth"
    target_layer = net.get("target_layer", ARCHITECTURES[net["architecture"]]["target_layer"])
    precision = config.get("precision", "float32")
    return {**net, "weights": weights, "target_layer": target_layer, "precision": precision}


def weights_file(net):
    """The net's weights as an input of a rule: none where they are random."""
    return [] if net["weights"] == "random" else net["weights"]


def image_folder(wildcards):
    """Where the images lie, be they the user's (IMAGES is the folder) or fetched (it lists them)."""
    return config["dataset"]["images"]


def titled(name):
    """The name of a table or figure in words: concentration_by_net is Concentration by net."""
    return name.replace("_", " ").capitalize()


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
    return folder if KEEP_MAPS else temp(folder)


def heaviest_first(wildcards):
    """The priority of a job of maps: a long one that starts last would leave other cores idle."""

    def operations(net, size):
        pixels = 480 * 640 if size == "original" else int(size) ** 2
        return pixels * float(ARCHITECTURES[NETS[net]["architecture"]]["gflops"])

    wanted = operations(wildcards.net, wildcards.size)
    return sum(operations(net, size) < wanted for net in NETS for size in SIZES)


def growing(mem_mb):
    """Memory that doubles, triples with every attempt at a job: profiles/slurm tries again."""
    return lambda wildcards, attempt: mem_mb * attempt


def code(*scripts):
    """A hash of the scripts and of all modules of ours that they import, directly or not.

    As a parameter of a rule it recomputes what the code made, whenever the code changes.
    """
    sources, waiting = set(), {SCRIPTS / f"{script}.py" for script in scripts}
    while waiting:
        source = waiting.pop()
        sources.add(source)
        waiting |= imported_modules(source) - sources
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def imported_modules(source):
    """The files below the scripts' folder that a source file imports from, by itself."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            folder = source.parents[node.level - 1] if node.level else SCRIPTS
            origin = folder.joinpath(*(node.module or "").split("."))
            found |= {origin.with_suffix(".py"), *(origin / f"{a.name}.py" for a in node.names)}
    return {file for file in found if file.is_file()}


check_config()

CLASSES = [
    {"name": c["name"], "targets": configuration.targets(c, IMAGENET)} for c in config["classes"]
]
NETS = {net["name"]: resolved(net) for net in config["nets"]}
METHODS = config["methods"]
SIZES = [str(size) for size in config["sizes"]]

# What tells that the images are there: a list of those that were fetched, or the folder. A folder
# of the user's own is ancient, for it may gain other images.
FETCHED = "source" in config["dataset"]
if FETCHED:
    IMAGES = "<results>/images.csv"
elif config["dataset"]["images"] == SAMPLE["images"]:
    IMAGES = SAMPLE["images"]
else:
    IMAGES = ancient(config["dataset"]["images"])

# A shard is one job's share of the samples, for a net and a size; --set-scatter shard=N overrides.
# Their number is bounded for Snakemake's sake, which takes a minute to plan 15 000 jobs.
SAMPLES_PER_SHARD, MOST_SHARDS = 90, 500
SHARDS = math.ceil(len(CLASSES) * config["images_per_class"] / SAMPLES_PER_SHARD)
SHARDS = min(SHARDS, MOST_SHARDS)

# Dilations of the sweep: shares by which a mask grows.
GROWTHS = [step / 10 for step in range(11)]

SALIENCY = "<results>/saliency/{net}/{method}/{size}/{scatteritem}"
KEEP_MAPS = config.get("keep_maps", True)
# Nets that learned nothing are controls, unless all are.
UNTRAINED = [net["name"] for net in NETS.values() if net["weights"] == "random"]
SOME_TRAINED = len(UNTRAINED) < len(NETS)
if not SOME_TRAINED:
    UNTRAINED = []

# Tables, each with the columns that tell its groups apart.
CONCENTRATION = {
    "concentration": ["method"],
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
TABLES = [*CONCENTRATION, *DIFFERENCES, "measures", "undefined"]
TABLE_FORMATS = ["csv", "md", "tex", "html"]

# Charts: the module that draws each, and what it is told beside the records.
CHARTS = {
    "concentration": ("concentration", {}),
    **{f"concentration_by_net_{s}": ("concentration_by_net", {"size": s}) for s in SIZES},
    "concentration_by_class": ("concentration_by_class", {}),
    "lift": ("lift", {}),
    "dilation_sweep": ("dilation_sweep", {"dilation": config["mask_dilation"]}),
    "target_rank": ("target_rank", {}),
    "measures": ("measures", {}),
    "controls": ("controls", {}),
}
if len(SIZES) > 1:
    CHARTS["concentration_by_size"] = ("concentration_by_size", {})
if len(METHODS) > 1:
    CHARTS["differences"] = ("differences", {})
FIGURES = [*CHARTS, "comparison"]
FIGURE_FORMATS = ["png", "pdf", "eps"]
