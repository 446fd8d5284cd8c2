r"""A table as LaTeX for a paper, as wide as the text of a one-column ``article`` at most.

Widths are in em of Computer Modern, in which a digit is half an em at every size. The text of
``article`` is 40.5 em of \footnotesize wide at 10 points, 38.9 at 11 and 39.0 at 12.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font

from lookwhere.report import escapes, readable
from lookwhere.report.readable import Column

TEXT = 38.5
GAPS = (0.7, 1.6)  # the least and the most space between columns
LEAST = 4  # the least width of a column of text
LINES = 40  # a longer table breaks over pages
# Columns that are dropped where the table is too wide, in this order. The csv has them.
SPARE = (
    *("chi_square", "reasons", "p", "lift_low", "mask_fraction", "lowest_net", "effect_size"),
    *("lift", "negligible", "classes", "images", "pairs", "within_low"),
)
HEADINGS = {
    "undefined": "undef.",
    "negligible": "negl.",
    "mask_fraction": "mask\nfraction",
    "reference_mean": "reference\nmean",
    "difference": "diff.",
    "within": "like\nwith like",
    "effect_size": "effect\nsize",
    "critical_difference": "critical\ndiff.",
    **{low: "95 % CI" for low, _, _ in readable.INTERVALS.values()},
    "lowest_net": "range of nets",
}
# The bottom rule of booktabs, without a page break behind it.
LAST_RULE = r"\noalign{\vskip\aboverulesep\hrule height\heavyrulewidth\nobreak}"
NUMBERS = {"-": "$-$", "<": "$<$"}
UNMEASURED = re.compile(r"[^ -~]|[-<>_\\{}|]")  # where the measured font has other glyphs

_FONT = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "cmr10.ttf")))
_FONT.set_size(100, 72)


@dataclass(frozen=True)
class Layout:
    """Columns that fit, the gap between two of them, and the total width."""

    columns: Sequence[Column]
    gap: float
    width: float


def text(columns: Sequence[Column], title: str, note: str, nothing: str) -> str:
    """The columns as a ``tabular`` or ``longtable``; the title is a comment, the note a last row.

    Columns that group the rows become a line above each group, which saves width. Columns without
    room, as of a matrix of many methods, follow in further tables, with the same first ones.
    """
    depth = readable.grouping(columns)
    layouts, dropped = _fit(columns[depth:])
    notes = [*[""] * (len(layouts) - 1), note]  # below the last
    parts = zip(layouts, notes, strict=True)
    table = "\n\\par\\medskip\n".join(_part(columns, depth, *part, nothing) for part in parts)
    lines = [
        *_comments(title, dropped, "{longtable}" in table),
        *_scripts(table),
        r"\begingroup\footnotesize",
        table,
        r"\endgroup",
    ]
    return "\n".join(lines) + "\n"


def _part(columns: Sequence[Column], depth: int, layout: Layout, note: str, nothing: str) -> str:
    """The table of the columns of a ``layout``."""
    body = list(_body(columns, depth, layout)) or [_across(layout, nothing)]
    below = _note(layout, note)
    head = [r"\toprule", _row(_heads(layout.columns)), r"\midrule"]
    if sum(row.count(r"\\") for row in body) > LINES:
        kind = "longtable"
        # The end is no \endlastfoot, above which a page may lack its head; it stays with a row.
        every_page = [r"\endhead", r"\bottomrule", r"\endfoot", r"\endlastfoot"]
        rows = [*head, *every_page, *body[:-1], f"{body[-1]}*", LAST_RULE, *below]
    else:
        kind = "tabular"
        rows = [*head, *body, r"\bottomrule", *below]
    lines = [
        rf"\setlength{{\tabcolsep}}{{{layout.gap / 2:.2f}em}}%",
        rf"\begin{{{kind}}}{{@{{}}{''.join(map(_side, layout.columns))}@{{}}}}",
        *rows,
        rf"\end{{{kind}}}%",
    ]
    return "\n".join(lines)


def _comments(title: str, dropped: Sequence[Column], long: bool) -> Iterator[str]:
    packages = "packages booktabs and longtable, and one column" if long else "package booktabs"
    yield f"% {escapes.one_line(title)}"
    yield f"% needs the LaTeX {packages}"
    if dropped:
        names = ", ".join(column.heading for column in dropped)
        yield f"% left out, as there is no room; the csv has them: {names}"


def _scripts(text: str) -> list[str]:
    """A comment where there are letters beyond Latin, at which pdfLaTeX stops."""
    latin = max(text) < "\u0180"
    return [] if latin else ["% needs XeLaTeX or LuaLaTeX, and a font that has all letters"]


def _heads(columns: Iterable[Column]) -> Iterator[str]:
    for column in columns:
        yield _stacked(_heading(column).split("\n"), _side(column), "b")


def _body(columns: Sequence[Column], depth: int, layout: Layout) -> Iterator[str]:
    for number, (group, rows) in enumerate(readable.groups(columns, depth)):
        if depth:
            space = r"\addlinespace " if number else ""
            name = _stacked(_lines(readable.group_name(columns, group), TEXT))
            head = _across(layout, rf"\itshape {name}")
            yield f"{space}{head}*"  # *: no page break behind it
        for row in rows:
            yield _row(_cell(column, row) for column in layout.columns)


def _note(layout: Layout, note: str) -> list[str]:
    words = escapes.latex(note).replace(r" \%", r"~\%")
    strut = r"\rule{0pt}{3ex}"  # room below the rule
    return (
        [_across(layout, rf"\raggedright{strut}{words}", f"p{{{layout.width:.1f}em}}")]
        if note
        else []
    )


def _row(cells: Iterable[str]) -> str:
    return escapes.latex_row_start(" & ".join(cells)) + r" \\"


def _across(layout: Layout, content: str, side: str = "l") -> str:
    return rf"\multicolumn{{{len(layout.columns)}}}{{@{{}}{side}@{{}}}}{{{content}}} \\"


def _side(column: Column) -> str:
    return "r" if column.numeric else "l"


def _heading(column: Column) -> str:
    return HEADINGS.get(column.name, column.heading)


def _cell(column: Column, row: int) -> str:
    cell = column.cells[row]
    if cell == readable.NONE:
        return "--"
    if column.numeric:
        return "".join(NUMBERS.get(sign, sign) for sign in cell)
    return _stacked(cell.split("\n"))


def _stacked(lines: Sequence[str], side: str = "l", at: str = "t") -> str:
    """The lines one below another in a cell whose row runs through the first (t) or last (b)."""
    if len(lines) == 1:
        return escapes.latex(lines[0])
    rows = r" \\ ".join(escapes.latex_row_start(escapes.latex(line)) for line in lines)
    return rf"\begin{{tabular}}[{at}]{{@{{}}{side}@{{}}}}{rows}\end{{tabular}}"


def _fit(columns: Sequence[Column]) -> tuple[list[Layout], list[Column]]:
    """The columns that fit, and those that are dropped; names break, and then the table does."""
    remaining, dropped = list(columns), []
    for name in SPARE:
        if _least_width(remaining) > TEXT:
            dropped += [column for column in remaining if column.name == name]
            remaining = [column for column in remaining if column.name != name]
    if _least_width(remaining) <= TEXT:
        return [_laid_out(remaining)], dropped
    broken = _broken(remaining)
    parts = [broken] if _least_width(broken) <= TEXT else _parts(remaining)
    return [_laid_out(part) for part in parts], dropped


def _laid_out(columns: Sequence[Column]) -> Layout:
    gaps = len(columns) - 1
    widths = sum(map(_column_width, columns))
    gap = min(GAPS[1], max(GAPS[0], (TEXT - widths) / gaps)) if gaps else GAPS[1]
    return Layout(columns, gap, widths + gaps * gap)


def _parts(columns: Sequence[Column]) -> list[Sequence[Column]]:
    """The columns in parts that fit, each with the columns that identify a row."""
    keys = columns[: readable.keys(columns)]
    parts = [list(keys)]
    for column in columns[len(keys) :]:
        if len(parts[-1]) > len(keys) and _least_width([*parts[-1], column]) > TEXT:
            parts.append(list(keys))
        parts[-1].append(column)
    return [_broken(part) if _least_width(part) > TEXT else part for part in parts]


def _broken(columns: Sequence[Column]) -> list[Column]:
    """The columns with text over several lines, so that they fit; the widest break first."""
    broken = list(columns)
    for width in range(int(max(map(_column_width, columns))), LEAST, -1):
        broken = [column if column.numeric else _wrapped(column, width) for column in columns]
        if _least_width(broken) <= TEXT:
            break
    return broken


def _wrapped(column: Column, width: float) -> Column:
    return replace(column, cells=["\n".join(_lines(cell, width)) for cell in column.cells])


class _Wrapper(textwrap.TextWrapper):
    """Breaks names behind -, _, /, . and :, too."""

    wordsep_re = re.compile(r"(\s+|(?<=[-_/.:])(?=[^\W_]))")


@cache
def _lines(text: str, width: float) -> list[str]:
    """The text in lines of at most this width; words break only where they are wider."""
    lines = [text]
    for signs in range(len(text) - 1, 0, -1):
        if max(map(_width, lines)) <= width:
            break
        lines = _Wrapper(signs).wrap(text)
    return lines


def _least_width(columns: Sequence[Column]) -> float:
    return sum(map(_column_width, columns)) + GAPS[0] * (len(columns) - 1)


def _column_width(column: Column) -> float:
    lines = [line for cell in column.cells for line in cell.split("\n")]
    return max(map(_width, [*lines, *_heading(column).split("\n")]))


@cache
def _width(text: str) -> float:
    _FONT.set_text(UNMEASURED.sub("m", text), 0.0)
    return _FONT.get_width_height()[0] / 64 / 100
