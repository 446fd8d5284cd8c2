"""Mean concentration of every net and method at one size."""

import pandas as pd
from matplotlib.figure import Figure

from lookwhere.charts import artists, grouped_points
from lookwhere.charts.registry import chart
from lookwhere.datasets import sizes
from lookwhere.statistics.strata import untrained_nets

CAPTION = """
Mean concentration by net at the input size {size}, with 95 % bootstrap intervals over images.
Dashed: the mask fraction. Dotted: the best of the controls. Half filled: more than a fifth of the
records are undefined.
"""


@chart(
    "concentration_by_net",
    "Concentration by net, {size}",
    source="measures",
    each="size",
    caption=CAPTION,
)
def draw(records: pd.DataFrame, size: str) -> Figure:
    """Points by net, of the records at ``size``; untrained nets are marked as such."""
    at_size = records[records["size"] == size]
    untrained = untrained_nets(records)
    labels = {net: artists.net_label(net, untrained) for net in untrained}
    title = f"How much of the saliency lies\non the object, by net? ({sizes.label(size)})"
    return grouped_points.draw(at_size, "net", labels, title)
