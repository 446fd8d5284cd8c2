"""Tables as files: the same rows in every format, exact as csv and readable elsewhere."""

import re
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from lookwhere.methods.names import ALL_LABELS
from lookwhere.metrics.registry import METRICS
from lookwhere.report import escapes, readable, tables
from lookwhere.statistics.paired import differences
from lookwhere.statistics.summary import compare, summarise, summarise_measures

from .studies import fabricate

RECORDS = fabricate()
REFERENCE = {"grad_cam": 0.277}
MADE = {
    "by net": summarise(RECORDS, ["net", "method"]),
    "with a reference": compare(summarise(RECORDS), REFERENCE),
    "differences": differences(RECORDS, ["class"]),
    "measures": summarise_measures(RECORDS),
}


@pytest.fixture(params=MADE.values(), ids=MADE.keys())
def table(request):
    return request.param


def texts(table, folder, *args, **options) -> dict[str, str]:
    """The table as it is written, by format."""
    tables.write(table, folder / "table", *args, **options)
    return {s: (folder / f"table.{s}").read_text("utf-8") for s in tables.FORMATS}


@pytest.fixture
def written(table, tmp_path):
    files = texts(table, tmp_path, "A <title> & more", "A note: 95 % & more.", show=["sum"])
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(f"table.{s}" for s in files)
    return files


def markdown_rows(text: str) -> list[dict[str, str]]:
    """The rows of the table, by heading."""
    lines = [line.strip("|") for line in text.splitlines() if line.startswith("|")]
    headings, _, *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    return [dict(zip(headings, row, strict=True)) for row in rows]


def latex_rows(text: str) -> list[list[str]]:
    """The cells of the rows, with those of the line above their group first."""
    rows, group = [], []
    for line in text.split("\\endlastfoot" if "longtable}" in text else "\\midrule")[
        1
    ].splitlines():
        if r"\multicolumn" in line and r"\rule" not in line:
            names = re.search(r"\\itshape (.*)} \\\\\*", line)[1]
            group = [name.split(": ", 1)[1] for name in names.split(", ")]
        elif " & " in line:
            rows.append([*group, *re.sub(r" \\\\\*?$", "", line).split(" & ")])
    return rows


