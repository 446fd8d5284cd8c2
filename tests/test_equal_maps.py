"""Methods of equal maps are named, and no difference of rounding between them is tested."""

import numpy as np
import pandas as pd
import pytest

from lookwhere.methods.names import LABELS
from lookwhere.report.registry import Scores
from lookwhere.report.study_tables import differences as table_of_differences
from lookwhere.statistics import agreement, equal_maps, paired

from .studies import NETS, assert_fits, draw_chart, fabricate, sweep_of

pytestmark = pytest.mark.usefixtures("few_draws")

METHODS = ["backpropagation", "grad_cam", "xgrad_cam", "hires_cam"]
RECORDS = fabricate(images=30, methods=METHODS)


def with_equal_maps(records, methods, nets, noise=3e-8):
    """The records, where on ``nets`` the ``methods`` have the first one's numbers, up to noise."""
    rng, first = np.random.default_rng(0), methods[0]
    keys = ["sample", "net", "size", *(["dilation"] if "dilation" in records else [])]
    named = [name for name in ("concentration", "pointing_game") if name in records]
    theirs = records[records["method"] == first].set_index(keys)[named]
    theirs = theirs.reindex(pd.MultiIndex.from_frame(records[keys])).set_axis(records.index)
    same = records["method"].isin(methods[1:]) & records["net"].isin(nets)
    theirs = theirs + rng.uniform(-noise, noise, (len(records), 1))
    return records.assign(**{name: records[name].mask(same, theirs[name]) for name in named})


EQUAL = with_equal_maps(RECORDS, METHODS[1:], ["vgg19"])


def test_methods_that_agree_in_every_record_of_a_net_have_equal_maps():
    assert equal_maps.groups(RECORDS) == {}
    assert equal_maps.groups(EQUAL) == {"vgg19": [METHODS[1:]]}
    assert equal_maps.groups(sweep_of(EQUAL)) == {"vgg19": [METHODS[1:]]}


def test_one_record_that_differs_is_enough_to_differ():
    place = EQUAL.index[
        (EQUAL["net"] == "vgg19") & (EQUAL["method"] == "xgrad_cam") & (EQUAL["status"] == "ok")
    ][0]
    shares = EQUAL["concentration"].copy()
    shares[place] += 1e-5
    changed = EQUAL.assign(concentration=shares)
    assert equal_maps.groups(changed) == {"vgg19": [["grad_cam", "hires_cam"]]}


def test_records_without_energy_on_or_off_the_mask_are_no_evidence():
    assert equal_maps.groups(RECORDS.assign(concentration=1.0)) == {}
    assert equal_maps.groups(RECORDS.assign(concentration=0.0)) == {}
    assert equal_maps.groups(RECORDS.assign(concentration=np.nan)) == {}


@pytest.mark.parametrize("table", [EQUAL, sweep_of(EQUAL)], ids=["records", "sweep"])
def test_without_rounding_equal_maps_have_equal_numbers_and_others_theirs(table):
    clean = equal_maps.without_rounding(table)
    moved = (clean["concentration"] - table["concentration"]).abs().fillna(0)
    assert 0 < moved.max() < 1e-6
    assert set(table.loc[moved > 0, "net"]) == {"vgg19"}
    keys = ["sample", "size", *(["dilation"] if "dilation" in table else [])]
    of_net = clean[clean["net"] == "vgg19"]
    both = of_net.pivot(index=keys, columns="method", values="concentration")[METHODS[1:]].dropna()
    assert len(both) > 30
    assert (both.nunique(axis=1) == 1).all()
    pd.testing.assert_frame_equal(
        clean.drop(columns=["concentration", "pointing_game"], errors="ignore"),
        table.drop(columns=["concentration", "pointing_game"], errors="ignore"),
    )
    assert list(clean) == list(table)


def test_a_metric_that_depends_on_the_factor_keeps_its_numbers():
    lost = EQUAL["concentration"].isna()
    other = EQUAL["energy_pointing_game"].where(lost, np.arange(len(EQUAL)) * 1.0)
    records = EQUAL.assign(energy_pointing_game=other)
    clean = equal_maps.without_rounding(records)
    assert clean["energy_pointing_game"].equals(other)


def test_equal_maps_are_not_tested_and_others_are():
    clean = equal_maps.without_rounding(EQUAL)
    table = paired.differences(clean, ["net"])
    same = table["method"].isin(METHODS[1:]) & table["other"].isin(METHODS[1:])
    same &= table["net"] == "vgg19"
    assert same.sum() == 3
    assert set(table.loc[same, "result"]) == {"equal"}
    assert (table.loc[same, "difference"] == 0).all()
    assert table.loc[same, ["p", "p_holm"]].isna().all(axis=None)
    assert "equal" not in set(table.loc[~same, "result"])
    assert table.loc[~same, "p"].notna().all()


