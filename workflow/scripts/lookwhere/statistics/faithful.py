"""Localised and faithful: the lift of each method beside a contrast of faithfulness, by net."""

import pandas as pd

from lookwhere.metrics import contrasts
from lookwhere.metrics.contrasts import Contrast
from lookwhere.metrics.registry import of_records
from lookwhere.statistics.strata import methods_only, trained_only
from lookwhere.statistics.summary import means, summarise


def contrast_of(records: pd.DataFrame) -> Contrast:
    """The contrast of faithfulness that the records have."""
    return contrasts.of_metrics(of_records(records.columns))[0]


def contrasted(records: pd.DataFrame) -> pd.DataFrame:
    """The records of methods and trained nets, with the contrast in a column ``faithful``."""
    trained, contrast = methods_only(trained_only(records)), contrast_of(records)
    less = trained[contrast.less] if contrast.less else 0
    return trained.assign(faithful=trained[contrast.metric] - less)


def of_methods(records: pd.DataFrame) -> pd.DataFrame:
    """A row a trained net and method: as ``summarise``, with the ``means`` of the contrast.

    Their column is ``faithful``: 0 for a map of random order.
    """
    values, by = contrasted(records), ["net", "method"]
    return summarise(values, by).merge(means(values, "faithful", by), on=by)
