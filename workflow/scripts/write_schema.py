"""Write the schema of study files, and the README's table of keys: make schema."""

from collections.abc import Collection

from lookwhere.charts import registry as charts
from lookwhere.methods.names import CONTROLS, METHODS
from lookwhere.metrics.registry import METRICS
from lookwhere.study import documents


def known() -> dict[str, Collection[str]]:
    """The names that the library declares, by the key that lists them."""
    return {
        "methods": METHODS,
        "metrics": METRICS,
        "controls": CONTROLS,
        "charts": charts.entries(),
    }


if __name__ == "__main__":
    documents.main(documents.ROOT, known())
