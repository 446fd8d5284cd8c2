# Downloads, on the machine where snakemake runs (a login node, say). They are verified, and are no
# outputs: Snakemake removes outputs before a job reruns, and a file may have been put there by hand.
# A receipt in the results lists them.


rule fetch:
    input:
        [fetched_weights(net) for net in NETS.values()],
        expand("<results>/samples/{selection}.csv", selection=SELECTIONS) if FETCHED else [],
    localrule: True


rule fetch_weights:
    input:
        settings=noted(
            "fetch_weights-{architecture}-{weights}",
            file=lambda wildcards: f"resources/weights/{weights_name(wildcards)}.pth",
            fingerprint=fingerprint_of("{results}/weights/{architecture}-{weights}.csv"),
        ),
    output:
        receipt="<results>/weights/{architecture}-{weights}.csv",
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
        input:
            settings=noted(
                "fetch_annotations",
                source=STUDY.dataset.source,
                annotations=ANNOTATIONS,
                fingerprint=fingerprint_of("{results}/annotations.csv"),
            ),
        output:
            receipt="<results>/annotations.csv",
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
        script:
            "../scripts/fetch_annotations.py"

    rule fetch_images:
        input:
            settings=noted(
                "fetch_images-{selection}",
                fingerprint=fingerprint_of("{results}/samples/{selection}.csv", IMAGE_FOLDER),
            ),
            samples="<results>/samples/{selection}.json",
        output:
            images="<results>/samples/{selection}.csv",
        log:
            "<logs>/fetch_images/{selection}.log",
        benchmark:
            "<benchmarks>/fetch_images/{selection}.tsv"
        localrule: True
        conda:
            "../../envs/fetch.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=120,
        params:
            folder=IMAGE_FOLDER,
        script:
            "../scripts/fetch_images.py"
