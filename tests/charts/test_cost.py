"""The chart of the cost of methods."""

from itertools import combinations

import pytest

from ..studies import assert_fits, fabricate, ticks
from .figures import draw, note_of

pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.mark.parametrize("nets", [1, 2, 3, 5])
def test_costs_are_of_the_first_size_and_fill_the_figure(nets):
    records = fabricate(nets=[f"net_{number}" for number in range(nets)])
    figure = draw("cost", records)
    assert_fits(figure)
    assert note_of(figure).startswith(f"12 images, {nets} net{'s' * (nets > 1)}, 1 size")
    assert ("No room for 1 net: see tables/cost" in note_of(figure)) == (nets == 5)
    assert [axes.get_title() for axes in figure.axes] == [
        f"net_{number}, size original" for number in range(min(nets, 4))
    ]
    for axes in figure.axes:
        assert len(ticks(axes.xaxis)) >= 4
        names = [text.get_window_extent() for text in axes.texts]
        assert not any(one.overlaps(other) for one, other in combinations(names, 2))
