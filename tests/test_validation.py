"""The last check accepts a valid table, and reports every single wrong number."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gather_scores
from lookwhere.errors import StudyError
from lookwhere.io.results import checked_file, read_table
from lookwhere.metrics import columns, validation
from lookwhere.metrics.registry import METRICS

from .studies import OF_MAPS

EXPECTED = {
    "net": {"vgg": ["original", "224"], "alexnet": ["original", "224"]},
    "size": ["original", "224"],
    "method": ["grad_cam", "deconvolution"],
    "control": ["centre", "sobel", "noise"],
    "folders": [],
}
DILATIONS = [0, 0.2, 1]
SUBSET = pd.DataFrame(
    {
        "sample": ["1-dog", "2-dog", "1-cat"],
        "image_id": [1, 2, 1],
        "class": ["dog", "dog", "cat"],
        "mask_fraction": [0.25, 0.125, 1 / 3],
    }
)


def faults(table):
    return validation.faults(table, SUBSET, EXPECTED, OF_MAPS)


def record(sample, net, method, size):
    """A valid record, with numbers that differ from cell to cell; without a net of a control."""
    seed = [len(net or ""), len(method), len(size), *sample.encode()]
    inside, outside = np.random.default_rng(seed).random(2)
    [row] = SUBSET[SUBSET["sample"] == sample].to_dict("records")
    return row | {
        "net": net,
        "method": method,
        "size": size,
        "concentration": inside / (inside + outside),
        "energy_inside": inside,
        "energy_total": inside + outside,
        **{name: outside * place / 4 for place, name in enumerate(MORE)},
        "mask_fraction": row["mask_fraction"] + (0.01 if size == "224" else 0),
        "box_fraction": row["mask_fraction"] + 0.1,
        "target": len(row["class"]) if net else None,
        "target_rank": len(net) + len(size) if net else None,
        "target_probability": 0.5 if net else None,
        "target_recognised": net == "vgg" or None,
        "output_activation": OUTPUTS.get(net),
        "status": "ok",
    }


MORE = [name for name in OF_MAPS if name != "concentration"]
OUTPUTS = {"vgg": "sigmoid", "alexnet": "softmax"}
DEFINED = list(OF_MAPS)  # where the status is ok

UNDEFINED = {
    "zero_energy": {"energy_inside": 0.0, "energy_total": 0.0},
    "not_finite": {"energy_inside": None, "energy_total": None},
    "not_defined": {"energy_inside": None, "energy_total": None},
}


@pytest.fixture
def table():
    """Every record once, those of controls last, the first of them undefined."""
    of_nets = product(SUBSET["sample"], EXPECTED["net"], EXPECTED["method"], EXPECTED["size"])
    of_controls = product(SUBSET["sample"], [None], EXPECTED["control"], EXPECTED["size"])
    records = [record(*cell) for cell in [*of_nets, *of_controls]]
    for number, status in enumerate(UNDEFINED):
        records[number] |= UNDEFINED[status] | dict.fromkeys(DEFINED) | {"status": status}
    table = pd.DataFrame(records)[columns.of_scores(OF_MAPS)]
    floats = dict.fromkeys([*DEFINED, "energy_inside", "energy_total"], "float64")
    return table.astype({**gather_scores.NULLABLE, **floats})


@pytest.fixture
def sweep(table):
    """Every record at every dilation."""
    steps = table.merge(pd.DataFrame({"dilation": DILATIONS}), how="cross")
    swept = steps.assign(
        concentration=steps["concentration"] * (1 + steps["dilation"]) / 2,
        mask_fraction=steps["mask_fraction"] * (1 + steps["dilation"]) / 2,
    )
    return swept[columns.SWEEP]


def test_a_valid_table_has_no_fault(table, sweep):
    assert faults(table) == []
    assert validation.sweep_faults(sweep, table, DILATIONS) == []


def test_a_net_has_its_own_sizes_and_no_others(table):
    own = EXPECTED | {"net": {"vgg": ["224"], "alexnet": ["original", "224"]}}
    kept = table[(table["net"] != "vgg") | (table["size"] == "224")]
    assert validation.faults(kept, SUBSET, own, OF_MAPS) == []
    [fault] = validation.faults(table, SUBSET, own, OF_MAPS)
    assert fault.startswith("not of the study: 6 records: 1-dog / vgg / grad_cam / original;")
    [fault] = validation.faults(kept, SUBSET, EXPECTED, OF_MAPS)
    assert fault.startswith("missing: 6 records: 1-dog / vgg / grad_cam / original;")


def test_maps_of_a_folder_have_no_prediction_and_may_be_missing(table):
    own = table["net"] == "alexnet"
    table.loc[own, [*columns.PREDICTION]] = None
    table.loc[LAST, [*DEFINED, "energy_inside", "energy_total"]] = None
    table.loc[LAST, "status"] = "no_map"
    of_folder = EXPECTED | {"folders": ["alexnet"]}
    assert validation.faults(table, SUBSET, of_folder, OF_MAPS) == []
    messages = " ".join(faults(table))
    assert "target and output_activation are there exactly where" in messages
    assert "no_map is the status of a map of a folder alone" in messages


def test_empty_masks_are_no_fault(table):
    empty = (table["sample"] == "2-dog") & (table["size"] == "224")
    table.loc[empty, ["mask_fraction", "energy_inside"]] = 0
    table.loc[empty, DEFINED] = None
    table.loc[empty, "status"] = "empty_mask"
    assert faults(table) == []


def test_an_undefined_prediction_needs_an_undefined_map(table):
    cell = (table["sample"] == "2-dog") & (table["net"] == "vgg") & (table["size"] == "224")
    table.loc[cell, ["target_rank", "target_probability", "target_recognised"]] = None
    assert faults(table) != []
    table.loc[cell, [*DEFINED, "energy_inside", "energy_total"]] = None
    table.loc[cell, "status"] = "not_finite"
    assert faults(table) == []


def test_a_metric_but_concentration_may_have_no_value_for_a_map(table):
    table.loc[LAST, MORE] = None
    assert faults(table) == []


def test_a_metric_lies_in_the_bounds_that_it_declares(table, monkeypatch):
    table.loc[LAST, "pointing_game"] = -7.5
    [fault] = faults(table)
    assert fault == (
        "not of every record: pointing_game lies in [0, 1]; 1 record: 1-cat / alexnet / "
        "deconvolution / 224"
    )
    free = replace(METRICS["pointing_game"], bounds=(-np.inf, 1))
    monkeypatch.setitem(METRICS, "pointing_game", free)
    assert faults(table) == []
    table.loc[LAST, "pointing_game"] = -np.inf
    assert "pointing_game lies in [-inf, 1]" in faults(table)[0]


LAST = 23  # an ok record: 1-cat / alexnet / deconvolution / 224
TAMPERED = {
    # changes of the last record, and the fault
    "above 1": ({"concentration": 1.5}, "concentration lies in [0, 1]"),
    "below 0": ({"concentration": -0.1}, "concentration lies in [0, 1]"),
    "another quotient": ({"concentration": 0.5}, "energy_inside / energy_total"),
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
    "energy of no map": ({"status": "not_defined", "concentration": None}, "energy is there"),
    "a control that is not defined": (
        {"status": "not_defined", "method": "noise", "net": None},
        "not_defined is the status of a net's map alone",
    ),
    "a computed map that is missing": (
        {"status": "no_map", "concentration": None, **UNDEFINED["not_defined"]},
        "no_map is the status of a map of a folder alone",
    ),
    "energy of no number": ({"status": "not_finite", "concentration": None}, "energy is there"),
    "another mask": ({"mask_fraction": 0.4}, "the same for all maps of a sample and size"),
    "no value of ok": ({"concentration": None}, "concentration is there exactly where"),
    **{f"{m} above 1": ({m: 1.5}, f"{m} lies in [0, 1]") for m in MORE},
    **{
        f"{m} of a zero map": (
            {**UNDEFINED["zero_energy"], "status": "zero_energy", "concentration": None},
            f"{m} is missing where the status is not ok",
        )
        for m in MORE
    },
    "concentration of a zero map": (
        {"status": "zero_energy"},
        "concentration is missing where the status is not ok",
    ),
    "box above 1": ({"box_fraction": 1.01}, "box_fraction lies in [0, 1]"),
    "another box": ({"box_fraction": 0.9}, "box_fraction is the same for all maps"),
    "another image": ({"image_id": 2}, "class and image_id are those of subset.csv"),
    "another class": ({"class": "dog"}, "class and image_id are those of subset.csv"),
    "another target": ({"target": 7}, "target and its rank are the same"),
    "no target": ({"target": None}, "target and output_activation are there exactly where"),
    "no outputs": ({"output_activation": None}, "output_activation are there exactly where"),
    "negative target": ({"target": -1}, "target is not below 0"),
    "rank 0": ({"target_rank": 0}, "target_rank is not below 1"),
    "another rank": ({"target_rank": 77}, "target and its rank are the same"),
    "probability": ({"target_probability": 1.1}, "target_probability lies in [0, 1]"),
    "no probability": ({"target_probability": None}, "are there where a net's map is ok"),
    "recognised of softmax": ({"target_recognised": True}, "target_recognised is there exactly"),
    "another net": ({"net": "resnet"}, "not of the study: 1 record: 1-cat / resnet"),
    "another method": ({"method": "grad_cam"}, "more than once: 1 record: 1-cat / alexnet"),
    "another sample": ({"sample": "9-cat"}, "missing: 1 record: 1-cat / alexnet"),
}


@pytest.mark.parametrize(("changes", "message"), TAMPERED.values(), ids=TAMPERED.keys())
def test_every_wrong_number_is_reported_with_its_record(table, changes, message):
    for column, value in changes.items():
        table[column] = table[column].astype(object)
        table.loc[LAST, column] = value
    table = table.infer_objects()
    messages = faults(table)
    assert any(message in fault for fault in messages), messages
    assert any("1-cat / " in fault for fault in messages), messages


def test_every_invariant_is_broken_by_a_change():
    messages = [message for _, message in TAMPERED.values()]
    original = "mask_fraction at the original size is that of subset.csv"  # the test below
    for invariant in validation.invariants(OF_MAPS):
        broken = any(message in invariant for message in messages)
        assert broken or invariant == original, invariant


def test_a_mask_of_another_dilation_is_reported(table):
    table.loc[table["size"] == "original", "mask_fraction"] += 0.01
    [fault] = faults(table)
    assert "at the original size is that of subset.csv; 21 records: 1-dog / vgg" in fault


def test_a_control_has_no_net_and_no_prediction(table):
    place = 24  # 1-dog / no net / centre / original
    for changes, message in (
        ({"net": "vgg"}, "missing: 1 record: 1-dog / no net / centre / original"),
        (
            {"target": 3},
            "target and output_activation are there exactly where a net's map is computed",
        ),
        ({"target_rank": 1}, ""),
    ):
        wrong = table.copy()
        for column, value in changes.items():
            wrong.loc[place, column] = value
        assert any(message in fault for fault in faults(wrong)), message
    [fault] = faults(table.drop(index=place))
    assert fault == "missing: 1 record: 1-dog / no net / centre / original"


def test_missing_and_doubled_records_are_reported(table):
    [fault] = faults(table.drop(index=[3, 4]))
    assert fault.startswith("missing: 2 records: 1-dog / vgg / deconvolution / 224; 1-dog")
    [fault] = faults(pd.concat([table, table[:1]]))
    assert fault == "more than once: 1 record: 1-dog / vgg / grad_cam / original"


TAMPERED_STEPS = {
    # changes of the last record at its middle dilation, and the fault
    "above 1": ({"concentration": 1.5}, "swept concentration lies in [0, 1]"),
    "falls": ({"concentration": 0.0}, "swept concentration never falls"),
    "no value": ({"concentration": None}, "swept concentration is there where the record's is"),
    "mask above 1": ({"mask_fraction": 1.5}, "swept mask_fraction lies in [0, 1]"),
    "mask falls": ({"mask_fraction": 0.0}, "swept mask_fraction never falls"),
    "another dilation": ({"dilation": 0.3}, "not of the study: 1 record: 1-cat / alexnet"),
    "dilation twice": ({"dilation": 0}, "more than once: 1 record: 1-cat / alexnet"),
    "another net": ({"net": "resnet"}, "missing: 1 record: 1-cat / alexnet"),
}


@pytest.mark.parametrize(("changes", "message"), TAMPERED_STEPS.values(), ids=TAMPERED_STEPS.keys())
def test_every_wrong_step_of_the_sweep_is_reported(table, sweep, changes, message):
    for column, value in changes.items():
        sweep.loc[3 * LAST + 1, column] = value
    messages = validation.sweep_faults(sweep, table, DILATIONS)
    assert any(message in fault for fault in messages), messages


@pytest.mark.parametrize("status", UNDEFINED)
def test_a_swept_value_of_a_map_without_energy_is_reported(table, sweep, status):
    place = list(UNDEFINED).index(status)
    sweep.loc[3 * place, "concentration"] = 0.1
    [fault] = validation.sweep_faults(sweep, table, DILATIONS)
    assert "is missing where the map has no finite energy; 1 record: 1-dog / vgg" in fault


def test_every_invariant_of_the_sweep_is_broken_by_a_change():
    messages = [message for _, message in TAMPERED_STEPS.values()]
    no_energy = "swept concentration is missing where the map has no finite energy"  # above
    for invariant in validation.SWEEP_INVARIANTS:
        broken = any(message in invariant for message in messages)
        assert broken or invariant == no_energy, invariant


def write(shard, path):
    with checked_file(path) as draft:
        shard.to_parquet(draft, index=False)


@pytest.fixture
def parts(table, sweep, tmp_path):
    """The tables as the parts that jobs leave: of a net and a size, or of controls at a size."""
    paths = {"nets": [], "controls": []}
    for net, size in product([*EXPECTED["net"], None], EXPECTED["size"]):
        pair = []
        for kind, whole in {"scores": table, "sweeps": sweep}.items():
            of_net = whole["net"] == net if net else whole["net"].isna()
            folder = (
                tmp_path / kind / net / size / "five"
                if net
                else tmp_path / f"control_{kind}" / size
            )
            path = folder / "1-1.parquet"
            path.parent.mkdir(parents=True)
            part = whole[of_net & (whole["size"] == size)]
            write(plain(part), path)
            pair.append(str(path))
        paths["nets" if net else "controls"].append(tuple(pair))
    return paths


def plain(part):
    """With the types that a job writes: whole numbers where none is missing, else null alone."""
    numbers = [name for name in ("target", "target_rank") if name in part]
    if part["net"].isna().all():
        return part.astype(dict.fromkeys(["net", *numbers], object))
    return part.astype(dict.fromkeys(numbers, "int64"))


def gather(parts, folder, metrics=tuple(OF_MAPS)):
    """The three tables that are gathered, by name."""
    tables = ("energy", "measures", "sweep", "costs")
    outputs = {name: str(folder / f"{name}.parquet") for name in tables}
    names = {**EXPECTED, "class": ["dog", "cat"], "metric": list(metrics)}
    nets = [
        {"name": "vgg", "architecture": "vgg19", "training": "untrained"},
        {"name": "alexnet", "architecture": "alexnet", "training": "trained"},
    ]
    more = {"is_folder": False}
    nets = [{**net, **more, "sizes": EXPECTED["net"][net["name"]]} for net in nets]
    scores = parts["nets"], parts["controls"]
    gather_scores.main(*scores, SUBSET, names, nets, DILATIONS, [], outputs)
    return {name: read_table(Path(outputs[name])) for name in ("energy", "measures", "sweep")}


def test_valid_tables_are_written_in_order(parts, table, sweep, tmp_path):
    gathered = gather(parts, tmp_path)
    training = {"vgg": "untrained", "alexnet": "trained"}
    table = table.assign(
        architecture=table["net"].map({"vgg": "vgg19", "alexnet": "alexnet"}),
        training=table["net"].map(training),
        negligible_energy=pd.Series(pd.NA, table.index, dtype="boolean"),  # no backpropagation
    )
    of_nets = table[table["net"].notna()].astype({"target": "int64", "target_rank": "int64"})
    expected = {
        "energy": of_nets[columns.ENERGY],
        "measures": table[columns.of_measures(OF_MAPS)],
        "sweep": sweep.assign(
            status=table["status"].repeat(len(DILATIONS)).to_numpy(),
            training=sweep["net"].map(training),
        ),
    }
    for name, frame in gathered.items():
        key = [*columns.KEY, "dilation"] if name == "sweep" else columns.KEY
        text = frame.astype(dict.fromkeys(columns.NAMES, "str"))
        pd.testing.assert_frame_equal(
            text.sort_values(key, ignore_index=True),
            expected[name].sort_values(key, ignore_index=True),
        )
        assert frame["net"].dropna().unique().tolist() == list(EXPECTED["net"])
        assert frame["size"][:6].unique().tolist() == ["original"]
        controls = [] if name == "energy" else EXPECTED["control"]
        assert frame["method"].unique().tolist() == [*EXPECTED["method"], *controls]
    assert gathered["energy"]["class"][:3].tolist() == ["dog", "dog", "cat"]
    assert gathered["sweep"]["dilation"][:3].tolist() == DILATIONS


def test_names_are_categories_in_the_study_s_order_and_energy_is_plain(parts, tmp_path):
    gathered = gather(parts, tmp_path)
    order = {
        **EXPECTED,
        "net": list(EXPECTED["net"]),
        "method": EXPECTED["method"] + EXPECTED["control"],
        "class": ["dog", "cat"],
    }
    for name in columns.NAMES:
        for table in (gathered["measures"], gathered["sweep"]):
            assert table[name].cat.categories.tolist() == order[name]
            assert table[name].cat.ordered
        assert gathered["energy"][name].dtype == "str"


def test_a_name_that_is_not_the_study_s_is_no_null(table):
    names = {**EXPECTED, "class": ["dog"]}
    with pytest.raises(ValueError, match=r"class 'cat' is none of the study's \['dog'\]"):
        gather_scores.in_order(table, names)


def test_a_study_has_the_metrics_that_it_names(parts, tmp_path):
    few = ["concentration", "pointing_game"]
    measures = gather(parts, tmp_path, few)["measures"]
    assert measures.columns.intersection(OF_MAPS, sort=False).tolist() == few


def change(path):
    write(pd.read_parquet(path).assign(concentration=0.5), path)


def drop_column(path):
    write(pd.read_parquet(path).drop(columns="target_rank"), path)


def tamper(path):
    pd.read_parquet(path).assign(concentration=0.5).to_parquet(path, index=False)


def cut(path):
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[:-100])


def empty(path):
    Path(path).write_bytes(b"")


@pytest.mark.parametrize(
    ("kind", "damage", "message"),
    [
        ("scores", change, "not of every record: concentration is energy_inside / energy_total"),
        ("scores", drop_column, r"parquet' can't be read .*target_rank.* delete '"),
        ("scores", cut, r"1-1\.parquet' was damaged .* delete '.*1-1\.parquet' and rerun"),
        ("scores", empty, r"1-1\.parquet' was damaged .* delete '"),
        ("scores", tamper, r"1-1\.parquet' was damaged or changed .* delete '"),
        ("sweeps", change, "swept concentration is missing where the map has no finite energy"),
        ("sweeps", cut, r"1-1\.parquet' was damaged .* delete '"),
    ],
    ids=[
        "wrong",
        "of an earlier version",
        "cut short",
        "empty",
        "tampered",
        "wrong sweep",
        "cut sweep",
    ],
)
def test_no_table_is_written_of_damaged_scores(parts, tmp_path, kind, damage, message):
    damage(parts["nets"][0][["scores", "sweeps"].index(kind)])
    with pytest.raises(StudyError, match=message):
        gather(parts, tmp_path)
    assert not list(tmp_path.glob("*.parquet"))
