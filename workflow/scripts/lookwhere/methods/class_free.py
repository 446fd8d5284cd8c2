"""Maps of the net that ignore the class: controls of the methods that explain one.

A method that is not ahead of them shows where the net's features are strong, not where the class
is.
"""

from typing import TYPE_CHECKING

from lookwhere.methods.registry import method

if TYPE_CHECKING:
    from torch import Tensor

    from lookwhere.methods.run import Run


@method(
    "mean_activation",
    "Mean Activation",
    family="class_free",
    needs=[],
    cite="karjauv2024lafam",
)
def mean_activation(run: "Run") -> "Tensor":
    """1/K sum_k f_k, resized (N, 1, H, W): LaFAM (Karjauv and Albayrak 2024)."""
    return run.upsample(run.features.float().mean(1, keepdim=True))
