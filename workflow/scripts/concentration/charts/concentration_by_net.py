"""Mean concentration of every net and method at one size."""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure

from ..images import in_words
from . import grouped_bars, marks


def draw(records: pd.DataFrame, untrained: Collection[str], size: str) -> Figure:
    """Bars by net, of the records at ``size``; untrained nets are marked as such."""
    at_size = records[records["size"] == size]
    labels = {net: marks.net_label(net, untrained) for net in untrained}
    title = f"How much of the saliency lies\non the object, by net? ({in_words(size)})"
    return grouped_bars.draw(at_size, "net", labels, title)
