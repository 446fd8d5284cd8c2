"""The evidence on each method: the same numbers as in the tables of each piece."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lookwhere.metrics.registry import METRICS, of_passes
from lookwhere.statistics import (
    cascade,
    discrimination,
    evidence,
    faithful,
    planted,
    verdicts,
)
from lookwhere.statistics.evidence import Results
from lookwhere.statistics.strata import methods_only, trained_only
from lookwhere.statistics.summary import summarise

from .studies import (
    UNTRAINED,
    cascade_of,
    fabricate,
    reasons_of,
    rivals_of,
    with_faithfulness,
)

pytestmark = pytest.mark.usefixtures("few_draws")

RECORDS = fabricate()
RESULTS = Results(RECORDS, rivals_of(RECORDS), cascade_of(RECORDS))
ENDS = ("", "_low", "_high", "_records", "_undefined")


def values(table, name, *by):
    return table.astype(dict.fromkeys(by, "str")).set_index(list(by))[name].to_dict()


def test_a_study_has_the_columns_of_its_results():
    alone = evidence.of_methods(Results(RECORDS))
    assert list(alone) == [
        *("method", "lift", "lift_low", "lift_high", "lift_records", "lift_undefined"),
        *("ahead_of_all", "not_ahead"),
    ]
    more = set(evidence.of_methods(RESULTS)) - set(alone)
    pieces = ("rank_correlation", "discrimination")
    assert more == {f"{piece}{end}" for piece in pieces for end in ENDS} | {"keeps_map"}


def test_a_row_is_a_method_or_a_net_and_method_in_the_study_s_order():
    methods = list(dict.fromkeys(RECORDS.loc[RECORDS["net"].notna(), "method"].astype(str)))
    trained = trained_only(RECORDS)
    expected = [name for name in methods if name in set(evidence.of_methods(RESULTS)["method"])]
    assert list(evidence.of_methods(RESULTS)["method"]) == expected
    assert len(evidence.of_nets(RESULTS)) == len(expected) * trained["net"].nunique()


def test_the_lift_is_that_of_the_table_of_concentration():
    lifts = values(summarise(trained_only(RECORDS)), "lift", "method")
    for method, lift in values(evidence.of_methods(RESULTS), "lift", "method").items():
        assert lift == pytest.approx(lifts[method])


def test_means_by_net_are_those_of_the_records():
    table = evidence.of_nets(RESULTS)
    twins = cascade.twins(RESULTS.cascade)
    pairs = discrimination.of_pairs(RESULTS.rivals)
    pairs = pairs[~pairs["net"].isin(UNTRAINED)]
    for name, records in {"rank_correlation": twins, "discrimination": pairs}.items():
        own = values(table, name, "net", "method")
        means = records.groupby(["net", "method"], observed=True)[name].mean()
        assert {key: means[key] for key in own} == pytest.approx(own, nan_ok=True)


@pytest.mark.parametrize("of", [evidence.of_methods, evidence.of_nets])
def test_all_evidence_is_of_trained_nets(of):
    """The untrained net of the study, which is among its rivals too, changes no number."""
    tables = [with_faithfulness(RECORDS), RESULTS.rivals, RESULTS.cascade]
    of_trained = [table[~table["net"].isin(UNTRAINED)] for table in tables]
    table, alone = (of(Results(*each, reasons_of(RECORDS))) for each in (tables, of_trained))
    rest = alone.columns.difference(["ahead_of_all", "not_ahead"])  # which have it as a control
    pd.testing.assert_frame_equal(table[rest], alone[rest])


def test_nets_on_which_a_method_is_ahead_are_counted_and_the_others_named(monkeypatch):
    states = pd.DataFrame(
        [
            ("vgg19", "grad_cam", verdicts.AHEAD_OF_ALL, "noise"),
            ("alexnet", "grad_cam", verdicts.NO_DIFFERENT, "mean_map"),
            ("vgg19", "deconvolution", verdicts.BEHIND, "mean_activation"),
            ("alexnet", "deconvolution", verdicts.TOO_FEW, None),
        ],
        columns=["net", "method", "verdict", "control"],
    )
    monkeypatch.setattr(evidence, "verdicts", SimpleNamespace(**vars(verdicts)))
    monkeypatch.setattr(evidence.verdicts, "verdicts", lambda *_: states)
    table = evidence.of_methods(Results(RECORDS)).set_index("method")
    assert table.loc["grad_cam", "ahead_of_all"] == "1 of 2"
    assert table.loc["grad_cam", "not_ahead"] == "no different from Mean map (alexnet)"
    assert table.loc["deconvolution", "ahead_of_all"] == "0 of 2"
    assert table.loc["deconvolution", "not_ahead"] == (
        "behind Mean Activation (vgg19); too few images (alexnet)"
    )


def test_a_map_that_stays_as_it_is_keeps_its_map_on_every_net():
    """The first method of the fabricated cascade does, and the others do not."""
    table = evidence.of_methods(RESULTS)
    cells = RECORDS.loc[RECORDS["training"] == "trained", ["net", "size"]].drop_duplicates()
    assert table["keeps_map"].iloc[0] == f"{len(cells)} of {len(cells)}"
    assert set(table["keeps_map"].iloc[1:]) == {f"0 of {len(cells)}"}


def test_every_piece_counts_its_records_and_the_undefined_ones():
    records, lost = with_faithfulness(RECORDS), RECORDS.index[::5]
    records.loc[lost, [name for name in of_passes(METRICS) if name in records]] = np.nan
    results = Results(records, RESULTS.rivals, RESULTS.cascade, reasons_of(records))
    table = evidence.of_methods(results).set_index("method")
    own = methods_only(trained_only(records))
    pairs = discrimination.of_pairs(RESULTS.rivals)
    sources = {
        "lift": (own, "concentration"),
        "rank_correlation": (cascade.twins(RESULTS.cascade), "rank_correlation"),
        "discrimination": (pairs[~pairs["net"].isin(UNTRAINED)], "discrimination"),
        "faithful": (faithful.contrasted(records), "faithful"),
        "auc": (own[own["class"] == "dog"], "concentration"),
    }
    for name, (source, column) in sources.items():
        by_method = source[column].isna().groupby(source["method"].astype(str))
        assert by_method.sum().sum()
        assert table[f"{name}_records"].to_dict() == by_method.size().to_dict()
        assert table[f"{name}_undefined"].to_dict() == by_method.sum().to_dict()


def test_undefined_pairs_are_left_out_of_the_mean():
    rivals = RESULTS.rivals.copy()
    rivals.loc[rivals.index[::2], "pair_status"] = "zero_energy"
    table = evidence.of_methods(Results(RECORDS, rivals))
    kept = discrimination.of_pairs(rivals[~rivals["net"].isin(UNTRAINED)])
    assert kept["discrimination"].isna().any()
    means = kept.groupby("method", observed=True)["discrimination"].mean()
    assert np.allclose(table["discrimination"], means[table["method"]])


def test_faithfulness_is_that_of_the_quadrant_and_its_interval():
    records = with_faithfulness(RECORDS)
    table = evidence.of_nets(Results(records))
    for name in ("faithful", "faithful_low", "faithful_high"):
        expected = values(faithful.of_methods(records), name, "net", "method")
        assert values(table, name, "net", "method") == pytest.approx(expected, nan_ok=True)


def test_detection_is_of_all_nets_of_known_reason_together():
    reasons = reasons_of(RECORDS)
    results = Results(RECORDS, reasons=reasons)
    table = planted.detection(RECORDS, reasons)
    expected = values(table[table["unit"] == "image"], "auc", "method")
    assert values(evidence.of_methods(results), "auc", "method") == pytest.approx(expected)
    assert "auc" not in evidence.of_nets(results)


def test_evidence_computes_no_detection_by_nets(monkeypatch):
    """It would take as long again."""
    monkeypatch.setattr(planted, "_interval_of_means", None)
    assert "auc" in evidence.of_methods(Results(RECORDS, reasons=reasons_of(RECORDS)))
