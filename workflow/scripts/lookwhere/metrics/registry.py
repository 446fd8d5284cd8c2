"""The metrics: each is an entry, and its name exists once.

An entry is a function of a map and a region with its label, bounds and level of chance: columns,
checks of the records, tables, figures and the gallery follow from it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, isinf
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookwhere import declarations
from lookwhere.declarations import Declaration
from lookwhere.errors import StudyError, is_out_of_memory
from lookwhere.metrics import columns

if TYPE_CHECKING:
    from lookwhere.datasets.regions import Region
    from lookwhere.metrics.saliency import Saliency

    Measure = Callable[..., float | None]

# The metric of every study, on which its methods are compared.
FIRST_METRIC = "concentration"

# Arguments of a metric: the map, and the region of the sample at its size.
MAP, REGION = "map", "region"


@dataclass(frozen=True)
class Metric:
    """A number for a map, or for a map and a region."""

    name: str  # in code, and as a column
    label: str  # in print
    needs: tuple[str, ...]
    bounds: tuple[float, float]
    chance: str | None
    better: str
    entry: Declaration


def metric(
    name: str,
    label: str,
    *,
    needs: Sequence[str],
    bounds: tuple[float | None, float | None],
    better: str,
    chance: str | None = None,
    cite: str | None = None,
) -> "Callable[[Measure], Measure]":
    """Declare the function below as a metric.

    All arguments are literals: they are read without running the file.

    Parameters
    ----------
    name, label
        Its name in code and as a column; and in print.
    needs
        The arguments of the function, in this order: ``map``, a ``Saliency``, and ``region``, a
        ``Region`` of the same height and width.
    bounds
        The lowest and the highest value; None where there is none.
    better
        ``higher`` or ``lower``.
    chance
        What an uninformative map scores on average, as a column of the records: ``mask_fraction``
        or ``box_fraction``. A metric without one has no lift.
    cite
        The key of its paper in ``docs/references.bib``.

    Notes
    -----
    The function is called for maps that are finite and have energy, on masks that are not empty. It
    returns None where it has no value.
    """
    return lambda function: function


def entries() -> dict[str, Metric]:
    """The metrics of the library and of the user's files, by name, concentration first.

    Raises StudyError for a declaration that can't be used.
    """
    declared = declarations.declared("metric", Path(__file__).parent)
    names = sorted(declared, key=lambda name: name != FIRST_METRIC)
    return {name: _metric(declared[name]) for name in names}


def of_records(columns: Iterable[str]) -> list[str]:
    """The metrics among the ``columns`` of records: in the study's order, the first one first."""
    return [name for name in columns if name in METRICS]


def measure(metric: Metric, saliency: "Saliency", region: "Region") -> float | None:
    """The value of a metric for a map and the region at its size; None where it has none.

    Raises StudyError if the function fails, or returns something else than a number in its bounds.
    """
    arguments = {MAP: saliency, REGION: region}
    function = declarations.load(metric.entry)
    try:
        value = function(*(arguments[need] for need in metric.needs))
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise StudyError(
            f"metric {metric.name!r} fails ({type(error).__name__}: {error}): fix "
            f"{metric.entry.function!r} in {str(metric.entry.file)!r}"
        ) from error
    low, high = metric.bounds
    if value is None:
        return None
    if not isinstance(value, Real) or not low <= (number := float(value)) <= high or isinf(number):
        raise StudyError(
            f"metric {metric.name!r} returned {value!r}, no number in [{low:g}, {high:g}]: fix "
            f"{metric.entry.function!r} in {str(metric.entry.file)!r}, or its bounds; it may "
            "return None where it has no value"
        )
    return number


def _metric(entry: Declaration) -> Metric:
    if entry.name in columns.RESERVED:
        raise _fault(entry, "name", entry.name, "a column of the records; give another")
    options = entry.options
    needs, better, chance = (options.get(key) for key in ("needs", "better", "chance"))
    if not isinstance(needs, tuple | list) or not set(needs) <= {MAP, REGION} or MAP not in needs:
        raise _fault(entry, "needs", needs, f"({MAP!r}, {REGION!r}) or ({MAP!r},) is allowed")
    if better not in ("higher", "lower"):
        raise _fault(entry, "better", better, "'higher' or 'lower' is allowed")
    if chance is not None and chance not in columns.CHANCE:
        ways = " or ".join(map(repr, columns.CHANCE))
        raise _fault(entry, "chance", chance, f"{ways} is allowed, or none at all")
    bounds = _bounds(options.get("bounds"))
    if bounds is None:
        way = "give the lowest and the highest value as literals, None where there is none"
        raise _fault(entry, "bounds", options.get("bounds"), way)
    return Metric(entry.name, entry.label, tuple(needs), bounds, chance, better, entry)


def _bounds(bounds: Any) -> tuple[float, float] | None:
    """The lowest and the highest value, which may be infinite; None if ``bounds`` is invalid."""
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        return None
    if not all(value is None or isinstance(value, Real) for value in bounds):
        return None
    low, high = bounds
    ends = -inf if low is None else float(low), inf if high is None else float(high)
    return ends if ends[0] < ends[1] else None


def _fault(entry: Declaration, key: str, value: Any, way: str) -> StudyError:
    return StudyError(f"metric {entry.name!r} of {str(entry.file)!r}: {key} is {value!r}; {way}")


METRICS = entries()
