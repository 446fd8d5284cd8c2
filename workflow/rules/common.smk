# The study as the rules see it: the checked configuration, and what follows from it.
import json
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

from lookwhere.datasets import counts, selections
from lookwhere.errors import StudyError, enumerate_errors
from lookwhere.io import provenance, receipts, results, source_hash
from lookwhere.methods import chosen, map_folders
from lookwhere.study.catalogue import Catalogue
from lookwhere.study.entries import all_files
from lookwhere.study.homes import expanded
from lookwhere.study import listed_methods

# A study of maps that other tools made, without a net, has the methods of its folders unless it
# lists some. Those of config.yaml are of its own nets.
OF_FOLDERS = map_folders.of_config(expanded(config))
if map_folders.all_are_folders(config):
    LISTED = workflow.config_settings.overwrite_config
    if "methods" not in (LISTED if "nets" in LISTED else config):
        config["methods"] = list(dict.fromkeys(sum(OF_FOLDERS.values(), [])))
NAMED = {name for methods in OF_FOLDERS.values() for name in methods}
os.environ[map_folders.OF_FOLDERS] = os.pathsep.join(sorted(NAMED))

# Methods with arguments of their own, or of other libraries: entries as well.
MAPPINGS = [mapping for _, mapping in listed_methods.mappings(config)]
os.environ[chosen.CHOSEN] = json.dumps(MAPPINGS)

# Files of the user that declare methods and more, as file.py:name: the library reads them.
USER_FILES = [file for file in all_files(config) if os.path.isfile(file)]
os.environ.update(LOOKWHERE_FILES=os.pathsep.join(USER_FILES))

# Scenes that the workflow draws, by world: those of the study's data set, else the sample.
DRAWABLE = {
    world: {
        "annotations": f"resources/{world}/instances.json",
        "images": f"resources/{world}/images",
    }
    for world in ("sample", "planted")
}


def world_of(dataset):
    """The world whose files a data set names, which may be anything until it is checked."""
    paths = list(dataset.values()) if isinstance(dataset, dict) else []
    own = [w for w, files in DRAWABLE.items() if any(file in paths for file in files.values())]
    return (own or ["sample"])[0]


WORLD = world_of(config.get("dataset"))
SAMPLE = DRAWABLE[WORLD]
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
    from lookwhere.study import outputs, registries
    from lookwhere.study.load import load

    DECLARED = registries.declared()
    STUDY = load(
        config,
        CATALOGUE,
        DECLARED,
        files=map(Path, workflow.configfiles),
        folders=STUDY_FOLDERS,
        drawn=SAMPLE.values(),
    )
    ENTRIES = registries.of_study(STUDY, DECLARED)
    TABLES = registries.tables_of(STUDY, DECLARED)
    CHARTS = registries.figures_of(STUDY, DECLARED)
except StudyError as error:
    raise WorkflowError(str(error))

CLASSES, NETS = STUDY.class_settings, STUDY.net_settings
GROUPS = registries.groups_of(STUDY, ENTRIES["methods"])
METHODS, SIZES = STUDY.methods, list(STUDY.sizes)
SIZES_OF = {net.name: list(net.sizes) for net in STUDY.nets}
# Nets whose maps are computed, and those whose maps other tools made.
COMPUTED = [net.name for net in STUDY.nets if not net.maps]
FOLDERS = [net.name for net in STUDY.nets if net.maps]
CASCADED = STUDY.cascaded_nets

# Metrics of maps alone, and those that need the net.
METRICS_OF_MAPS, METRICS_OF_PASSES = registries.by_need(ENTRIES["metrics"])

# The figures by name, with their labels in the report; a rule of its own draws the comparison.
FIGURES = {name: chart.label for name, chart in CHARTS.items()} | {"comparison": "Comparison"}
TABLE_FORMATS = ["csv", "md", "tex", "html"]
FIGURE_FORMATS = ["png", "pdf", "eps", "html"]

# Labels and options of what a study uses: a setting of what shows them.
STATED = {kind: registries.stated(entries) for kind, entries in ENTRIES.items()}


def code_of(kind, names=None):
    """A hash of the code of entries, by name; of a ``kind`` those of the study."""
    return source_hash.of_entries(ENTRIES[kind][name] for name in names or ENTRIES[kind])


def growing(mem_mb):
    """Memory that doubles, triples with every attempt at a job: profiles/slurm tries again."""
    return lambda wildcards, attempt: mem_mb * attempt
