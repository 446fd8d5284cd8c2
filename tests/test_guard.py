"""The guard lets a right table through, and tells of every single wrong number."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gather_energy
from concentration import guard
from concentration.errors import StudyError

EXPECTED = {
    "net": ["vgg", "alexnet"],
    "size": ["original", "224"],
    "method": ["grad_cam", "deconvolution"],
}
ORDER = {**EXPECTED, "class": ["dog", "cat"]}
SUBSET = pd.DataFrame(
    {
        "sample": ["1-dog", "2-dog", "1-cat"],
        "image_id": [1, 2, 1],
        "class": ["dog", "dog", "cat"],
        "mask_fraction": [0.25, 0.125, 1 / 3],
    }
)


def record(sample, net, method, size):
    """A sound record, with numbers that differ from cell to cell."""
    seed = [len(net), len(method), len(size), *sample.encode()]
    inside, outside = np.random.default_rng(seed).random(2)
    [row] = SUBSET[SUBSET["sample"] == sample].to_dict("records")
    return row | {
        "net": net,
        "method": method,
        "size": size,
        "concentration": inside / (inside + outside),
        "energy_inside": inside,
        "energy_total": inside + outside,
        "mask_fraction": row["mask_fraction"] + (0.01 if size == "224" else 0),
        "target": len(row["class"]),
        "target_rank": len(net) + len(size),
        "target_probability": 0.5,
        "status": "ok",
    }


UNDEFINED = {
    "zero_energy": {"energy_inside": 0.0, "energy_total": 0.0},
    "not_finite": {"energy_inside": None, "energy_total": None},
}


@pytest.fixture
def table():
    """Every record once, two of them undefined."""
    names = EXPECTED["net"], EXPECTED["method"], EXPECTED["size"]
    records = [record(*cell) for cell in product(SUBSET["sample"], *names)]
    for number, status in enumerate(UNDEFINED):
        records[number] |= UNDEFINED[status] | {"status": status, "concentration": None}
    table = pd.DataFrame(records)[gather_energy.COLUMNS]
    floats = ["concentration", "energy_inside", "energy_total"]
    return table.astype(dict.fromkeys(floats, "float64"))


def test_a_right_table_has_no_fault(table):
    assert guard.faults(table, SUBSET, EXPECTED) == []


def test_empty_masks_are_no_fault(table):
    empty = (table["sample"] == "2-dog") & (table["size"] == "224")
    table.loc[empty, ["mask_fraction", "energy_inside"]] = 0
    table.loc[empty, "concentration"] = None
    table.loc[empty, "status"] = "empty_mask"
    assert guard.faults(table, SUBSET, EXPECTED) == []


def test_an_undefined_prediction_needs_an_undefined_map(table):
    columns = ["target_rank", "target_probability"]
    table = table.astype(dict.fromkeys(columns, "float64"))
    cell = (table["sample"] == "2-dog") & (table["net"] == "vgg") & (table["size"] == "224")
    table.loc[cell, columns] = None
    assert guard.faults(table, SUBSET, EXPECTED) != []
    table.loc[cell, ["concentration", "energy_inside", "energy_total"]] = None
    table.loc[cell, "status"] = "not_finite"
    assert guard.faults(table, SUBSET, EXPECTED) == []


LAST = 23  # an ok record
TAMPERED = {
    # what is changed in the last record, and what the fault says
    "above 1": ({"concentration": 1.5}, "concentration lies in [0, 1]"),
    "below 0": ({"concentration": -0.1}, "concentration lies in [0, 1]"),
    "another quotient": ({"concentration": 0.5}, "energy_inside / energy_total"),
    "no value": ({"concentration": None}, "exactly where the status is ok"),
    "value without right": ({"status": "zero_energy"}, "exactly where the status is ok"),
    "unknown status": ({"status": "fine"}, "status is one of ok, zero_energy"),
    "no status": ({"status": None}, "status is one of ok, zero_energy"),
    "more inside than in total": ({"energy_inside": 9.0}, "at most energy_total"),
    "negative energy": ({"energy_inside": -1.0}, "not below 0"),
    "infinite energy": ({"energy_total": np.inf}, "energy is finite"),
    "no energy": ({"energy_total": None}, "energy is there unless"),
    "energy of a zero map": (
        {"status": "zero_energy", "concentration": None},
        "energy_total is 0 where",
    ),
    "mask above 1": ({"mask_fraction": 1.01}, "mask_fraction lies in [0, 1]"),
    "no mask": ({"mask_fraction": None}, "mask_fraction lies in [0, 1]"),
    "empty mask": ({"mask_fraction": 0.0}, "mask_fraction is 0 where"),
    "empty status of a mask": (
        {"status": "empty_mask", "concentration": None},
        "mask_fraction is 0 where",
    ),
    "energy of no number": ({"status": "not_finite", "concentration": None}, "energy is there"),
    "another mask": ({"mask_fraction": 0.4}, "the same for all maps of a sample and size"),
    "another image": ({"image_id": 2}, "class and image_id are those of subset.csv"),
    "another class": ({"class": "dog"}, "class and image_id are those of subset.csv"),
    "another target": ({"target": 7}, "target and its rank are the same"),
    "negative target": ({"target": -1}, "target is not below 0"),
    "rank 0": ({"target_rank": 0}, "target_rank is not below 1"),
    "another rank": ({"target_rank": 77}, "target and its rank are the same"),
    "probability": ({"target_probability": 1.1}, "target_probability lies in [0, 1]"),
    "no probability": ({"target_probability": None}, "are there where the status is ok"),
    "another net": ({"net": "resnet"}, "not of the study: 1 record: 1-cat / resnet"),
    "another method": ({"method": "grad_cam"}, "more than once: 1 record: 1-cat / alexnet"),
    "another sample": ({"sample": "9-cat"}, "missing: 1 record: 1-cat / alexnet"),
}


@pytest.mark.parametrize(("changes", "message"), TAMPERED.values(), ids=TAMPERED.keys())
def test_every_wrong_number_is_told_with_its_record(table, changes, message):
    for column, value in changes.items():
        table[column] = table[column].astype(object)
        table.loc[LAST, column] = value
    table = table.infer_objects()
    found = guard.faults(table, SUBSET, EXPECTED)
    assert any(message in fault for fault in found), found
    assert any("1-cat / " in fault for fault in found), found


def test_every_claim_is_broken_by_some_tampering():
    messages = [message for _, message in TAMPERED.values()]
    original = "mask_fraction at the original size is that of subset.csv"  # the test below
    for claim in guard.CLAIMS:
        assert claim == original or any(message in claim for message in messages), claim


def test_a_mask_of_another_dilation_is_told(table):
    table.loc[table["size"] == "original", "mask_fraction"] += 0.01
    [fault] = guard.faults(table, SUBSET, EXPECTED)
    assert "at the original size is that of subset.csv; 12 records: 1-dog / vgg" in fault


def test_missing_and_doubled_records_are_told(table):
    [fault] = guard.faults(table.drop(index=[3, 4]), SUBSET, EXPECTED)
    assert fault.startswith("missing: 2 records: 1-dog / vgg / deconvolution / 224; 1-dog")
    [fault] = guard.faults(pd.concat([table, table[:1]]), SUBSET, EXPECTED)
    assert fault == "more than once: 1 record: 1-dog / vgg / grad_cam / original"


@pytest.fixture
def parts(table, tmp_path):
    """The table as the shards that ``score_energy`` leaves: net and size stand in the path."""
    paths = []
    for (net, size), shard in table.groupby(["net", "size"]):
        path = tmp_path / "energy" / net / size / "1-of-1.parquet"
        path.parent.mkdir(parents=True)
        shard.drop(columns=["net", "size"]).to_parquet(path, index=False)
        paths.append(str(path))
    return paths


def test_the_right_table_appears_in_order(parts, table, tmp_path):
    gather_energy.main(parts, SUBSET, ORDER, str(tmp_path / "energy.parquet"))
    gathered = pd.read_parquet(tmp_path / "energy.parquet")
    key = guard.KEY
    assert len(gathered) == len(table)
    pd.testing.assert_frame_equal(
        gathered.sort_values(key, ignore_index=True), table.sort_values(key, ignore_index=True)
    )
    assert gathered["net"].unique().tolist() == EXPECTED["net"]
    assert gathered["size"][:6].unique().tolist() == ["original"]
    assert gathered["class"][:3].tolist() == ["dog", "dog", "cat"]


def change(path):
    pd.read_parquet(path).assign(concentration=0.5).to_parquet(path, index=False)


def drop_column(path):
    pd.read_parquet(path).drop(columns="target_rank").to_parquet(path, index=False)


def cut(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[:-100])


def empty(path):
    Path(path).write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change, "not of every record: concentration is energy_inside / energy_total"),
        (drop_column, r"1-of-1\.parquet' can't be read .*target_rank.* delete the folder"),
        (cut, r"1-of-1\.parquet' can't be read .* delete the folder"),
        (empty, r"1-of-1\.parquet' can't be read .* delete the folder"),
    ],
    ids=["tampered", "of an earlier version", "cut short", "empty"],
)
def test_no_table_appears_of_spoilt_scores(parts, tmp_path, damage, message):
    damage(parts[0])
    with pytest.raises(StudyError, match=message):
        gather_energy.main(parts, SUBSET, ORDER, str(tmp_path / "energy.parquet"))
    assert not (tmp_path / "energy.parquet").exists()
