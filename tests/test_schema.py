"""The schema of study files and the documents' table of keys are those of the model."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

import write_schema
from lookwhere.study import documents, messages, schema

from .test_config import GARBAGE, PATHS, STUDY

REPOSITORY = Path(__file__).parents[1]
FILE = REPOSITORY / documents.SCHEMA_FILE
SHIPPED = yaml.safe_load((REPOSITORY / "config.yaml").read_text("utf-8"))
STUDIES = [REPOSITORY / "config.yaml", *sorted(REPOSITORY.glob("studies/*.yaml"))]

# JSON counts 224.0 as a whole number; the model does not.
Strict = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    ),
)


def test_the_schema_is_that_of_the_model():
    assert FILE.read_text("utf-8") == documents.schema_file(write_schema.known()), "make schema"


def test_the_table_of_keys_is_that_of_the_model():
    page = (REPOSITORY / documents.PAGE).read_text("utf-8")
    assert page == documents.with_table(page, documents.table(SHIPPED)), "make schema"


def test_the_table_has_every_key_once():
    keys = re.findall(r"^\| `([^`]+)` \|", documents.table(SHIPPED), re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert {"dataset.annotations", "nets[].threshold", "seed", "pathvars.results"} <= set(keys)


def test_a_document_keeps_the_text_around_the_table():
    begin, end = documents.KEYS
    document = f"above\n{begin}old\n{end}below\n"
    written = documents.with_table(document, "new\n")
    assert written == f"above\n{begin}\nnew\n\n{end}below\n"
    assert documents.with_table(written, "new\n") == written


def test_the_schema_is_valid():
    Draft202012Validator.check_schema(yaml.safe_load(FILE.read_text("utf-8")))


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.stem)
def test_shipped_studies_match_their_schema(study):
    text = study.read_text("utf-8")
    [name] = re.findall(r"^# yaml-language-server: \$schema=(\S+)\n", text)
    assert (study.parent / name).resolve() == FILE
    validator = Draft202012Validator(yaml.safe_load(FILE.read_text("utf-8")))
    assert list(validator.iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize(
    "study",
    [
        {"sizez": [224]},
        {"methods": ["gradcam"]},
        {"methods": [["gradcam"]]},
        {"sizes": [0]},
        {"nets": [{"name": "a"}]},
        {"classes": []},
    ],
    ids=["key", "method", "method of a group", "size", "net without weights", "empty"],
)
def test_an_editor_marks_errors(study):
    validator = Draft202012Validator(yaml.safe_load(FILE.read_text("utf-8")))
    assert list(validator.iter_errors(study))


def test_an_editor_accepts_partial_studies_and_methods_of_files():
    validator = Draft202012Validator(yaml.safe_load(FILE.read_text("utf-8")))
    study = {"methods": [["grad_cam"], ["own/a.py:b"]], "sizes": ["64", 224, "crop-64", "original"]}
    assert list(validator.iter_errors(study)) == []


EXTRA = ["nets.0.outputs", "nets.0.threshold", "precision", "keep_maps", "metrics", "dataset"]
NUMBERS = st.sampled_from([0, 1, -1, 2**70, 0.5, 1.0, True, None])
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "all",
        "original",
        "224",
        "224\n",
        "random",
        "x.pth",
        "A",
        "sigmoid",
        "{a}",
        "²",
        "信",
    ]
)
LISTS = st.sampled_from([[], ["a"], [1], [[]], [["a"]], {}, {"name": "a"}])


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([*PATHS, *EXTRA]), NUMBERS | TEXTS | LISTS | GARBAGE)
def test_the_schema_allows_what_the_model_allows(path, value):
    """jsonschema's validator is independent of pydantic, and reads the schema alone."""
    config = copy.deepcopy(STUDY)
    *parents, key = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = config
    for parent in parents:
        place = place[parent]
    place[key] = value
    allowed = Strict(schema.of_study()).is_valid(config)
    if "inf" in repr(value) or "nan" in repr(value):  # JSON has no such numbers
        return
    nets = config.get("nets")
    listed = [net for net in nets if isinstance(net, dict)] if isinstance(nets, list) else []
    if not all(net.keys() & {"architecture", "maps"} for net in listed):  # validation reports it
        return
    assert allowed == (messages.faults(config) == [])
