"""What the net says of an image: the target's logit, probability and rank."""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor

from .errors import StudyError


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


def table(samples: Sequence[str], logits: Tensor, targets: Tensor) -> pd.DataFrame:
    """One row a sample, from ``logits`` (N, outputs) and ``targets`` (N,), int64.

    Columns: sample, target, its logit, softmax probability and rank (1 is best), and top1. Logits
    that are not finite have neither probability nor rank: both are null.
    """
    logits = logits.detach().double()
    chosen = logits.gather(1, targets[:, None])  # (N, 1)
    probability = logits.softmax(dim=1).gather(1, targets[:, None])[:, 0]
    rank = 1 + (logits > chosen).sum(dim=1)
    defined = logits.isfinite().all(dim=1).numpy()
    return pd.DataFrame(
        {
            "sample": list(samples),
            "target": targets.numpy(),
            "logit": chosen[:, 0].numpy(),
            "probability": pd.Series(probability.numpy()).where(defined),
            "rank": pd.Series(rank.numpy()).where(defined),  # integers, unless one is null
            "top1": logits.argmax(dim=1).numpy(),
        }
    )
