"""Mean concentration of every class and method over the trained nets."""

from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure

from ..groups import of_trained
from . import grouped_bars


def draw(records: pd.DataFrame, untrained: Collection[str]) -> Figure:
    """Bars by class."""
    title = "How much of the saliency lies\non the object, by class?"
    return grouped_bars.draw(of_trained(records, untrained), "class", {}, title)
