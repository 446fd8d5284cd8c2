"""The pages of figures that the report shows."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from lookwhere.charts.pages import figure_page


def png(height: int, width: int) -> bytes:
    """A picture of noise, which no format makes small."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "png")
    return content.getvalue()


@pytest.mark.parametrize(("shape", "kind"), [((20, 30), "png"), ((1500, 2000), "webp")])
def test_a_page_holds_the_picture_and_stays_below_what_chromium_opens(shape, kind):
    content = png(*shape)
    page = figure_page("a&b", "How <much>?", "One\nline.", content, width=900)
    [(actual, picture)] = re.findall(r'src="data:image/(\w+);base64,([^"]+)"', page)
    assert actual == kind
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        assert image.size == (shape[::-1] if kind == "png" else (900, 675))
    if kind == "png":
        assert base64.b64decode(picture) == content
    assert len(base64.b64encode(page.encode())) < 2_000_000
    assert 'alt="How &lt;much&gt;? One line."' in page
    assert "figures/a&amp;b.pdf" in page
