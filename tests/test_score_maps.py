"""The job that scores a shard: what is a record, and what ends the run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import score_maps
from lookwhere.datasets import masks
from lookwhere.datasets.coco import Sample, sample_id
from lookwhere.datasets.images import ImageFolder
from lookwhere.errors import StudyError
from lookwhere.io import missing
from lookwhere.io.results import checked_folder, read_table, write_array
from lookwhere.nets import predictions

SAMPLES = [
    Sample(
        sample_id(n, "dog"), n, "dog", f"{n}.png", 40, 30, "CC0", ([[5, 5, 30, 5, 30, 20, 5, 20]],)
    )
    for n in (1, 2)
]
METHODS = ["backpropagation", "deconvolution"]
GROWTHS = [0, 0.5]


def score(folder, **reasons):
    """The shard's two tables and the folder of its showcase; methods with a reason have no maps."""
    with checked_folder(folder / "masks") as draft:
        for sample in SAMPLES:
            Image.new("RGB", (40, 30)).save(folder / sample.file)
            mask = masks.union(sample.segmentations, 30, 40)
            masks.write(mask, draft / f"{sample.sample}.png")
    for method in METHODS:
        with checked_folder(folder / method) as draft:
            if method in reasons:
                missing.note(draft, reasons[method])
            elif "without" not in reasons:
                for sample in SAMPLES:
                    write_array(draft / f"{sample.sample}.npy", np.ones((3, 30, 40), "float32"))
    names = [sample.sample for sample in SAMPLES]
    logits = torch.eye(2)
    score_maps.main(
        SAMPLES,
        predictions.table(names, logits, logits.argmax(dim=1)),
        ImageFolder(folder),
        str(folder / "masks"),
        {method: str(folder / method) for method in METHODS},
        "original",
        GROWTHS,
        names[:1],
        str(folder / "scores.parquet"),
        str(folder / "sweep.parquet"),
        str(folder / "showcase"),
    )
    return (
        read_table(folder / "scores.parquet"),
        read_table(folder / "sweep.parquet"),
        folder / "showcase",
    )


def test_a_method_that_is_not_defined_has_records_without_values(tmp_path):
    scores, sweep, showcase = score(tmp_path, deconvolution="the net uses GELU")
    by_method = scores.set_index("method")
    undefined = by_method.loc["deconvolution"]
    assert undefined["status"].tolist() == ["not_defined"] * 2
    assert undefined[list(score_maps.scoring.NULLABLE)].isna().all(axis=None)
    same = ["sample", "mask_fraction", "box_fraction", "target", "target_rank"]
    others = by_method.loc["backpropagation"]
    assert undefined[same].to_numpy().tolist() == others[same].to_numpy().tolist()
    assert others["status"].tolist() == ["ok"] * 2
    of_steps = sweep.set_index("method").loc["deconvolution"]
    assert len(of_steps) == len(SAMPLES) * len(GROWTHS)
    assert of_steps["concentration"].isna().all()
    assert of_steps["mask_fraction"].notna().all()
    shown = {str(file.relative_to(showcase)) for file in showcase.glob("*/*")}
    first = SAMPLES[0].sample
    assert shown == {f"backpropagation/{first}.npy", "deconvolution/not_defined.txt"}


def test_a_missing_map_is_told_by_name(tmp_path):
    with pytest.raises(
        StudyError, match=rf"{SAMPLES[0].sample}\.npy' is missing: delete the folder"
    ):
        score(tmp_path, without="any maps")
    assert not list(Path(tmp_path).glob("*.parquet"))


def test_where_all_is_defined_nothing_else_changes(tmp_path):
    scores, _, showcase = score(tmp_path)
    assert set(scores.loc[scores["method"].isin(METHODS), "status"]) == {"ok"}
    assert not list(showcase.rglob(missing.FILE))
    assert pd.api.types.is_float_dtype(scores["concentration"])
