"""The means of another study, for comparison: a table with the columns method and mean."""

import csv
from io import StringIO
from math import isfinite
from pathlib import Path

from lookwhere.errors import StudyError, hint
from lookwhere.methods.names import ALL_LABELS

BY_LABEL = {label.casefold(): name for name, label in ALL_LABELS.items()}


def read(path: Path) -> dict[str, float]:
    """Read the mean by method of a csv file in UTF-8, which has methods by name or by label.

    Raises StudyError that names the first invalid row.
    """
    what = f"reference: {str(path)!r}"
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise StudyError(f"{what} is not text in UTF-8: save it as such") from None
    except OSError as error:
        raise StudyError(f"{what} can't be read ({error.strerror})") from None
    try:
        return _means(what, csv.DictReader(StringIO(text), skipinitialspace=True))
    except csv.Error as error:
        raise StudyError(f"{what} is not a csv table ({error})") from None


def _means(what: str, rows: "csv.DictReader[str]") -> dict[str, float]:
    columns = [name.strip() for name in rows.fieldnames or []]
    if not {"method", "mean"} <= set(columns):
        raise StudyError(f"{what} has the columns {columns}; give method and mean")
    rows.fieldnames = columns
    means: dict[str, float] = {}
    for row in rows:
        method, mean = _method(row["method"] or ""), row["mean"] or ""
        where = f"{what}, line {rows.line_num}"
        if method is None:
            raise StudyError(
                f"{where}: {row['method']!r} is not a method; {hint(row['method'], ALL_LABELS)} "
                "Or leave the row out"
            )
        if method in means:
            raise StudyError(f"{where}: {method!r} is listed twice; keep one row")
        try:
            means[method] = float(mean)
        except ValueError:
            raise StudyError(f"{where}: the mean {mean!r} is not a number, such as 0.47") from None
        if not isfinite(means[method]):
            raise StudyError(f"{where}: the mean {mean!r} is not finite")
    return means


def _method(text: str) -> str | None:
    text = text.strip()
    return text if text in ALL_LABELS else BY_LABEL.get(text.casefold())
