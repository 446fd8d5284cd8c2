# Scores of maps and controls by all metrics.


# The maps of the showcase are copied here, so that maps can be deleted once they are scored. The
# priority bounds the maps on disk: a shard is scored before the next one is computed.
rule score_maps:
    input:
        settings=noted(
            "score_maps-{group}",
            makes="scores/{net}/{size}/{group}/{selection}-{shard}.parquet",
            code=source_hash.of_scripts("score_maps"),
            methods=lambda wildcards: GROUPS[wildcards.group],
            metrics=code_of("metrics", METRICS_OF_MAPS),
            showcase=STUDY.showcase or None,
        ),
        samples=rules.select_subset.output.samples,
        regions=rules.dilate_masks.output.regions,
        maps=lambda wildcards: expand(SALIENCY, method=GROUPS[wildcards.group], allow_missing=True),
        predictions="<results>/predictions/{net}/{size}/{group}/{selection}-{shard}.parquet",
    output:
        scores="<results>/scores/{net}/{size}/{group}/{selection}-{shard}.parquet",
        sweep="<results>/sweeps/{net}/{size}/{group}/{selection}-{shard}.parquet",
        showcase=directory(SHOWCASE),
    log:
        "<logs>/score_maps/{net}-{size}-{group}-{selection}-{shard}.log",
    benchmark:
        "<benchmarks>/score_maps/{net}-{size}-{group}-{selection}-{shard}.tsv"
    priority: 5000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_arrays,
        runtime=30,
    script:
        "../scripts/score_maps.py"


# Controls do not depend on the net, so they are scored once.
rule score_controls:
    input:
        settings=noted(
            "score_controls-{selection}",
            makes="control_scores/{size}/{selection}-{shard}.parquet",
            code=source_hash.of_scripts("score_controls"),
            controls=code_of("controls"),
            metrics=code_of("metrics", METRICS_OF_MAPS),
            shards=shards_of_selection,
        ),
        samples=rules.select_subset.output.samples,
        images="<results>/samples/{selection}.csv",
        regions=rules.dilate_masks.output.regions,
    output:
        scores="<results>/control_scores/{size}/{selection}-{shard}.parquet",
        sweep="<results>/control_sweeps/{size}/{selection}-{shard}.parquet",
    log:
        "<logs>/score_controls/{size}-{selection}-{shard}.log",
    benchmark:
        "<benchmarks>/score_controls/{size}-{selection}-{shard}.tsv"
    priority: 5000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_arrays,
        runtime=30,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/score_controls.py"


# Metrics that need the net, each by jobs of its own: a further one computes itself alone. The
# priority is that of score_maps, so that maps can be deleted.
if METRICS_OF_PASSES and COMPUTED:

    rule score_faithfulness:
        input:
            settings=noted(
                "score_faithfulness-{metric}-{group}-{net}",
                makes=FAITHFULNESS.removeprefix("<results>/"),
                code=source_hash.of_scripts("score_faithfulness"),
                metric=lambda wildcards: code_of("metrics", [wildcards.metric]),
                methods=lambda wildcards: GROUPS[wildcards.group],
                net=lambda wildcards: with_hash(NETS[wildcards.net]),
                seed=STUDY.seed,
            ),
            samples=rules.select_subset.output.samples,
            images="<results>/samples/{selection}.csv",
            maps=lambda wildcards: expand(
                SALIENCY, method=GROUPS[wildcards.group], allow_missing=True
            ),
            predictions="<results>/predictions/{net}/{size}/{group}/{selection}-{shard}.parquet",
            weights=lambda wildcards: fetched_weights(NETS[wildcards.net]),
        output:
            scores=FAITHFULNESS,
        log:
            "<logs>/score_faithfulness/{metric}-{net}-{size}-{group}-{selection}-{shard}.log",
        benchmark:
            "<benchmarks>/score_faithfulness/{metric}-{net}-{size}-{group}-{selection}-{shard}.tsv"
        wildcard_constraints:
            net=one_of(COMPUTED),
            metric=one_of(METRICS_OF_PASSES),
        priority: 5000
        conda:
            "../../envs/saliency.yaml"
        threads: 1
        resources:
            mem_mb=memory_of_maps,
            runtime=240,
            gpu=1,
        params:
            images=IMAGE_FOLDER,
        script:
            "../scripts/score_faithfulness.py"


rule gather_scores:
    input:
        settings=noted(
            "gather_scores",
            makes="measures.parquet",
            code=source_hash.of_scripts("gather_scores"),
            classes=[item["name"] for item in CLASSES],
            nets=[
                {
                    "name": net.name,
                    "sizes": net.sizes,
                    "architecture": net.architecture or "maps",
                    "is_folder": bool(net.maps),
                    "training": "trained" if net.is_trained else "untrained",
                }
                for net in STUDY.nets
            ],
            methods=METHODS,
            controls=list(ENTRIES["controls"]),
            metrics=STATED["metrics"],
            sizes=SIZES,
            dilations=DILATIONS,
            study=study_in_full,
        ),
        scores=of_nets(rules.score_maps.output.scores, group=GROUPS),
        sweeps=of_nets(rules.score_maps.output.sweep, group=GROUPS),
        controls=of_shards(rules.score_controls.output.scores, size=SIZES),
        control_sweeps=of_shards(rules.score_controls.output.sweep, size=SIZES),
        costs=of_nets(COSTS, nets=COMPUTED, group=GROUPS),
        faithfulness=of_nets(FAITHFULNESS, nets=COMPUTED, metric=METRICS_OF_PASSES, group=GROUPS),
        subset=rules.list_samples.output.subset,
        checked=rules.check_nets.output.nets,  # no scores of nets that do not fit
        memory=rules.check_memory.output.memory,
        recognition=rules.check_recognition.output.recognition if COMPUTED else [],
    output:
        energy="<results>/energy.parquet",
        measures="<results>/measures.parquet",
        sweep="<results>/dilation_sweep.parquet",
        costs="<results>/costs.parquet",
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