class Page(HTMLParser):
    """The tables of a page: rows of (element, attributes, text), and the text outside of them."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.captions, self.outside, self._open = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append([tag, dict(attributes), ""])
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, text):
        if {"th", "td"} & set(self._open):
            self.rows[-1][-1][2] += text
        elif "caption" in self._open:
            self.captions.append(text)
        elif "style" not in self._open:
            self.outside.append(text.strip())


def number(value, places):
    return "-" if np.isnan(value) else f"{value:.{places}f}"


def interval(low, high, places):
    return "-" if np.isnan(low) else f"[{low:.{places}f}, {high:.{places}f}]"


def test_csv_holds_the_exact_numbers(table, written):
    read = pd.read_csv(StringIO(written["csv"]))
    read = read.fillna({"reasons": ""})
    pd.testing.assert_frame_equal(
        read, table.reset_index(drop=True), rtol=0, atol=0, check_dtype=False
    )


def test_markdown_holds_every_row_in_words(table, written):
    rows = markdown_rows(written["md"])
    assert len(rows) == len(table)
    assert not any("_" in heading for heading in rows[0])
    for shown, row in zip(rows, table.to_dict("records"), strict=True):
        assert shown["method"] == ALL_LABELS[row["method"]]
        if "other" in row:
            assert shown["other"] == ALL_LABELS.get(row["other"], row["other"])
        if "measure" in row:
            assert shown["measure"] == METRICS[row["measure"]].label
        if "records" in row:
            defined = row["records"] - row["undefined"]
            few = f"{defined} of {row['records']}"
            assert shown["n"] == (few if row["undefined"] else str(row["records"]))
            assert shown["sum"] == number(row["sum"], 2)
        for name in {"mean", "difference"} & set(row):
            partial = name == "mean" and row["undefined"] > 0.2 * row["records"]
            assert shown[name] == number(row[name], 3) + "*" * partial
        assert shown["95 % CI"] == interval(row["low"], row["high"], 3)
        if "lift" in row:
            assert shown["95 % CI of lift"] == interval(row["lift_low"], row["lift_high"], 2)


def test_latex_holds_every_row(table, written):
    rows = latex_rows(written["tex"])
    assert len(rows) == len(table)
    value = "mean" if "mean" in table else "difference"
    for cells, row in zip(rows, table.to_dict("records"), strict=True):
        text = " ".join(cells).replace("$-$", "-").replace(r" \\ ", " ")
        for name in {"net", "method", "other", "class"} & set(row):
            assert ALL_LABELS.get(row[name], row[name]) in text
        if np.isnan(row[value]):
            assert "--" in cells
        else:
            end = interval(row["low"], row["high"], 3)
            assert f"{row[value]:.3f} {end}" in text


def test_page_holds_what_markdown_holds(table, written):
    """A group's names are above its rows, once; every cell has its headings."""
    rows = markdown_rows(written["md"])
    page = Page(written["html"])
    heads, *below = page.rows
    assert {attributes["scope"] for _, attributes, _ in heads} == {"col"}
    shown, group, seen = [], {}, []
    for cells in below:
        scope = cells[0][1]["scope"]
        if scope == "rowgroup":
            group = dict(name.split(": ") for name in cells[0][2].split(", "))
            seen.append(tuple(group.values()))
            assert len(cells) == 1
            assert cells[0][1]["colspan"] == str(len(heads))
        else:
            assert scope == "row"
            texts = [text.replace("\u2212", "-").replace("\u2013", "-") for *_, text in cells]
            shown.append(group | dict(zip([head[2] for head in heads], texts, strict=True)))
    assert shown == [{k: v.replace("\\", "") for k, v in row.items()} for row in rows]
    assert len(seen) == len(set(seen))
    assert bool(seen) == (not {"class", "net", "measure", "other"}.isdisjoint(table))
    assert page.captions == ["A <title> & more"]
    assert "http" not in written["html"]


def test_the_note_stands_below_the_table_and_not_in_the_csv(written):
    note = "A note: 95 % & more."
    assert note not in written["csv"]
    assert written["md"].endswith(f"|\n\n{note}\n")
    assert [text for text in Page(written["html"]).outside if text][-1] == note
    end = written["tex"].index(r"\bottomrule" if "{tabular}%" in written["tex"] else r"\noalign")
    assert r"A note: 95~\% \& more." in written["tex"][end:]
    assert written["tex"].startswith("% A <title> & more\n")


def headings(table, **options):
    return [column.heading for column in readable.columns(table, **options)]


def test_small_p_values_are_shown_as_small():
    table = pd.DataFrame({"p": [0.2, 0.0004, np.nan], "p_holm": [1.0, 0.001, np.nan]})
    p, holm = readable.columns(table)
    assert (p.numeric, holm.numeric) == (True, True)
    assert p.cells == ["0.200", "< 0.001", "-"]
    assert (holm.heading, holm.cells) == ("p (Holm)", ["1.000", "0.001", "-"])


def test_numbers_have_a_real_minus_but_where_a_reader_greps(tmp_path):
    table = pd.DataFrame({"net": ["a-b"], "difference": [-0.5], "low": [-0.6], "high": [-0.0001]})
    text = texts(table, tmp_path, "Differences")
    assert r"a-b & $-$0.500 & [$-$0.600, 0.000] \\" in text["tex"]
    assert "a-b</th>" in text["html"]
    assert "\u22120.500</td>" in text["html"]
    assert "[\u22120.600, 0.000]</td>" in text["html"]
    assert "| a-b   |       -0.500 | [-0.600, 0.000] |" in text["md"]


