# What people look at.


rule plot_concentration:
    input:
        energy=rules.gather_energy.output.energy,
    output:
        multiext("<results>/figures/concentration", *(f".{f}" for f in FORMATS)),
    log:
        "<logs>/plot_concentration.log",
    benchmark:
        "<benchmarks>/plot_concentration.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("plot_concentration"),
    script:
        "../scripts/plot_concentration.py"


rule plot_concentration_by_net:
    input:
        energy=rules.gather_energy.output.energy,
    output:
        multiext("<results>/figures/concentration_by_net_{size}", *(f".{f}" for f in FORMATS)),
    log:
        "<logs>/plot_concentration_by_net_{size}.log",
    benchmark:
        "<benchmarks>/plot_concentration_by_net_{size}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("plot_concentration_by_net"),
    script:
        "../scripts/plot_concentration_by_net.py"


rule plot_comparison:
    input:
        instances=rules.select_subset.output.instances,
        showcase=rules.choose_showcase.output.ids,
        images=IMAGES,
        masks=rules.dilate_masks.output.masks,
        energy=rules.gather_energy.output.energy,
        maps=gather.shard(rules.score_energy.output.showcase, net=NETS, size=SIZES[0]),
    output:
        multiext("<results>/figures/comparison", *(f".{f}" for f in FORMATS)),
    log:
        "<logs>/plot_comparison.log",
    benchmark:
        "<benchmarks>/plot_comparison.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("plot_comparison"),
        images=image_folder,
        nets=list(NETS),
        methods=METHODS,
        size=SIZES[0],
    script:
        "../scripts/plot_comparison.py"


rule render_maps:
    input:
        instances=rules.select_subset.output.instances,
        showcase=rules.choose_showcase.output.ids,
        images=IMAGES,
        masks=rules.dilate_masks.output.masks,
        maps=gather.shard(rules.score_energy.output.showcase, net=NETS, size=SIZES),
    output:
        pictures=directory("<results>/figures/maps"),
    log:
        "<logs>/render_maps.log",
    benchmark:
        "<benchmarks>/render_maps.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("render_maps"),
        images=image_folder,
        nets=list(NETS),
        methods=METHODS,
        sizes=SIZES,
    script:
        "../scripts/render_maps.py"
