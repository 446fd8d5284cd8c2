"""The job that scores a shard: its records, and its errors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import score_maps
from lookwhere.datasets import base, regions
from lookwhere.errors import StudyError
from lookwhere.io import missing
from lookwhere.io.results import checked_folder, read_table, write_array
from lookwhere.nets import predictions

from .studies import OF_MAPS

MASK = np.zeros((30, 40), dtype=bool)
MASK[5:20, 5:30] = True
SAMPLES = [base.sample(n, "dog", file=f"{n}.png", instances=[MASK]) for n in (1, 2)]
METHODS = ["backpropagation", "deconvolution"]
DILATIONS = [0, 0.5]


def score(folder, **reasons):
    """The shard's two tables and the folder of its showcase; methods with a reason have no maps."""
    with checked_folder(folder / "regions") as draft:
        for sample in SAMPLES:
            regions.write(regions.prepare(sample.masks(), 0, DILATIONS), draft / f"{sample.id}.npz")
    for method in METHODS:
        with checked_folder(folder / method) as draft:
            if method in reasons:
                missing.note(draft, reasons[method])
            elif "without" not in reasons:
                for sample in SAMPLES:
                    write_array(draft / f"{sample.id}.npy", np.ones((3, 30, 40), "float32"))
    names = [sample.id for sample in SAMPLES]
    logits = torch.eye(2)
    map_folders = {method: str(folder / method) for method in METHODS}
    score_maps.main(
        SAMPLES,
        predictions.table(names, logits, logits.argmax(dim=1)),
        str(folder / "regions"),
        map_folders,
        {"net": "a", "size": "original"},
        OF_MAPS,
        str(folder / "scores.parquet"),
        str(folder / "sweep.parquet"),
    )
    score_maps.copy_maps(names[:1], map_folders, str(folder / "showcase"))
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
    assert undefined[["energy_inside", "energy_total", *OF_MAPS]].isna().all(axis=None)
    same = ["sample", "mask_fraction", "box_fraction", "target", "target_rank"]
    others = by_method.loc["backpropagation"]
    assert undefined[same].to_numpy().tolist() == others[same].to_numpy().tolist()
    assert others["status"].tolist() == ["ok"] * 2
    of_steps = sweep.set_index("method").loc["deconvolution"]
    assert len(of_steps) == len(SAMPLES) * len(DILATIONS)
    assert of_steps["concentration"].isna().all()
    assert of_steps["mask_fraction"].notna().all()
    files = {str(file.relative_to(showcase)) for file in showcase.glob("*/*")}
    first = SAMPLES[0].id
    assert files == {f"backpropagation/{first}.npy", "deconvolution/not_defined.txt"}


def test_a_missing_map_is_reported_by_name(tmp_path):
    with pytest.raises(StudyError, match=rf"{SAMPLES[0].id}\.npy' is missing: delete the folder"):
        score(tmp_path, without="any maps")
    assert not list(Path(tmp_path).glob("*.parquet"))


def test_where_all_is_defined_nothing_else_changes(tmp_path):
    scores, _, showcase = score(tmp_path)
    assert set(scores.loc[scores["method"].isin(METHODS), "status"]) == {"ok"}
    assert not list(showcase.rglob(missing.FILE))
    assert pd.api.types.is_float_dtype(scores["concentration"])
