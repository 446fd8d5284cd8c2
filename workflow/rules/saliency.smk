# The nets, their maps, and what they say of the images.


# Tries every net before the long work, in a few seconds: a failed job keeps others from starting.
# No maps depend on it, so that a change of one net recomputes that net alone.
rule check_nets:
    input:
        settings=noted(
            "check_nets",
            code=source_hash.of_scripts("check_nets"),
            nets=lambda wildcards: [with_hash(net) for net in NETS.values()],
            classes=CLASSES,
            sizes=SIZES,
            seed=config["seed"],
        ),
        weights=[fetched_weights(net) for net in NETS.values()],
    output:
        nets="<results>/nets.csv",
    log:
        "<logs>/check_nets.log",
    benchmark:
        "<benchmarks>/check_nets.tsv"
    priority: 10000
    conda:
        "../../envs/saliency.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=10,
    script:
        "../scripts/check_nets.py"


# One forward pass serves all methods, so one job makes the maps of a net, a size and a shard.
rule compute_maps:
    input:
        settings=noted(
            "compute_maps-{net}",
            makes="predictions/{net}/{size}/{scatteritem}.parquet",
            code=source_hash.of_scripts("compute_maps"),
            methods=source_hash.of_entries(METHOD_ENTRIES[method] for method in METHODS),
            net=lambda wildcards: with_hash(NETS[wildcards.net]),
            targets={c["name"]: c["targets"] for c in CLASSES},
            seed=config["seed"],
        ),
        instances=rules.select_subset.output.instances,
        images="<results>/images.csv",
        weights=lambda wildcards: fetched_weights(NETS[wildcards.net]),
    output:
        **{m: map_folder(m) for m in METHODS},
        predictions="<results>/predictions/{net}/{size}/{scatteritem}.parquet",
    log:
        "<logs>/compute_maps/{net}-{size}-{scatteritem}.log",
    benchmark:
        "<benchmarks>/compute_maps/{net}-{size}-{scatteritem}.tsv"
    priority: heaviest_first
    conda:
        "../../envs/saliency.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=240,
        gpu=1,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/compute_maps.py"