def test_an_empty_table_keeps_its_headings(tmp_path):
    table = pd.DataFrame(columns=["net", "method", "records", "undefined"])
    text = texts(table, tmp_path, "Nothing")
    assert text["csv"] == "net,method,records,undefined\n"
    for suffix in set(text) - {"csv"}:
        assert re.search(r"net\W.*method\W.*n\b", text[suffix])
        assert tables.NOTHING in text[suffix]
    assert text["tex"].index(tables.NOTHING) < text["tex"].index(r"\bottomrule")


def test_numbers_end_flush_and_words_begin_flush(tmp_path):
    table = pd.DataFrame({"net": ["vgg19"], "mean": [0.5], "low": [0.4], "high": [0.6]})
    text = texts(table, tmp_path, "Means")
    line = text["md"].splitlines()[1].strip("|").split("|")
    assert [cell[-1] for cell in line] == ["-", ":", ":"]
    assert "{@{}lrr@{}}" in text["tex"]
    sides = [[cell[1].get("class") for cell in row] for row in Page(text["html"]).rows]
    assert sides == [[None, "number", "number"]] * 2


@pytest.mark.parametrize(("rows", "long"), [(40, False), (41, True)])
def test_latex_breaks_long_tables_over_pages_and_names_its_packages(tmp_path, rows, long):
    tex = texts(pd.DataFrame({"net": ["vgg19"] * rows}), tmp_path, "Nets")["tex"]
    assert tex.splitlines()[1].startswith("% needs the LaTeX package")
    assert ("longtable" in tex.splitlines()[1]) == long
    assert (r"\begin{longtable}" in tex) == long


@pytest.mark.parametrize(
    ("name", "nothing", "something"),
    [("reasons", "", "1 zero_energy"), ("undefined", 0, 1), ("negligible", 0, 1)],
)
def test_what_is_rare_is_left_out_where_there_is_none(name, nothing, something):
    assert headings(pd.DataFrame({"net": ["a", "b"], name: [nothing] * 2})) == ["net"]
    table = pd.DataFrame({"net": ["a", "b"], name: [nothing, something]})
    assert headings(table) == ["net", name]
    assert readable.columns(table)[1].cells[1] == str(something).replace("_", " ")


def test_counts_of_one_estimate_are_shown_where_some_are_undefined():
    counts = {"auc_records": [60, 60], "ssim_records": [72, 72], "ssim_undefined": [0, 18]}
    table = pd.DataFrame({"net": ["a", "b"], "auc": 0.5, "auc_undefined": 0, "ssim": 0.5, **counts})
    assert headings(table) == ["net", "AUC", "SSIM", "n of SSIM"]
    assert readable.columns(table)[-1].cells == ["72", "54 of 72"]


def test_counts_of_one_estimate_that_are_those_of_the_records_are_not_repeated():
    counts = {"records": [72, 72], "undefined": [0, 18], "ssim": 0.5}
    same = pd.DataFrame(counts | {"ssim_records": [72, 72], "ssim_undefined": [0, 18]})
    assert headings(same) == ["n", "SSIM"]
    assert headings(same.assign(ssim_undefined=[0, 19])) == ["n", "SSIM", "n of SSIM"]


def test_a_caller_hides_columns_and_asks_for_the_sum(tmp_path):
    table = summarise(RECORDS)
    all_but_sum = headings(table)
    place = all_but_sum.index("mean")
    with_sum = [*all_but_sum[:place], "sum", *all_but_sum[place:]]
    assert headings(table, show=["sum"]) == with_sum
    assert headings(table, hide=["reasons", "low"]) == [
        name for name in all_but_sum if name not in ("reasons", "95 % CI")
    ]
    assert headings(table, hide=["lift"]) == all_but_sum[:-2]
    text = texts(table, tmp_path, "Means", hide=["mean", "undefined", "reasons"])
    assert text["csv"] == table.to_csv(index=False)
    assert "mean" not in text["md"] + text["tex"] + text["html"].split("<table>")[1]


