# Saliency maps and predictions of every net.


# Checks every net in a few seconds, before the maps: a failed job keeps others from starting. No maps
# depend on it, so that a change of one net recomputes that net alone.
rule check_nets:
    input:
        settings=noted(
            "check_nets",
            code=source_hash.of_scripts("check_nets"),
            methods=code_of("methods"),
            nets=lambda wildcards: [
                {**with_hash(NETS[name]), "sizes": SIZES_OF[name]} for name in COMPUTED
            ],
            folders=[{**NETS[name], "methods": OF_FOLDERS[name]} for name in FOLDERS],
            classes=CLASSES,
            sizes=SIZES,
            seed=STUDY.seed,
        ),
        weights=[fetched_weights(net) for net in NETS.values()],
    output:
        nets="<results>/nets.csv",
    log:
        "<logs>/check_nets.log",
    benchmark:
        "<benchmarks>/check_nets.tsv"
    priority: 10000
    conda:
        "../../envs/saliency.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_nets,
        runtime=10,
    script:
        "../scripts/check_nets.py"


# States within seconds what the largest image needs. A job of its own, so that other images check no
# net once more.
rule check_memory:
    input:
        settings=noted(
            "check_memory",
            code=source_hash.of_scripts("check_memory"),
            sizes={net: SIZES_OF[net] for net in COMPUTED},
        ),
        nets=rules.check_nets.output.nets,
        samples=expand(rules.select_subset.output.samples, selection=SELECTIONS),
    output:
        memory="<results>/memory.csv",
    log:
        "<logs>/check_memory.log",
    benchmark:
        "<benchmarks>/check_memory.tsv"
    priority: 10000
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        budget=memory_budget,
    script:
        "../scripts/check_memory.py"


# Warns within seconds of a net that does not recognise the classes: its maps would mean nothing.
rule check_recognition:
    input:
        settings=noted(
            "check_recognition",
            code=source_hash.of_scripts("check_recognition"),
            nets=lambda wildcards: [
                {**with_hash(NETS[name]), "sizes": SIZES_OF[name]} for name in COMPUTED
            ],
            classes=CLASSES,
            seed=STUDY.seed,
        ),
        weights=[fetched_weights(net) for net in NETS.values()],
        checked=rules.check_nets.output.nets,
        samples=expand(rules.select_subset.output.samples, selection=SELECTIONS),
        images=expand("<results>/samples/{selection}.csv", selection=SELECTIONS),
    output:
        recognition="<results>/recognition.csv",
    log:
        "<logs>/check_recognition.log",
    benchmark:
        "<benchmarks>/check_recognition.tsv"
    priority: 10000
    conda:
        "../../envs/saliency.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_nets,
        runtime=30,
    params:
        images=IMAGE_FOLDER,
    script:
        "../scripts/check_recognition.py"


# The methods of a group share passes, so one job computes their maps of a net, a size and a shard.
# Each group has a rule, since its methods are the outputs.
for GROUP, MEMBERS in GROUPS.items() if COMPUTED else []:

    rule:
        name:
            rule_of_group(GROUP)
        input:
            settings=noted(
                f"compute_maps-{GROUP}-{{net}}-{{selection}}",
                makes=f"predictions/{{net}}/{{size}}/{GROUP}/{{selection}}-{{shard}}.parquet",
                code=source_hash.of_scripts("compute_maps"),
                methods=code_of("methods", MEMBERS),
                net=lambda wildcards: with_hash(NETS[wildcards.net]),
                targets=targets_of_selection,
                shards=shards_of_selection,
                seed=STUDY.seed,
            ),
            samples="<results>/samples/{selection}.json",
            images="<results>/samples/{selection}.csv",
            weights=lambda wildcards: fetched_weights(NETS[wildcards.net]),
        output:
            maps=[map_folder(method) for method in MEMBERS],
            predictions=f"<results>/predictions/{{net}}/{{size}}/{GROUP}/{{selection}}-{{shard}}.parquet",
            costs=f"<results>/costs/{{net}}/{{size}}/{GROUP}/{{selection}}-{{shard}}.parquet",
        log:
            f"<logs>/compute_maps/{GROUP}-{{net}}-{{size}}-{{selection}}-{{shard}}.log",
        benchmark:
            f"<benchmarks>/compute_maps/{GROUP}-{{net}}-{{size}}-{{selection}}-{{shard}}.tsv"
        wildcard_constraints:
            net=one_of(COMPUTED),
        priority: heaviest_first
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
            "../scripts/compute_maps.py"


# Maps that other tools made are read in place of those of a net. They are the user's: no job changes
# or removes them. Those that changed are read and scored again.
for GROUP, MEMBERS in GROUPS.items() if FOLDERS else []:

    rule:
        name:
            rule_of_group(GROUP, "import_maps")
        input:
            settings=noted(
                f"import_maps-{GROUP}-{{net}}-{{selection}}",
                makes=f"predictions/{{net}}/{{size}}/{GROUP}/{{selection}}-{{shard}}.parquet",
                code=source_hash.of_scripts("import_maps"),
                methods=MEMBERS,
                net=lambda wildcards, members=tuple(MEMBERS): with_hash(
                    NETS[wildcards.net], members
                ),
                shards=shards_of_selection,
            ),
            samples="<results>/samples/{selection}.json",
        output:
            maps=[map_folder(method) for method in MEMBERS],
            predictions=f"<results>/predictions/{{net}}/{{size}}/{GROUP}/{{selection}}-{{shard}}.parquet",
        log:
            f"<logs>/import_maps/{GROUP}-{{net}}-{{size}}-{{selection}}-{{shard}}.log",
        benchmark:
            f"<benchmarks>/import_maps/{GROUP}-{{net}}-{{size}}-{{selection}}-{{shard}}.tsv"
        wildcard_constraints:
            net=one_of(FOLDERS),
        priority: 5000
        conda:
            "../../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=memory_of_arrays,
            runtime=60,
        script:
            "../scripts/import_maps.py"
