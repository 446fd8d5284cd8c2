# The cascade: the maps of a net as its layers become random, from the output downwards. Only of a
# study that asks for it.


# Maps of few samples and many nets, which are scored and compared in the job and never written.
if CASCADED:

    rule compute_cascade:
        input:
            settings=noted(
                "compute_cascade-{group}-{net}",
                makes="cascades/{net}/{size}/{group}.parquet",
                code=source_hash.of_scripts("compute_cascade"),
                methods=lambda wildcards: code_of("methods", GROUPS[wildcards.group]),
                metrics=code_of("metrics", ["concentration"]),
                net=lambda wildcards: with_hash(NETS[wildcards.net]),
                targets=TARGETS,
                plan=STUDY.cascade.model_dump(),
                seed=STUDY.seed,
            ),
            samples=expand(rules.select_subset.output.samples, selection=LEADING),
            images=expand("<results>/samples/{selection}.csv", selection=LEADING),
            regions=expand(rules.dilate_masks.output.regions, selection=LEADING),
            weights=lambda wildcards: fetched_weights(NETS[wildcards.net]),
        output:
            records="<results>/cascades/{net}/{size}/{group}.parquet",
        log:
            "<logs>/compute_cascade/{net}-{size}-{group}.log",
        benchmark:
            "<benchmarks>/compute_cascade/{net}-{size}-{group}.tsv"
        wildcard_constraints:
            net=one_of(CASCADED),
        priority: heaviest_first
        conda:
            "../../envs/saliency.yaml"
        threads: 1
        resources:
            mem_mb=memory_of_cascade,
            runtime=480,
            gpu=1,
        params:
            images=IMAGE_FOLDER,
        script:
            "../scripts/compute_cascade.py"

    rule gather_cascade:
        input:
            settings=noted(
                "gather_cascade",
                makes="cascade.parquet",
                code=source_hash.of_scripts("gather_records"),
                kind="cascade",
                names={
                    "net": CASCADED,
                    "size": SIZES,
                    "method": METHODS,
                    "class": [item["name"] for item in CLASSES],
                },
            ),
            parts=[
                file
                for net in CASCADED
                for file in expand(
                    rules.compute_cascade.output.records,
                    net=net,
                    size=SIZES_OF[net],
                    group=GROUPS,
                )
            ],
            # Here, since check_nets reruns with another net, size or method: no cascade depends on it.
            checked=rules.check_nets.output.nets,
        output:
            table="<results>/cascade.parquet",
        log:
            "<logs>/gather_cascade.log",
        benchmark:
            "<benchmarks>/gather_cascade.tsv"
        localrule: True
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=10,
        script:
            "../scripts/gather_records.py"
