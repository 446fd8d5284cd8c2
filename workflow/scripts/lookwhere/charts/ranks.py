"""Average ranks of the methods over images, with the critical difference, net by net."""

from collections.abc import Iterable, Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookwhere.charts import artists, panels
from lookwhere.charts.registry import chart
from lookwhere.charts.style import styled
from lookwhere.statistics.paired import SIGNIFICANT
from lookwhere.statistics.ranks import ranks
from lookwhere.statistics.strata import between, counted, trained_only

CAPTION = """
Average ranks of the methods over images, by concentration: 1 is the best. A bar reaches half the
critical difference to each side, so that two methods differ significantly where their bars do not
overlap: Nemenyi's test of all pairs of methods of a panel together (p < 0.05), after Friedman's
test of no difference between any. Bars that reach the grey band do not differ from the best. The
first panel is of all trained nets, the others of one each. Methods of equal maps share a rank, and
count once. A method that is undefined in more than a fifth of the records of a panel has no rank.
"""
TITLE = "Which rank does a method have, on average over images?"
ALL = "all nets"
BAND = "0.9"
BAR = ("rank", "low", "high")


@chart("ranks", "Ranks of methods", source="measures", needs=["several methods"], caption=CAPTION)
def draw(records: pd.DataFrame) -> Figure:
    """A panel of all trained nets and a panel a net, in it a row a method, the best first."""
    trained = trained_only(records)
    by_net = {
        str(net): of_net for net, of_net in ranks(trained, ["net"]).groupby("net", sort=False)
    }
    tables = {ALL: ranks(trained, []), **by_net} if len(by_net) > 1 else by_net
    order = _order(tables)
    with styled():
        of_panels = {_title(name, table): _bars(table, order) for name, table in tables.items()}
        page = panels.draw(of_panels, "Average rank", BAR, _band)
        page.figure.suptitle(TITLE)
        for axes in page.axes.values():
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10), integer=True))
        rest = artists.left_out(len(page.left_out), "net", "ranks_by_net")
        artists.legend(
            page.figure, [], 1, [_tests(tables.values()), *artists.notes(trained), *rest]
        )
        return page.figure


def _order(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """The methods by their ranks, each as a place between the first and the last of its panel."""
    every = pd.concat(tables.values())
    places = (every["rank"] - 1) / (every["maps"] - 1)
    means = places.groupby(every["method"], sort=False).mean()
    return list(means.sort_values(kind="stable").index)


def _title(name: str, table: pd.DataFrame) -> str:
    row = table.iloc[0]
    part = f"{row['images']} of " if row["images"] < row["of_images"] else ""
    test = f"\np {_rounded(row['p'])}" if pd.notna(row["p"]) else ""
    return f"{name}\n({part}{counted(row['of_images'], 'image')}){test}"


def _rounded(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _bars(table: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """The rows of the table in ``order``, with the ends of the bars, unless no methods differ."""
    half = table["critical_difference"].mask(table["p"] >= SIGNIFICANT) / 2
    table = table.assign(low=table["rank"] - half, high=table["rank"] + half)
    return table.set_index("method").loc[order].reset_index()


def _band(axes: Axes, table: pd.DataFrame) -> None:
    """The bar of the best method, down all rows."""
    if table["low"].notna().any():
        axes.axvspan(table["low"].min(), table["high"].min(), color=BAND, linewidth=0, zorder=0)


def _tests(tables: Iterable[pd.DataFrame]) -> str:
    maps = pd.concat(tables)["maps"]
    pairs = between(maps * (maps - 1) // 2)
    return (
        f"p: Friedman's test; bars: critical difference, p < {SIGNIFICANT:g} over {pairs} pairs of "
        "methods in a panel (Nemenyi)"
    )
