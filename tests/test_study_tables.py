"""The tables of a study: those of the statistics, with extent and caption."""

import html

import numpy as np
import pandas as pd
import pytest

import make_tables
from lookwhere.metrics.registry import METRICS, of_passes
from lookwhere.report import evidence_tables, notes, readable, registry, study_tables, tables
from lookwhere.report.registry import Scores
from lookwhere.statistics import (
    cascade,
    certainty,
    concordance,
    costs,
    discrimination,
    evidence,
    paired,
    planted,
    ranks,
    summary,
    verdicts,
    wins,
)
from lookwhere.statistics.strata import methods_only, trained_only

from .studies import (
    OF_MAPS,
    cascade_of,
    costs_of,
    fabricate,
    reasons_of,
    rivals_of,
    with_faithfulness,
)

pytestmark = pytest.mark.usefixtures("few_draws")

RECORDS = fabricate()
COSTS = costs_of(RECORDS)
RIVALS = rivals_of(RECORDS)
CASCADE = cascade_of(RECORDS)
SCORES = Scores(RECORDS, costs=COSTS, rivals=RIVALS, cascade=CASCADE)
TRAINED = trained_only(RECORDS)
REASONS = reasons_of(RECORDS)
FAITHFUL = with_faithfulness(RECORDS)
RESULTS = evidence.Results(RECORDS, RIVALS, CASCADE, REASONS)
EXPECTED = {
    "evidence": lambda: evidence.of_methods(RESULTS),
    "evidence_by_net": lambda: evidence.of_nets(RESULTS),
    "planted": lambda: planted.shares(RECORDS, REASONS),
    "detection": lambda: planted.detection(RECORDS, REASONS),
    "concentration": lambda: summary.summarise(TRAINED),
    "concentration_all": lambda: summary.summarise(RECORDS),
    "concentration_by_net": lambda: summary.summarise(RECORDS, ["net", "size", "method"]),
    "concentration_by_size": lambda: summary.summarise(TRAINED, ["size", "method"]),
    "concentration_by_class": lambda: summary.summarise(TRAINED, ["class", "method"]),
    "concentration_by_training": lambda: summary.summarise(RECORDS, ["training", "method"]),
    "concentration_by_prediction": lambda: summary.by_prediction(TRAINED),
    "differences": lambda: paired.differences(RECORDS, []),
    "differences_by_net": lambda: paired.differences(RECORDS, ["net"]),
    "differences_by_size": lambda: paired.differences(RECORDS, ["size"]),
    "differences_by_class": lambda: paired.differences(RECORDS, ["class"]),
    "differences_by_prediction": lambda: paired.differences(RECORDS, ["prediction"]),
    "differences_between_sizes": lambda: paired.between_sizes(methods_only(TRAINED)),
    "ranks": lambda: ranks.ranks(RECORDS, []),
    "ranks_by_net": lambda: ranks.ranks(RECORDS, ["net"]),
    "ranks_by_size": lambda: ranks.ranks(RECORDS, ["size"]),
    "wins": lambda: wins.matrix(wins.wins(RECORDS)),
    "certainty": lambda: certainty.by_certainty(TRAINED),
    "measures": lambda: summary.summarise_measures(TRAINED),
    "measures_by_net": lambda: summary.summarise_measures(
        methods_only(trained_only(FAITHFUL)), True, ["net", "method"]
    ).drop(columns=["chance", "lift", "lift_low", "lift_high"]),
    "agreement": lambda: concordance.of_metrics(FAITHFUL),
    "undefined": lambda: summary.undefined(RECORDS),
    "verdicts": lambda: verdicts.verdicts(RECORDS, RIVALS, CASCADE).drop(columns="tests"),
    "discrimination": lambda: discrimination.of_methods(RIVALS),
    "cost": lambda: (
        costs.of_methods(costs.beside(RECORDS, COSTS))
        .assign(efficient=lambda rows: np.where(rows["is_efficient"], "yes", "no"))
        .astype({"efficient": "str"})[study_tables.COST_COLUMNS]
    ),
    "cascade": lambda: cascade.verdicts(CASCADE)[evidence_tables.CASCADE_COLUMNS],
    "twins": lambda: cascade.against_twins(CASCADE),
}


def table_of(name, scores=None):
    entry = registry.entries()[name]
    options = dict.fromkeys(entry.options.get("options", ()), REASONS)
    usual = Scores(FAITHFUL) if "faithfulness" in entry.options.get("needs", ()) else SCORES
    return registry.load(entry)(scores or usual, **options)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_table_is_that_of_the_statistics(name):
    pd.testing.assert_frame_equal(table_of(name).rows, EXPECTED[name]())


@pytest.mark.parametrize("name", EXPECTED)
def test_no_two_columns_of_a_table_have_the_same_heading(name):
    """Those of several intervals name their estimate."""
    table = table_of(name)
    headings = [column.heading for column in readable.columns(table.rows, show=table.show)]
    assert sorted(set(headings)) == sorted(headings)


def test_every_table_is_expected_here():
    assert set(registry.entries()) == set(EXPECTED)


