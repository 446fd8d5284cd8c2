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

    It has all controls and metrics unless it lists some, and always the first metric.
    """
    from lookwhere.metrics.registry import FIRST_METRIC

    names = {
        "methods": study.methods,
        "controls": study.controls or entries["controls"],
        "metrics": dict.fromkeys([FIRST_METRIC, *(study.metrics or entries["metrics"])]),
    }
    return {kind: {name: entries[kind][name] for name in names[kind]} for kind in names}


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
    return outputs.of_study(entries["tables"], study.contents)


def figures_of(study: Study, entries: Mapping[str, Entries]) -> dict[str, outputs.Output]:
    """The charts of a study, by figure: all of the library unless it lists some."""
    return outputs.of_study(outputs.chosen(entries["charts"], study.charts), study.contents)
