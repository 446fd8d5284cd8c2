"""Mean concentration of every net and method at one size."""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure

from . import grouped_bars


def draw(records: pd.DataFrame, untrained: Collection[str], size: str) -> Figure:
    """Bars by net, of the records at ``size``; untrained nets are marked as such."""
    at_size = records[records["size"] == size]
    pixels = "original size" if size == "original" else f"{size} x {size} pixels"
    labels = {net: f"{net}\n(untrained)" for net in untrained}
    title = f"How much of the saliency lies\non the object, by net? ({pixels})"
    return grouped_bars.draw(at_size, "net", labels, title)
