"""Every table in pdfLaTeX: it compiles, fits the text, and its pages match the csv."""

import re
import shutil
import subprocess
import unicodedata

import numpy as np
import pandas as pd
import pytest

from lookwhere.methods.names import ALL_LABELS, LABELS
from lookwhere.report import tables
from lookwhere.statistics.paired import between_sizes, differences
from lookwhere.statistics.strata import add_strata, methods_only, trained_only
from lookwhere.statistics.summary import compare, summarise, summarise_measures, undefined
from tests.studies import declare_further, fabricate

pytestmark = [
    pytest.mark.latex,
    pytest.mark.slow,
    *(
        pytest.mark.skipif(
            shutil.which(program) is None,
            reason=f"needs {program} (tests/latex/install installs it)",
        )
        for program in ("pdflatex", "pdftotext")
    ),
]

GROUPINGS = {
    "all": ["method"],
    "by net": ["net", "size", "method"],
    "by size": ["size", "method"],
    "by class": ["class", "method"],
    "by prediction": ["prediction", "method"],
    "by training": ["training", "method"],
}
NETS = ["vgg19", "shufflenet_v2_x0_5"]
UNTRAINED = ["shufflenet_v2_x0_5_random"]
NASTY = [
    "<a&b>",
    "100 % _$x$",
    r"~^\{}",
    "[2cm] --- ``a'' \"b\" !`?` #1|2",
    "* \x1b\\input{x}",
    "a_net_of_ours/with-a-name/that_no_column_of_a_page_holds_" + "for_it_is_long_" * 3,
    "longwithoutanyjoint" * 5,
]
# Twenty methods with those of the thesis.
FURTHER = {f"further_{n}": (f"Further method of the number {n}", "cam") for n in range(15)}
NOTE = "24 images & 2 nets; 95 % bootstrap intervals over images."
DOCUMENTS = {
    "10 points": (r"\documentclass[10pt]{article}", ""),
    "11 points, T1": (
        r"\documentclass[11pt,a4paper]{article}",
        r"\usepackage[T1]{fontenc}\usepackage{lmodern}",
    ),
    "12 points": (r"\documentclass[12pt,a4paper]{article}", ""),
}
# The fonts' replacements of these signs.
DRAWN = {"\u02dc": "~", "\u02c6": "^", "\u201d": '"', "\u2019": "'", "\u2018": "`", "\u02cb": "`"}


def with_training(records: pd.DataFrame, untrained: list[str]) -> pd.DataFrame:
    """The records, those of the ``untrained`` nets marked as such."""
    training = records["net"].isin(untrained).map({True: "untrained", False: "trained"})
    return records.assign(training=training)


