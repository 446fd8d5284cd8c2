"""The metrics: each is an entry, and its name exists once.

An entry is a function of a map, or of a map and a region, or of a map and the passes of a net, with
its label, bounds and level of chance: columns, checks of the records, tables, figures and the
gallery follow from it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf, isinf
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookwhere import declarations
from lookwhere.declarations import Declaration
from lookwhere.errors import NotFiniteError, StudyError, is_out_of_memory
from lookwhere.metrics import columns

if TYPE_CHECKING:
    from lookwhere.datasets.regions import Region
    from lookwhere.methods.passes import Passes
    from lookwhere.metrics.saliency import Saliency

    Measure = Callable[..., float | None]

# The metric of every study, on which its methods are compared.
FIRST_METRIC = "concentration"

# Arguments of a metric: the map, and the region of the sample at its size, or passes of the net.
MAP, REGION, PASSES = "map", "region", "passes"
NEEDS = ((MAP, REGION), (MAP,), (MAP, PASSES))


@dataclass(frozen=True)
class Metric:
    """A number for a map, for a map and a region, or for a map and a net."""

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
    packages: Sequence[str] = (),
) -> "Callable[[Measure], Measure]":
    """Declare the function below as a metric.

    All arguments are literals: they are read without running the file.

    Parameters
    ----------
    name, label
        Its name in code and as a column; and in print.
    needs
        The arguments of the function, in this order: ``map``, a ``Saliency``; and ``region``, a
        ``Region`` of the same height and width, or ``passes``, the ``Passes`` of the net on changed
        versions of the image. A study has metrics that need passes only where it lists them. Where
        the net's outputs are not finite, they have no value.
    bounds
        The lowest and the highest value; None where there is none.
    better
        ``higher`` or ``lower``.
    chance
        What an uninformative map scores on average, as a column of the records: ``mask_fraction``
        or ``box_fraction``. A metric without one has no lift.
    cite
        The key of its paper in ``docs/references.bib``.
    packages
        What the function imports that the workflow does not install, by the names of pip and
        ``import``: a study that lists the metric is refused where one is missing.

    Notes
    -----
    The function is called for maps that are finite and have energy, on masks that are not empty. It
    returns None where it has no value. Its keyword-only arguments have defaults, which are used.
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


def needs_passes(options: Mapping[str, Any]) -> bool:
    """Whether a metric of these options of its declaration needs passes of a net."""
    return PASSES in (options.get("needs") or ())


def of_maps(names: Iterable[str]) -> list[str]:
    """The metrics among ``names`` that need no net."""
    return [name for name in names if PASSES not in METRICS[name].needs]


def of_passes(names: Iterable[str]) -> list[str]:
    """The metrics among ``names`` that need passes of a net."""
    return [name for name in names if PASSES in METRICS[name].needs]


def lacking(metric: Metric) -> str | None:
    """What a metric needs and is not installed, with the way out: ``metric infidelity needs ...``.

    None if nothing is missing.
    """
    names = [name for name in metric.entry.options.get("packages", ()) if not find_spec(name)]
    if not names:
        return None
    verb = "are" if len(names) > 1 else "is"
    return (
        f"metric {metric.name} needs {' and '.join(names)}, which {verb} not installed: "
        f"pip install {' '.join(names)}"
    )


def measure(
    metric: Metric, saliency: "Saliency", other: "Region | Passes | None" = None
) -> float | None:
    """The value of a metric for a map; None where it has none, or an output is not finite.

    ``other`` is what it needs beside the map: the region at its size, or the passes of the net.
    Raises StudyError if the function fails, or returns something else than a number in its bounds.
    """
    arguments = {MAP: saliency, REGION: other, PASSES: other}
    function = declarations.load(metric.entry)
    try:
        value = function(*(arguments[need] for need in metric.needs))
    except NotFiniteError:
        return None  # the net's, not the metric's fault
    except StudyError:
        raise  # it states the way out
    except Exception as error:
        if is_out_of_memory(error):
            raise
        if missing := lacking(metric):
            raise StudyError(missing) from None
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
    allowed = [set(arguments) for arguments in NEEDS]
    if not isinstance(needs, tuple | list) or set(needs) not in allowed:
        ways = ", ".join(map(str, NEEDS[:-1]))
        raise _fault(entry, "needs", needs, f"{ways} or {NEEDS[-1]} is allowed")
    if better not in ("higher", "lower"):
        raise _fault(entry, "better", better, "'higher' or 'lower' is allowed")
    packages = options.get("packages", ())
    if not isinstance(packages, tuple | list) or not all(map(_is_module, packages)):
        raise _fault(entry, "packages", packages, "give a tuple of names, such as ('captum',)")
    if chance is not None and chance not in columns.CHANCE:
        ways = " or ".join(map(repr, columns.CHANCE))
        raise _fault(entry, "chance", chance, f"{ways} is allowed, or none at all")
    bounds = _bounds(options.get("bounds"))
    if bounds is None:
        way = "give the lowest and the highest value as literals, None where there is none"
        raise _fault(entry, "bounds", options.get("bounds"), way)
    return Metric(entry.name, entry.label, tuple(needs), bounds, chance, better, entry)


def _is_module(name: Any) -> bool:
    return isinstance(name, str) and name.isidentifier()


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
