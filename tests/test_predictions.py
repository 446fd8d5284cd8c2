"""Predictions, against plain Python."""

import math

import pytest
import torch

from lookwhere.errors import StudyError
from lookwhere.nets import predictions

LOGITS = torch.tensor([[1.0, 3.0, -2.0, 3.0], [0.5, -1.0, 2.0, 0.0]])


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [([[2], [1]], [2, 1]), ([[0, 2], [3, 0, 1]], [0, 0]), ([[1, 3], [1, 2]], [1, 2])],
    ids=["one", "several", "a tie goes to the first"],
)
def test_best_target_is_the_best_scoring_candidate(candidates, expected):
    best = predictions.best_targets(LOGITS, candidates)
    assert best.dtype == torch.int64
    assert best.tolist() == expected


def test_a_target_outside_the_outputs_is_refused():
    with pytest.raises(StudyError, match="target 4 is none of the net's 4 outputs"):
        predictions.best_targets(LOGITS, [[3], [1, 4]])


def test_candidates_belong_to_images():
    with pytest.raises(ValueError, match="shorter"):
        predictions.best_targets(LOGITS, [[0]])


@pytest.mark.parametrize("targets", [[0, 0], [1, 2], [3, 1]], ids=str)
def test_the_table_follows_from_the_logits(targets):
    table = predictions.table(["a", "b"], LOGITS.clone().requires_grad_(), torch.tensor(targets))
    assert table["sample"].tolist() == ["a", "b"]
    for row, logits, target in zip(table.itertuples(), LOGITS.tolist(), targets, strict=True):
        assert row.target == target
        assert row.logit == logits[target]
        assert row.probability == pytest.approx(
            math.exp(logits[target]) / sum(map(math.exp, logits)), rel=1e-14
        )
        assert row.rank == 1 + sum(logit > logits[target] for logit in logits)
        assert row.top1 == logits.index(max(logits))


def test_the_targets_of_a_table_are_by_sample():
    table = predictions.table(["a", "b"], LOGITS, torch.tensor([3, 1]))
    assert predictions.targets(table) == {"a": 3, "b": 1}


def test_probability_of_large_logits_is_finite():
    table = predictions.table(["a"], torch.tensor([[1e4, 1e4 - 1]]), torch.tensor([1]))
    assert table["probability"][0] == pytest.approx(1 / (1 + math.e))


def test_integers_stay_integers():
    table = predictions.table(["a", "b"], LOGITS, torch.tensor([0, 1]))
    assert table["rank"].dtype == table["target"].dtype == "int64"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_logits_that_are_not_finite_have_no_rank(value):
    """No logit is larger than nan: the rank would be 1."""
    logits = torch.tensor([[value, 1.0, 2.0], [0.0, 1.0, 2.0]])
    table = predictions.table(["a", "b"], logits, torch.tensor([0, 0]))
    assert table["rank"].isna().tolist() == [True, False]
    assert table["probability"].isna().tolist() == [True, False]
    assert table["rank"][1] == 3


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_sigmoids_have_separate_probabilities_and_recognise_above_the_threshold(threshold):
    targets = torch.tensor([1, 3])
    table = predictions.table(["a", "b"], LOGITS, targets, "sigmoid", threshold)
    expected = [
        1 / (1 + math.exp(-LOGITS[row, target].item())) for row, target in enumerate([1, 3])
    ]
    assert table["probability"].tolist() == pytest.approx(expected, rel=1e-14)
    assert table["recognised"].tolist() == [value > threshold for value in expected]
    assert table["output_activation"].tolist() == ["sigmoid"] * 2


def test_one_output_is_a_sigmoid_whatever_the_configuration():
    table = predictions.table(["a", "b"], torch.tensor([[0.0], [-3.0]]), torch.tensor([0, 0]))
    assert table["probability"].tolist() == pytest.approx([0.5, 1 / (1 + math.exp(3))])
    assert table["recognised"].tolist() == [False, False]  # not above 0.5


def test_a_softmax_recognises_nothing():
    table = predictions.table(["a", "b"], LOGITS, torch.tensor([1, 2]))
    assert table["recognised"].isna().all()
    assert table["output_activation"].unique().tolist() == ["softmax"]
