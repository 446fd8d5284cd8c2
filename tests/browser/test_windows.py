"""The gallery on other windows: low ones, phones, paper, and what the eye needs."""

import shutil
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from lookwhere.charts.style import PALETTE
from lookwhere.report import gallery, pictures

from .pages import SAMPLES, Page, resize, tap
from .study import METHODS

pytestmark = [pytest.mark.browser]


# Low windows: a page that is enlarged to 400 %, and a phone on its side


@pytest.fixture(params=[(320, 256, False), (844, 390, True)], ids=["400 %", "landscape"])
def low(page, request):
    resize(page.browser, *request.param)
    page.open()
    yield page
    page.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def assert_in_sight(page: Page, frame: Any) -> None:
    """The whole frame lies between the bars, and the strip of numbers in the window."""
    top, bottom, bar, strip, foot, height = page.run(
        "const box = (e) => e.getBoundingClientRect();"
        "const [form, readout] = ['#controls', '#readout'].map((s) => document.querySelector(s));"
        "const frame = box(arguments[0]);"
        "return [frame.top, frame.bottom, Math.max(0, box(form).bottom), box(readout).top,"
        "  box(readout).bottom, innerHeight];",
        frame,
    )
    assert bar <= top
    assert bottom <= strip
    assert foot <= height
    assert strip >= 0.6 * height - 1


def test_the_focused_picture_is_in_sight_in_a_low_window(low):
    low.press(Keys.TAB, Keys.ENTER)
    for key in [*[Keys.ARROW_DOWN, Keys.ARROW_RIGHT] * 4, *[Keys.ARROW_UP] * 3, Keys.TAB]:
        low.press(key)
        assert_in_sight(low, low.one(".picture:focus .frame"))


def test_a_low_window_shows_few_numbers_and_more_on_demand(low, study):
    low.press(Keys.TAB, Keys.ENTER, Keys.ARROW_RIGHT)
    few = [number.text.split("\n")[0] for number in low.all("#readout dl div") if number.text]
    assert few == ["Concentration P", "Lift", "Mask fraction"]
    more = low.one("#readout [name=more]")
    more.click()
    assert more.get_attribute("aria-expanded") == "true"
    assert low.numbers()["Status"] == "ok"
    height = low.run("return arguments[0].getBoundingClientRect().height", low.one("#readout"))
    assert height <= 0.4 * low.run("return innerHeight") + 1
    low.one("#readout [name=more]").click()
    assert sum(number.is_displayed() for number in low.all("#readout dl div")) == 3


def test_the_large_view_shows_its_picture_in_a_low_window(low):
    low.press(Keys.TAB, Keys.ENTER, Keys.ARROW_RIGHT, Keys.ENTER)
    top, bottom, steps, foot, height = low.run(
        "const box = (s) => document.querySelector(s).getBoundingClientRect();"
        "return [box('#view .frame').top, box('#view .frame').bottom, box('.steps').top,"
        "  box('.steps').bottom, innerHeight];"
    )
    assert top >= 0
    assert bottom <= steps
    assert foot <= height
    low.press(Keys.ESCAPE)


def test_a_tapped_picture_is_in_sight(page):
    resize(page.browser, 844, 390, mobile=True)
    page.open()
    picture = page.picture(5)
    page.run("arguments[0].scrollIntoView({block: 'end'})", picture)
    finger = ActionBuilder(page.browser, mouse=PointerInput("touch", "finger"))
    finger.pointer_action.move_to(picture).pointer_down().pointer_up()
    finger.perform()
    page.wait(lambda: page.one("#readout").is_displayed())
    assert_in_sight(page, picture.find_element(By.CSS_SELECTOR, ".frame"))
    page.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


# Paper


