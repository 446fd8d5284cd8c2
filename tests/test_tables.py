"""Tables against a second derivation in plain Python."""

from math import fsum

import numpy as np
import pandas as pd
import pytest

from concentration import tables
from concentration.methods import LABELS

METHODS = list(LABELS)
REASONS = ["zero_energy", "not_finite", "empty_mask"]


@pytest.fixture
def energy():
    """Records of every method on two nets, some undefined; those of Grad-CAM all are."""
    rng = np.random.default_rng(0)
    rows = []
    for method in METHODS:
        for number in range(40):
            share = rng.random()
            broken = method == "grad_cam" or share < 0.2
            rows.append(
                {
                    "method": method,
                    "net": "ab"[number % 2],
                    "status": REASONS[number % 3] if broken else "ok",
                    "concentration": None if broken else share,
                    "mask_fraction": rng.random() / 2,
                }
            )
    return pd.DataFrame(rows).astype({"concentration": "float64"})


@pytest.mark.parametrize("by", [["method"], ["net"], ["net", "method"]], ids=" x ".join)
def test_summary_is_that_of_plain_python(energy, by):
    summary = tables.summarise(energy, by)
    groups = {}
    for row in energy.to_dict("records"):
        groups.setdefault(tuple(row[key] for key in by), []).append(row)
    assert list(summary[by].itertuples(index=False, name=None)) == list(groups)
    for line, rows in zip(summary.to_dict("records"), groups.values(), strict=True):
        defined = [row for row in rows if row["status"] == "ok"]
        assert line["records"] == len(rows)
        assert line["undefined"] == len(rows) - len(defined)
        counts = {r: sum(row["status"] == r for row in rows) for r in REASONS}
        assert line["reasons"] == ", ".join(f"{n} {r}" for r, n in counts.items() if n)
        total = fsum(row["concentration"] for row in defined)
        covered = fsum(row["mask_fraction"] for row in defined)
        assert line["sum"] == pytest.approx(total)
        if defined:
            assert line["mean"] == pytest.approx(total / len(defined))
            assert line["mask_fraction"] == pytest.approx(covered / len(defined))
            assert line["lift"] == pytest.approx(total / covered)
        else:
            assert np.isnan([line["mean"], line["mask_fraction"], line["lift"]]).all()


def test_undefined_records_change_no_mean(energy):
    columns = ["sum", "mean", "mask_fraction", "lift"]
    ok = energy[energy["status"] == "ok"]
    with_all = tables.summarise(energy).set_index("method").drop("grad_cam")
    with_ok = tables.summarise(ok).set_index("method")
    pd.testing.assert_frame_equal(with_all[columns], with_ok[columns])
    assert (with_ok["undefined"] == 0).all()
    assert (with_ok["reasons"] == "").all()


def test_nothing_is_dropped(energy):
    summary = tables.summarise(energy)
    assert summary["records"].sum() == len(energy)
    assert summary["undefined"].sum() == energy["concentration"].isna().sum()


@pytest.fixture
def written(energy, tmp_path):
    """The summary, and the table in its three formats."""
    summary = tables.summarise(energy, ["net", "method"])
    paths = [tmp_path / f"table.{suffix}" for suffix in ("csv", "md", "tex")]
    tables.write(summary, *map(str, paths))
    assert sorted(tmp_path.iterdir()) == paths
    return summary, *(path.read_text() for path in paths)


def test_csv_holds_the_exact_numbers(written, tmp_path):
    summary, *_ = written
    read = pd.read_csv(tmp_path / "table.csv", keep_default_na=True).fillna({"reasons": ""})
    pd.testing.assert_frame_equal(read, summary, rtol=0, atol=0, check_dtype=False)


@pytest.mark.parametrize("suffix", ["md", "tex"])
def test_readable_tables_hold_every_row(written, suffix):
    summary, _, markdown, tex = written
    text, cell, end = {"md": (markdown, "|", "|"), "tex": (tex, "&", r"\\")}[suffix]
    lines = [
        [entry.strip() for entry in line.strip().removesuffix(end).strip(cell).split(cell)]
        for line in text.splitlines()
    ]
    for row in summary.to_dict("records"):
        numbers = [
            "-" if pd.isna(row[column]) else f"{row[column]:.{places}f}"
            for column, places in [("sum", 2), ("mean", 3), ("mask_fraction", 3), ("lift", 2)]
        ]
        reasons = row["reasons"].replace("_", r"\_") if suffix == "tex" else row["reasons"]
        assert [
            row["net"],
            LABELS[row["method"]],
            str(row["records"]),
            str(row["undefined"]),
            reasons,
            *numbers,
        ] in lines


def test_headings_are_words(written):
    _, _, markdown, tex = written
    assert "mask fraction" in markdown
    assert "mask fraction" in tex


def test_reference_stands_beside_the_mean_of_its_method(energy):
    summary = tables.summarise(energy)
    reference = pd.DataFrame({"method": METHODS[::-1][:3], "mean": [0.25, 0.5, 0.75]})
    compared = tables.compare(summary, reference).set_index("method")
    means = summary.set_index("method")["mean"]
    assert compared["reference_mean"].dropna().to_dict() == dict(
        zip(reference["method"], reference["mean"], strict=True)
    )
    assert compared.loc["guided_grad_cam", "difference"] == means["guided_grad_cam"] - 0.25
    assert compared["difference"].isna().sum() == 3  # two without a reference, one without a mean
