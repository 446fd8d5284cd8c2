"""Nets of known reason: shares of the energy, and concentration as a detector of cheats."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

import lookwhere
from lookwhere.statistics import bootstrap, planted
from worlds import planted as scenes

METHODS = ["grad_cam", "backpropagation"]
CLASSES = ["object", "part", "mark", "background"]
REASONS = {"honest": ["object"], "emblem": ["part", "object"], "patch": ["mark"]}
DRAWN = scenes.draw_sample(12, seed=0)


def records_of(maps, nets=REASONS, methods=METHODS[:1], images=12):
    """Records of ``maps(net, method, image)``, (H, W), on the masks of drawn scenes."""
    rows = [
        {
            "sample": f"{image}-{name}",
            "image_id": image,
            "class": name,
            "net": net,
            "method": method,
            "size": "original",
            "training": "untrained" if net.startswith("random") else "trained",
            "negligible_energy": False,
            **lookwhere.score(
                maps(net, method, image)[None], DRAWN[image].masks[name], ["concentration"]
            ),
        }
        for net in nets
        for method in methods
        for image in range(images)
        for name in CLASSES
    ]
    records = pd.DataFrame(rows)
    order = {"net": list(nets), "method": methods, "class": CLASSES, "size": ["original"]}
    types = {name: pd.CategoricalDtype(names, ordered=True) for name, names in order.items()}
    return records.astype(types | {"concentration": float, "mask_fraction": float})


def perfect(net, method, image):
    """All energy on what the net uses."""
    return DRAWN[image].masks[REASONS[net][0]].astype(float)


def noise(net, method, image):
    """Little more energy on what the net uses."""
    rng = np.random.default_rng([image, len(net), len(method)])
    weight = 1 + 0.5 * DRAWN[image].masks[REASONS[net][0]]
    return weight * rng.normal(size=weight.shape) * rng.uniform(0.2, 1, (1, weight.shape[1])) ** 3


def test_perfect_maps_of_the_patch_tell_a_cheat():
    records = records_of(perfect)
    of_patch = records[(records["net"] == "patch") & (records["class"] == "object")]
    assert (of_patch["concentration"] == 0).all()
    table = planted.detection(records, REASONS).set_index("unit")
    for unit in planted.UNITS:
        row = table.loc[unit]
        assert (row["auc"], row["sensitivity"], row["specificity"]) == (1, 1, 1)
        assert (row["auc_low"], row["auc_high"]) == (1, 1)
        assert (row["best_sensitivity"], row["best_specificity"]) == (1, 1)
        assert 0 < row["threshold"] < 1
    assert tuple(table.loc["image", ["records", "honest", "cheating"]]) == (36, 24, 12)
    assert tuple(table.loc["net", ["records", "honest", "cheating"]]) == (3, 2, 1)


def test_maps_of_the_wrong_nets_tell_the_opposite():
    swapped = {"honest": ["mark"], "emblem": ["mark"], "patch": ["object"]}
    table = planted.detection(records_of(perfect), swapped).set_index("unit")
    assert (table["auc"] == 0).all()
    assert (table.loc["image", ["sensitivity", "specificity"]] == 0).all()


def test_the_area_and_the_rates_are_those_of_scikit_learn():
    records = records_of(noise, methods=METHODS)
    table = planted.detection(records, REASONS)
    of_object = records[records["class"] == "object"]
    for method in METHODS:
        of_method = of_object[of_object["method"] == method]
        is_cheat = of_method["net"] == "patch"
        row = table[(table["method"] == method) & (table["unit"] == "image")].iloc[0]
        scores = -of_method["concentration"]
        assert row["auc"] == pytest.approx(roc_auc_score(is_cheat, scores), abs=1e-12)
        assert 0.2 < row["auc"] < 0.98
        false, true, _ = roc_curve(is_cheat, scores, drop_intermediate=False)
        best = row["best_sensitivity"] + row["best_specificity"] - 1
        assert best == pytest.approx((true - false).max(), abs=1e-12)
        flagged = of_method["concentration"] < row["threshold"]
        assert flagged[is_cheat].mean() == row["best_sensitivity"]
        assert 1 - flagged[~is_cheat].mean() == pytest.approx(row["best_specificity"])
        below = of_method["concentration"] < of_method["mask_fraction"]
        assert below[is_cheat].mean() == pytest.approx(row["sensitivity"])
        means = of_method.groupby("net", observed=True)["concentration"].mean()
        row = table[(table["method"] == method) & (table["unit"] == "net")].iloc[0]
        assert row["auc"] == roc_auc_score(means.index == "patch", -means)


def test_ties_count_half():
    scores, is_cheat = np.array([0.1, 0.1, 0.4, 0.1]), np.array([True, False, False, True])
    assert planted.auc(scores, is_cheat) == roc_auc_score(is_cheat, -scores) == 0.75


@pytest.mark.parametrize("unit", planted.UNITS)
def test_the_interval_is_that_of_draws_by_hand(unit, monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 1500)
    records = records_of(noise)
    row = planted.detection(records, REASONS).set_index("unit").loc[unit]
    of_object = records[records["class"] == "object"]
    by_image = dict(iter(of_object.groupby("image_id")))
    rng, areas = np.random.default_rng(5), []
    for _ in range(600):
        images = rng.choice(list(by_image), len(by_image))
        drawn = pd.concat([by_image[image] for image in images])
        if unit == "net":
            drawn = drawn.groupby("net", observed=True)["concentration"].mean().reset_index()
        areas.append(roc_auc_score(drawn["net"] == "patch", -drawn["concentration"]))
    expected = np.percentile(areas, [2.5, 97.5])
    assert [row["auc_low"], row["auc_high"]] == pytest.approx(expected, abs=0.03)


def test_the_area_of_a_resample_is_that_of_its_records(monkeypatch):
    """An image that is drawn twice counts twice, and a resample holds one number an image."""
    records = records_of(noise)
    seen = {}
    monkeypatch.setattr(
        bootstrap, "interval", lambda *arguments: seen.update(enumerate(arguments)) or (0, 1)
    )
    planted.detection(records, REASONS, ["image"])
    statistic, images, cells = (seen[place] for place in range(3))
    assert cells == images == 12
    of_object = records[records["class"] == "object"]
    by_image = [own for _, own in of_object.groupby("image_id")]
    resamples = np.random.default_rng(2).integers(images, size=(20, images))
    expected = []
    for resample in resamples:
        drawn = pd.concat([by_image[place] for place in resample])
        expected.append(roc_auc_score(drawn["net"] == "patch", -drawn["concentration"]))
    assert statistic(resamples, axis=-1) == pytest.approx(expected)
    assert float(statistic(resamples[0], axis=-1)) == pytest.approx(expected[0])


def test_shares_of_classes_without_common_pixels_add_up_to_one():
    table = planted.shares(records_of(noise), REASONS)
    sums = table[table["class"] != "part"].groupby("net", observed=True)["mean"].sum()
    assert list(sums) == pytest.approx([1, 1, 1], abs=1e-12)


def test_shares_name_the_reason_what_holds_it_and_the_decoys():
    table = planted.shares(records_of(perfect), REASONS)
    roles = {(str(row["net"]), str(row["class"])): row["role"] for _, row in table.iterrows()}
    assert [roles["emblem", name] for name in CLASSES] == [
        planted.HOLDS,
        planted.TRUE,
        planted.DECOY,
        planted.DECOY,
    ]
    assert [roles["patch", name] for name in CLASSES].count(planted.DECOY) == 3
    means = table.set_index(["net", "class"])["mean"]
    assert all(means[net, names[0]] == 1 for net, names in REASONS.items())
    assert list(table["reason"].astype(str).unique()) == ["object", "part, object", "mark"]


def test_shares_of_a_reason_are_of_all_its_nets():
    reasons = REASONS | {"emblem": ["object"]}
    records = records_of(noise)
    table = planted.shares(records, reasons, by=["reason"])
    mean = table[(table["reason"] == "object") & (table["class"] == "mark")]["mean"].iloc[0]
    of_both = records[(records["net"] != "patch") & (records["class"] == "mark")]
    assert mean == pytest.approx(of_both["concentration"].mean())


def test_untrained_nets_and_those_of_no_known_reason_are_left_out_and_counted():
    nets = [*REASONS, "other", "random"]
    records = records_of(lambda *_: DRAWN[0].masks["object"].astype(float), nets, images=2)
    assert planted.left_out(records, REASONS) == 2
    assert set(planted.shares(records, REASONS)["net"]) == set(REASONS)
    row = planted.detection(records, REASONS | {"random": ["mark"]}).iloc[0]
    assert (row["records"], row["auc"]) == (6, 0.5)


def test_undefined_records_are_counted():
    records = records_of(perfect)
    lost = (records["image_id"] < 3) | (records["net"] == "emblem")
    records["concentration"] = records["concentration"].mask(lost)
    records["status"] = records["status"].mask(lost, "zero_energy")
    table = planted.detection(records, REASONS).set_index("unit")
    assert tuple(table.loc["image", ["records", "undefined", "honest"]]) == (36, 18, 9)
    assert tuple(table.loc["net", ["records", "undefined", "honest"]]) == (3, 1, 1)
    assert np.isnan(table.loc["image", "auc_low"])  # of nine images
    shares = planted.shares(records, REASONS).set_index(["net", "class"])
    assert shares.loc[("emblem", "part"), "undefined"] == 12


def test_of_one_kind_of_net_there_is_no_area():
    row = planted.detection(records_of(perfect), {"honest": ["object"]}).iloc[0]
    assert row[["auc", "auc_low", "threshold", "sensitivity"]].isna().all()
    assert row["specificity"] == 1
