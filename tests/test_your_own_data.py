"""The page about own data: its settings, tables and messages. tests/workflow runs its study."""

import ast
import csv
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from lookwhere.datasets import base
from lookwhere.datasets.names import FORMATS
from lookwhere.datasets.pools import EMPTY, NO_IMAGE, WAYS, Choices, Kind, Pool
from lookwhere.datasets.selections import Span

from .formats import HEIGHT, WIDTH, rectangle, save, save_image

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs/how-to/your-own-data.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE))
MESSAGES = re.findall(r"^\| `([^`]*)`.*\|$", PAGE.partition("## What the tool tells")[2], re.M)


def blocks(language: str, text: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_every_format_has_a_section_with_its_data_set():
    assert set(SECTIONS) == set(FORMATS)
    for name, text in SECTIONS.items():
        [study] = blocks("yaml", text)
        assert yaml.safe_load(study)["dataset"]["format"] == name


def test_all_settings_are_valid():
    file = REPOSITORY / "workflow/schemas/config.schema.yaml"
    validator = Draft202012Validator(yaml.safe_load(file.read_text("utf-8")))
    studies = [yaml.safe_load(block) for block in blocks("yaml")]
    assert len(studies) == 1 + len(FORMATS)
    for study in studies:
        assert not list(validator.iter_errors(study))


@pytest.mark.parametrize("name", ["masks", "boxes"])
def test_the_table_of_a_format_is_read(tmp_path, name):
    [table], [study] = blocks("csv", SECTIONS[name]), blocks("yaml", SECTIONS[name])
    dataset = yaml.safe_load(study)["dataset"]
    file = tmp_path / dataset["annotations"]
    file.parent.mkdir()
    rows = list(csv.DictReader(table.splitlines()))
    shape = (HEIGHT, WIDTH) if name == "masks" else (240, 320)
    for row in rows:
        save_image(tmp_path / dataset["images"] / row["image"], *shape)
        if "mask" in row:
            save(rectangle(2, 3, 8, 9), file.parent / row["mask"])
    file.write_text(table)
    data = base.load(name, file, tmp_path / dataset["images"])
    spans = [Span(row["class"], 0, 1) for row in rows]
    samples = {each.file: each for each in base.select(data, spans, 0)}
    for row in rows:
        [mask] = samples[row["image"]].masks()
        sides = [int(row[key]) for key in ("x0", "y0", "x1", "y1") if key in row] or [3, 2, 9, 8]
        assert mask.sum() == (sides[2] - sides[0]) * (sides[3] - sides[1])


def sentences() -> str:
    """All text of the library's strings, with ... for their values."""
    texts = []
    for file in REPOSITORY.glob("workflow/scripts/lookwhere/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "..." for part in node.values
                )
                texts.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(re.sub(r"%[\w.]+", "...", node.value))
    pool = Pool((), dict.fromkeys(Kind, 1), dict.fromkeys([*WAYS, EMPTY, NO_IMAGE], 1))
    return "\n".join([*texts, *pool.sentences("dog", Choices())])


def test_the_messages_are_those_of_the_library():
    text = sentences()
    assert len(MESSAGES) > 12
    for message in MESSAGES:
        for piece in filter(None, map(str.strip, re.split(r"\.{3}|[:,;]", message))):
            assert len(piece) < 3 or piece in text, (message, piece)
