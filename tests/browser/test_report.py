"""The report in a browser: every figure is seen whole."""

from pathlib import Path

import pytest

from tests.workflow.conftest import SMALL, House, house  # noqa: F401  # a fixture

selenium = pytest.importorskip("selenium", reason="needs selenium")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WINDOWS = {"a laptop": (1440, 900), "a full screen": (1920, 1080)}
EYE = 'a:has(svg path[d^="M10 12a2"])'  # of a result in Snakemake's menu: it opens the result
# Of the picture in the page: its place in the page, and the page's size.
PLACE = """
const image = document.querySelector("img"), box = image.getBoundingClientRect();
return {top: box.top, left: box.left, right: box.right, bottom: box.bottom,
        width: innerWidth, height: innerHeight, alt: image.alt,
        scroll: document.documentElement.scrollWidth};
"""


@pytest.fixture(scope="module")
def report(house: House) -> Path:  # noqa: F811
    house.build(study=SMALL)
    house.build("--report", "results/report.html", study=SMALL)
    return house.root / "results/report.html"


@pytest.fixture(params=WINDOWS.values(), ids=WINDOWS.keys())
def opened(request, chromium, report):
    width, height = request.param
    chromium.set_window_size(width, height)
    chromium.get(report.as_uri())
    return chromium


def link(browser, text: str):
    """The link of this text, once it is there."""
    found = WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.LINK_TEXT, text))
    return found[0]


def test_every_figure_is_seen_whole_and_described(opened, report):
    figures = sorted(path.stem for path in (report.parent / "figures").glob("*.html"))
    assert len(figures) >= 12
    link(opened, "Figures").click()
    wait = WebDriverWait(opened, 20)
    count = len(wait.until(lambda browser: browser.find_elements(By.CSS_SELECTOR, EYE)))
    assert count == len(figures)
    for place in range(count):
        eye = opened.find_elements(By.CSS_SELECTOR, EYE)[place]
        opened.execute_script("arguments[0].click()", eye)
        [frame] = wait.until(lambda browser: browser.find_elements(By.TAG_NAME, "iframe"))
        opened.switch_to.frame(frame)
        wait.until(
            lambda browser: browser.execute_script(
                "return document.querySelector('img')?.naturalWidth > 0"
            )
        )
        image = opened.execute_script(PLACE)
        opened.switch_to.default_content()
        assert image["top"] >= 0, image
        assert image["left"] >= 0, image
        assert image["bottom"] <= image["height"], image
        assert image["right"] <= image["width"], image
        assert image["scroll"] <= image["width"], image
        assert len(image["alt"]) > 60
