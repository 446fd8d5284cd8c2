# The files of maps, figures and tables, as outputs of rules.
SALIENCY = "<results>/saliency/{net}/{method}/{size}/{selection}-{shard}"
SHOWCASE = "<results>/showcase/{net}/{size}/{group}/{selection}-{shard}"
COSTS = "<results>/costs/{net}/{size}/{group}/{selection}-{shard}.parquet"
RIVALS = "<results>/rivals.parquet" if STUDY.rivals else []
RIVAL_SCORES = "<results>/rival_scores/{net}/{size}/{group}/{rival}/{selection}-{shard}.parquet"
FAITHFULNESS = "<results>/faithfulness/{net}/{size}/{group}/{metric}/{selection}-{shard}.parquet"
KEPT_MAPS = SALIENCY if STUDY.keep_maps else SHOWCASE  # the showcase's stay in any case


def map_folder(method):
    """A method's maps of a net, a size and a shard, as an output."""
    folder = directory(SALIENCY.replace("{method}", method))
    return folder if STUDY.keep_maps else temp(folder)


def of_other_class(wildcards, value):
    """What a job of rivals has of another class alone: else it has none."""
    return value if wildcards.rival == "other_class" else []


def rule_of_group(group, rule="compute_maps"):
    """The rule that computes the maps of a group of methods, or reads them (``import_maps``)."""
    return rule if group == METHODS[0] else f"{rule}_{group}"


def figure_files(labels):
    """The files of the figures, as outputs; the report lists their pages by these labels."""
    files = []
    for name, label in labels.items():
        page = report(
            f"<results>/figures/{name}.html", category="Figures", labels={"figure": label}
        )
        files += [page, *multiext(f"<results>/figures/{name}", ".png", ".pdf", ".eps")]
    return files


def table_files(labels):
    """The files of the tables, as outputs; the report lists their pages by these labels."""
    files = []
    for name, label in labels.items():
        page = report(f"<results>/tables/{name}.html", category="Tables", labels={"table": label})
        files += [page, *multiext(f"<results>/tables/{name}", ".csv", ".md", ".tex")]
    return files


# Resources set for compute_maps apply to all jobs that have a net: those of the groups of methods, of
# metrics that need it, of rivals and of the cascade.
RESOURCES = workflow.resource_settings.overwrite_resources
if "compute_maps" in RESOURCES:
    WITH_NETS = ["score_faithfulness", "compute_rivals", "compute_cascade"]
    for NAME in [*map(rule_of_group, GROUPS), *WITH_NETS]:
        RESOURCES.setdefault(NAME, RESOURCES["compute_maps"])