@pytest.mark.parametrize("name", ["concentration", "concentration_all"])
def test_the_means_of_another_study_are_in_the_table(name):
    rows = table_of(name, Scores(RECORDS, {"grad_cam": 0.25})).rows.set_index("method")
    assert rows.loc["grad_cam", "reference_mean"] == 0.25
    assert rows["reference_mean"].notna().sum() == 1


def test_a_note_states_the_extent_of_a_table():
    assert table_of("concentration").note.startswith("12 images, 2 nets, 2 sizes. 95 % bootstrap")
    included = "12 images, 3 nets, 2 sizes (untrained included). 95 % bootstrap"
    assert table_of("concentration_all").note.startswith(included)
    over = "10 pairs of methods, and over 15 to 20 pairs of method and control of each net"
    assert table_of("differences_by_net").note.endswith(notes.TESTS.format(over))
    over = "5 methods of each two sizes"
    assert table_of("differences_between_sizes").note.endswith(notes.TESTS.format(over))
    assert "over 10 pairs of maps of each net." in table_of("ranks_by_net").note
    assert table_of("wins").note.endswith("by Holm's method over 10 pairs of methods.")
    assert table_of("planted").note.startswith("12 images, 2 nets, 2 sizes. 95 % bootstrap")
    assert table_of("detection").note.endswith("Left out: 1 net of no known reason.")
    assert table_of("undefined").note == "12 images, 3 nets, 2 sizes (untrained included)."


def test_means_over_nets_leave_out_what_depends_on_the_net_and_name_it():
    pooled = table_of("measures", Scores(FAITHFUL))
    assert list(pooled.rows["measure"].unique()) == [*OF_MAPS, "road"]
    labels = [METRICS[name].label for name in of_passes(METRICS) if name != "road"]
    assert pooled.note.endswith(f"(see measures_by_net): {', '.join(labels)}.")
    of_one = table_of("measures", Scores(FAITHFUL[FAITHFUL["net"] == "vgg19"]))
    assert set(of_one.rows["measure"]) == {*OF_MAPS, *of_passes(METRICS)}
    assert "eft out" not in of_one.note + table_of("measures").note


def test_a_note_on_no_test_states_so():
    """All maps are equal, controls included."""
    same = Scores(RECORDS.assign(concentration=0.5), cascade=CASCADE.assign(concentration=0.5))
    tables = ["verdicts", "twins", "wins", "differences", "differences_between_sizes"]
    for note in (table_of(name, same).note for name in tables):
        assert notes.NO_TESTS in note
        assert "nan" not in note


def test_a_method_without_a_verdict_has_no_counts_of_a_control():
    lost = RECORDS["method"] == "grad_cam"
    some = RECORDS.assign(concentration=RECORDS["concentration"].mask(lost))
    columns = readable.columns(table_of("verdicts", Scores(some)).rows)
    cells = {column.heading: column.cells for column in columns}
    [place, _] = [n for n, method in enumerate(cells["method"]) if method == "Grad-CAM"]
    assert {cells[name][place] for name in ("control", "pairs", "ahead on")} == {"-"}
    assert "tests" not in cells


def test_the_note_on_discrimination_states_how_many_samples_have_pairs():
    some = RIVALS.assign(other_class=RIVALS["other_class"].where(RIVALS["image_id"] < 3))
    note = table_of("discrimination", Scores(RECORDS, rivals=some)).note
    extent = "3 images, 3 nets, 2 sizes (untrained included)."
    assert note.startswith(f"{extent} 6 of 24 samples show another class of the study.")
    none = table_of("discrimination", Scores(RECORDS, rivals=RIVALS.assign(other_class=None)))
    assert none.note == "0 of 24 samples show another class of the study."
    assert none.rows.empty


def test_all_are_written_with_their_captions_on_the_page(tmp_path):
    labels = {name: entry.label for name, entry in registry.entries().items()}
    few = with_faithfulness(fabricate(images=4))
    further = {"rivals": rivals_of(few), "cascade": cascade_of(few)}
    scores = Scores(few, costs=costs_of(few), **further)
    options = {
        name: dict.fromkeys(entry.options.get("options", ()), REASONS)
        for name, entry in registry.entries().items()
    }
    make_tables.main(scores, labels, options, tmp_path / "tables", tmp_path / "undefined.csv")
    written = sorted(file.name for file in (tmp_path / "tables").iterdir())
    assert written == sorted(f"{name}.{suffix}" for name in labels for suffix in tables.FORMATS)
    for name, label in labels.items():
        page = html.unescape((tmp_path / f"tables/{name}.html").read_text("utf-8"))
        assert f"<title>{label}</title>" in page
        first = " ".join(table_of(name).caption.split()[:4])
        assert first in page
        assert first not in (tmp_path / f"tables/{name}.md").read_text("utf-8")
    assert " sum " in (tmp_path / "tables/concentration_all.md").read_text("utf-8")
    listed = pd.read_csv(tmp_path / "undefined.csv")
    assert len(listed) == few["concentration"].isna().sum()
