"""Bins of ranks and probabilities, and comparisons with the bin of highest certainty."""

import pandas as pd
import pytest

from lookwhere.statistics.certainty import by_certainty


def records(values, kind="softmax"):
    """Two records per image, one with the certainty of ``values``, the other with the highest."""
    column = {"softmax": "target_rank", "sigmoid": "target_probability"}[kind]
    surest = {"softmax": 1, "sigmoid": 1.0}[kind]
    rows = []
    for image in range(12):
        for value in (surest, *values):
            rows.append(
                {"sample": f"{image}", "image_id": image, "class": "dog", "net": "a"}
                | {"method": "grad_cam", "output_activation": kind, column: value}
                | {"concentration": 0.5 if value == surest else 0.2, "size": f"{value}"}
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("kind", "values", "names"),
    [
        ("softmax", [2, 3, 5, 6, 10, 11, 100, 101], ["1", "2", "3-5", "6-10", "11-100", "> 100"]),
        (
            "sigmoid",
            [0.9991, 0.999, 0.99, 0.9, 0.5, 0.0],
            ["> 0.999", "0.99-0.999", "0.9-0.99", "0.5-0.9", "\N{LESS-THAN OR EQUAL TO} 0.5"],
        ),
    ],
)
def test_bins_are_closed_at_their_upper_end(kind, values, names):
    table = by_certainty(records(values, kind))
    assert table["certainty"].tolist() == names
    assert (table["images"] == 12).all()
    surest = 0.5 if kind == "softmax" else (0.5 + 0.2) / 2  # 0.9991 is in the first bin, too
    assert table["within"][1:].tolist() == pytest.approx([0.2 - surest] * (len(names) - 1))


def test_bins_are_compared_with_the_first():
    table = by_certainty(records([7]))
    assert pd.isna(table["within"][0])
    assert table.loc[1, ["within", "within_low", "within_high"]].tolist() == pytest.approx(
        [-0.3] * 3
    )


def test_records_without_a_rank_are_in_no_bin():
    table = records([7])
    assert by_certainty(table.assign(target_rank=float("nan"))).empty
