"""Tables as files: exact numbers as csv, readable ones as Markdown, LaTeX and HTML."""

from collections.abc import Collection, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from lookwhere.io import results
from lookwhere.io.atomic import atomic_file
from lookwhere.report import escapes, latex, readable
from lookwhere.report.readable import Column
from lookwhere.statistics.strata import mostly_undefined

FORMATS = ("csv", "md", "tex", "html")

NOTHING = "Nothing to list."

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
{body}
</html>
"""
STYLE = """\
:root { color-scheme: light dark; --page: #fff; --ink: #222; --line: #ccc; }
@media (prefers-color-scheme: dark) {
  :root { --page: #17191c; --ink: #dfe1e4; --line: #4a4e55; }
}
body {
  margin: .5rem; font: 13px/1.4 system-ui, sans-serif;
  color: var(--ink); background: var(--page);
}
h1, caption { margin: 0; padding: .2rem .4rem .5rem; font-size: 15px; font-weight: 600; }
caption { text-align: left; }
caption span, th span { position: sticky; left: .4rem; }
main { display: flex; flex-direction: column; max-height: calc(100dvh - 1rem); }
main div { overflow: auto; }
main p { max-width: 45rem; margin: .5rem .4rem; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: .12rem .4rem; white-space: nowrap; font-weight: 400; text-align: left; }
.number { text-align: right; }
/* Sticky: the headings, the group's heading below them, and the first column. */
thead th, th:first-child { position: sticky; background: var(--page); }
thead th { top: 0; z-index: 2; height: 1.3rem; font-weight: 600; border-bottom: 1px solid; }
th:first-child { left: 0; }
thead th:first-child { z-index: 3; }
th[scope=rowgroup] { top: calc(1.54rem + 1px); z-index: 1; font-style: italic; }
tbody + tbody th[scope=rowgroup] { border-top: 1px solid var(--line); }
@media (max-height: 34rem) { main { max-height: none; } main div { max-height: 90dvh; } }
@media print { main { max-height: none; } main div { overflow: visible; } }
"""

PARTIAL = "*: more than a fifth of the records are undefined; the mean is of the others."


def write(
    table: pd.DataFrame,
    stem: Path,
    title: str,
    note: str = "",
    caption: str = "",
    *,
    hide: Collection[str] = (),
    show: Collection[str] = (),
) -> None:
    """Write the table as ``stem`` with every suffix of FORMATS.

    Parameters
    ----------
    table
        One row a group. The csv holds it as it is.
    stem
        The path of the files, without a suffix.
    title
        Heads the page, and is a comment in LaTeX.
    note
        A sentence or two in plain text below the table.
    caption
        Explains the columns, in plain text: below the note on the page, which the report shows.
    hide, show
        Columns that the readable forms leave out, and columns that they leave out by default but
        not here: see ``readable.columns``.
    """
    columns = readable.columns(table, hide, show)
    if "mean" in table and any(mostly_undefined(table)):
        note = f"{note} {PARTIAL}".strip()
    texts = {
        "csv": results.csv_text(table),
        "md": _markdown(columns, "" if len(table) else NOTHING, note),
        "tex": latex.text(columns, title, note, NOTHING),
        "html": _page(columns, title, "" if len(table) else NOTHING, note, caption),
    }
    for suffix, text in texts.items():
        with atomic_file(f"{stem}.{suffix}") as draft:
            draft.write_text(text, "utf-8")


def page(title: str, body: str) -> str:
    """A page with the HTML ``body`` below its title."""
    return _document(title, f"<h1>{escape(title)}</h1>\n{body}")


def _document(title: str, body: str) -> str:
    return PAGE.format(title=escape(title), style=STYLE, body=body)


def _markdown(columns: Sequence[Column], *paragraphs: str) -> str:
    cells = {c.heading: c.cells if c.numeric else map(escapes.markdown, c.cells) for c in columns}
    sides = ["right" if column.numeric else "left" for column in columns]
    frame = pd.DataFrame({heading: list(texts) for heading, texts in cells.items()})
    text = frame.to_markdown(index=False, disable_numparse=True, colalign=sides or None)
    below = [escapes.markdown(paragraph) for paragraph in paragraphs if paragraph]
    return "\n\n".join([text, *below]) + "\n"


def _page(columns: Sequence[Column], title: str, *paragraphs: str) -> str:
    """A page of the table alone, which scrolls below its headings."""
    depth = readable.grouping(columns)
    visible, keys = columns[depth:], readable.keys(columns) - depth
    heads = [_cell("th", c.heading, c.numeric, scope="col") for c in visible]
    lines = [
        '<main><div role="region" aria-labelledby="title" tabindex="0"><table>',
        f'<caption><span id="title">{escape(title)}</span></caption>',
        f"<thead><tr>{''.join(heads)}</tr></thead>",
    ]
    for group, rows in readable.groups(columns, depth):
        lines.append("<tbody>")
        if depth:
            names = escape(readable.group_name(columns, group))
            lines.append(
                f'<tr><th scope="rowgroup" colspan="{len(visible)}"><span>{names}</span></th></tr>'
            )
        for row in rows:
            cells = [_cell("th", c.cells[row], c.numeric, scope="row") for c in visible[:keys]]
            cells += [_cell("td", c.cells[row], c.numeric) for c in visible[keys:]]
            lines.append(f"<tr>{''.join(cells)}</tr>")
        lines.append("</tbody>")
    lines += [
        "</table></div>",
        *(f"<p>{escape(escapes.one_line(text))}</p>" for text in paragraphs if text),
        "</main>",
    ]
    return _document(title, "\n".join(lines))


def _cell(kind: str, text: str, numeric: bool, scope: str = "") -> str:
    scoped = f' scope="{scope}"' if scope else ""
    side = ' class="number"' if numeric else ""
    content = escape(_typeset(text) if numeric else text)
    return f"<{kind}{scoped}{side}>{content}</{kind}>"


def _typeset(number: str) -> str:
    """The number with a minus sign, or an en dash for an undefined one."""
    return "\N{EN DASH}" if number == readable.NONE else number.replace("-", "\N{MINUS SIGN}")
