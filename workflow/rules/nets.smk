# The nets as jobs read them, and what their maps cost.
from lookwhere.datasets.sizes import input_shape


def fetched_weights(net):
    """The receipt of the net's weights, as an input of a rule; none where they are not fetched."""
    [own] = [item for item in STUDY.nets if item.name == net["name"]]
    return f"<results>/weights/{own.architecture}-{own.weights}.csv" if own.is_fetched else []


def weights_name(wildcards):
    return f"{wildcards.architecture}-{wildcards.weights}"


def with_hash(net):
    """The net with the SHA-256 of weights of the user's own."""
    if net["weights"] == "random" or fetched_weights(net):
        return net
    return {**net, "sha256": DIGESTS.sha256(Path(net["weights"]))}


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


def operations(net, size):
    """What the forward pass of a sample costs, in giga multiply-adds."""
    height, width = input_shape(size, 480, 640)
    return height * width / 224**2 * float(CATALOGUE.architectures[NETS[net]["architecture"]]["gflops"])


def heaviest_first(wildcards):
    """The priority of a job of maps: a long one that starts last would leave other cores idle."""
    work = operations(wildcards.net, wildcards.size)
    return sum(operations(net, size) < work for net in NETS for size in SIZES)
