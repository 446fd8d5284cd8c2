"""Controls are recorded once; the statistics equal those with one per net."""

import pandas as pd
import pytest

from lookwhere.io.results import checked_file
from lookwhere.methods.names import CONTROL_LABELS
from lookwhere.metrics.columns import NAMES
from lookwhere.statistics import records, summary
from lookwhere.statistics.certainty import by_certainty
from lookwhere.statistics.paired import between_sizes, differences
from lookwhere.statistics.strata import add_strata, as_text, methods_only, trained_only

from .studies import fabricate

PLACE = [*NAMES, "sample"]
# Some nets have no rank for some samples.
RANKS = {"target_rank": lambda t: t["target_rank"].where(t["image_id"] > 2).astype("float64")}
BESIDE = fabricate().assign(**RANKS).sort_values(PLACE, ignore_index=True)


def recorded_once(beside):
    """The records as in ``measures.parquet``: a control once, without a net."""
    of_no_net = beside["method"].isin(CONTROL_LABELS)
    controls = beside[of_no_net & (beside["net"] == beside["net"].cat.categories[0])].copy()
    controls[[name for name in records.OF_A_NET if name in beside]] = None
    nullable = {name: "Int64" for name in ("target", "target_rank") if name in beside}
    kinds = {**beside.dtypes, **nullable}
    parts = [table.astype(kinds) for table in (beside[~of_no_net], controls)]
    return pd.concat(parts).sample(frac=1, random_state=0)


ONCE = recorded_once(BESIDE)


def test_a_control_is_joined_to_every_net_of_its_sample_and_size():
    assert len(ONCE) < len(BESIDE)
    assert ONCE["net"].isna().sum() == len(BESIDE) / 8  # three of eight maps, beside three nets
    pd.testing.assert_frame_equal(records.beside_nets(ONCE), BESIDE, check_exact=True)


def test_a_control_is_joined_to_the_nets_of_its_sample_alone():
    """A net without records at a size has no control there."""
    gone = (BESIDE["net"] == "alexnet") & (BESIDE["size"] == "224")
    fewer = recorded_once(BESIDE[~gone])
    expected = BESIDE[~gone].reset_index(drop=True)
    pd.testing.assert_frame_equal(records.beside_nets(fewer), expected, check_exact=True)


def test_a_file_keeps_the_order_of_absent_categories(tmp_path):
    with checked_file(tmp_path / "measures.parquet") as draft:
        ONCE[ONCE["method"] != "grad_cam"].to_parquet(draft, index=False)
    read = records.read(tmp_path / "measures.parquet")
    for name in NAMES:
        assert list(read[name].cat.categories) == list(BESIDE[name].cat.categories)
        assert read[name].cat.ordered
    assert "grad_cam" not in set(read["method"])


def sweep(table):
    steps = table.merge(pd.DataFrame({"dilation": [0.0, 0.5]}), how="cross")
    shares = steps["concentration"] * (1 + steps["dilation"]) / 2
    return steps.assign(concentration=shares)[
        [*PLACE, "image_id", "dilation", "concentration", "mask_fraction", "training"]
    ]


def test_a_control_of_a_sweep_is_joined_in_the_same_way():
    beside = sweep(BESIDE)
    assert beside["dilation"].tolist()[:2] == [0.0, 0.5]
    once = recorded_once(beside).sort_index(kind="stable")
    pd.testing.assert_frame_equal(records.beside_nets(once), beside, check_exact=True)


TABLES = {
    "summary": lambda t: summary.summarise(t),
    "summary by net": lambda t: summary.summarise(t, ["net", "size", "method"]),
    "summary by class": lambda t: summary.summarise(add_strata(t, ["class"]), ["class", "method"]),
    "summary by training": lambda t: summary.summarise(t, ["training", "method"]),
    "summary by prediction": lambda t: summary.by_prediction(trained_only(t)),
    "metrics": summary.summarise_measures,
    "undefined": summary.undefined,
    "certainty": by_certainty,
    "differences": lambda t: differences(t, []),
    "differences by net": lambda t: differences(t, ["net"]),
    "differences by class": lambda t: differences(t, ["class"]),
    "differences by prediction": lambda t: differences(t, ["prediction"]),
    "differences between sizes": lambda t: between_sizes(methods_only(t)),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_tables_of_both_forms_are_the_same(table):
    """Controls with every net and names as text; or once, with names as categories."""
    plain, expected = table(records.beside_nets(ONCE)), table(as_text(BESIDE))
    assert not plain.select_dtypes("category").columns.any()
    pd.testing.assert_frame_equal(plain, expected, check_exact=True)
