"""What the library and the user's files declare, by kind and name, and what a study uses of it."""

from collections.abc import Mapping
from typing import Any

from lookwhere.declarations import Declaration
from lookwhere.study import outputs
from lookwhere.study.model import Study

Entries = Mapping[str, Declaration]


def declared() -> dict[str, Entries]:
    """All entries, by kind and name. Raises StudyError for a file that can't be used."""
    from lookwhere.charts import registry as charts
    from lookwhere.datasets.names import FORMATS
    from lookwhere.methods.names import CONTROLS, METHODS
    from lookwhere.metrics.registry import METRICS
    from lookwhere.report import registry as tables

    return {
        "methods": METHODS,
        "controls": CONTROLS,
        "metrics": {name: metric.entry for name, metric in METRICS.items()},
        "charts": charts.entries(),
        "tables": tables.entries(),
        "formats": FORMATS,
    }


def of_study(study: Study, entries: Mapping[str, Entries]) -> dict[str, dict[str, Declaration]]:
    """The methods, controls and metrics of a study, in its order.

    It has all controls, and all metrics that need no net, unless it lists some, and always the
    first metric.
    """
    from lookwhere.metrics.registry import FIRST_METRIC

    of_maps, _ = by_need(entries["metrics"])
    names = {
        "methods": study.methods,
        "controls": study.controls or entries["controls"],
        "metrics": dict.fromkeys([FIRST_METRIC, *(study.metrics or of_maps)]),
    }
    return {kind: {name: entries[kind][name] for name in names[kind]} for kind in names}


def by_need(metrics: Entries) -> tuple[list[str], list[str]]:
    """The metrics of maps alone, and those that need the net, by name."""
    from lookwhere.metrics.registry import needs_passes

    of_passes = [name for name, entry in metrics.items() if needs_passes(entry.options)]
    return [name for name in metrics if name not in of_passes], of_passes


def groups_of(study: Study, methods: Entries) -> dict[str, list[str]]:
    """The groups of a study's methods, each by the name of its first.

    Those of a flat list are as the methods declare.
    """
    groups = study.groups
    if not study.lists_groups:
        by_group: dict[str, list[str]] = {}
        for name in study.methods:
            by_group.setdefault(methods[name].options.get("group", ""), []).append(name)
        groups = list(by_group.values())
    return {group[0]: group for group in groups}


def stated(entries: Entries) -> dict[str, dict[str, Any]]:
    """What entries state of themselves: their labels and options, by name."""
    return {name: {"label": entry.label, **entry.options} for name, entry in entries.items()}


def tables_of(study: Study, entries: Mapping[str, Entries]) -> dict[str, outputs.Output]:
    """The tables of a study, by name."""
    return outputs.of_study(entries["tables"], contents(study, entries))


def figures_of(study: Study, entries: Mapping[str, Entries]) -> dict[str, outputs.Output]:
    """The charts of a study, by figure: all of the library unless it lists some."""
    chosen = outputs.chosen(entries["charts"], study.charts)
    return outputs.of_study(chosen, contents(study, entries))


def contents(study: Study, entries: Mapping[str, Entries]) -> dict[str, Any]:
    """The contents of a study, with those that follow from its metrics.

    Metrics that need the net have numbers of nets whose maps are computed here.
    """
    from lookwhere.metrics import contrasts

    is_computed = any(not net.maps for net in study.nets)
    _, of_passes = by_need(of_study(study, entries)["metrics"])
    names = of_passes if is_computed else []
    own, faithful = study.contents, contrasts.of_metrics(names)
    return {
        **own,
        "metrics_of_passes": names,
        "contrasts": faithful,
        # What is known of methods beside their lift and the verdicts on it.
        "further_evidence": [*study.rivals, *own["cascaded_nets"], *own["reasons"], *faithful],
    }
