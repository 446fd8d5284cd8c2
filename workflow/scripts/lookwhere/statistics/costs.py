"""What a map costs beside what it is worth."""

import pandas as pd

from lookwhere.metrics.costs import CELL, PASSES
from lookwhere.statistics.strata import methods_only, trained_only
from lookwhere.statistics.summary import summarise


def beside(records: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """The ``records`` with seconds and passes a map; null for controls, and maps of other tools."""
    return records.merge(costs[[*CELL, "seconds", *PASSES]], on=CELL, how="left")


def of_methods(records: pd.DataFrame) -> pd.DataFrame:
    """A row a trained net, size and method: what its maps cost, and what they are worth.

    ``records`` are those of ``beside``. Columns: those of ``summarise``, seconds, passes, and
    is_efficient: no method of the net and size that is as cheap has a higher lift (the Pareto
    front). Methods that are not defined for a net, or have no cost, are left out.
    """
    trained = methods_only(trained_only(records))
    worth = summarise(trained, CELL)
    spent = trained.groupby(CELL, observed=True)[["seconds", *PASSES]].first().reset_index()
    table = worth.merge(spent.astype(dict.fromkeys(CELL, "object")), on=CELL)
    table = table[table["seconds"].notna() & table["lift"].notna()]
    return table.assign(is_efficient=_efficient(table)).reset_index(drop=True)


def _efficient(table: pd.DataFrame) -> pd.Series:
    by_cost = table.sort_values(["seconds", "lift"], ascending=[True, False])
    cells = by_cost.groupby(["net", "size"], sort=False)["lift"]
    best_so_far = cells.transform(lambda lifts: lifts.cummax().shift(fill_value=0))
    return (by_cost["lift"] >= best_so_far).reindex(table.index)
