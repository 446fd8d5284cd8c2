# The share of every map's energy that lies on the mask.


# What figures show of the maps is copied here, so that maps can be deleted once they are scored. Its
# priority bounds their number: a shard is scored before the next one is computed.
rule score_energy:
    input:
        **{method: rules.compute_maps.output[method] for method in METHODS},
        subset=rules.dilate_masks.output.subset,
        masks=rules.dilate_masks.output.masks,
        predictions=rules.compute_maps.output.predictions,
        showcase=rules.choose_showcase.output.ids,
    output:
        energy="<results>/energy/{net}/{size}/{scatteritem}.parquet",
        showcase=directory("<results>/showcase/{net}/{size}/{scatteritem}"),
    log:
        "<logs>/score_energy/{net}-{size}-{scatteritem}.log",
    benchmark:
        "<benchmarks>/score_energy/{net}-{size}-{scatteritem}.tsv"
    priority: 5000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=30,
    params:
        code=code("score_energy"),
        methods=METHODS,
    script:
        "../scripts/score_energy.py"


rule gather_energy:
    input:
        parts=gather.shard(rules.score_energy.output.energy, net=NETS, size=SIZES),
        subset=rules.dilate_masks.output.subset,
        checked=rules.check_nets.output.nets,
    output:
        energy="<results>/energy.parquet",
    log:
        "<logs>/gather_energy.log",
    benchmark:
        "<benchmarks>/gather_energy.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("gather_energy"),
        classes=[c["name"] for c in CLASSES],
        nets=list(NETS),
        methods=METHODS,
        sizes=SIZES,
    script:
        "../scripts/gather_energy.py"


rule tabulate_concentration:
    input:
        energy=rules.gather_energy.output.energy,
        reference=lambda wildcards: REFERENCES.get(wildcards.table, []),
    output:
        multiext("<results>/tables/{table}", ".csv", ".md", ".tex"),
    log:
        "<logs>/tabulate_{table}.log",
    benchmark:
        "<benchmarks>/tabulate_{table}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("tabulate_concentration"),
        by=lambda wildcards: TABLES[wildcards.table],
    script:
        "../scripts/tabulate_concentration.py"
