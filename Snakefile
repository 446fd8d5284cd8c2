# Where do nets look? Saliency maps of every net, method and input size, and the share of their
# energy on the object: annotations -> subset -> masks, maps -> energy -> tables, figures.
from snakemake.utils import min_version

min_version("9.17")


configfile: "config.yaml"


report: "workflow/report/study_in_words.rst"


pathvars:
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/common.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/samples.smk"
include: "workflow/rules/nets.smk"
include: "workflow/rules/files.smk"


wildcard_constraints:
    net="|".join(map(re.escape, NETS)),
    size="|".join(SIZES),
    group="|".join(map(re.escape, GROUPS)),
    selection=r"\d+",
    shard=r"\d+",


include: "workflow/rules/cluster.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/saliency.smk"
include: "workflow/rules/scores.smk"


if STUDY.rivals:

    include: "workflow/rules/rivals.smk"


include: "workflow/rules/cascade.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/console.smk"


check_outputs()


rule all:
    default_target: True
    input:
        "<results>/subset.csv",
        "<results>/dataset/classes.csv",
        "<results>/dataset/index.html",
        "<results>/nets.csv",
        "<results>/energy.parquet",
        "<results>/measures.parquet",
        "<results>/dilation_sweep.parquet",
        RIVALS,
        of_nets(SALIENCY, method=METHODS) if STUDY.keep_maps else [],
        expand("<results>/tables/{table}.{format}", table=TABLES, format=TABLE_FORMATS),
        "<results>/undefined.csv",
        "<results>/cascade.parquet" if CASCADED else [],
        expand(
            "<results>/figures/{figure}.{format}",
            figure=FIGURES,
            format=FIGURE_FORMATS,
        ),
        "<results>/figures/maps",
        "<results>/gallery",
        "<results>/study.html",
    localrule: True


# Targets for parts of the study: snakemake tables. dataset needs no net, and maps are those that the
# study keeps.
rule dataset:
    input:
        rules.list_classes.output,
        rules.show_dataset.output,
        rules.list_samples.output,
    localrule: True


rule tables:
    input:
        expand("<results>/tables/{table}.{format}", table=TABLES, format=TABLE_FORMATS),
    localrule: True


rule figures:
    input:
        expand(
            "<results>/figures/{figure}.{format}",
            figure=FIGURES,
            format=FIGURE_FORMATS,
        ),
        "<results>/figures/maps",
    localrule: True


rule maps:
    input:
        of_nets(KEPT_MAPS, method=METHODS, group=GROUPS),
    localrule: True
