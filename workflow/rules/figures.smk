# What people look at. Priorities: the longest first, so that no core is idle at the end.


rule plot_charts:
    input:
        settings=noted(
            "plot_charts",
            code=source_hash.of_scripts("plot_charts"),
            charts={name: [chart.entry.name, chart.options] for name, chart in CHARTS.items()},
            declarations={name: chart.entry.options for name, chart in CHARTS.items()},
            code_of_charts=source_hash.of_entries(chart.entry for chart in CHARTS.values()),
            methods=METHODS,
            stated=STATED,
        ),
        measures=rules.gather_scores.output.measures,
        sweep=rules.gather_scores.output.sweep,
        costs=rules.gather_scores.output.costs,
        rivals=RIVALS,
        cascade=rules.gather_cascade.output.table if CASCADED else [],
        subset=rules.list_samples.output.subset,
    output:
        figure_files({name: FIGURES[name] for name in CHARTS}),
    log:
        "<logs>/plot_charts.log",
    benchmark:
        "<benchmarks>/plot_charts.tsv"
    priority: 40
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    script:
        "../scripts/plot_charts.py"


# The comparison is of the nets that have the first size.
IN_COMPARISON = [net for net in NETS if SIZES[0] in SIZES_OF[net]]


rule plot_comparison:
    input:
        settings=noted(
            "plot_comparison",
            code=source_hash.of_scripts("plot_comparison"),
            nets=IN_COMPARISON,
            methods=METHODS,
            size=SIZES[0],
            stated=STATED,
        ),
        samples=rules.list_samples.output.samples,
        showcase=rules.choose_showcase.output.ids,
        images=rules.list_samples.output.images,
        masks=rules.list_samples.output.masks,
        measures=rules.gather_scores.output.measures,
        maps=of_shards(SHOWCASE, net=IN_COMPARISON, size=SIZES[0], group=GROUPS),
    output:
        figure_files({"comparison": FIGURES["comparison"]}),
    log:
        "<logs>/plot_comparison.log",
    benchmark:
        "<benchmarks>/plot_comparison.tsv"
    priority: 20
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/plot_comparison.py"


rule render_maps:
    input:
        settings=noted(
            "render_maps",
            code=source_hash.of_scripts("render_maps"),
            nets=SIZES_OF,
            methods=METHODS,
            sizes=SIZES,
        ),
        samples=rules.list_samples.output.samples,
        showcase=rules.choose_showcase.output.ids,
        images=rules.list_samples.output.images,
        masks=rules.list_samples.output.masks,
        maps=of_nets(SHOWCASE, group=GROUPS),
    output:
        pictures=directory("<results>/figures/maps"),
    log:
        "<logs>/render_maps.log",
    benchmark:
        "<benchmarks>/render_maps.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/render_maps.py"


# Where maps are kept, the gallery shows the worst of each class too. Which they are is known late.
SHOWS_WORST = STUDY.keep_maps and not STUDY.showcase
GALLERY_PAGE = [HOUSE / f"workflow/gallery/gallery.{kind}" for kind in ("html", "css", "js")]


rule build_gallery:
    input:
        settings=noted(
            "build_gallery",
            page=lambda wildcards: [DIGESTS.sha256(file) for file in GALLERY_PAGE],
            code=source_hash.of_scripts("build_gallery"),
            nets=SIZES_OF,
            methods=METHODS,
            sizes=SIZES,
            named=bool(STUDY.showcase),
            worst=SHOWS_WORST,
            stated=STATED,
        ),
        samples=rules.list_samples.output.samples,
        showcase=rules.choose_showcase.output.ids,
        images=rules.list_samples.output.images,
        masks=rules.list_samples.output.masks,
        measures=rules.gather_scores.output.measures,
        maps=of_nets(SHOWCASE, group=GROUPS),
        all_maps=(of_nets(SALIENCY, method=METHODS) if SHOWS_WORST else []),
        dataset=rules.show_dataset.output.page,
        page=[ancient(file) for file in GALLERY_PAGE],
    output:
        gallery=directory("<results>/gallery"),
    log:
        "<logs>/build_gallery.log",
    benchmark:
        "<benchmarks>/build_gallery.tsv"
    priority: 30
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/build_gallery.py"
