"""Per-image predictions: the target's logit, probability and rank.

The activation of the outputs is softmax, for one class an image, or sigmoid, for any number of
classes: there each class has its own probability, and is recognised if this exceeds the net's
threshold. A single output is always a sigmoid's.
"""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from lookwhere.errors import StudyError

SOFTMAX, SIGMOID = "softmax", "sigmoid"


def best_targets(logits: Tensor, candidates: Sequence[Sequence[int] | None]) -> Tensor:
    """The best-scoring candidate for each row of ``logits`` (N, outputs): (N,), int64.

    None stands for all outputs. Raises StudyError for a candidate that is no output.
    """
    outputs = logits.shape[1]
    rows = [range(outputs) if row is None else row for row in candidates]
    outside = {target for row in rows for target in row if target >= outputs}
    if outside:
        raise StudyError(f"target {min(outside)} is none of the net's {outputs} outputs")
    best = [
        max(row, key=scores.__getitem__) for scores, row in zip(logits.tolist(), rows, strict=True)
    ]
    return torch.tensor(best, dtype=torch.int64)


def least_likely(logits: Tensor, candidates: Sequence[Sequence[int] | None]) -> Tensor:
    """The output of the lowest logit for each row of ``logits`` (N, outputs): (N,), int64.

    Of all outputs, whatever the candidates. Its probability is the least by softmax and sigmoid.
    """
    return logits.argmin(dim=1)


def targets(predictions: pd.DataFrame) -> dict[str, int]:
    """The output that is explained, by sample, of a ``table``."""
    return dict(zip(predictions["sample"], predictions["target"].tolist(), strict=True))


def activation(outputs: int, configured: str = SOFTMAX) -> str:
    """The activation of a net's outputs, ``softmax`` or ``sigmoid`` (always for one output)."""
    return SIGMOID if outputs == 1 else configured


def table(
    samples: Sequence[str],
    logits: Tensor,
    targets: Tensor,
    outputs: str = SOFTMAX,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """One row a sample, from ``logits`` (N, outputs) and ``targets`` (N,), int64.

    ``outputs`` is softmax or sigmoid, as configured. Columns: sample, target, its logit,
    probability and rank (1 is best), recognised (null for softmax), top1, and output_activation.
    Probability and rank are null where logits are not finite.
    """
    logits = logits.detach().double()
    target_logits = logits.gather(1, targets[:, None])  # (N, 1)
    function = activation(logits.shape[1], outputs)
    probabilities = logits.sigmoid() if function == SIGMOID else logits.softmax(dim=1)
    probability = probabilities.gather(1, targets[:, None])[:, 0].numpy()
    rank = 1 + (logits > target_logits).sum(dim=1)
    defined = logits.isfinite().all(dim=1).numpy()
    recognised = pd.Series(probability > threshold, dtype="boolean")
    return pd.DataFrame(
        {
            "sample": list(samples),
            "target": targets.numpy(),
            "logit": target_logits[:, 0].numpy(),
            "probability": pd.Series(probability).where(defined),
            "rank": pd.Series(rank.numpy()).where(defined),  # integers, unless one is null
            "recognised": recognised.where(defined & (function == SIGMOID)),
            "top1": logits.argmax(dim=1).numpy(),
            "output_activation": function,
        }
    )
