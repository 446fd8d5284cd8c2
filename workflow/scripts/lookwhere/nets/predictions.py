"""What the net predicts for an image: the target's logit, probability and rank.

The outputs of a net are read by softmax, where an image has one class, or by sigmoid, where it has
any number of them: there the probability of each class stands by itself, and a class is recognised
where its probability exceeds the net's threshold. One output alone can only be a sigmoid's.
"""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from lookwhere.errors import StudyError

SOFTMAX, SIGMOID = "softmax", "sigmoid"


def best_targets(logits: Tensor, candidates: Sequence[Sequence[int]]) -> Tensor:
    """For each row of ``logits`` (N, outputs), its best-scoring candidate: (N,), int64.

    Raises StudyError for a candidate that is no output.
    """
    outputs = logits.shape[1]
    outside = {target for row in candidates for target in row if target >= outputs}
    if outside:
        raise StudyError(f"target {min(outside)} is none of the net's {outputs} outputs")
    best = [
        max(row, key=scores.__getitem__)
        for scores, row in zip(logits.tolist(), candidates, strict=True)
    ]
    return torch.tensor(best, dtype=torch.int64)


def activation(outputs: int, configured: str = SOFTMAX) -> str:
    """How the outputs of a net are read, ``softmax`` or ``sigmoid``: of one, always by sigmoid."""
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
    probability and rank (1 is best), recognised (of sigmoids; null of softmax), top1, and
    output_activation. Logits that are not finite have no probability and no rank: both are null.
    """
    logits = logits.detach().double()
    chosen = logits.gather(1, targets[:, None])  # (N, 1)
    read_by = activation(logits.shape[1], outputs)
    read = logits.sigmoid() if read_by == SIGMOID else logits.softmax(dim=1)
    probability = read.gather(1, targets[:, None])[:, 0].numpy()
    rank = 1 + (logits > chosen).sum(dim=1)
    defined = logits.isfinite().all(dim=1).numpy()
    recognised = pd.Series(probability > threshold, dtype="boolean")
    return pd.DataFrame(
        {
            "sample": list(samples),
            "target": targets.numpy(),
            "logit": chosen[:, 0].numpy(),
            "probability": pd.Series(probability).where(defined),
            "rank": pd.Series(rank.numpy()).where(defined),  # integers, unless one is null
            "recognised": recognised.where(defined & (read_by == SIGMOID)),
            "top1": logits.argmax(dim=1).numpy(),
            "output_activation": read_by,
        }
    )
