# The nets as jobs read them, and what their maps cost.
from lookwhere.datasets.sizes import input_shape
from lookwhere.nets import memory
from lookwhere.nets.names import file_of as architecture_file

try:
    # Hashes of the code that builds the nets of the user's own, by net.
    CODE_OF_NETS = {
        name: source_hash.of_user_file(file)
        for name, net in NETS.items()
        if (file := architecture_file(net.get("architecture", "")))
    }
except StudyError as error:
    raise WorkflowError(str(error))


def fetched_weights(net):
    """The receipt of the net's weights, as an input of a rule; none where they are not fetched."""
    [own] = [item for item in STUDY.nets if item.name == net["name"]]
    return f"<results>/weights/{own.architecture}-{own.weights}.csv" if own.is_fetched else []


def weights_name(wildcards):
    return f"{wildcards.architecture}-{wildcards.weights}"


def one_of(nets):
    """The constraint of a rule for some of the nets alone."""
    return "|".join(map(re.escape, nets))


def with_hash(net, methods=METHODS):
    """The net with hashes of what is the user's own: maps of ``methods``, or weights and code."""
    if "maps" in net:
        folders = {method: Path(net["maps"], method) for method in OF_FOLDERS[net["name"]]}
        used = {name: folder for name, folder in folders.items() if name in methods}
        return {**net, "sha256": {name: DIGESTS.of_path(path) for name, path in used.items()}}
    hashes = {}
    if net["weights"] not in ("", "random") and not fetched_weights(net):
        hashes["sha256"] = DIGESTS.sha256(Path(net["weights"]))
    if net["name"] in CODE_OF_NETS:
        hashes["code"] = CODE_OF_NETS[net["name"]]
    return {**net, **hashes}


def study_in_full(wildcards):
    """What the records are made of: no table is made of those of another study."""
    return {
        "classes": CLASSES,
        "images_per_class": STUDY.images_per_class,
        "seed": STUDY.seed,
        "mask_dilation": STUDY.mask_dilation,
        "annotations": digest_of_annotations() if OWN_ANNOTATIONS else ANNOTATIONS,
        "choices": STUDY.dataset.choices,
        "max_pixels": STUDY.max_pixels or None,
        "nets": [with_hash(net) for net in NETS.values()],
    }


def operations(net, size):
    """What the forward pass of a sample costs, in giga multiply-adds."""
    height, width = input_shape(size, 480, 640)
    return height * width / 224**2 * CATALOGUE.number(NETS[net]["architecture"], "gflops")


def heaviest_first(wildcards):
    """The priority of a job of maps: a long one that starts last would leave other cores idle."""
    work = operations(wildcards.net, wildcards.size)
    return sum(operations(net, size) < work for net in COMPUTED for size in SIZES_OF[net])


def footprint(net):
    """The memory of the net's weights and passes, as check_nets has measured it, or catalogued."""
    if measured := memory.read_footprints(RESULTS / "nets.csv").get(net):
        return measured
    facts = ("bytes_per_pixel", "parameters")
    return memory.Footprint(*(CATALOGUE.number(NETS[net]["architecture"], name) for name in facts))


def most_pixels(samples, size):
    """The pixels of the largest image of a selection at a size.

    Where the samples are not selected yet, Snakemake evaluates it once more when they are.
    """
    try:
        return memory.most_pixels(memory.read_shapes(Path(samples)), size)
    except StudyError:  # damaged: the job reports it
        return 0


def memory_of_maps(wildcards, input, attempt):
    """The MB of a job of maps, for the largest image of its selection."""
    pixels = most_pixels(input.samples, wildcards.size)
    need = memory.of_maps(footprint(wildcards.net), pixels)
    return attempt * max(memory.USUAL, need)


def memory_of_cascade(wildcards, input, attempt):
    """The MB of a cascade, for the largest image of its selections."""
    pixels = max(most_pixels(samples, wildcards.size) for samples in input.samples)
    maps = STUDY.cascade.images_per_class * len(CLASSES) * len(GROUPS[wildcards.group])
    need = memory.of_cascade(footprint(wildcards.net), pixels, maps)
    return attempt * max(memory.USUAL, need)


def memory_of_nets(wildcards, attempt):
    """The MB of a job that loads one net after the other."""
    needs = (memory.of_maps(footprint(net), 0) for net in COMPUTED)
    return attempt * max([memory.USUAL, *needs])


def memory_of_arrays(wildcards, input, attempt):
    """The MB of masks or scores, for the largest image of their selection."""
    pixels = most_pixels(input.samples, wildcards.get("size", "original"))
    return attempt * max(1000, memory.of_arrays(pixels))


def memory_budget(wildcards):
    """The memory of jobs of maps, as ``memory.warnings`` has it."""
    each = len(GROUPS) * sum(map(len, SHARDS.values()))
    allowed = workflow.global_resources.get("mem_mb")
    if allowed is not None and allowed.value is not None:  # Snakemake counts
        return {
            "limit": allowed.value,
            "owner": "--resources mem_mb",
            "cores": 1,
            "each": each,
        }
    if not workflow.local_exec:  # the scheduler does
        return {"limit": sys.maxsize, "owner": "the cluster", "cores": 1, "each": each}
    limit = memory.of_machine()
    return {
        "limit": limit,
        "owner": "this machine",
        "cores": workflow.cores,
        "each": each,
    }
