"""The scores of metrics that need the net join the records, each once."""

import pandas as pd
import pytest

from gather_scores import read_faithfulness, with_faithfulness
from lookwhere.metrics.columns import KEY
from lookwhere.metrics.parts import write
from lookwhere.metrics.validation import faithfulness_faults

SCORES = pd.DataFrame(
    [
        ("1-dog", "vgg", "grad_cam", "224", "ok"),
        ("2-dog", "vgg", "grad_cam", "224", "empty_mask"),
        ("1-dog", "theirs", "grad_cam", "224", "ok"),
        ("1-dog", None, "noise", "224", "ok"),
    ],
    columns=[*KEY, "status"],
)
TABLE = SCORES.loc[[1, 0], KEY].assign(deletion=[0.2, 0.1])  # of the net whose maps are computed


def test_values_are_those_of_the_record_and_null_where_the_status_is_not_ok():
    values = with_faithfulness(SCORES, {"deletion": TABLE})["deletion"]
    assert values.iloc[0] == 0.1
    assert values.iloc[1:].isna().all()  # an empty mask, a folder of maps, a control


def test_a_study_without_such_metrics_keeps_its_scores():
    assert read_faithfulness([], ["concentration"]) == {}
    pd.testing.assert_frame_equal(with_faithfulness(SCORES, {}), SCORES)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (TABLE, None),
        (TABLE[:1], "missing: 1 record: 1-dog / vgg"),
        (pd.concat([TABLE, TABLE[:1]]), "more than once: 1 record: 2-dog"),
        (TABLE.assign(net="alexnet"), "missing: 2 records"),
        (pd.concat([TABLE, TABLE[:1].assign(sample="3-dog")]), "not of the study: 1 record: 3-dog"),
    ],
)
def test_every_record_of_a_computed_map_is_there_once(table, fault):
    faults = faithfulness_faults(table, SCORES, ["theirs"])
    assert faults == [] if fault is None else any(text.startswith(fault) for text in faults)


def test_parts_are_read_by_the_folder_of_their_metric(tmp_path):
    for metric in ("deletion", "road"):
        part = TABLE.rename(columns={"deletion": metric}) if metric == "road" else TABLE
        write(part, tmp_path / metric / "1-1.parquet")
    parts = [str(tmp_path / metric / "1-1.parquet") for metric in ("deletion", "road")]
    tables = read_faithfulness(parts, ["concentration", "deletion", "road"])
    assert list(tables["road"].columns) == [*KEY, "road"]
    assert tables["deletion"]["deletion"].tolist() == [0.2, 0.1]
