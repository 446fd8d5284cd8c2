"""Summaries, against plain Python."""

from dataclasses import replace
from math import fsum

import numpy as np
import pandas as pd
import pytest

from lookwhere.methods.names import LABELS
from lookwhere.metrics.registry import METRICS
from lookwhere.statistics import bootstrap
from lookwhere.statistics.strata import once
from lookwhere.statistics.summary import (
    by_prediction,
    compare,
    summarise,
    summarise_measures,
    undefined,
    within_strata,
)

from .studies import FIVE, OF_MAPS, STATUSES, fabricate

METHODS = FIVE


@pytest.fixture
def records():
    """Records of every method on two nets, some undefined; those of Grad-CAM all are."""
    records = fabricate(nets=["vgg19", "alexnet"])
    gone = records["method"] == "grad_cam"
    reasons = pd.Series(np.resize(STATUSES, len(records)), records.index)
    return records.assign(
        concentration=records["concentration"].mask(gone),
        status=records["status"].mask(gone, reasons),
    )


@pytest.mark.parametrize(
    "by", [["method"], ["net"], ["net", "method"], ["class", "size", "method"]], ids=" x ".join
)
def test_summary_is_that_of_plain_python(records, by):
    summary = summarise(records, by)
    groups = {}
    for row in records.to_dict("records"):
        rows = groups.setdefault(tuple(row[key] for key in by), {})
        of_net = row["net"] if row["method"] in LABELS else None  # a control counts once
        rows.setdefault((row["sample"], row["size"], row["method"], of_net), row)
    groups = {key: list(rows.values()) for key, rows in groups.items()}
    in_order = list(summary[by].itertuples(index=False, name=None))
    places = {column: list(records[column].unique()) for column in by}
    assert in_order == sorted(
        groups, key=lambda key: [places[c].index(name) for c, name in zip(by, key, strict=True)]
    )
    for line, rows in zip(summary.to_dict("records"), map(groups.get, in_order), strict=True):
        defined = [row for row in rows if row["status"] == "ok"]
        assert line["records"] == len(rows)
        assert line["images"] == len({row["image_id"] for row in defined})
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
            of_nets = {}
            for row in defined:
                of_nets.setdefault(row["net"], []).append(row["concentration"])
            means = [fsum(values) / len(values) for values in of_nets.values()]
            if "net" in by:
                assert "lowest_net" not in line
            elif len(means) > 1:
                assert line["lowest_net"] == pytest.approx(min(means))
                assert line["highest_net"] == pytest.approx(max(means))
            else:  # a control, whose map is of no net
                assert np.isnan([line["lowest_net"], line["highest_net"]]).all()
            if len({row["image_id"] for row in defined}) < 10:
                assert np.isnan([line["low"], line["high"], line["lift_low"]]).all()
            else:
                assert line["low"] < line["mean"] < line["high"]
                assert line["lift_low"] < line["lift"] < line["lift_high"]
        else:
            missing = ["mean", "low", "high", "mask_fraction", "lift", "lift_low", "lift_high"]
            assert np.isnan([line[name] for name in missing]).all()


