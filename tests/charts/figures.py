"""Figures of the charts of a fabricated study, and what they show, read back from their artists."""

import functools

import pytest
from matplotlib.colors import to_hex

from lookwhere.charts.style import PALETTE
from lookwhere.methods.names import CONTROL_LABELS

from ..studies import FIVE, draw_chart, fabricate

METHODS = FIVE
SHOWN = [*METHODS, *CONTROL_LABELS]
RECORDS = fabricate()


def draw(chart, records=RECORDS):
    return draw_chart(chart, records)


@functools.cache
def chart_of(chart):
    """The chart of the fabricated study, drawn once for all tests that only read it."""
    return draw(chart)


def note_of(figure):
    """The title of the legend, in one line."""
    return figure.legends[0].get_title().get_text().replace("\n", " ")


def points(axes):
    """(x, y, colour) of every marker that stands alone."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], to_hex(line.get_color()))
        for line in axes.lines
        if line.get_marker() not in ("None", "", None) and len(line.get_xdata()) == 1
    ]


def intervals(axes):
    """(low, high, colour) of every horizontal interval, by the height at which it lies."""
    return {
        round(y0, 6): (x0, x1, to_hex(collection.get_color()[0]))
        for collection in axes.collections
        for (x0, y0), (x1, y1) in collection.get_segments()
        if y0 == y1
    }


def assert_points_are(axes, table, value, low, high):
    """Every row of the table is a point in its method's colour, with its interval."""
    drawn = points(axes)
    assert len(drawn) == len(table)
    ends = intervals(axes)
    for (x, y, color), row in zip(drawn, table.to_dict("records"), strict=True):
        assert color == to_hex(PALETTE[row["method"]])
        assert x == pytest.approx(row[value], nan_ok=True)
        expected = [pytest.approx(row[end], nan_ok=True) for end in (low, high)]
        assert ends[round(y, 6)] == (*expected, color)


def fabricated_ranks():
    """Two classes, one hard and mostly of low rank; within each, a low rank adds 0.1."""
    records = fabricate(images=120)
    hard = records["class"] == "dog"
    low = (hard & (records["image_id"] % 4 > 0)) | (~hard & (records["image_id"] % 4 == 0))
    share = hard.map({True: 0.2, False: 0.8}) + low.map({True: 0.1, False: 0.0})
    return records.assign(
        concentration=share, target_rank=low.map({True: 7, False: 1}), status="ok"
    )


def marks(axes):
    """(value, row, shape, colour, whether hollow) of every mark of the figure of controls."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    return [
        (
            pytest.approx(x),
            y,
            line.get_marker(),
            to_hex(line.get_color()),
            to_hex(line.get_markerfacecolor()) == "#ffffff",
        )
        for line in lines
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]
