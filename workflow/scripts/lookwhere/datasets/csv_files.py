"""Annotations in CSV files."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lookwhere.errors import StudyError


def rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a CSV file with their line numbers: cells of the ``columns``, without spaces.

    The file is UTF-8, with or without a byte order mark, and its first line names the columns.
    Raises StudyError if it can't be read, lacks a column, or has a row with an empty cell.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            header = [name.strip() for name in reader.fieldnames or []]
            missing = [repr(name) for name in columns if name not in header]
            if missing:
                raise StudyError(
                    f"{str(path)!r} has no column {', '.join(missing)}: its first line is "
                    f"{','.join(header)[:80]!r}, but should name the columns "
                    f"{','.join(columns)!r}, separated by commas"
                )
            reader.fieldnames = header
            for row in reader:
                cells = {name: (row[name] or "").strip() for name in columns}
                empty = [name for name, cell in cells.items() if not cell]
                if empty:
                    raise StudyError(
                        f"line {reader.line_num} of {str(path)!r} has no {empty[0]}: complete or "
                        "remove it"
                    )
                yield reader.line_num, cells
    except UnicodeDecodeError:
        raise StudyError(f"{str(path)!r} is not in UTF-8: save it as UTF-8") from None
    except (OSError, csv.Error) as error:
        raise StudyError(f"{str(path)!r} can't be read ({error}): replace it") from None
