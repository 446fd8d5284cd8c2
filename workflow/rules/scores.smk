# How much of every map lies on the mask.


# What figures show of the maps is copied here, so that maps can be deleted once they are scored. Its
# priority bounds their number: a shard is scored before the next one is computed.
rule score_maps:
    input:
        **{method: rules.compute_maps.output[method] for method in METHODS},
        settings=noted(
            "score_maps",
            makes="scores/{net}/{size}/{scatteritem}.parquet",
            code=source_hash.of_scripts("score_maps"),
            methods=sorted(METHODS),
            dilations=DILATIONS,
        ),
        instances=rules.select_subset.output.instances,
        images="<results>/images.csv",
        masks=rules.dilate_masks.output.masks,
        predictions=rules.compute_maps.output.predictions,
        showcase=rules.choose_showcase.output.ids,
    output:
        scores="<results>/scores/{net}/{size}/{scatteritem}.parquet",
        sweep="<results>/sweeps/{net}/{size}/{scatteritem}.parquet",
        showcase=directory(SHOWCASE),
    log:
        "<logs>/score_maps/{net}-{size}-{scatteritem}.log",
    benchmark:
        "<benchmarks>/score_maps/{net}-{size}-{scatteritem}.tsv"
    priority: 5000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=30,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/score_maps.py"


rule gather_scores:
    input:
        settings=noted(
            "gather_scores",
            makes="measures.parquet",
            code=source_hash.of_scripts("gather_scores"),
            classes=[c["name"] for c in CLASSES],
            nets=list(NETS),
            architectures={name: net["architecture"] for name, net in NETS.items()},
            untrained=[name for name, net in NETS.items() if net["weights"] == "random"],
            methods=METHODS,
            sizes=SIZES,
            dilations=DILATIONS,
            study=study_in_full,
        ),
        scores=gather.shard(rules.score_maps.output.scores, net=NETS, size=SIZES),
        sweeps=gather.shard(rules.score_maps.output.sweep, net=NETS, size=SIZES),
        subset=rules.dilate_masks.output.subset,
        checked=rules.check_nets.output.nets,  # nothing is told of nets that do not fit
    output:
        energy="<results>/energy.parquet",
        measures="<results>/measures.parquet",
        sweep="<results>/dilation_sweep.parquet",
    log:
        "<logs>/gather_scores.log",
    benchmark:
        "<benchmarks>/gather_scores.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=60,
    script:
        "../scripts/gather_scores.py"
