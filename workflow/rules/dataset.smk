# From annotations to samples, their masks, and those that are shown as pictures.


rule draw_sample:
    output:
        annotations=SAMPLE["annotations"],
        images=directory(SAMPLE["images"]),
    log:
        "<logs>/draw_sample.log",
    benchmark:
        "<benchmarks>/draw_sample.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=code("draw_sample"),
        images=60,
        seed=0,
    script:
        "../scripts/draw_sample.py"


rule select_subset:
    input:
        annotations=config["dataset"]["annotations"],
    output:
        instances="<results>/instances.json",
    log:
        "<logs>/select_subset.log",
    benchmark:
        "<benchmarks>/select_subset.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=10,
    params:
        code=code("select_subset"),
        classes=[c["name"] for c in CLASSES],
        images_per_class=config["images_per_class"],
        seed=config["seed"],
    script:
        "../scripts/select_subset.py"


rule dilate_masks:
    input:
        instances=rules.select_subset.output.instances,
    output:
        masks=directory("<results>/masks"),
        subset="<results>/subset.csv",
    log:
        "<logs>/dilate_masks.log",
    benchmark:
        "<benchmarks>/dilate_masks.tsv"
    priority: 10000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=60,
    params:
        code=code("dilate_masks"),
        growth=config["mask_dilation"],
    script:
        "../scripts/dilate_masks.py"


rule choose_showcase:
    input:
        instances=rules.select_subset.output.instances,
    output:
        ids="<results>/showcase.json",
    log:
        "<logs>/choose_showcase.log",
    benchmark:
        "<benchmarks>/choose_showcase.tsv"
    priority: 10000
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=code("choose_showcase"),
        wanted=config.get("showcase"),
    script:
        "../scripts/choose_showcase.py"