def test_intervals_are_those_of_the_defined_records(records):
    [row] = summarise(records[records["method"] == "guided_grad_cam"]).to_dict("records")
    ok = records[(records["method"] == "guided_grad_cam") & (records["status"] == "ok")]
    assert (row["low"], row["high"]) == bootstrap.mean_interval(ok["concentration"], ok["image_id"])
    assert (row["lift_low"], row["lift_high"]) == bootstrap.ratio_interval(
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
    of_nets = records["method"].isin(METHODS)
    count = of_nets.sum() + (~of_nets).sum() / records["net"].nunique()  # controls once
    assert summary["records"].sum() == count
    assert summary["undefined"].sum() == records.loc[of_nets, "concentration"].isna().sum()


def test_maps_of_negligible_energy_are_counted_where_they_have_a_mean(records):
    dark = (records["image_id"] == 3) & records["method"].isin(METHODS)
    flagged = records.assign(negligible_energy=records["negligible_energy"].mask(dark, True))
    counts = summarise(flagged).set_index("method")["negligible"]
    for method in METHODS:
        of_method = flagged[(flagged["method"] == method) & dark]
        assert counts[method] == of_method["concentration"].notna().sum()
    assert counts.sum() > 0


def paradox():
    """Two classes of 20 images; low ranks add 0.1 in each, and are mostly of the harder class."""
    rows = []
    for image in range(40):
        hard = image < 20
        low = image % 4 > 0 if hard else image % 4 == 0
        share = (0.2 if hard else 0.8) + (0.1 if low else 0)
        rows.append({"image_id": image, "class": f"{hard}", "concentration": share, "low": low})
    return pd.DataFrame(rows).assign(net="vgg19")


def test_within_nets_a_difference_is_not_that_of_nets():
    """The more certain net has the more concentrated maps: certainty makes no difference."""
    rows = [
        {"image_id": image, "class": "dog", "net": net, "concentration": share, "low": low}
        for image in range(40)
        for net, share, every in (("a", 0.8, 4), ("b", 0.2, 2))
        for low in [image % every == 0]
    ]
    records = pd.DataFrame(rows)
    low = records["low"]
    pooled = records[low]["concentration"].mean() - records[~low]["concentration"].mean()
    assert pooled < -0.1
    assert within_strata(records, low, ~low)["within"] == pytest.approx(0)


def test_within_classes_a_difference_is_not_that_of_classes():
    records = paradox()
    low = records["low"]
    pooled = records[low]["concentration"].mean() - records[~low]["concentration"].mean()
    assert pooled < -0.1
    within = within_strata(records, low, ~low)
    assert within["classes"] == 2
    for name in ("within", "within_low", "within_high"):
        assert within[name] == pytest.approx(0.1)


def test_classes_in_one_group_are_left_out_and_none_left_is_no_difference():
    records = paradox()
    low = records["low"] & (records["class"] == "True")
    high = ~records["low"]
    assert within_strata(records, low, high)["classes"] == 1
    none = within_strata(records, low & False, high)
    assert none["classes"] == 0
    assert np.isnan([none["within"], none["within_low"]]).all()


def test_by_prediction_each_group_has_its_difference_within_strata(records):
    table = by_prediction(records).set_index(["prediction", "method"])
    assert list(table.index.levels[0].unique()) == ["not top 1", "not top 5", "top 1", "top 5"]
    row = table.loc[("top 5", "grad_cam")]
    assert row["classes"] == 0  # Grad-CAM is undefined
    of_method = records[records["method"] == "guided_grad_cam"].dropna(subset="concentration")
    strata = of_method["class"].astype("str") + of_method["net"].astype("str")
    means = of_method.groupby([strata, of_method["target_rank"] <= 5])
    by_class = means["concentration"].mean().unstack()
    expected = (by_class[True] - by_class[False]).dropna().mean()
    assert table.loc[("top 5", "guided_grad_cam"), "within"] == pytest.approx(expected)
    assert np.isnan(table.loc[("not top 5", "guided_grad_cam"), "within"])


def test_sigmoids_are_grouped_by_what_is_recognised(records):
    records = records.assign(
        output_activation="sigmoid", target_recognised=(records["image_id"] < 4).astype("boolean")
    )
    table = by_prediction(records)
    assert table["prediction"].unique().tolist() == ["recognised", "not recognised"]
    counts = table[table["method"] == "backpropagation"].set_index("prediction")["images"]
    assert counts.to_dict() == {"recognised": 4, "not recognised": 8}


def test_undefined_counts_every_reason_of_every_cell(records):
    table = undefined(records)
    cells = records[records["method"].isin(METHODS)].groupby(["net", "size", "method"])
    for (net, size, method), cell in cells:
        rows = table[(table["net"] == net) & (table["size"] == size) & (table["method"] == method)]
        counts = dict(zip(rows["status"], rows["records"], strict=True))
        assert counts == cell.loc[cell["status"] != "ok", "status"].value_counts().to_dict()
        assert (rows["of"] == len(cell)).all()


def test_a_study_without_undefined_records_has_an_empty_list(records):
    assert undefined(records[records["status"] == "ok"]).empty


def test_every_metric_has_its_own_level_of_chance(records):
    table = summarise_measures(records)
    assert table["measure"].unique().tolist() == OF_MAPS
    for (metric, method), rows in table.groupby(["measure", "method"]):
        of_method = once(records[records["method"] == method]).dropna(subset=metric)
        [row] = rows.to_dict("records")
        assert row["mean"] == pytest.approx(of_method[metric].mean(), nan_ok=True)
        level = "box_fraction" if metric == "energy_pointing_game" else "mask_fraction"
        chance = of_method[level].mean()
        assert row["chance"] == pytest.approx(chance, nan_ok=True)
        assert row["lift"] == pytest.approx(row["mean"] / chance, nan_ok=True)


def test_the_metrics_are_those_of_the_records_in_their_order(records):
    fewer = records.drop(columns=["pointing_game", "energy_pointing_game"])
    turned = fewer[["relevance_rank_accuracy", *fewer.columns.drop("relevance_rank_accuracy")]]
    table = summarise_measures(turned)
    assert table["measure"].unique().tolist() == [
        *("relevance_rank_accuracy", "concentration", "relevance_mass_accuracy")
    ]


def test_a_metric_without_a_level_of_chance_has_no_lift(records, monkeypatch):
    without = replace(METRICS["pointing_game"], chance=None)
    monkeypatch.setitem(METRICS, "pointing_game", without)
    table = summarise_measures(records)
    lifts = ["chance", "lift", "lift_low", "lift_high"]
    of_metric = table["measure"] == "pointing_game"
    assert table.loc[of_metric, lifts].isna().all(axis=None)
    assert table.loc[of_metric & (table["method"] != "grad_cam"), "mean"].notna().all()
    assert table.loc[~of_metric & (table["method"] != "grad_cam"), lifts].notna().all(axis=None)
    one = summarise(records, ["method"], "pointing_game")
    assert "chance" in one
    assert "mask_fraction" not in one


def test_the_reference_is_a_column_beside_the_mean_of_its_method(records):
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