def test_rounding_would_have_been_significant():
    """Always by 3e-8 in one direction: the test of ranks does not see how small that is."""
    ahead = with_equal_maps(RECORDS, ["grad_cam", "hires_cam"], NETS, noise=0)
    shift = 3e-8 * (ahead["method"] == "hires_cam")
    ahead = ahead.assign(concentration=ahead["concentration"] + shift)

    def result(records):
        table = paired.differences(records, [])
        pair = table[["method", "other"]].isin(["grad_cam", "hires_cam"]).all(axis=1)
        return table.loc[pair, "result"].item()

    assert result(ahead) == "ahead"
    assert result(equal_maps.without_rounding(ahead)) == "equal"


def test_over_nets_the_nets_of_equal_maps_add_nothing():
    clean = equal_maps.without_rounding(EQUAL)
    table = paired.differences(clean, []).set_index(["method", "other"])
    pair = ("hires_cam", "grad_cam")
    alexnet = paired.differences(clean, ["net"]).query("net == 'alexnet'")
    alexnet = alexnet.set_index(["method", "other"])
    assert table.loc[pair, "effect_size"] == alexnet.loc[pair, "effect_size"] == 1
    assert table.loc[pair, "difference"] < alexnet.loc[pair, "difference"]


def test_no_group_reverses_the_order_of_equal_maps():
    every = with_equal_maps(RECORDS, ["grad_cam", "hires_cam"], NETS)
    pair = {"grad_cam", "hires_cam"}
    assert pair in [set(names) for names in agreement.reversals(every)]
    clean = equal_maps.without_rounding(every)
    assert pair not in [set(names) for names in agreement.reversals(clean)]


def test_a_sentence_names_the_methods_and_their_nets():
    [sentence] = equal_maps.sentences(EQUAL)
    assert sentence == "Grad-CAM, XGrad-CAM and HiResCAM have equal maps on vgg19"
    two = with_equal_maps(RECORDS, METHODS[2:], NETS)
    [sentence] = equal_maps.sentences(two)
    assert sentence == f"XGrad-CAM and HiResCAM have equal maps on {', '.join(NETS)}"
    many = fabricate(images=4, methods=METHODS, nets=[f"net{n}" for n in range(4)])
    many = with_equal_maps(many, METHODS[2:], [f"net{n}" for n in range(4)])
    [sentence] = equal_maps.sentences(many)
    assert sentence == "XGrad-CAM and HiResCAM have equal maps on 4 nets"


def test_a_note_names_few_groups_and_counts_the_others():
    pairs = [list(LABELS)[n : n + 2] for n in range(0, 10, 2)]
    records = fabricate(images=4, methods=[name for pair in pairs for name in pair])
    assert list(equal_maps.notes(records)) == []
    for pair in pairs:
        records = with_equal_maps(records, pair, ["vgg19"])
    [note] = equal_maps.notes(records)
    named = [" and ".join(LABELS[name] for name in pair) + " (vgg19)" for pair in pairs[:3]]
    assert note == f"Equal maps: {'; '.join(named)}; and 2 more groups (see tables/differences)"


def test_tables_and_figures_name_them():
    clean = equal_maps.without_rounding(EQUAL)
    named = "Grad-CAM, XGrad-CAM and HiResCAM have equal maps on vgg19"
    assert f" {named}." in table_of_differences(Scores(clean), ["net"]).note
    named = "Equal maps: Grad-CAM, XGrad-CAM and HiResCAM (vgg19)"
    for chart in ("concentration", "differences", "dilation_sweep"):
        figure = draw_chart(chart, clean)
        assert named in figure.legends[0].get_title().get_text().replace("\n", " ")


def test_the_figure_of_differences_has_equal_instead_of_a_number():
    every = equal_maps.without_rounding(with_equal_maps(RECORDS, METHODS[2:], NETS))
    texts = [text.get_text() for text in draw_chart("differences", every).axes[0].texts]
    assert texts.count("equal") == 1
    six = ["backpropagation", "deconvolution", "guided_backpropagation", *METHODS[1:]]
    many = with_equal_maps(fabricate(methods=[*six, "layer_cam"]), METHODS[1:], NETS)
    many = equal_maps.without_rounding(many)
    matrix = draw_chart("differences", many).axes[0]
    assert [text.get_text() for text in matrix.texts].count("=") == 3
    assert {LABELS[name] for name in six} & {text.get_text() for text in matrix.get_yticklabels()}


def test_methods_of_equal_maps_are_ahead_on_no_image():
    every = equal_maps.without_rounding(with_equal_maps(RECORDS, METHODS[2:], NETS))
    texts = [text.get_text() for text in draw_chart("wins", every).axes[0].texts]
    assert texts.count("=") == 2  # in both orders


def test_the_matrix_of_all_methods_and_its_notes_fit_a_page():
    records = fabricate(methods=list(LABELS))
    of_cams = [name for name in LABELS if name.endswith("_cam")]
    for methods in (of_cams[:4], of_cams[4:7], of_cams[7:9], of_cams[9:11]):
        records = with_equal_maps(records, methods, NETS)
    clean = equal_maps.without_rounding(records)
    for chart in ("differences", "wins", "ranks"):
        assert_fits(draw_chart(chart, clean))
