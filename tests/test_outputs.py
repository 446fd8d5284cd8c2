"""The figures and tables of a study follow from their declarations."""

import subprocess
import sys

import pytest

from lookwhere import declarations
from lookwhere.charts import registry as charts
from lookwhere.declarations import USER_FILES
from lookwhere.errors import StudyError
from lookwhere.report import registry as tables
from lookwhere.study import outputs

STUDY = {
    "methods": ["grad_cam", "backpropagation"],
    "sizes": ["original", "224"],
    "sizes_of_a_net": ["original", "224"],
    "trained_nets": ["vgg19"],
    "predicting_nets": ["vgg19"],
    "rivals": [],
    "nets_of_other_class": [],
    "cascaded_nets": [],
    "further_evidence": [],
    "metrics_of_passes": ["road"],
    "contrasts": ["ROAD"],
    "mask_dilation": 0.2,
    "reasons": {"vgg19": ["dog"], "alexnet": ["cat"]},
    "conducts": ["cheating", "honest"],
}


def of(entries, **changes):
    return outputs.of_study(entries, STUDY | changes)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Declare a chart in a user's file, and return the charts."""

    def write(*decorators: str):
        file = tmp_path / "own.py"
        file.write_text(
            "".join(f"{d}\ndef draw{n}(records): ...\n" for n, d in enumerate(decorators))
        )
        monkeypatch.setenv(USER_FILES, str(file))
        declarations.declarations.cache_clear()
        return charts.entries()

    return write


def test_a_figure_stands_for_each_size_with_it_as_an_option():
    figures = of(charts.entries(), sizes=["original", "64"])
    assert {name for name in figures if name.startswith("concentration_by_net")} == {
        "concentration_by_net_original",
        "concentration_by_net_64",
    }
    assert figures["concentration_by_net_64"].options == {"size": "64"}
    assert figures["concentration_by_net_64"].label == "Concentration by net, 64"
    assert figures["lift"].options == {}


def test_settings_that_a_chart_takes_are_passed():
    assert of(charts.entries())["dilation_sweep"].options == {"mask_dilation": 0.2}


@pytest.mark.parametrize(
    ("key", "few", "many", "entries", "name"),
    [
        ("sizes_of_a_net", ["224"], ["224", "64"], charts.entries(), "concentration_by_size"),
        ("methods", ["grad_cam"], ["grad_cam", "lime"], charts.entries(), "differences"),
        ("sizes_of_a_net", ["224"], ["224", "64"], tables.entries(), "differences_between_sizes"),
        ("trained_nets", [], ["vgg19"], tables.entries(), "concentration_by_training"),
        ("predicting_nets", [], ["vgg19"], tables.entries(), "certainty"),
        ("predicting_nets", [], ["vgg19"], charts.entries(), "certainty"),
        ("nets_of_other_class", [], ["vgg19"], charts.entries(), "discrimination"),
        ("nets_of_other_class", [], ["vgg19"], tables.entries(), "discrimination"),
        ("cascaded_nets", [], ["vgg19"], charts.entries(), "cascade_lift"),
        ("cascaded_nets", [], ["vgg19"], tables.entries(), "twins"),
        ("metrics_of_passes", [], ["road"], charts.entries(), "faithfulness"),
        ("methods", ["a", "b"], ["a", "b", "c"], tables.entries(), "agreement"),
        ("contrasts", [], ["ROAD"], charts.entries(), "quadrant"),
        ("reasons", {}, {"vgg19": ["dog"]}, tables.entries(), "planted"),
        ("conducts", ["honest"], ["cheating", "honest"], tables.entries(), "detection"),
        ("conducts", ["honest"], ["cheating", "honest"], charts.entries(), "planted"),
    ],
)
def test_outputs_without_their_needs_are_left_out(key, few, many, entries, name):
    assert name not in of(entries, **{key: few})
    assert name in of(entries, **{key: many})


def test_a_chart_of_rivals_may_need_that_the_study_lists_any(own):
    entries = own('@chart("mine", "Mine", source="rivals", needs=["rivals"], caption="")')
    assert "mine" not in of(entries)
    assert "mine" in of(entries, rivals=["mean_map"])


def test_without_a_list_all_of_the_library_are_chosen_and_none_of_the_users(own):
    entries = own('@chart("mine", "Mine", source="measures", caption="")')
    assert "mine" in entries
    assert list(outputs.chosen(entries, [])) == [name for name in entries if name != "mine"]
    assert list(outputs.chosen(entries, ["lift", "mine"])) == ["lift", "mine"]


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ('"a/b", "A"', "'a/b' of .*own.py' is no name of a file"),
        ('"comparison", "A"', "'comparison' of .* has the name of a figure that the workflow"),
        ('"a", "A", needs=["many nets"]', "needs 'many nets', which is no condition"),
        ('"a", "A", each="colour"', "takes 'colours', which no study has"),
        ('"a", "A", options=["mask_dilatation"]', "did you mean 'mask_dilation'"),
    ],
)
def test_a_faulty_declaration_is_an_error_with_the_way_out(own, declaration, message):
    with pytest.raises(StudyError, match=message):
        of(own(f"@chart({declaration})"))


def test_leftovers_of_an_earlier_study_are_found_and_nothing_else(tmp_path):
    current = ["lift.png", "concentration_by_net_64.png", "lift.svg", "mine.png", "lift.png.txt"]
    left = ["concentration_by_net_224.png", "concentration_by_size.pdf", "target_rank.png"]
    for name in [*current, *left]:
        (tmp_path / name).touch()
    names = [*outputs.patterns(charts.entries()), *charts.FORMER]
    files = outputs.leftovers(tmp_path, names, ["png", "pdf"], {"lift", "concentration_by_net_64"})
    assert [file.name for file in files] == sorted(left)


READ = """
import sys
from lookwhere.charts import registry as charts
from lookwhere.report import registry as tables
from lookwhere.study import outputs
assert charts.entries() and tables.entries()
print({"matplotlib", "pandas", "numpy", "torch"} & set(sys.modules))
"""


def test_declarations_are_read_without_matplotlib_and_pandas():
    """The Snakefile is read in every job."""
    done = subprocess.run(
        [sys.executable, "-c", READ],
        cwd=declarations.SCRIPTS,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


def test_no_chart_counts():
    """The library grows: no label or caption may count methods or measures."""
    for entry in charts.entries().values():
        words = f"{entry.label} {charts.load(entry).caption}".lower().split()
        assert not {"four", "five", "six", "seven"} & set(words), entry.name
