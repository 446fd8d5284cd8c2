"""The large view of a picture, and a large study."""

import os
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from lookwhere.charts.looks import OF_THESIS
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.report import gallery

from .pages import (
    SAMPLES,
    UNTRAINED_NOTE,
    Page,
)
from .study import CLASSES, PAGE, SIZES, made_up

pytestmark = [pytest.mark.browser]


# The large view


def test_the_large_view_goes_through_the_pictures(page, study):
    page.picture(2).click()
    view = page.one("#view")
    assert view.is_displayed()
    assert page.numbers("#view")
    titles = []
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_LEFT):
        page.press(key)
        titles.append(page.one("#view-title").text)
    place = f"{CLASSES[0]}, vgg19"
    assert titles == [
        f"Guided Grad-CAM {place}, original size",
        f"Input {place}, 64 × 64",  # noqa: RUF001
        f"Input {CLASSES[0]}, alexnet{UNTRAINED_NOTE}, original size",
        f"Guided Grad-CAM {place}, 64 × 64",  # noqa: RUF001
    ]
    page.one("#view [name=previous]").click()
    assert page.one("#view-title").text.startswith("Backpropagation")
    address = page.one("#view img").get_attribute("src")
    assert address.endswith(str(gallery.map_path("vgg19", "backpropagation", "64", SAMPLES[0][0])))
    page.press(Keys.ESCAPE)
    assert not view.is_displayed()
    page.wait(lambda: page.focused() == "6")  # the picture that was shown last


def test_the_large_view_ends_at_the_last_picture(page):
    page.picture(0).click()
    page.press(Keys.ARROW_LEFT)
    assert page.one("#view-title").text.startswith("Input")
    page.press(*[Keys.ARROW_DOWN] * 23, Keys.ARROW_DOWN, *[Keys.ARROW_RIGHT] * 4)
    assert page.one("#view-title").text.startswith("Guided Grad-CAM")
    page.press(Keys.ESCAPE)
    page.wait(lambda: page.focused() == str(24 * 4 - 1))


# A large study


@pytest.fixture(scope="module")
def large(folder, tmp_path_factory) -> Path:
    """1000 samples, 4 nets, 2 sizes: 8000 cards that share one picture."""
    return large_gallery(tmp_path_factory.mktemp("large"), folder)


def large_gallery(made: Path, small: Path, methods: Sequence[str] = tuple(OF_THESIS)) -> Path:
    nets, classes = ["a", "b", "c", "d"], [f"class {number}" for number in range(10)]
    samples = [
        Sample(sample_id(n, classes[n % 10]), n, classes[n % 10], "", 640, 480, "", None, ())
        for n in range(1000)
    ]
    ids = [sample.id for sample in samples]
    circle = np.rint(500 + 300 * np.exp(2j * np.pi * np.arange(60) / 60)).view(float).astype(int)
    outlines = ["M" + " ".join(map(str, circle)) + "Z"] * len(samples)
    known = gallery.data(
        made_up(ids, nets, methods, SIZES),
        samples,
        outlines,
        dict.fromkeys(nets, SIZES),
        methods,
        SIZES,
        chosen={},
        total=len(ids),
        regions="",
    )
    parts = (Path(file).read_text("utf-8") for file in PAGE)
    (made / "index.html").write_text(gallery.page(*parts, known), "utf-8")
    picture = next((small / "pictures").rglob("*.webp"))
    shared = made / gallery.input_path("original", ids[0]).parent
    shared.mkdir(parents=True)
    for sample in ids:
        os.link(picture, shared / f"{sample}.webp")
    folders = [gallery.input_path("64", ids[0]).parent] + [
        gallery.map_path(net, method, size, ids[0]).parent
        for net, method, size in product(nets, methods, SIZES)
    ]
    for folder in folders:
        (made / folder).parent.mkdir(parents=True, exist_ok=True)
        (made / folder).symlink_to(shared)
    return made


def test_a_large_study_keeps_the_page_small(page, large):
    opened = Page(page.browser, large)
    opened.open()
    assert opened.one("#count").text == "8000 of 8000 rows"

    def most_cards() -> int:
        assert opened.run("return document.querySelectorAll('*').length") < 12_000
        return len(opened.all(".card"))

    assert 12 <= most_cards() <= 36
    opened.choose("sort", "concentration")
    opened.choose("class", "class 3")
    opened.choose("net", "b")
    assert opened.one("#count").text == "200 of 8000 rows"
    assert 12 <= most_cards() <= 36
    opened.choose("net", "")
    opened.choose("class", "")
    # Down to the end, in steps and in one leap.
    for share in (0.1, 0.11, 0.12, 0.5, 1):
        opened.run(
            "window.scrollTo(0, arguments[0] * document.documentElement.scrollHeight)", share
        )
        opened.wait(
            lambda: opened.run(
                "return [...document.querySelectorAll('.card')].some((card) => "
                "{ const b = card.getBoundingClientRect(); return b.bottom > 0 && b.top < 900; })"
            )
        )
        assert most_cards() <= 60
