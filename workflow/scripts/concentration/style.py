"""One style for all figures: the same colour for the same method everywhere.

Fills are opaque and the palette is colour-blind safe, so that png, pdf and eps look alike.
"""

from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from .files import whole_file
from .methods import LABELS

PALETTE = dict(zip(LABELS, sns.color_palette("colorblind", len(LABELS)), strict=True))
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "savefig.dpi": 300,
}


def save(figure: Figure, paths: Iterable[str]) -> None:
    """The figure in the format that each path's suffix names."""
    for path in paths:
        with whole_file(path) as draft, mpl.rc_context(STYLE):
            figure.savefig(draft)
