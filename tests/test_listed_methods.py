"""Methods with arguments of the study's, and of other libraries: entries, groups and errors."""

import json
from dataclasses import replace

import pytest

from lookwhere import declarations
from lookwhere.io import source_hash
from lookwhere.methods import chosen, registry
from lookwhere.methods.names import METHODS
from lookwhere.study import listed_methods

OWN = """
from lookwhere.methods.registry import method

@method("blurred", "Blurred", family="own", needs=[], cite="none", group="blurred")
def blurred(run, *, passes=50, noise=0.15, mode="mean", square=False, other=run_time):
    return run.images * passes
"""


@pytest.fixture
def known(tmp_path):
    """The library's methods, and one of a user's file that has arguments."""
    (tmp_path / "own.py").write_text(OWN)
    [own] = declarations.declarations(tmp_path / "own.py")
    return {**METHODS, "blurred": own}


@pytest.fixture
def declared(known, monkeypatch):
    """The entries that a list of mappings declares."""

    def of(*mappings):
        monkeypatch.setenv(chosen.CHOSEN, json.dumps(mappings))
        return chosen.declared(known)

    return of


def faults(known, *mappings):
    return list(listed_methods.faults({"methods": list(mappings)}, known))


def test_arguments_with_literal_defaults_are_read(known):
    defaults = {"passes": 50, "noise": 0.15, "mode": "mean", "square": False}
    assert known["blurred"].defaults == defaults
    assert METHODS["grad_cam"].defaults == {}


def test_a_method_with_other_arguments_keeps_its_label_and_group(known, declared):
    [entry] = declared({"name": "blurred", "arguments": {"passes": 5}}).values()
    assert (entry.label, entry.options) == ("Blurred", known["blurred"].options)
    assert entry.arguments == {"passes": 5}
    assert known["blurred"].arguments == {}


def test_a_method_may_be_listed_twice_under_two_names(declared):
    entries = declared(
        {"name": "blurred_5", "method": "own.py:blurred", "arguments": {"passes": 5}},
        {"name": "b10", "method": "blurred", "label": "Ten", "family": "mine"},
    )
    assert [entry.label for entry in entries.values()] == ["Blurred 5", "Ten"]
    assert entries["b10"].options["family"] == "mine"
    assert {entry.function for entry in entries.values()} == {"blurred"}


def test_the_function_is_called_with_the_arguments(tmp_path, declared):
    (tmp_path / "own.py").write_text(OWN.replace("run_time", "0").replace("run.images *", "3 *"))
    entries = declared({"name": "blurred", "arguments": {"passes": 5}})
    assert registry.load(entries["blurred"]).draw(None) == 15


def test_a_method_of_another_library_is_an_entry_of_its_own_group(declared):
    [entry] = declared({"name": "deep_lift", "captum": "DeepLift", "arguments": {"n": 2}}).values()
    assert (entry.label, entry.function) == ("Deep lift", "captum")
    assert entry.arguments == {"of": "DeepLift", "arguments": {"n": 2}}
    assert entry.options == {"family": "captum", "group": "deep_lift"}


def test_an_edit_of_a_function_recomputes_its_maps(tmp_path, declared):
    hashes = []
    for number, code in enumerate(("images", "images  # the same", "-images")):
        file = tmp_path / f"mine{number}.py"
        file.write_text(f"def explain(net, images, targets):\n    return {code}\n")
        entry = declared({"name": "mine", "function": f"{file}:explain"})["mine"]
        same = replace(entry, arguments={})  # whatever its path
        hashes += source_hash.of_entries([same]).values()
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("method", ["blurred", "smooth_grad"])  # the user's, and the library's
def test_other_arguments_recompute_the_maps(method, declared):
    five, ten = (
        source_hash.of_entries(declared({"name": method, "arguments": {"passes": n}}).values())
        for n in (5, 10)
    )
    assert five != ten


FAULTY = {
    "a typing error": (
        {"name": "grad_cma"},
        "methods[0].name: 'grad_cma' is no method; did you mean 'grad_cam'?",
    ),
    "a typing error of another name": (
        {"name": "mine", "method": "grad_cma"},
        "methods[0].method: 'grad_cma' is no method; did you mean 'grad_cam'?",
    ),
    "two methods": (
        {"name": "x", "captum": "DeepLift", "method": "grad_cam"},
        "methods[0]: method and captum name two methods; remove one",
    ),
    "the name of a method": (
        {"name": "grad_cam", "captum": "LayerGradCam"},
        "methods[0].name: 'grad_cam' is a method of this project; give another name",
    ),
    "an argument of a method without any": (
        {"name": "grad_cam", "arguments": {"passes": 1}},
        "methods[0].arguments.passes: unknown argument; the method takes none",
    ),
    "an unknown argument": (
        {"name": "blurred", "arguments": {"pases": 1}},
        "methods[0].arguments.pases: unknown argument; did you mean 'passes'?",
    ),
    "text for a number": (
        {"name": "blurred", "arguments": {"passes": "5"}},
        "methods[0].arguments.passes: '5' is not allowed; give a whole number above 0 (the default "
        "is 50)",
    ),
    "no pass": (
        {"name": "blurred", "arguments": {"passes": 0}},
        "methods[0].arguments.passes: 0 is not allowed; give a whole number above 0 (the default "
        "is 50)",
    ),
    "true for a number": (
        {"name": "blurred", "arguments": {"noise": True}},
        "methods[0].arguments.noise: True is not allowed; give a number above 0 (the default is "
        "0.15)",
    ),
    "a function without a file": (
        {"name": "mine", "function": "explain"},
        "methods[0].function: 'explain' is no function; give file.py:name or module:name",
    ),
}


@pytest.mark.parametrize(("mapping", "message"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_mapping_is_an_error(mapping, message, known):
    assert faults(known, mapping) == [message]


def test_a_missing_file_or_function_is_an_error(tmp_path, known):
    file = tmp_path / "mine.py"
    mapping = {"name": "mine", "function": f"{file}:explain"}
    assert faults(known, mapping) == [
        f"methods[0].function: {str(file)!r} does not exist; give the path of a file that does"
    ]
    file.write_text("def explained(net, images, targets): ...\n")
    assert faults(known, mapping) == [
        f"methods[0].function: {str(file)!r} has no 'explain'; did you mean 'explained'?"
    ]


def test_sound_mappings_have_no_faults(known):
    assert (
        faults(
            known,
            {
                "name": "blurred",
                "arguments": {"passes": 5, "noise": 1, "mode": "x", "square": True},
            },
            {"name": "x", "captum": "DeepLift", "arguments": {"any": [1]}},
        )
        == []
    )
