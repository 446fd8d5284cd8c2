"""Every output states where boxes take the place of masks."""

import re
from dataclasses import replace
from pathlib import Path

import jinja2
import pandas as pd
import pytest

import make_tables
import plot_charts
from lookwhere.datasets import region_kinds
from lookwhere.io.results import checked_file
from lookwhere.methods.names import METHODS
from lookwhere.report import registry
from lookwhere.report.registry import Scores

from .studies import costs_of, fabricate

REPORT = Path(__file__).parents[1] / "workflow/report/study_in_words.rst"
BOXES = "The regions are bounding boxes, not masks."


@pytest.mark.parametrize(
    ("boxes", "instances", "sentence"),
    [
        ([0, 0], [1, 4], ""),
        ([2, 1], [2, 1], BOXES),
        ([2, 0, 1], [3, 1, 1], "The regions of 2 of 3 samples contain bounding boxes"),
    ],
)
def test_the_sentence_counts_the_samples_of_the_subset(tmp_path, boxes, instances, sentence):
    with checked_file(tmp_path / "subset.csv") as draft:
        table = pd.DataFrame({"sample": "a", "boxes": boxes, "instances": instances})
        table.to_csv(draft, index=False)
    found = region_kinds.of_subset(tmp_path / "subset.csv")
    assert found.startswith(sentence)
    assert bool(found) == bool(sentence)


def test_tables_state_it_in_all_forms_with_notes(tmp_path):
    scores = Scores(fabricate(images=4), regions=BOXES)
    label = registry.entries()["concentration"].label
    for each in (scores, replace(scores, regions="")):
        make_tables.main(
            each,
            {"concentration": label},
            {"concentration": {}},
            tmp_path / "t",
            tmp_path / "u.csv",
        )
        for suffix in ("md", "tex", "html"):
            text = (tmp_path / f"t/concentration.{suffix}").read_text("utf-8")
            assert (BOXES in " ".join(text.split())) == bool(each.regions)


def test_captions_of_figures_state_it(tmp_path):
    for name in ("measures", "sweep"):
        with checked_file(tmp_path / f"{name}.parquet") as draft:
            fabricate(images=4).to_parquet(draft)
    with checked_file(tmp_path / "costs.parquet") as draft:
        costs_of(fabricate(images=4)).to_parquet(draft)
    plot_charts.main(
        {"lift": ("lift", {})},
        list(METHODS),
        tmp_path / "measures.parquet",
        tmp_path / "sweep.parquet",
        tmp_path / "costs.parquet",
        {},
        BOXES,
        tmp_path,
    )
    page = (tmp_path / "lift.html").read_text("utf-8")
    [caption] = re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL)
    assert BOXES in " ".join(caption.split())


class Config(dict):
    """A mapping whose keys are attributes, as Snakemake's in templates."""

    __getattr__ = dict.__getitem__


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ({"format": "boxes"}, BOXES),
        ({"boxes": "use"}, "its bounding box takes its place"),
        ({"boxes": "leave_out"}, ""),
    ],
)
def test_the_report_states_it(dataset, words):
    named = [{"name": "dog"}]
    config = {"classes": named, "nets": named, "sizes": [64], "dataset": dataset}
    config |= {"images_per_class": 2, "mask_dilation": 0.2}
    template = jinja2.Template(REPORT.read_text("utf-8"))
    text = template.render(snakemake={"config": config})
    assert words in text
    assert ("bounding box" in text) == bool(words)