def test_every_column_has_words_and_intervals_stand_behind_their_value():
    names = ["pairs", "images", "difference", "low", "high", "effect_size", "p_holm", "classes"]
    names += ["within", "within_low", "within_high", "mask_fraction", "reference_mean"]
    assert headings(pd.DataFrame([range(1, 14)], columns=names)) == [
        *("pairs", "images", "difference", "95 % CI", "effect size", "p (Holm)", "classes"),
        *("difference, like with like", "95 % CI, like with like", "mask fraction"),
        "reference mean",
    ]
    compared = compare(summarise(RECORDS), REFERENCE)  # its interval is the mean's
    assert headings(compared)[-2:] == ["reference mean", "difference"]


def test_a_count_that_is_undefined_elsewhere_is_no_fraction():
    assert readable.columns(pd.DataFrame({"classes": [3, np.nan]}))[0].cells == ["3", "-"]


def test_rows_are_grouped_by_what_repeats():
    def depth(table):
        return readable.grouping(readable.columns(table))

    assert depth(MADE["by net"]) == 1
    assert depth(MADE["differences"]) == 2  # by class and method
    assert depth(MADE["with a reference"]) == 0
    assert depth(pd.DataFrame({"method": ["a", "b"], "size": ["224"] * 2, "other": ["1"] * 2})) == 0
    assert depth(pd.DataFrame({"net": ["a", "a"], "size": ["1", "2"], "n": [1, 2]})) == 1


def test_wins_of_images_and_the_range_of_nets_stand_in_a_column_each(tmp_path):
    pair = {"method": "grad_cam", "other": "cam", "pairs": 80, "images": 39, "ahead": 37}
    pair |= {"behind": 2, "difference": 0.25, "low": 0.2, "high": 0.3}
    table = pd.DataFrame([pair | {"lowest_net": 0.1, "highest_net": 0.4}])
    text = texts(table, tmp_path, "Differences")
    [row] = markdown_rows(text["md"])
    assert row["ahead on"] == "37 of 39"
    assert row["95 % CI"] == "[0.200, 0.300]"
    assert row["range of nets"] == "[0.100, 0.400]"
    assert not {"images", "behind"} & set(row)
    assert "39,37,2" in text["csv"]
    one = table.assign(lowest_net=np.nan, highest_net=np.nan)
    assert "range of nets" not in texts(one, tmp_path, "Differences")["md"]


def test_images_of_ranks_are_counted_of_all(tmp_path):
    table = pd.DataFrame({"method": ["cam"], "rank": [1.5], "images": [35], "of_images": [39]})
    [row] = markdown_rows(texts(table, tmp_path, "Ranks")["md"])
    assert row == {"method": "CAM", "rank": "1.50", "images": "35 of 39"}


def test_a_matrix_without_room_goes_on_in_further_tables(tmp_path):
    """Each has the rows' names and numbers; the note is below the last."""
    count = 23
    cells = {str(n): [f"{row}/39*" for row in range(count)] for n in range(1, count + 1)}
    numbers = list(map(str, range(1, count + 1)))
    names = [f"A method named {n}" for n in range(count)]
    table = pd.DataFrame({"method": names, "number": numbers, **cells})
    text = texts(table, tmp_path, "Wins", "A note.")["tex"]
    parts = text.split(r"\par\medskip")
    assert len(parts) > 1
    heads = [part.split(r"\toprule")[1].split(r" \\")[0].split(" & ") for part in parts]
    assert [column for head in heads for column in head[2:]] == numbers
    for part, head in zip(parts, heads, strict=True):
        assert [name.strip() for name in head[:2]] == ["method", "number"]
        assert part.count(r"\begin{tabular}") == part.count(r"\end{tabular}") == 1
        assert part.count("A method named") == count
        [width] = [len(head) * 0.7 + 11 + 3 * (len(head) - 2)]  # gaps, names and numbers, cells
        assert width < 38.5
    assert ["A note." in part for part in parts] == [False] * (len(parts) - 1) + [True]


