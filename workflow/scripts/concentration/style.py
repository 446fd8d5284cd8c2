"""One style for all figures: the same colour and marker for the same method everywhere.

Fills are opaque, so that png, pdf and eps look alike. The palette is colour-blind safe; for a grey
print markers differ, and bars stand in the order of the legend. Controls are grey.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from .files import whole_file
from .methods import ALL_LABELS, CONTROL_LABELS, LABELS

PALETTE: dict[str, Any] = {
    **dict(zip(LABELS, (sns.color_palette("colorblind")[n] for n in (0, 9, 2, 3, 4)), strict=True)),
    **dict(zip(CONTROL_LABELS, ["0.35", "0.55", "0.75"], strict=True)),
}
MARKERS = dict(zip(ALL_LABELS, "osD^vPX*", strict=True))
COLUMN, PAGE = 3.5, 7.2  # widths of a column of print and of a page, inches
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "text.parse_math": False,  # a $ in a name is a $
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7,
    "figure.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.5,
    "figure.constrained_layout.use": True,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.columnspacing": 1.2,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "savefig.dpi": 300,
}


@contextmanager
def styled(changes: dict[Any, Any] | None = None) -> Iterator[None]:
    """Draw in the style of the study, whatever a matplotlibrc of the user's says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE | (changes or {}))
        yield


def save(figure: Figure, paths: Iterable[str]) -> None:
    """The figure in the format that each path's suffix names."""
    for path in paths:
        with whole_file(path) as draft, styled():
            figure.savefig(draft)
