"""Tables as files: the same rows in every format, exact as csv and in words elsewhere."""

from io import StringIO

import numpy as np
import pandas as pd
import pytest

from concentration import tables
from concentration.differences import differences
from concentration.methods import ALL_LABELS
from concentration.summaries import compare, summarise, summarise_measures

from .studies import UNTRAINED, fabricate

RECORDS = fabricate()
REFERENCE = pd.DataFrame({"method": ["grad_cam"], "mean": [0.277]})
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
    rows = [line.strip() for line in text.splitlines() if cell in line and "---" not in line]
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
    assert len(rows) == len(table)
    assert not any("_" in heading for heading in headings)
    for line, row in zip(rows, table.to_dict("records"), strict=True):
        told = dict(zip(headings, line, strict=True))
        assert told["method"] == ALL_LABELS[row["method"]]
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
    shown = tables.readable(table)
    assert shown["p"].tolist() == ["0.200", "< 0.001", "-"]
    assert shown["p holm"].tolist() == ["1.000", "0.001", "-"]


def test_an_empty_table_keeps_its_headings(tmp_path):
    tables.write(pd.DataFrame(columns=["net", "records"]), tmp_path / "table", "Nothing")
    for suffix in tables.FORMATS:
        assert "records" in (tmp_path / f"table.{suffix}").read_text()
