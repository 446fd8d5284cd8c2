"""Mean concentration of every class and method over the trained nets."""

import pandas as pd
from matplotlib.figure import Figure

from lookwhere.charts import grouped_points
from lookwhere.charts.registry import chart
from lookwhere.statistics.strata import trained_only

CAPTION = """
Mean concentration by class over the trained nets, with 95 % bootstrap intervals over images.
Dashed: the mask fraction of the class. Dotted: the best of the controls. Half filled: more than a
fifth of the records are undefined. Of fewer than ten images there is no interval.
"""


@chart("concentration_by_class", "Concentration by class", source="measures", caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """Points by class."""
    title = "How much of the saliency lies\non the object, by class?"
    return grouped_points.draw(trained_only(records), "class", {}, title)
