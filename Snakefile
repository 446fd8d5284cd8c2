# Where do CNNs look? Saliency maps of every net, method and input size, and the share of their
# energy that lies on the object: annotations -> subset -> masks, maps -> energy -> tables, figures.
from snakemake.utils import min_version

min_version("9.17")


configfile: "config.yaml"


pathvars:
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/common.smk"


scattergather:
    shard=SHARDS,


wildcard_constraints:
    net="|".join(map(re.escape, NETS)),
    size="|".join(SIZES),
    table="|".join(TABLES),


include: "workflow/rules/cluster.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/saliency.smk"
include: "workflow/rules/energy.smk"
include: "workflow/rules/figures.smk"


# Seconds of work on small files: on a cluster they run where snakemake runs.
localrules:
    all,
    draw_sample,
    choose_showcase,
    gather_energy,
    tabulate_concentration,
    plot_concentration,
    plot_concentration_by_net,
    plot_comparison,
    render_maps,


rule all:
    default_target: True
    input:
        "<results>/subset.csv",
        "<results>/nets.csv",
        "<results>/energy.parquet",
        gather.shard(SALIENCY, net=NETS, method=METHODS, size=SIZES) if KEEP_MAPS else [],
        expand("<results>/tables/{table}.{format}", table=TABLES, format=["csv", "md", "tex"]),
        expand("<results>/figures/{figure}.{format}", figure=FIGURES, format=FORMATS),
        "<results>/figures/maps",