def every_table() -> dict[str, pd.DataFrame]:
    """All kinds of tables, some with more columns than those of any study."""
    records = with_training(fabricate(images=48, nets=[*NETS, *UNTRAINED]), UNTRAINED)
    few = ("guided_backpropagation", "grad_cam", "guided_grad_cam")
    nasty = fabricate(images=14, nets=NASTY[4:6], classes=NASTY, methods=few)
    nasty = with_training(nasty, NASTY[4:5]).assign(architecture="vgg19")
    trained = trained_only(records)
    tables = {}
    for name, by in GROUPINGS.items():
        groups = add_strata(records, by)
        tables[f"concentration {name}"] = summarise(groups, by).assign(images=24, negligible=3)
        if "training" not in by:
            tables[f"differences {name}"] = differences(records, by[:-1])
    many = fabricate(images=12, methods=[*LABELS][-20:])
    tables["many methods"] = summarise(many, ["net", "method"])
    tables["differences of many methods"] = differences(many, ["net"])
    tables["with a reference"] = compare(tables["concentration all"], {"grad_cam": 0.277})
    tables["between sizes"] = between_sizes(methods_only(trained))
    tables["measures"] = summarise_measures(trained)
    tables["undefined"] = undefined(records)
    tables["nothing undefined"] = undefined(records[records["status"] == "ok"])
    tables["nasty classes"] = summarise(nasty, ["class", "method"])
    tables["nasty nets"] = differences(nasty, ["net", "class"])
    tables["nasty undefined"] = undefined(nasty)
    tables["nasty rows"] = pd.DataFrame({"class": NASTY, "mean": 0.5, "low": -0.1, "high": 0.6})
    within = tables["differences by prediction"]
    tables["within classes"] = within.assign(
        result=np.where(within["difference"] > 0, "ahead", "not significant"),
        classes=2,
        within=-within["difference"],
        within_low=-within["high"],
        within_high=-within["low"],
    )
    return tables


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of all tables, and the csv of each."""
    with pytest.MonkeyPatch.context() as patch:
        declare_further(patch, FURTHER)
        yield write(tmp_path_factory.mktemp("latex"))


def write(folder):
    read = {}
    for name, table in every_table().items():
        tables.write(table, folder / name.replace(" ", "-"), f"Of {NASTY[0]}", NOTE)
        csv = folder / f"{name.replace(' ', '-')}.csv"
        read[name] = pd.read_csv(csv, keep_default_na=False, na_values=[""], dtype={"size": str})
    return folder, read


@pytest.fixture(scope="module", params=DOCUMENTS.values(), ids=DOCUMENTS.keys())
def document(request, written):
    """The log of an article of all tables, and its text by line and by cell."""
    folder, read = written
    kind, fonts = request.param
    body = []
    for name in read:
        stem = name.replace(" ", "-")
        long = "{longtable}" in (folder / f"{stem}.tex").read_text("utf-8")
        body.append(rf"\clearpage\noindent Table: {name}.\par")
        body.append(rf"\input{{{stem}}}" if long else _floating(stem))
    packages = rf"{fonts}\usepackage{{booktabs,longtable}}"
    text = "\n".join([kind, packages, r"\begin{document}", *body, r"\end{document}"])
    (folder / "all.tex").write_text(text, "utf-8")
    for _ in range(3):  # until the columns of long tables are as wide on every page
        run = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", "all.tex"],
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=False,
        )
    log = (folder / "all.log").read_text("latin-1")
    assert run.returncode == 0, log[-3000:]
    return log, _read_back(folder, "-layout"), _read_back(folder, "-raw")


def _read_back(folder, order: str) -> dict[str, list[str]]:
    """The lines of each table, in the order of the page or of its cells."""
    pages = subprocess.run(
        ["pdftotext", order, "-enc", "UTF-8", "all.pdf", "-"],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout.decode()
    _, *parts = re.split(r"Table: (.*)\.\n", pages)
    return dict(zip(parts[::2], map(_lines, parts[1::2]), strict=True))


def _floating(stem: str) -> str:
    return rf"\begin{{table}}[h]\centering\input{{{stem}}}\end{{table}}"


def _lines(text: str) -> list[str]:
    """The lines without layout space, with the original signs."""
    for drawn, meant in DRAWN.items():
        text = text.replace(drawn, meant)
    lines = unicodedata.normalize("NFKC", text).splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def _squeezed(text: str) -> str:
    """The text without rules, line breaks and replaced signs."""
    text = text.replace("``", '"').replace("''", '"').replace("\x1b", "?")
    return re.sub(r"[\s_]", "", text)


def _numbers(row) -> list[str]:
    """The values that the line of a row must hold in every table."""
    expected = []
    for name in ("mean", "difference"):
        if name in row and name != ("difference" if "mean" in row else ""):
            expected.append("\N{EN DASH}" if pd.isna(row[name]) else f"{row[name]:z.3f}")
            if not pd.isna(row["low"]):
                expected.append(f"[{row['low']:z.3f}, {row['high']:z.3f}]")
    if "p_holm" in row and not pd.isna(row["p_holm"]):
        expected.append("< 0.001" if row["p_holm"] < 0.001 else f"{row['p_holm']:.3f}")
    counts = [str(row[name]) for name in ("records", "of") if name in row]
    return [*counts, *(text.replace("-", "\N{MINUS SIGN}") for text in expected)]


def test_all_compile_and_fit_the_text(document, written):
    log, by_line, _ = document
    assert list(by_line) == list(written[1])
    for fault in ("Overfull", "\n! ", "Missing character", "too large", "Rerun"):
        assert fault not in log, log[log.index(fault) - 300 : log.index(fault) + 500]


def test_pages_hold_the_numbers_of_the_csv_in_its_order(document, written):
    for name, lines in document[1].items():
        rest = iter(lines)
        for row in written[1][name].to_dict("records"):
            expected = _numbers(row)
            match = next((line for line in rest if all(text in line for text in expected)), None)
            assert match is not None, (name, row, lines)
    assert "\N{INVERTED EXCLAMATION MARK}" not in "".join(map("".join, document[1].values()))


def test_pages_hold_every_name(document, written):
    for name, lines in document[2].items():
        text = _squeezed("".join(lines))
        for column in {"net", "class", "method", "other"} & set(written[1][name]):
            for value in written[1][name][column].unique():
                assert _squeezed(ALL_LABELS.get(value, value)) in text, (name, value, lines)


def test_notes_are_below_the_table_and_an_empty_table_has_one(document):
    for name, lines in document[1].items():
        assert _squeezed(NOTE) in _squeezed("".join(lines)), name
    assert tables.NOTHING in document[1]["nothing undefined"]
