"""Tables as files: the same rows in every format, exact as csv and in words elsewhere."""

import re
from html import unescape
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from concentration import escapes, tables
from concentration.differences import differences
from concentration.methods import ALL_LABELS
from concentration.summaries import compare, summarise, summarise_measures

from .studies import UNTRAINED, fabricate

RECORDS = fabricate()
REFERENCE = {"grad_cam": 0.277}
MADE = {
    "by net": summarise(RECORDS, ["net", "method"]),
    "with a reference": compare(summarise(RECORDS), REFERENCE),
    "differences": differences(RECORDS, ["class"], UNTRAINED),
    "measures": summarise_measures(RECORDS),
}


@pytest.fixture(params=MADE.values(), ids=MADE.keys())
def table(request):
    return request.param


@pytest.fixture
def written(table, tmp_path):
    """The texts of the table, by format."""
    tables.write(table, tmp_path / "table", "A <title> & more")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        f"table.{suffix}" for suffix in tables.FORMATS
    )
    return {suffix: (tmp_path / f"table.{suffix}").read_text() for suffix in tables.FORMATS}


def cells(text: str, suffix: str) -> list[list[str]]:
    """The entries of every row of md or tex, headings first."""
    cell, end = {"md": ("|", "|"), "tex": ("&", r"\\")}[suffix]
    rows = [line.strip() for line in text.splitlines() if cell in line and ":-" not in line]
    rows = [row for row in rows if "--:" not in row and not row.startswith("%")]
    heads = rows.count(rows[0])  # a long table says its headings again on every page
    rows = [rows[0], *(row for row in rows if row != rows[0])]
    assert heads <= 2
    split = [row.removesuffix(end).strip("|").split(cell) for row in rows]
    return [[entry.strip().replace("\\", "") for entry in row] for row in split]


def test_csv_holds_the_exact_numbers(table, written):
    read = pd.read_csv(StringIO(written["csv"]))
    read = read.fillna({"reasons": ""})
    pd.testing.assert_frame_equal(
        read, table.reset_index(drop=True), rtol=0, atol=0, check_dtype=False
    )


@pytest.mark.parametrize("suffix", ["md", "tex"])
def test_readable_tables_hold_the_same_rows_in_words(table, written, suffix):
    headings, *rows = cells(written[suffix], suffix)
    assert ("other" in headings) == ("other" in table)
    assert len(rows) == len(table)
    assert not any("_" in heading for heading in headings)
    for line, row in zip(rows, table.to_dict("records"), strict=True):
        told = dict(zip(headings, line, strict=True))
        assert told["method"] == ALL_LABELS[row["method"]]
        if "other" in row:
            assert told["other"] == ALL_LABELS.get(row["other"], row["other"])
        for name in ("mean", "difference"):
            if name in row:
                number = "-" if np.isnan(row[name]) else f"{row[name]:.3f}"
                assert told[name] == number
        value = row.get("mean", row.get("difference"))
        if "low" in row and not np.isnan(value):
            assert told["95 % interval"] == f"[{row['low']:.3f}, {row['high']:.3f}]"
        if "records" in row:
            assert told["records"] == str(row["records"])
        if "lift" in row:
            low, high = row["lift_low"], row["lift_high"]
            assert told["95 % interval of lift"] == f"[{low:.2f}, {high:.2f}]"


def test_page_holds_what_markdown_holds(written):
    page = written["html"]
    rows = cells(written["md"], "md")
    body = page[page.index("<table") :]
    for row in rows:
        for entry in row:
            assert entry.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in body
    assert body.count("<tr") == len(rows)
    assert "A &lt;title&gt; &amp; more" in page
    assert "http" not in page


def test_small_p_values_are_told_as_small():
    table = pd.DataFrame({"p": [0.2, 0.0004, np.nan], "p_holm": [1.0, 0.001, np.nan]})
    shown, numeric = tables.readable(table)
    assert numeric == [True, True]
    assert shown["p"].tolist() == ["0.200", "< 0.001", "-"]
    assert shown["p holm"].tolist() == ["1.000", "0.001", "-"]


def test_an_empty_table_keeps_its_headings(tmp_path):
    tables.write(pd.DataFrame(columns=["net", "records"]), tmp_path / "table", "Nothing")
    for suffix in tables.FORMATS:
        text = (tmp_path / f"table.{suffix}").read_text()
        assert "records" in text
        assert (tables.NOTHING in text) == (suffix != "csv")