def test_printing_shows_every_card_and_every_picture(page):
    assert len(page.all(".card")) == 12
    page.run(
        "addEventListener('afterprint', () => { window.printed = ["
        "  document.querySelectorAll('.card').length,"
        "  [...document.images].filter((i) => i.complete && i.naturalWidth).length,"
        "  [...document.images].filter((i) => i.loading === 'lazy').length]; },"  # Safari's wait
        "  {capture: true})"
    )
    paper = {"paperWidth": 8.27, "paperHeight": 11.69}
    pdf = b64decode(page.browser.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    assert page.run("return window.printed") == [24, 24 * 4, 0]
    pages = pdf.count(b"/Type /Page\n")
    assert 5 <= pages <= 8  # four or five cards a page, and none of them near blank


def test_paper_has_no_controls_and_splits_no_card(page):
    page.run("arguments[0].focus()", page.picture(1))
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    for selector in ("#skip", "#controls", "#readout", ".keys"):
        assert not page.one(selector).is_displayed()
    card = page.one(".card")
    assert page.run("return getComputedStyle(arguments[0]).breakInside", card) == "avoid"
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


# What the eye needs


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_borders_of_controls_stand_out_and_text_is_large_enough(page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.run("arguments[0].focus()", page.picture(1))
    border, paper = page.run(
        "const rgb = (color) => color.match(/\\d+/g).slice(0, 3).map(Number);"
        "return [rgb(getComputedStyle(document.querySelector('select')).borderColor),"
        "  rgb(getComputedStyle(document.documentElement).backgroundColor)];"
    )
    assert contrast(border, paper) >= 3
    smallest = page.run(
        "return Math.min(...[...document.querySelectorAll('body *')].filter((e) =>"
        "  e.innerText?.trim()).map((e) => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 11.99
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_forced_colours_leave_bars_chips_and_the_scale_their_own(page):
    page.wait(lambda: page.run("return [...document.images].slice(0, 12).every((i) => i.complete)"))
    colors = [to_hex(PALETTE[method]) for method in METHODS]
    before = np.array([page.colored(color) for color in colors])
    features = [{"name": "forced-colors", "value": "active"}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    after = np.array([page.colored(color) for color in colors])
    assert (after > 0.9 * before).all()
    assert before.min() > 500
    assert page.colored(pictures.heat_colors(2)[1][:7]) > 5
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def contrast(a: Sequence[int], b: Sequence[int]) -> float:
    """WCAG's contrast ratio of two colours."""

    def luminance(color: Sequence[int]) -> float:
        parts = np.array(color) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)


# Phones, and what is missing


@pytest.mark.parametrize("opened", [False, True])
def test_a_phone_needs_no_sideways_scrolling(phone, opened):
    assert not phone.one(".fields").is_displayed()
    if opened:
        tap(phone, phone.one("#toggle"))
        assert phone.one("#toggle").get_attribute("aria-expanded") == "true"
        phone.choose("net", "alexnet")
        assert phone.one("#count").text == "12 of 24 rows"
    phone.cards()
    assert phone.run("return document.documentElement.scrollWidth") == 390
    frames = phone.all(".card:first-child .frame")
    assert len({round(frame.rect["x"]) for frame in frames[:4]}) == 3  # columns
    tap(phone, phone.picture(1))
    tap(phone, phone.picture(1))
    assert phone.run("return arguments[0].scrollWidth <= 390", phone.one("#view"))
    phone.press(Keys.ESCAPE)


def test_a_missing_picture_is_said(chromium, folder, tmp_path):
    lacking = Path(shutil.copytree(folder, tmp_path / "gallery"))
    (lacking / gallery.input_path("original", SAMPLES[0][0])).unlink()
    opened = Page(chromium, lacking)
    opened.open()
    opened.wait(lambda: opened.all(".missing"))
    # Both nets saw this input.
    assert len(opened.all(".missing")) == 2
    script = "return getComputedStyle(arguments[0], '::after').content"
    assert opened.run(script, opened.one(".missing")) == '"no picture"'
    chromium.get_log("browser")  # the file that was not found


def test_a_screenshot_shows_a_page_with_pictures(page, tmp_path):
    page.wait(lambda: page.run("return [...document.images].slice(0, 12).every((i) => i.complete)"))
    assert page.browser.save_screenshot(str(tmp_path / "gallery.png"))
    with Image.open(tmp_path / "gallery.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (900, 1280, 3)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 5000  # images of noise, and their heat


def test_dark_where_the_visitor_prefers_it(page):
    def scheme(value: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": value}]
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    scheme("dark")
    assert page.screenshot()[5, 5].max() < 40
    scheme("light")
    assert page.screenshot()[5, 5].min() > 240
