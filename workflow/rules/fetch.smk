# What comes from the internet, on the machine where snakemake runs (a login node, say). A file is
# verified when it arrives, so that it does not depend on the code that fetched it.


rule fetch:
    input:
        [weights_file(net) for net in NETS.values()],
        "<results>/images.csv" if FETCHED else [],
    localrule: True


rule fetch_weights:
    output:
        "resources/weights/{architecture}-{weights}.pth",
    log:
        "<logs>/fetch_weights/{architecture}-{weights}.log",
    benchmark:
        "<benchmarks>/fetch_weights/{architecture}-{weights}.tsv"
    wildcard_constraints:
        weights="[A-Z0-9_]+",
    localrule: True
    conda:
        "../../envs/saliency.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    script:
        "../scripts/fetch_weights.py"


if FETCHED:

    rule fetch_annotations:
        output:
            annotations=config["dataset"]["annotations"],
        log:
            "<logs>/fetch_annotations.log",
        benchmark:
            "<benchmarks>/fetch_annotations.tsv"
        localrule: True
        conda:
            "../../envs/fetch.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=120,
        params:
            source=config["dataset"]["source"],
        script:
            "../scripts/fetch_annotations.py"

    rule fetch_images:
        input:
            instances="<results>/instances.json",
        output:
            images="<results>/images.csv",
        log:
            "<logs>/fetch_images.log",
        benchmark:
            "<benchmarks>/fetch_images.tsv"
        localrule: True
        conda:
            "../../envs/fetch.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=120,
        params:
            folder=config["dataset"]["images"],
        script:
            "../scripts/fetch_images.py"