def test_latex_leaves_out_columns_without_room_and_names_them(tmp_path):
    table = differences(RECORDS, ["class"]).assign(result="not significant", classes=2)
    inside = {f"within_{end}": table[end] for end in ("low", "high")}
    table = table.assign(within=-table["difference"], **inside)
    text = texts(table, tmp_path, "Differences")
    comment = text["tex"].splitlines()[2]
    assert comment.startswith(
        "% left out, as there is no room; the csv has them: p, range of nets, effect size"
    )
    head = text["tex"].split(r"\midrule")[0].splitlines()[-1]
    for name in ("other", "diff.", "95 ", "p (Holm)", "result", "like"):
        assert name in head
    assert "left out" not in texts(summarise(RECORDS)[["method", "mean"]], tmp_path, "M")["tex"]


def test_long_names_break_at_separators_before_a_table_is_wider_than_the_text(tmp_path):
    name = "a_very_long_name_of_a_net-of/somebody.else" * 3
    tex = texts(pd.DataFrame({"net": [name], "mean": [0.5]}), tmp_path, "Means")["tex"]
    lines = re.search(r"@{}l@{}}(.*)\\end{tabular} & 0.500", tex)[1].split(r" \\ ")
    assert "".join(lines).replace("\\", "") == name
    assert len(lines) > 1
    assert all(re.search(r"[-_/.]$", line) for line in lines[:-1])


@pytest.mark.parametrize(("name", "latin"), [("größer", True), ("信号", False)])
def test_latex_names_the_program_that_its_letters_need(tmp_path, name, latin):
    tex = texts(pd.DataFrame({"class": [name], "mean": [0.5]}), tmp_path, "Means")["tex"]
    assert ("XeLaTeX" not in tex) == latin


def test_names_do_not_end_a_cell(tmp_path):
    name = "a|b & c_d % <e>"
    text = texts(pd.DataFrame({"class": [name], "mean": [0.5]}), tmp_path, "Means")
    assert r"a\|b & c_d % \<e\>" in text["md"]
    assert r"a\textbar{}b \& c\_d \% \textless{}e\textgreater{} & 0.500" in text["tex"]
    assert "a|b &amp; c_d % &lt;e&gt;" in text["html"]


def test_pages_have_a_scope_for_phones_and_dark_rooms(written):
    page = written["html"]
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "@media (prefers-color-scheme: dark)" in page


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
    """What a browser shows in the first cell of each row of a page's table, below the headings."""
    return [row[0][2] for row in Page(page).rows[1:]]


def commands(line: str) -> set[str]:
    return set(re.findall(r"\\([a-zA-Z]+)", line))


@pytest.mark.parametrize("name", [*HOSTILE.values(), *HARMLESS], ids=[*HOSTILE, *HARMLESS])
def test_a_name_stays_text_in_every_format(name, tmp_path):
    frame = pd.DataFrame({"class": [name, "next"], "mean": [0.5, 0.25]})
    text = texts(frame, tmp_path, name, name)
    assert pd.read_csv(tmp_path / "table.csv", keep_default_na=False).equals(frame)
    shown = escapes.one_line(name).strip()
    github = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    assert first_cells(github.render(text["md"])) == [shown, "next"]
    assert first_cells(text["html"])[0].split() == shown.split()
    head, body = text["tex"].split("\\midrule\n")
    rows, note = body.split("\\bottomrule\n")
    rows = rows.splitlines()
    assert [line[0] for line in head.splitlines()[:2]] == ["%", "%"]
    assert len(rows) == 2  # one line each, of two cells
    assert len(re.split(r"(?<!\\)&", rows[0])) == 2
    assert rows[0].endswith(r" & 0.500 \\")
    assert not rows[0].startswith(("[", "*"))
    signs = {"textbackslash", "textbar", "textless", "textgreater", "textasciitilde", "symbol"}
    note, *end = note.splitlines()
    assert commands(rows[0]) <= signs
    assert commands(note) <= signs | {"multicolumn", "raggedright", "rule"}
    assert end == [r"\end{tabular}%", r"\endgroup"]


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_name_is_written_as_it_is(name):
    assert escapes.markdown(name) == name
