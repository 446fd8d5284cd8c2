"""Summaries against a second derivation in plain Python."""

from math import fsum

import numpy as np
import pandas as pd
import pytest

from concentration import intervals
from concentration.measures import CHANCE
from concentration.methods import LABELS
from concentration.summaries import compare, summarise, summarise_measures, undefined

from .studies import STATUSES, fabricate

METHODS = list(LABELS)


@pytest.fixture
def records():
    """Records of every method on two nets, some undefined; those of Grad-CAM all are."""
    made = fabricate(nets=["vgg19", "alexnet"])
    gone = made["method"] == "grad_cam"
    reasons = pd.Series(np.resize(STATUSES, len(made)), made.index)
    return made.assign(
        concentration=made["concentration"].mask(gone),
        status=made["status"].mask(gone, reasons),
    )


@pytest.mark.parametrize(
    "by", [["method"], ["net"], ["net", "method"], ["class", "size", "method"]], ids=" x ".join
)
def test_summary_is_that_of_plain_python(records, by):
    summary = summarise(records, by)
    groups = {}
    for row in records.to_dict("records"):
        groups.setdefault(tuple(row[key] for key in by), []).append(row)
    in_order = list(summary[by].itertuples(index=False, name=None))
    places = {column: list(records[column].unique()) for column in by}
    assert in_order == sorted(
        groups, key=lambda key: [places[c].index(name) for c, name in zip(by, key, strict=True)]
    )
    for line, rows in zip(summary.to_dict("records"), map(groups.get, in_order), strict=True):
        defined = [row for row in rows if row["status"] == "ok"]
        assert line["records"] == len(rows)
        assert line["undefined"] == len(rows) - len(defined)
        counts = {r: sum(row["status"] == r for row in rows) for r in STATUSES}
        assert line["reasons"] == ", ".join(f"{n} {r}" for r, n in counts.items() if n)
        total = fsum(row["concentration"] for row in defined)
        covered = fsum(row["mask_fraction"] for row in defined)
        assert line["sum"] == pytest.approx(total)
        if defined:
            assert line["mean"] == pytest.approx(total / len(defined))
            assert line["mask_fraction"] == pytest.approx(covered / len(defined))
            assert line["lift"] == pytest.approx(total / covered)
            assert line["low"] < line["mean"] < line["high"]
            assert line["lift_low"] < line["lift"] < line["lift_high"]
        else:
            missing = ["mean", "low", "high", "mask_fraction", "lift", "lift_low", "lift_high"]
            assert np.isnan([line[name] for name in missing]).all()


def test_intervals_are_those_of_the_defined_records(records):
    [row] = summarise(records[records["method"] == "guided_grad_cam"]).to_dict("records")
    ok = records[(records["method"] == "guided_grad_cam") & (records["status"] == "ok")]
    assert (row["low"], row["high"]) == intervals.of_mean(ok["concentration"], ok["image_id"])
    assert (row["lift_low"], row["lift_high"]) == intervals.of_ratio(
        ok["concentration"], ok["mask_fraction"], ok["image_id"]
    )


def test_undefined_records_change_no_mean(records):
    columns = ["sum", "mean", "low", "high", "mask_fraction", "lift", "lift_low", "lift_high"]
    ok = records[records["status"] == "ok"]
    with_all = summarise(records).set_index("method").drop("grad_cam")
    with_ok = summarise(ok).set_index("method").loc[with_all.index]
    pd.testing.assert_frame_equal(with_all[columns], with_ok[columns])
    assert (with_ok["undefined"] == 0).all()
    assert (with_ok["reasons"] == "").all()


def test_nothing_is_dropped(records):
    summary = summarise(records)
    assert summary["records"].sum() == len(records)
    assert summary["undefined"].sum() == records["concentration"].isna().sum()


def test_undefined_counts_every_reason_of_every_cell(records):
    counted = undefined(records)
    cells = records.groupby(["net", "size", "method"])
    for (net, size, method), cell in cells:
        rows = counted[
            (counted["net"] == net) & (counted["size"] == size) & (counted["method"] == method)
        ]
        found = dict(zip(rows["status"], rows["records"], strict=True))
        assert found == cell.loc[cell["status"] != "ok", "status"].value_counts().to_dict()
        assert (rows["of"] == len(cell)).all()


def test_a_study_without_undefined_records_has_an_empty_list(records):
    assert undefined(records[records["status"] == "ok"]).empty


def test_every_measure_stands_beside_its_own_level_of_chance(records):
    table = summarise_measures(records)
    assert table["measure"].unique().tolist() == list(CHANCE)
    for (measure, method), rows in table.groupby(["measure", "method"]):
        of_method = records[records["method"] == method].dropna(subset=measure)
        [row] = rows.to_dict("records")
        assert row["mean"] == pytest.approx(of_method[measure].mean(), nan_ok=True)
        chance = of_method[CHANCE[measure]].mean()
        assert row["chance"] == pytest.approx(chance, nan_ok=True)
        assert row["lift"] == pytest.approx(row["mean"] / chance, nan_ok=True)


def test_reference_stands_beside_the_mean_of_its_method(records):
    summary = summarise(records)
    reference = dict(zip(METHODS[::-1][:3], [0.25, 0.5, 0.75], strict=True))
    compared = compare(summary, reference).set_index("method")
    means = summary.set_index("method")["mean"]
    assert compared["reference_mean"].dropna().to_dict() == reference
    assert compared.loc["guided_grad_cam", "difference"] == means["guided_grad_cam"] - 0.25
    assert compared.loc[["grad_cam", "centre"], "difference"].isna().all()


def test_no_records_make_a_table_without_rows(records):
    empty = summarise(records[:0], ["net", "method"])
    assert empty.empty
    assert list(empty.columns) == list(summarise(records, ["net", "method"]).columns)
