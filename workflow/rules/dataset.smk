# From annotations to samples, masks and showcase. Annotations and images are inputs or outputs only
# if the workflow drew them: else receipts stand in for them.


rule draw_sample:
    input:
        settings=noted(
            "draw_sample",
            folder=Path(DRAWN).parent,
            code=source_hash.of_scripts("draw_sample"),
            world=WORLD,
            images={"sample": 60, "planted": 30}[WORLD],
            seed=0,
            fingerprint=fingerprint_of(DRAWN),
        ),
    output:
        annotations=SAMPLE["annotations"],
        images=directory(SAMPLE["images"]),
        receipt=DRAWN,
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
    script:
        "../scripts/draw_sample.py"


# A grown study selects the new samples: those of earlier selections stay.
rule select_subset:
    input:
        settings=noted(
            "select_subset-{selection}",
            makes="samples/{selection}.json",
            code=source_hash.of_scripts("select_subset"),
            format=STUDY.dataset.format_name,
            format_code=source_hash.of_entries([DECLARED["formats"][STUDY.dataset.format_name]]),
            spans=spans_of_selection,
            choices=STUDY.dataset.choices,
            max_pixels=STUDY.max_pixels or None,
            seed=STUDY.seed,
            annotations=lambda wildcards: digest_of_annotations() if OWN_ANNOTATIONS else None,
            names=lambda wildcards: names_of_images(),
            fingerprint=(
                None
                if FETCHED
                else fingerprint_of("{results}/samples/{selection}.csv", IMAGE_FOLDER)
            ),
        ),
        drawn=(DRAWN if SAMPLE.items() & config["dataset"].items() and not FETCHED else []),
        fetched="<results>/annotations.csv" if FETCHED else [],
    output:
        **({} if FETCHED else {"images": "<results>/samples/{selection}.csv"}),
        samples="<results>/samples/{selection}.json",
    log:
        "<logs>/select_subset/{selection}.log",
    benchmark:
        "<benchmarks>/select_subset/{selection}.tsv"
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
        "../scripts/select_subset.py"


# Every class of the annotations, whether or not the study's samples can be selected.
rule list_classes:
    input:
        settings=noted(
            "list_classes",
            makes="dataset/classes.csv",
            code=source_hash.of_scripts("list_classes"),
            format=STUDY.dataset.format_name,
            format_code=source_hash.of_entries([DECLARED["formats"][STUDY.dataset.format_name]]),
            choices=STUDY.dataset.choices,
            classes=CLASS_NAMES,
            annotations=lambda wildcards: digest_of_annotations() if OWN_ANNOTATIONS else None,
            names=lambda wildcards: names_of_images(),
        ),
        drawn=(DRAWN if SAMPLE.items() & config["dataset"].items() and not FETCHED else []),
        fetched="<results>/annotations.csv" if FETCHED else [],
    output:
        classes="<results>/dataset/classes.csv",
    log:
        "<logs>/list_classes.log",
    benchmark:
        "<benchmarks>/list_classes.tsv"
    priority: 10001
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
        "../scripts/list_classes.py"


rule dilate_masks:
    input:
        settings=noted(
            "dilate_masks-{selection}",
            makes="regions/{selection}",
            code=source_hash.of_scripts("dilate_masks"),
            dilation=STUDY.mask_dilation,
            dilations=DILATIONS,
        ),
        samples=rules.select_subset.output.samples,
    output:
        regions=directory("<results>/regions/{selection}"),
    log:
        "<logs>/dilate_masks/{selection}.log",
    benchmark:
        "<benchmarks>/dilate_masks/{selection}.tsv"
    priority: 10000
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_arrays,
        runtime=60,
    script:
        "../scripts/dilate_masks.py"


rule list_samples:
    input:
        settings=noted(
            "list_samples",
            makes="subset.csv",
            code=source_hash.of_scripts("list_samples"),
            classes=[c["name"] for c in CLASSES],
        ),
        selections=expand(rules.select_subset.output.samples, selection=SELECTIONS),
        images=expand("<results>/samples/{selection}.csv", selection=SELECTIONS),
        regions=expand(rules.dilate_masks.output.regions, selection=SELECTIONS),
    output:
        samples="<results>/samples.json",
        images="<results>/images.csv",
        masks=directory("<results>/masks"),
        subset="<results>/subset.csv",
    log:
        "<logs>/list_samples.log",
    benchmark:
        "<benchmarks>/list_samples.tsv"
    priority: 10000
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=60,
    script:
        "../scripts/list_samples.py"


rule choose_showcase:
    input:
        settings=noted(
            "choose_showcase",
            makes="showcase.json",
            code=source_hash.of_scripts("choose_showcase"),
            ids=STUDY.showcase or None,
        ),
        selections=expand(rules.select_subset.output.samples, selection=SELECTIONS),
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
    script:
        "../scripts/choose_showcase.py"


DATASET_PAGE = [
    HOUSE / f"workflow/gallery/{file}" for file in ("dataset.html", "gallery.css", "dataset.css")
]


# The data set to look at, before any net.
rule show_dataset:
    input:
        settings=noted(
            "show_dataset",
            makes="dataset/samples.csv",
            page=lambda wildcards: [DIGESTS.sha256(file) for file in DATASET_PAGE],
            code=source_hash.of_scripts("show_dataset"),
        ),
        classes=rules.list_classes.output.classes,
        samples=rules.list_samples.output.samples,
        images=rules.list_samples.output.images,
        masks=rules.list_samples.output.masks,
        subset=rules.list_samples.output.subset,
        page=[ancient(file) for file in DATASET_PAGE],
    output:
        samples="<results>/dataset/samples.csv",
        sheet="<results>/dataset/contact_sheet.png",
        print="<results>/dataset/contact_sheet.pdf",
        page=report(
            "<results>/dataset/index.html",
            category="Study",
            labels={"page": "Data set"},
        ),
    log:
        "<logs>/show_dataset.log",
    benchmark:
        "<benchmarks>/show_dataset.tsv"
    priority: 10000
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=10,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/show_dataset.py"
