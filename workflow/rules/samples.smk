# Where the samples come from, and how they are divided among jobs: a selection holds the samples that
# came into the study together, a shard is one job's share of it.
ANNOTATIONS, IMAGE_FOLDER = STUDY.dataset.annotations, STUDY.dataset.images
FETCHED = bool(STUDY.dataset.source)
DRAWN = "resources/sample/drawn.csv"
OWN_ANNOTATIONS = not FETCHED and ANNOTATIONS != SAMPLE["annotations"]

# Dilations of the sweep: shares by which a mask grows.
DILATIONS = [step / 10 for step in range(11)]

# The selections of samples, as the results have recorded them, and the shards of each.
# --set-scatter shard=N asks for so many.
RECORDED = RESULTS / provenance.FOLDER / "selections.json"
IMAGES_BY_CLASS = {item.name: STUDY.images_per_class for item in STUDY.classes}
SELECTIONS = {
    str(selection.number): selection
    for selection in selections.plan(selections.read(RECORDED), IMAGES_BY_CLASS)
}
ASKED = workflow.resource_settings.overwrite_scatter.get("shard")
SHARDS = {number: selection.shards(ASKED) for number, selection in SELECTIONS.items()}


def digest_of_annotations():
    """The SHA-256 of the annotations, without the images, if they lie among them."""
    return DIGESTS.of_path(Path(ANNOTATIONS), without=Path(IMAGE_FOLDER))


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