def test_numbers_end_flush_and_words_begin_flush(tmp_path):
    table = pd.DataFrame({"net": ["vgg19"], "mean": [0.5], "low": [0.4], "high": [0.6]})
    tables.write(table, tmp_path / "table", "Means")
    markdown, tex, page = ((tmp_path / f"table.{s}").read_text() for s in ("md", "tex", "html"))
    assert markdown.splitlines()[1].replace("-", "") == "|:|:|:|"
    assert [cell[-1] for cell in markdown.splitlines()[1].strip("|").split("|")] == ["-", ":", ":"]
    assert "{lrr}" in tex
    assert ":is(th, td):nth-child(2), :is(th, td):nth-child(3) { text-align: right; }" in page


@pytest.mark.parametrize(("rows", "long"), [(40, False), (41, True)])
def test_latex_breaks_long_tables_over_pages_and_says_what_it_needs(tmp_path, rows, long):
    tables.write(pd.DataFrame({"net": ["vgg19"] * rows}), tmp_path / "table", "Nets")
    first, tex = (tmp_path / "table.tex").read_text().split("\n", 1)
    assert first.startswith("% needs the LaTeX package")
    assert ("longtable" in first) == long
    assert (r"\begin{longtable}" in tex) == long


def test_reasons_are_left_out_where_there_are_none():
    table = pd.DataFrame({"net": ["vgg19"], "reasons": [""]})
    assert list(tables.readable(table)[0]) == ["net"]
    table = pd.DataFrame({"net": ["vgg19", "b"], "reasons": ["", "1 zero_energy"]})
    assert list(tables.readable(table)[0]) == ["net", "reasons"]


def test_names_do_not_end_a_cell(tmp_path):
    name = "a|b & c_d % <e>"
    tables.write(pd.DataFrame({"class": [name], "mean": [0.5]}), tmp_path / "table", "Means")
    text = {s: (tmp_path / f"table.{s}").read_text() for s in tables.FORMATS}
    assert r"a\|b & c_d % \<e\>" in text["md"]
    assert r"a\textbar{}b \& c\_d \% \textless{}e\textgreater{} & 0.500" in text["tex"]
    assert "a|b &amp; c_d % &lt;e&gt;" in text["html"]


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "link": "[x](javascript:alert(1))",
    "bare link": "http://a.b and www.c.d",
    "line breaks": "a\n\n# b\r\nc\rd\u2028e\x0bf",
    "a row's end": "a | b \\\\ c & d",
    "an option of the line break": "[5cm] a",
    "a star": "* a",
    "LaTeX": r"\input{/etc/passwd} $x$ %",
    "emphasis": "_a_ *b* `c`",
    "entity": "&lt; &#60;",
    "control": "a\x1b[2Jb\x00c",
    "right to left": "a\u202eb",
}
HARMLESS = ["traffic light", "squeezenet1_1_random", "信号 / ランプ", "vgg19-v2.1", "50 cents"]


def first_cells(page: str) -> list[str]:
    """What a browser shows in the first cell of each row of a page's table."""
    return [unescape(cell) for cell in re.findall(r"<tr>\s*<td[^>]*>([^<]*)</td>", page)]


@pytest.mark.parametrize("name", [*HOSTILE.values(), *HARMLESS], ids=[*HOSTILE, *HARMLESS])
def test_a_name_stays_text_in_every_format(name, tmp_path):
    frame = pd.DataFrame({"class": [name, "next"], "mean": [0.5, 0.25]})
    tables.write(frame, tmp_path / "table", "Means")
    text = {s: (tmp_path / f"table.{s}").read_text("utf-8") for s in tables.FORMATS}
    assert pd.read_csv(tmp_path / "table.csv", keep_default_na=False).equals(frame)
    shown = escapes.one_line(name).strip()
    github = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    assert first_cells(github.render(text["md"])) == [shown, "next"]
    assert first_cells(text["html"])[0].split() == shown.split()
    rows = text["tex"].split("\\midrule\n")[1].split("\\bottomrule")[0].splitlines()
    assert len(rows) == 2  # one line each, of two cells
    assert len(re.split(r"(?<!\\)&", rows[0])) == 2
    assert rows[0].endswith(r" & 0.500 \\")
    assert not rows[0].startswith(("[", "*"))
    commands = set(re.findall(r"\\([a-zA-Z]+)", rows[0]))
    assert commands <= {"textbackslash", "textbar", "textless", "textgreater", "textasciitilde"}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_name_is_written_as_it_is(name):
    assert escapes.markdown(name) == name
