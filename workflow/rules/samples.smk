# Where the samples come from, and how they are divided among jobs: a selection holds the samples that
# came into the study together, a shard is one job's share of it.
ANNOTATIONS, IMAGE_FOLDER = STUDY.dataset.annotations, STUDY.dataset.images
FETCHED = bool(STUDY.dataset.source)
DRAWN = f"resources/{WORLD}/drawn.csv"
OWN_ANNOTATIONS = not FETCHED and ANNOTATIONS != SAMPLE["annotations"]

# Dilations of the sweep: shares by which a mask grows.
DILATIONS = [step / 10 for step in range(11)]

RECORDED = RESULTS / provenance.FOLDER / "selections.json"
CLASS_NAMES = [item.name for item in STUDY.classes]
TARGETS = {item.name: item.targets for item in STUDY.classes}


def digest_of_annotations():
    """The SHA-256 of the annotations, without the images, if they lie among them."""
    return DIGESTS.of_path(Path(ANNOTATIONS), without=Path(IMAGE_FOLDER))


def names_of_images():
    """A digest of the names of the images, for formats in which they decide what is drawn."""
    form = DECLARED["formats"][STUDY.dataset.format_name]
    if FETCHED or not form.options.get("lists_images"):
        return None
    return counts.names_below(Path(IMAGE_FOLDER), without=RESULTS)


def count_images():
    """The number of images of each class, of which all are taken."""
    if not Path(ANNOTATIONS).exists():
        first = "fetch_annotations" if FETCHED else "draw_sample"
        raise StudyError(
            f"images_per_class: all counts the images in {ANNOTATIONS!r}, which is not there yet: "
            f"run snakemake {first} first, or give a number"
        )
    form = STUDY.dataset.format_name
    key = counts.key(
        [
            digest_of_annotations(),
            [IMAGE_FOLDER, names_of_images()],
            [form, source_hash.of_entries([DECLARED["formats"][form]])],
            STUDY.dataset.choices,
            CLASS_NAMES,
        ]
    )
    DIGESTS.save()
    numbers = counts.recall(key)
    if numbers is None:
        logger.info(f"Counting the images of {len(CLASS_NAMES)} classes in '{ANNOTATIONS}'")
        paths = map(Path, (ANNOTATIONS, IMAGE_FOLDER))
        numbers = counts.count(form, *paths, STUDY.dataset.choices, CLASS_NAMES)
        counts.remember(key, numbers)
    return numbers


def images_by_class():
    """The number of images of each class, and why it can't be known (yet), else None."""
    if STUDY.images_per_class != "all":
        return dict.fromkeys(CLASS_NAMES, STUDY.images_per_class), None
    if not workflow.is_main_process:
        return counts.of_selections(selections.read(RECORDED), CLASS_NAMES), None
    try:
        return count_images(), None
    except StudyError as error:
        return {}, str(error)
    except ImportError as error:
        return {}, (
            f"images_per_class: all needs {error.name} where snakemake runs: install the packages "
            "of requirements.txt, or give a number"
        )


# The selections of samples, as the results have recorded them, and the shards of each.
# --set-scatter shard=N asks for so many. A class without images has one, at which the job that
# selects it ends with what is left out.
NUMBERS, UNCOUNTED = images_by_class()
IMAGES_BY_CLASS = {name: max(NUMBERS.get(name, 0), 1) for name in CLASS_NAMES}
SELECTIONS = {
    str(selection.number): selection
    for selection in selections.plan(selections.read(RECORDED), IMAGES_BY_CLASS)
}
# The selections of the samples of the cascade.
LEADING = [
    str(selection.number)
    for selection in selections.leading(
        list(SELECTIONS.values()), STUDY.cascade.images_per_class if STUDY.cascade else 0
    )
]
ASKED = workflow.resource_settings.overwrite_scatter.get("shard")
SHARDS = {number: selection.shards(ASKED) for number, selection in SELECTIONS.items()}


def of_shards(pattern, **wildcards):
    """The files of a pattern for all shards of the study, and the values of other wildcards."""
    return [
        file
        for number, shards in SHARDS.items()
        for file in expand(pattern, selection=number, shard=shards, **wildcards)
    ]


def of_nets(pattern, nets=SIZES_OF, **wildcards):
    """``of_shards`` of the ``nets``, each at its own sizes."""
    return [
        file
        for net in nets
        for file in of_shards(pattern, net=net, size=SIZES_OF[net], **wildcards)
    ]


def spans_of_selection(wildcards):
    """The spans of a selection. Raises WorkflowError if the images can't be counted."""
    if UNCOUNTED:
        raise WorkflowError(UNCOUNTED)
    spans = SELECTIONS[wildcards.selection].spans
    return [[span.class_name, span.first, span.last] for span in spans]


def shards_of_selection(wildcards):
    return len(SHARDS[wildcards.selection])


def targets_of_selection(wildcards):
    """The output indices of the classes of a selection, by class."""
    names = SELECTIONS[wildcards.selection].classes
    return {name: targets for name, targets in TARGETS.items() if name in names}
