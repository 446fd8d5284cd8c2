# What the scores come to. Seconds of work on small files: on a cluster it is done where snakemake
# runs, as the figures are.


rule tabulate_concentration:
    input:
        settings=noted(
            "tabulate_concentration",
            reference=lambda wildcards: (
                DIGESTS.sha256(Path(config["reference"])) if "reference" in config else None
            ),
            code=code("tabulate_concentration"),
            tables=CONCENTRATION,
            untrained=UNTRAINED,
        ),
        measures=rules.gather_scores.output.measures,
        reference=ancient(config["reference"]) if "reference" in config else [],
    output:
        table_files("concentration", CONCENTRATION),
    log:
        "<logs>/tabulate_concentration.log",
    benchmark:
        "<benchmarks>/tabulate_concentration.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/tabulate_concentration.py"


rule tabulate_differences:
    input:
        settings=noted(
            "tabulate_differences",
            code=code("tabulate_differences"),
            tables=DIFFERENCES,
            untrained=UNTRAINED,
        ),
        measures=rules.gather_scores.output.measures,
    output:
        table_files("differences", DIFFERENCES),
    log:
        "<logs>/tabulate_differences.log",
    benchmark:
        "<benchmarks>/tabulate_differences.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/tabulate_differences.py"


rule tabulate_measures:
    input:
        settings=noted(
            "tabulate_measures",
            code=code("tabulate_measures"),
            untrained=UNTRAINED,
        ),
        measures=rules.gather_scores.output.measures,
    output:
        table_files("measures", ["measures"]),
    log:
        "<logs>/tabulate_measures.log",
    benchmark:
        "<benchmarks>/tabulate_measures.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/tabulate_measures.py"


rule tabulate_undefined:
    input:
        settings=noted(
            "tabulate_undefined",
            code=code("tabulate_undefined"),
        ),
        measures=rules.gather_scores.output.measures,
    output:
        table_files("undefined", ["undefined"]),
        records="<results>/undefined.csv",
    log:
        "<logs>/tabulate_undefined.log",
    benchmark:
        "<benchmarks>/tabulate_undefined.tsv"
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../scripts/tabulate_undefined.py"


# What the report tells of the study itself.
rule describe_study:
    input:
        settings=noted(
            "describe_study",
            code=code("describe_study"),
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
