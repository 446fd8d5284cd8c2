# What the scores come to. Seconds of work on small files: on a cluster it is done where snakemake
# runs, as the figures are.


rule make_tables:
    input:
        settings=noted(
            "make_tables",
            reference=lambda wildcards: (
                DIGESTS.sha256(Path(STUDY.reference)) if STUDY.reference else None
            ),
            code=source_hash.of_scripts("make_tables"),
            stated=STATED,
            tables={name: table.label for name, table in TABLES.items()},
            groups={name: table.entry.options.get("by") for name, table in TABLES.items()},
            options={name: table.options for name, table in TABLES.items()},
            code_of_tables=source_hash.of_entries(table.entry for table in TABLES.values()),
        ),
        measures=rules.gather_scores.output.measures,
        costs=rules.gather_scores.output.costs,
        rivals=RIVALS,
        cascade=rules.gather_cascade.output.table if CASCADED else [],
        subset=rules.list_samples.output.subset,
        reference=ancient(STUDY.reference) if STUDY.reference else [],
    output:
        table_files({name: table.label for name, table in TABLES.items()}),
        records="<results>/undefined.csv",
    log:
        "<logs>/make_tables.log",
    benchmark:
        "<benchmarks>/make_tables.tsv"
    priority: 25
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    script:
        "../scripts/make_tables.py"


# What the report states of the study itself. It is made again with any code of the workflow, whose
# commit it names.
rule describe_study:
    input:
        settings=noted(
            "describe_study",
            code=source_hash.of_scripts(*sorted(script.stem for script in SCRIPTS.glob("*.py"))),
            configuration=config,
            software=installed_versions,
        ),
        requirements=ancient(HOUSE / "requirements.txt"),  # its versions are settings
    output:
        configuration="<results>/configuration.yaml",
        software="<results>/software.csv",
        page=report(
            "<results>/study.html",
            caption="../report/study.rst",
            category="Study",
            labels={"page": "Configuration and software"},
        ),
    log:
        "<logs>/describe_study.log",
    benchmark:
        "<benchmarks>/describe_study.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    script:
        "../scripts/describe_study.py"
