# Rivals of the maps: controls that know the net but not the class. A study has these rules where it
# lists rivals.
from lookwhere.metrics.rivals import MEAN_MAP

OF_TARGETS = [rival for rival in STUDY.rivals if rival != MEAN_MAP]  # need passes of a net
# A net that explains its highest output explains no class of the sample, so it has the mean map alone.
EXPLAINED = STUDY.annotated_nets if OF_TARGETS else []


rule select_others:
    input:
        settings=noted(
            "select_others-{selection}",
            makes="others/{selection}",
            code=source_hash.of_scripts("select_others"),
            format=STUDY.dataset.format_name,
            format_code=source_hash.of_entries([DECLARED["formats"][STUDY.dataset.format_name]]),
            targets=TARGETS,
            choices=STUDY.dataset.choices,
            max_pixels=STUDY.max_pixels or None,
            seed=STUDY.seed,
            annotations=lambda wildcards: digest_of_annotations() if OWN_ANNOTATIONS else None,
            names=lambda wildcards: names_of_images(),
            dilation=STUDY.mask_dilation,
            dilations=DILATIONS,
        ),
        samples=rules.select_subset.output.samples,
    output:
        others=directory("<results>/others/{selection}"),
    log:
        "<logs>/select_others/{selection}.log",
    benchmark:
        "<benchmarks>/select_others/{selection}.tsv"
    priority: 9000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=60,
    params:
        annotations=ANNOTATIONS,
        images=IMAGE_FOLDER,
    script:
        "../scripts/select_others.py"


# The maps of other targets are scored at once: none is written. Each rival has jobs of its own, whose
# inputs are those that it needs: another rival recomputes none, and another class recomputes no least
# likely output.
rule compute_rivals:
    input:
        settings=noted(
            "compute_rivals-{rival}-{group}-{net}",
            makes=RIVAL_SCORES.removeprefix("<results>/"),
            code=source_hash.of_scripts("compute_rivals"),
            methods=lambda wildcards: GROUPS[wildcards.group],
            code_of_methods=lambda wildcards: code_of("methods", GROUPS[wildcards.group]),
            net=lambda wildcards: with_hash(NETS[wildcards.net]),
            targets=lambda wildcards: of_other_class(wildcards, TARGETS),
            seed=STUDY.seed,
        ),
        samples=rules.select_subset.output.samples,
        images="<results>/samples/{selection}.csv",
        regions=rules.dilate_masks.output.regions,
        predictions="<results>/predictions/{net}/{size}/{group}/{selection}-{shard}.parquet",
        others=lambda wildcards: of_other_class(wildcards, rules.select_others.output.others),
        maps=lambda wildcards: of_other_class(
            wildcards, expand(SALIENCY, method=GROUPS[wildcards.group], allow_missing=True)
        ),
        weights=lambda wildcards: fetched_weights(NETS[wildcards.net]),
    output:
        scores=RIVAL_SCORES,
    log:
        "<logs>/compute_rivals/{rival}-{net}-{size}-{group}-{selection}-{shard}.log",
    benchmark:
        "<benchmarks>/compute_rivals/{rival}-{net}-{size}-{group}-{selection}-{shard}.tsv"
    wildcard_constraints:
        net=one_of(EXPLAINED),
        rival=one_of(OF_TARGETS),
    priority: 4000
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
        "../scripts/compute_rivals.py"


rule reduce_maps:
    input:
        settings=noted(
            "reduce_maps-{group}-{selection}",
            makes="grids/{net}/{size}/{group}/{selection}-{shard}.parquet",
            code=source_hash.of_scripts("reduce_maps"),
            methods=lambda wildcards: GROUPS[wildcards.group],
            shards=shards_of_selection,
        ),
        samples=rules.select_subset.output.samples,
        regions=rules.dilate_masks.output.regions,
        maps=lambda wildcards: expand(SALIENCY, method=GROUPS[wildcards.group], allow_missing=True),
    output:
        grids="<results>/grids/{net}/{size}/{group}/{selection}-{shard}.parquet",
    log:
        "<logs>/reduce_maps/{net}-{size}-{group}-{selection}-{shard}.log",
    benchmark:
        "<benchmarks>/reduce_maps/{net}-{size}-{group}-{selection}-{shard}.tsv"
    priority: 5000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_arrays,
        runtime=30,
    script:
        "../scripts/reduce_maps.py"


# A mean is over the images of all shards, so one job scores it.
rule score_means:
    input:
        settings=noted(
            "score_means",
            makes="mean_map_scores/{net}/{size}/{group}.parquet",
            code=source_hash.of_scripts("score_means"),
        ),
        selections=expand(rules.select_subset.output.samples, selection=SELECTIONS),
        regions=expand(rules.dilate_masks.output.regions, selection=SELECTIONS),
        grids=lambda wildcards: of_shards(rules.reduce_maps.output.grids, **wildcards),
    output:
        scores="<results>/mean_map_scores/{net}/{size}/{group}.parquet",
    log:
        "<logs>/score_means/{net}-{size}-{group}.log",
    benchmark:
        "<benchmarks>/score_means/{net}-{size}-{group}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=60,
    script:
        "../scripts/score_means.py"


# Names are in the study's order, as those of gather_scores.
rule gather_rivals:
    input:
        settings=noted(
            "gather_rivals",
            makes="rivals.parquet",
            code=source_hash.of_scripts("gather_records"),
            kind="rivals",
            names={
                "net": list(NETS),
                "size": SIZES,
                "method": METHODS,
                "class": CLASS_NAMES,
                "rival": STUDY.rivals,
            },
        ),
        parts=of_nets(RIVAL_SCORES, EXPLAINED, group=GROUPS, rival=OF_TARGETS)
        + [
            file
            for net in (SIZES_OF if MEAN_MAP in STUDY.rivals else [])
            for file in expand(
                rules.score_means.output.scores, net=net, size=SIZES_OF[net], group=GROUPS
            )
        ],
    output:
        table=RIVALS,
    log:
        "<logs>/gather_rivals.log",
    benchmark:
        "<benchmarks>/gather_rivals.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=30,
    script:
        "../scripts/gather_records.py"
