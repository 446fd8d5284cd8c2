"""The gallery in a real browser: what a visitor sees, with a mouse, a finger and a keyboard."""

import os
import shutil
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import product
from math import isnan
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from lookwhere.charts.looks import OF_THESIS
from lookwhere.charts.style import PALETTE
from lookwhere.datasets.samples import Sample, sample_id
from lookwhere.io.results import checked_file
from lookwhere.methods.names import LABELS
from lookwhere.report import gallery, pictures

from .conftest import CLASSES, METHODS, NETS, PAGE, SIZES, UNTRAINED, made_up, small_study

pytestmark = [pytest.mark.browser]
UNTRAINED_SAYS = " (untrained)"

# Every batch is brought into the window, which fills it.
CARDS = """
const done = arguments[0];
const found = [];
const text = (card, name) => card.querySelector(`.${name}`).textContent;
const read = () => {
  const batch = document.querySelectorAll(".batch")[found.length];
  if (!batch) return done(found.flat());
  batch.scrollIntoView();
  if (!batch.hasChildNodes()) return requestAnimationFrame(read);
  found.push(Array.from(batch.children, (card) =>
    ["sample", "net", "size"].map((name) => text(card, name))));
  read();
};
read();
"""
IS_SEEN = """
const box = arguments[0].getBoundingClientRect();
return box.top >= 0 && box.bottom <= innerHeight;
"""


class Page:
    """A gallery that is open in the browser."""

    def __init__(self, browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder

    def open(self, **state: str) -> None:
        self.browser.get("about:blank")  # else a change of the hash alone would load nothing
        self.browser.get(f"{(self.folder / 'index.html').as_uri()}#{urlencode(state)}")
        # A full history, of 50 steps, loses first those that no person made: the tests'.
        self.browser.execute_cdp_cmd("Page.resetNavigationHistory", {})

    def all(self, selector: str) -> list[Any]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> Any:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def wait(self, condition: Any) -> Any:
        return WebDriverWait(self.browser, 5).until(lambda _: condition())

    def choose(self, name: str, value: str) -> None:
        options = self.all(f"[name={name}] option")
        next(option for option in options if option.get_attribute("value") == value).click()

    def cards(self) -> list[tuple[str, ...]]:
        """Sample, net and size of all cards, in the order of the page."""
        cards = self.browser.execute_async_script(CARDS)
        return [(sample, net.removesuffix(UNTRAINED_SAYS), size) for sample, net, size in cards]

    def picture(self, position: int) -> Any:
        return self.one(f'[data-position="{position}"]')

    def focused(self) -> str:
        """The control's name, the picture's position or the button's id that has the focus."""
        return self.run(
            "const e = document.activeElement; return e.name || e.dataset.position || e.id"
        )

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def numbers(self, where: str = "#readout") -> dict[str, str]:
        pairs = self.all(f"{where} dl div")
        return {p.text.split("\n")[0]: p.text.split("\n")[1] for p in pairs}

    def screenshot(self) -> np.ndarray:
        png = self.browser.get_screenshot_as_png()
        return np.asarray(Image.open(BytesIO(png)).convert("RGB"))

    def outlined(self) -> int:
        """How many pixels of the window have the outline's colour."""
        return self.colored(pictures.OUTLINE)

    def colored(self, name: str) -> int:
        """How many pixels of the window have about this colour."""
        color = np.rint(np.array(to_rgb(name)) * 255)
        return int((np.abs(self.screenshot() - color).max(axis=2) < 12).sum())


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory) -> Path:
    """A gallery that was moved after it was built."""
    base = tmp_path_factory.mktemp("results")
    study.gallery(base / "gallery")
    return Path(shutil.move(base / "gallery", base / "a 100% #moved gallery"))


@pytest.fixture
def page(chromium, folder):
    """The gallery, in a window of a desk; the browser must have had nothing to complain of."""
    _window(chromium, 1280, 900)
    chromium.get_log("browser")
    opened = Page(chromium, folder)
    opened.open()
    yield opened
    assert chromium.get_log("browser") == []


@pytest.fixture
def phone(page):
    _window(page.browser, 390, 844, mobile=True)
    page.open()
    yield page
    page.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def _window(browser, width: int, height: int, mobile: bool = False) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": mobile})


SAMPLES = [(sample_id(image_id, name), name) for name, image_id in product(CLASSES, (1, 2))]


def tap(page: Page, element: Any) -> None:
    page.run("arguments[0].scrollIntoView({block: 'center'})", element)
    finger = ActionBuilder(page.browser, mouse=PointerInput("touch", "finger"))
    finger.pointer_action.move_to(element).pointer_down().pointer_up()
    finger.perform()


def size_name(size: str) -> str:
    return "original size" if size == "original" else f"{size} × {size}"  # noqa: RUF001


def expected(
    study, sort: str = "sample", method: str = METHODS[-1], ascending: bool = True, **wanted: str
) -> list[tuple[str, ...]]:
    """What pandas says that the page shows."""
    cards = study.measures[study.measures["method"] == method]
    cards = cards.assign(
        lift=cards["concentration"] / cards["mask_fraction"],
        **{"class": cards["sample"].map(dict(SAMPLES))},
    )
    for name, value in wanted.items():
        cards = cards[cards[name] == value]
    places = [*dict(SAMPLES), *NETS, *SIZES]
    cards = cards.sort_values(
        ["sample", "net", "size"], key=lambda column: column.map(places.index)
    )
    if sort != "sample":
        cards = cards.sort_values(sort, ascending=ascending, kind="stable", na_position="last")
    elif not ascending:
        cards = cards[::-1]
    return list(zip(cards["sample"], cards["net"], cards["size"].map(size_name), strict=True))


def record(study, position: int) -> pd.Series:
    """The record of the map at a position of the page as it opens."""
    card, column = divmod(position, 1 + len(METHODS))
    sample, rest = divmod(card, len(NETS) * len(SIZES))
    net, size = divmod(rest, len(SIZES))
    keys = ["sample", "net", "size", "method"]
    key = (SAMPLES[sample][0], NETS[net], SIZES[size], METHODS[column - 1])
    return study.measures.set_index(keys).loc[key]


# What it shows


def test_it_opens_with_every_card_and_every_picture(page, study):
    assert page.cards() == expected(study)
    assert page.one("#count").text == "24 of 24 rows"
    page.run("window.scrollTo(0, 0)")
    page.wait(lambda: page.run("return [...document.images].slice(0, 8).every((i) => i.complete)"))
    assert page.run("return [...document.images].slice(0, 8).every((i) => i.naturalWidth > 0)")
    assert page.all(".missing") == []


def test_it_asks_for_nothing_beyond_its_folder(page):
    page.cards()
    loaded = page.run("return performance.getEntriesByType('resource').map((r) => r.name)")
    assert all(address.startswith(page.folder.as_uri()) for address in loaded)


def test_the_page_may_not_ask_for_more(page):
    blocked = page.browser.execute_async_script(
        "document.addEventListener('securitypolicyviolation', (e) => arguments[0](e.blockedURI));"
        "new Image().src = 'http://localhost:1/a.png'"
    )
    assert blocked == "http://localhost:1/a.png"
    page.browser.get_log("browser")  # tells of it too


def test_names_are_text_whatever_stands_in_them(page):
    heads = [head.get_attribute("textContent") for head in page.all(".card .class")]
    assert heads == [CLASSES[0]] * 8 + [CLASSES[1]] * 4
    page.open(**{"class": CLASSES[2]})
    assert {head.text for head in page.all(".card .class")} == {CLASSES[2]}
    options = [option.get_attribute("textContent") for option in page.all("[name=class] option")]
    assert options == ["all", *CLASSES]
    where = page.one(".picture .where").get_attribute("textContent")
    assert where == f"{CLASSES[2]}, vgg19, original size"


def test_captions_tell_concentration_or_why_there_is_none(page, study):
    page.cards()
    page.open(size="original", net="vgg19")
    words = set()
    for position, picture in enumerate(page.all(".picture")):
        if position % 4 == 0:
            continue
        # original at vgg19 is the first of four cards of a sample
        shown = record(study, position // 4 * 16 + position % 4)
        method = LABELS[METHODS[position % 4 - 1]]
        if isnan(shown["concentration"]):
            words.add(shown["status"])
            caption = f"P undefined: {gallery.STATUSES[shown['status']]}"
        else:
            caption = f"P = {shown['concentration']:.2f}"
        if negligible(study, position // 4 * 16 + position % 4):
            words.add("negligible energy")
            caption += ", negligible energy"
        assert picture.find_element(By.CSS_SELECTOR, ".caption").text == f"{caption}\n{method}"
    assert len(words) > 1  # the study has undefined and negligible records among these


def test_frames_have_the_shape_of_the_input(page):
    page.cards()
    page.run("window.scrollTo(0, 0)")
    boxes = page.run(
        "return Array.from(document.querySelectorAll('.card .row'), (row) => "
        "{ const b = row.querySelector('.frame').getBoundingClientRect(); "
        "return b.width / b.height; })"
    )
    assert boxes[:2] == pytest.approx([80 / 60, 1], rel=0.01)
    assert boxes[4:6] == pytest.approx([60 / 80, 1], rel=0.01)


def test_untrained_nets_are_said_to_be(page):
    said = {net: net + UNTRAINED_SAYS if net in UNTRAINED else net for net in NETS}
    assert {card.text for card in page.all(".card .net")} == set(said.values())
    options = page.all("[name=net] option")
    assert {option.get_attribute("value"): option.text for option in options[1:]} == said


# Filters and order


@pytest.mark.parametrize(
    "wanted",
    [
        {"class": CLASSES[1]},
        {"net": "alexnet"},
        {"size": "64"},
        {"class": CLASSES[2], "net": "vgg19", "size": "original"},
    ],
    ids=lambda wanted: "-".join(wanted),
)
def test_filters(page, study, wanted):
    for name, value in wanted.items():
        page.choose(name, value)
    cards = expected(study, **wanted)
    assert page.cards() == cards
    assert page.one("#count").text == f"{len(cards)} of 24 rows"
    for name in wanted:
        page.choose(name, "")
    assert page.cards() == expected(study)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sort", ["concentration", "lift"])
def test_order_of_a_method(page, study, sort, method):
    page.choose("sort", sort)
    page.choose("method", method)
    assert page.cards() == expected(study, sort, method, ascending=False)
    page.one("[name=order]").click()
    assert page.cards() == expected(study, sort, method, ascending=True)
    emphasised = {picture.text.split("\n")[1] for picture in page.all(".sorts")}
    assert emphasised == {LABELS[method]}


@pytest.mark.parametrize("sort", ["target_rank", "sample"])
def test_order_of_cards(page, study, sort):
    page.choose("sort", sort)
    assert page.cards() == expected(study, sort, ascending=True)
    page.one("[name=order]").click()
    assert page.cards() == expected(study, sort, ascending=False)
    assert page.all(".sorts") == []


def test_undefined_comes_last_in_both_orders(study):
    """What the tests above compare with: the study has undefined values to put last."""
    undefined = study.measures[study.measures["method"] == "grad_cam"]["concentration"].isna()
    assert 0 < undefined.sum() < 24
    assert study.measures["target_rank"].isna().any()


def test_the_address_keeps_the_view(page, study):
    view = {"net": "alexnet", "sort": "lift", "method": "grad_cam", "order": "ascending"}
    cards = expected(study, "lift", "grad_cam", net="alexnet")
    for name in ("net", "sort", "method"):
        page.choose(name, view[name])
    page.one("[name=order]").click()
    page.one("[name=outline]").click()
    address = page.browser.current_url
    assert address.partition("#")[2] == urlencode({**view, "outline": "off"})
    page.browser.refresh()
    assert page.cards() == cards
    assert not page.one("[name=outline]").is_selected()
    page.open(**view)  # somebody else follows the link
    assert page.cards() == cards
    page.run("location.hash = arguments[0]", urlencode({"class": CLASSES[1]}))
    page.wait(lambda: page.one("#count").text == "8 of 24 rows")
    assert page.cards() == expected(study, **{"class": CLASSES[1]})


def test_an_address_of_another_study_shows_all(page, study):
    page.open(**{"class": "zebra", "sort": "beauty", "order": "sideways"})
    assert page.cards() == expected(study)


# The numbers


def test_hover_shows_the_numbers(page, study):
    readout = page.one("#readout")
    assert not readout.is_displayed()
    for position in (1, 2, 7):
        ActionChains(page.browser).move_to_element(page.picture(position)).perform()
        shown, told = record(study, position), page.numbers()
        lift = shown["concentration"] / shown["mask_fraction"]
        assert told["Concentration P"] == pytest.approx(f"{shown['concentration']:.3f}")
        assert told["Lift"] == f"{lift:.2f}"
        assert told["Mask fraction"] == f"{shown['mask_fraction']:.3f}"
        assert told["Energy pointing game"] == f"{shown['energy_pointing_game']:.3f}"
        assert told["Target rank"] == str(int(shown["target_rank"]))
        assert told["Status"] == "ok"
    ActionChains(page.browser).move_to_element(page.one("h1")).perform()
    assert not readout.is_displayed()


def test_numbers_say_what_is_undefined(page, study):
    undefined = next(
        p for p in range(48) if p % 4 and isnan(record(study, p)["relevance_mass_accuracy"])
    )
    page.run("arguments[0].focus()", page.picture(undefined))
    told = page.numbers()
    assert told["Concentration P"] == told["Lift"] == told["Relevance mass accuracy"] == "undefined"
    assert told["Status"] == gallery.STATUSES[record(study, undefined)["status"]]


def test_a_tap_shows_the_numbers_and_another_enlarges(phone, study):
    tap(phone, phone.picture(1))
    assert phone.numbers()["Concentration P"] == f"{record(study, 1)['concentration']:.3f}"
    assert not phone.one("#view").is_displayed()
    tap(phone, phone.picture(2))
    assert phone.numbers()["Concentration P"] == f"{record(study, 2)['concentration']:.3f}"
    assert not phone.one("#view").is_displayed()
    tap(phone, phone.picture(2))
    assert phone.one("#view").is_displayed()
    tap(phone, phone.one("#view [name=close]"))
    assert not phone.one("#view").is_displayed()
    tap(phone, phone.one("#readout [name=enlarge]"))
    assert phone.one("#view").is_displayed()
    tap(phone, phone.one("#view [name=close]"))
    tap(phone, phone.one("#readout [name=close]"))
    assert not phone.one("#readout").is_displayed()


# The keyboard


def test_the_keyboard_alone_reaches_and_operates_everything(page, study):
    reached = []
    while not reached or reached[-1] != "5":
        page.press(Keys.TAB)
        reached.append(page.focused())
    controls = ["class", "net", "size", "sort", "order", "map", "outline"]
    assert reached == ["skip", "dataset", *controls, *"012345"]
    assert page.numbers()["Concentration P"] == f"{record(study, 5)['concentration']:.3f}"

    steps = [Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.ARROW_LEFT, Keys.ARROW_UP, Keys.ARROW_UP]
    positions = []
    for key in steps:
        page.press(key)
        positions.append(page.focused())
    assert positions == ["6", "10", "9", "5", "1"]
    page.press(Keys.ARROW_UP)  # there is none above
    assert page.focused() == "1"

    page.press(Keys.ENTER)
    assert page.one("#view").is_displayed()
    page.press(Keys.ESCAPE)
    assert not page.one("#view").is_displayed()
    page.wait(lambda: page.focused() == "1")
    page.press(Keys.ESCAPE)
    assert not page.one("#readout").is_displayed()


def test_the_keyboard_sorts_and_filters(page, study):
    page.press(*[Keys.TAB] * 4, "a")  # the net: alexnet
    assert page.cards() == expected(study, net="alexnet")
    page.press(*[Keys.TAB] * 2, "l")  # the order: lift, and the method can be chosen now
    page.press(Keys.TAB, "b")
    page.press(Keys.TAB, Keys.ENTER)
    assert page.cards() == expected(study, "lift", "backpropagation", net="alexnet")
    page.press(Keys.TAB, "as s")  # the maps: as scored
    assert page.one("[name=map]").get_attribute("value") == "scored"
    page.press(Keys.TAB, Keys.SPACE)
    assert not page.one("[name=outline]").is_selected()


def test_arrows_go_on_where_no_card_is_yet(page):
    assert len(page.all(".card")) == 12
    page.run("arguments[0].focus()", page.picture(11 * 4 + 3))
    for place in (12, 13, 14):
        page.press(Keys.ARROW_DOWN)
        assert page.focused() == str(place * 4 + 3)
        assert page.run(IS_SEEN, page.picture(place * 4 + 3))


def test_a_focused_picture_is_not_hidden_by_the_bars(page):
    page.run("arguments[0].focus()", page.picture(0))
    for key in [Keys.ARROW_DOWN] * 6 + [Keys.ARROW_UP] * 6:
        page.press(key)
        frame = page.one(".picture:focus .frame")
        top, bottom = page.run(
            "const b = arguments[0].getBoundingClientRect(); return [b.top, b.bottom]", frame
        )
        bar, strip = page.run(
            "return [document.querySelector('#controls').getBoundingClientRect().bottom,"
            "document.querySelector('#readout').getBoundingClientRect().top]"
        )
        assert bar <= top
        assert bottom <= strip


def test_the_focus_is_seen(page):
    ring = "return getComputedStyle(arguments[0]).outlineStyle"
    for _ in range(8):
        page.press(Keys.TAB)
        focused = page.all(":focus .frame") or [page.one(":focus")]
        assert page.run(ring, focused[0]) == "solid"


def test_m_switches_the_outline_from_a_picture_or_the_large_view_alone(page):
    page.wait(lambda: page.outlined() > 500)
    page.press("m")  # a letter that speech input may type: the page has the focus
    assert page.one("[name=outline]").is_selected()
    page.press(*[Keys.TAB] * 3, "m")  # in a list the letter is the list's
    assert page.one("[name=outline]").is_selected()
    page.run("arguments[0].focus()", page.picture(1))
    page.press("m")
    assert page.outlined() < 50
    assert not page.one("[name=outline]").is_selected()
    page.press(Keys.ENTER, "m")
    assert page.one("[name=outline]").is_selected()
    assert page.outlined() > 500


def test_home_and_end_lead_to_the_ends_of_a_row(page):
    page.run("arguments[0].focus()", page.picture(6))
    places = []
    for key in (Keys.END, Keys.END, Keys.HOME, Keys.HOME):
        page.press(key)
        places.append(page.focused())
    assert places == ["7", "7", "4", "4"]
    page.press(Keys.ENTER, Keys.END)
    assert page.one("#view-title").text.startswith(LABELS[METHODS[-1]])
    page.press(Keys.HOME)
    assert page.one("#view-title").text.startswith("Input")


def test_a_link_skips_to_the_maps_and_keeps_the_address(page):
    page.open(net="alexnet")
    page.press(Keys.TAB)
    assert page.run(IS_SEEN, page.one("#skip"))
    page.press(Keys.ENTER)
    assert page.focused() == "0"
    assert page.browser.current_url.endswith("#net=alexnet")
    assert page.one("#count").text == "12 of 24 rows"


# Screen readers, by the accessibility tree that Chromium makes for them


def spoken(page: Page, selector: str) -> dict[str, str]:
    """Name and description of an element."""
    document = page.browser.execute_cdp_cmd("DOM.getDocument", {})["root"]["nodeId"]
    query = {"nodeId": document, "selector": selector}
    element = page.browser.execute_cdp_cmd("DOM.querySelector", query)["nodeId"]
    found = page.browser.execute_cdp_cmd(
        "Accessibility.getPartialAXTree", {"nodeId": element, "fetchRelatives": False}
    )
    return {
        key: found["nodes"][0][key]["value"]
        for key in ("name", "description")
        if key in found["nodes"][0]
    }


@pytest.mark.parametrize("window", [(1280, 900), (320, 256)], ids=str)
def test_a_screen_reader_hears_the_numbers_of_the_focused_picture(page, study, window):
    _window(page.browser, *window)
    page.open()
    for position in (1, 2, 5):
        page.run("arguments[0].focus()", page.picture(position))
        shown = record(study, position)
        words = spoken(page, f"[data-position='{position}']")["description"]
        assert words.startswith(f"Concentration P {shown['concentration']:.3f} Lift ")
        assert f"Mask fraction {shown['mask_fraction']:.3f}" in words
        if window[0] == 1280:
            assert f"Target rank {shown['target_rank']:.0f} Probability " in words


def test_names_say_things_once(page, study):
    place = f"{CLASSES[0]}, vgg19, original size"
    chance = f"{record(study, 1)['mask_fraction']:.3f}"
    assert spoken(page, "[data-position='0']")["name"] == f"Input chance {chance} {place}"
    concentration = f"P = {record(study, 2)['concentration']:.2f}"
    name = spoken(page, "[data-position='2']")["name"]
    assert name == f"{concentration} {LABELS[METHODS[1]]} {place}"


# Back, forward, and addresses that are sent


def hash_of(page: Page) -> str:
    return page.browser.current_url.partition("#")[2]


def test_back_takes_a_change_of_the_controls_back(page, study):
    page.choose("net", "alexnet")
    page.choose("size", "64")
    page.browser.back()
    page.wait(lambda: page.one("#count").text == "12 of 24 rows")
    assert page.cards() == expected(study, net="alexnet")
    assert page.one("[name=size]").get_attribute("value") == ""
    page.browser.back()
    page.wait(lambda: page.one("#count").text == "24 of 24 rows")
    page.browser.forward()
    page.browser.forward()
    page.wait(lambda: page.one("#count").text == "6 of 24 rows")
    assert page.cards() == expected(study, net="alexnet", size="64")


def test_rapid_changes_of_one_control_are_one_step_back(page):
    before = page.run("return history.length")
    page.run(
        "for (const value of ['vgg19', 'alexnet']) {"
        "  const select = document.querySelector('[name=net]'); select.value = value;"
        "  select.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    assert hash_of(page) == "net=alexnet"
    assert page.run("return history.length") == before + 1
    page.browser.back()
    page.wait(lambda: page.one("#count").text == "24 of 24 rows")


def test_back_closes_the_large_view_and_forward_opens_it(page):
    page.choose("net", "alexnet")
    page.picture(1).click()
    name = f"{SAMPLES[0][0]}/alexnet/original/{METHODS[0]}"
    assert hash_of(page) == f"net=alexnet&view={name}"
    page.press(Keys.ARROW_RIGHT)  # in the view: no step of its own
    name = f"{SAMPLES[0][0]}/alexnet/original/{METHODS[1]}"
    assert hash_of(page) == f"net=alexnet&view={name}"
    page.browser.back()
    page.wait(lambda: not page.one("#view").is_displayed())
    assert hash_of(page) == "net=alexnet"
    page.wait(lambda: page.focused() == "2")
    page.browser.forward()
    page.wait(lambda: page.one("#view").is_displayed())
    assert page.one("#view-title").text.startswith(LABELS[METHODS[1]])
    page.press(Keys.ESCAPE)  # as Back does
    page.wait(lambda: hash_of(page) == "net=alexnet")
    page.browser.back()
    page.wait(lambda: page.one("#count").text == "24 of 24 rows")


@pytest.mark.parametrize("method", ["input", METHODS[1]])
def test_an_address_opens_its_picture(page, method):
    page.open(map="scored", view=f"{SAMPLES[3][0]}/alexnet/64/{method}")
    title = "Input" if method == "input" else LABELS[method]
    place = f"{SAMPLES[3][1]}, alexnet{UNTRAINED_SAYS}, 64 × 64"  # noqa: RUF001
    assert page.one("#view-title").text == f"{title} {place}"
    page.press(Keys.ESCAPE)
    page.wait(lambda: hash_of(page) == "map=scored")
    assert not page.one("#view").is_displayed()


@pytest.mark.parametrize(
    "name",
    [
        "zebra/vgg19/64/input",
        f"{SAMPLES[0][0]}/vgg16/64/input",
        f"{SAMPLES[0][0]}/vgg19/65/input",
        f"{SAMPLES[0][0]}/vgg19/64/sobel",
        f"{SAMPLES[0][0]}/vgg19/64/input/input",
        f"{SAMPLES[0][0]}/alexnet/64/input",  # which the filter leaves out
        "",
    ],
)
def test_an_address_of_no_picture_opens_none(page, study, name):
    page.open(net="vgg19", view=name)
    assert page.cards() == expected(study, net="vgg19")
    assert not page.one("#view").is_displayed()


# Maps as seen and as scored


def test_the_switch_shows_maps_as_scored(page):
    seen = page.one("[data-position='1'] img").get_attribute("src")
    assert seen.endswith(str(gallery.map_path("vgg19", METHODS[0], "original", SAMPLES[0][0])))
    assert page.one(".intro .scale").text == "0\n99.5th percentile of |I|"
    page.run("arguments[0].scrollIntoView()", page.picture(8))
    scrolled = page.run("return window.scrollY")
    page.run(
        "const select = document.querySelector('[name=map]'); select.value = 'scored';"
        "select.dispatchEvent(new Event('change', {bubbles: true}));"
    )
    scored = page.one("[data-position='1'] img").get_attribute("src")
    assert scored.endswith(str(gallery.scored_path("vgg19", METHODS[0], "original", SAMPLES[0][0])))
    page.wait(lambda: page.run("return arguments[0].naturalWidth", page.one("#gallery img")) > 0)
    assert page.run("return window.scrollY") == scrolled  # the pictures change where they are
    assert hash_of(page) == "map=scored"
    assert page.one(".intro .scale .most").get_attribute("textContent") == "largest energy, |I|²"
    sources = [picture.get_attribute("src") for picture in page.all("#gallery .map img")]
    assert all("/pictures/scored/" in source for source in sources)
    page.browser.back()
    page.wait(lambda: page.one("[data-position='1'] img").get_attribute("src") == seen)


def test_the_large_view_switches_too(page):
    page.picture(1).click()
    switch = page.one("#view [name=switch]")
    assert switch.get_attribute("aria-pressed") == "false"
    switch.click()
    assert switch.get_attribute("aria-pressed") == "true"
    assert "/pictures/scored/" in page.one("#view img").get_attribute("src")
    assert "map=scored" in hash_of(page)
    page.press(Keys.ESCAPE)


# What is shown, and how a net's output is read


def test_the_summary_says_what_is_shown_of_the_study(page, folder, tmp_path):
    text = page.one("#summary").text
    assert text.startswith("All 6 samples of the study, 2 nets, 2 sizes, 3 methods: ")
    parts = folder / "index.html"
    some = Path(shutil.copytree(folder, tmp_path / "gallery"))
    content = parts.read_text("utf-8").replace('"total":6,', '"total":60,')
    (some / "index.html").write_text(content, "utf-8")
    opened = Page(page.browser, some)
    opened.open()
    assert opened.one("#summary").text.startswith(
        "6 of the study's 60 samples (one of each class, chosen without regard to its maps, and "
        "the one of each class on which the leading method does worst, and those that the "
        "configuration names), "
        "2 nets, 2 sizes, 3 methods: which pixels the score of a class depends on."
    )


def test_samples_that_were_chosen_as_worst_are_marked(page):
    marked = {
        card.find_element(By.CSS_SELECTOR, ".sample").text
        for card in page.all(".card")
        if card.find_element(By.CSS_SELECTOR, ".chosen").is_displayed()
    }
    assert marked == {SAMPLES[2][0]}
    assert "worst of its class by the leading method" in {mark.text for mark in page.all(".chosen")}


@pytest.fixture
def sigmoid(page, study, tmp_path) -> tuple[Page, pd.DataFrame]:
    """A gallery whose first net has sigmoid outputs, and its measures."""
    measures = study.measures.copy()
    measures["output_activation"] = np.where(measures["net"] == NETS[0], "sigmoid", "softmax")
    for value, sample in {0.99982: 0, 0.1234: 1, 4.2e-10: 2, 0.99998: 3, np.nan: 4}.items():
        of_card = (measures["sample"] == SAMPLES[sample][0]) & (measures["net"] == NETS[0])
        measures.loc[of_card, "target_probability"] = value
        measures.loc[of_card, "target_recognised"] = pd.NA if np.isnan(value) else value > 0.5
    with checked_file(tmp_path / "measures.parquet") as draft:
        measures.to_parquet(draft)
    changed = replace(
        study,
        arguments={**study.arguments, "measures": str(tmp_path / "measures.parquet")},
        measures=measures,
    )
    opened = Page(page.browser, changed.gallery(tmp_path / "gallery"))
    opened.open()
    return opened, measures


def test_outputs_of_a_sigmoid_are_recognised_or_not(sigmoid):
    page, _ = sigmoid
    page.open(net=NETS[0], size="64")
    assert [target.text for target in page.all(".card .target")][:5] == [
        "recognised, probability 0.9998",
        "not recognised, probability 0.1234",
        "not recognised, probability 4.2e-10",
        "recognised, probability > 0.9999",
        "probability undefined",
    ]
    page.run("arguments[0].focus()", page.picture(1))
    numbers = page.numbers()
    assert (numbers["Recognised"], numbers["Probability"]) == ("yes", "0.9998")
    assert "Target rank" not in numbers
    page.open(net=NETS[1])  # whose outputs are of a softmax
    assert page.one(".card .target").text.startswith("target rank ")


def test_probabilities_sort_where_an_output_has_no_rank(sigmoid, study):
    page, measures = sigmoid
    study = replace(study, measures=measures)
    options = {option.get_attribute("value") for option in page.all("[name=sort] option")}
    assert options == {"sample", "concentration", "lift", "target_probability"}
    page.choose("sort", "target_probability")
    assert page.cards() == expected(study, "target_probability", ascending=False)
    page.one("[name=order]").click()
    assert page.cards() == expected(study, "target_probability", ascending=True)
    page.open(sort="target_rank")  # an address of before
    assert page.cards() == expected(study)


def test_negligible_energy_is_among_the_numbers(page, study):
    position = next(p for p in range(48) if p % 4 and negligible(study, p))
    page.run("arguments[0].focus()", page.picture(position))
    assert page.numbers()["Energy"] == "negligible"
    other = next(p for p in range(48) if p % 4 and not negligible(study, p))
    page.run("arguments[0].focus()", page.picture(other))
    assert "Energy" not in page.numbers()


def negligible(study, position: int) -> bool:
    value = record(study, position)["negligible_energy"]
    return not pd.isna(value) and bool(value)


# Low windows: a page that is enlarged to 400 %, and a phone on its side


@pytest.fixture(params=[(320, 256, False), (844, 390, True)], ids=["400 %", "landscape"])
def low(page, request):
    _window(page.browser, *request.param)
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
    _window(page.browser, 844, 390, mobile=True)
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
        f"Input {CLASSES[0]}, alexnet{UNTRAINED_SAYS}, original size",
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
    said = "return getComputedStyle(arguments[0], '::after').content"
    assert opened.run(said, opened.one(".missing")) == '"no picture"'
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


# The data set


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_data_set_shows_samples_with_their_masks(page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    page.one("#dataset").click()
    page.wait(lambda: page.browser.current_url.endswith("/dataset.html"))
    assert [heading.text for heading in page.all("h2")] == CLASSES
    assert page.run("return [...document.images].map((i) => i.naturalWidth)") == [80, 60] * 3
    assert (page.screenshot()[5, 5].max() < 40) == (scheme == "dark")
    assert page.outlined() > 200
    page.one("header a").click()
    page.wait(lambda: page.browser.current_url.endswith("/index.html"))
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_page_of_the_data_set_fits_a_phone(phone):
    phone.one("#dataset").click()
    phone.wait(lambda: phone.all(".tiles"))
    assert phone.run("return document.documentElement.scrollWidth") == 390


# Sizes that keep the aspect ratio

# Of an image of 60 x 80 pixels: that of the resized image, its corner in the input, the input.
PLACES = {
    "short-30": ((30, 40), (0, 0), (30, 40)),
    "crop-48": ((55, 73), (-4, -12), (48, 48)),
    "pad-64": ((48, 64), (8, 0), (64, 64)),
}


def test_the_outline_lies_on_the_object_at_every_size(page, tmp_path):
    study = small_study(tmp_path / "study", list(PLACES))
    opened = Page(page.browser, study.gallery(tmp_path / "gallery"))
    opened.open(net="vgg19")
    rect = "const {x, y, width, height} = arguments[0].getBoundingClientRect();"
    for card, (resized, corner, shape) in enumerate(PLACES.values()):
        frame = opened.one(f".card:nth-child({card + 1}) .frame")
        x, y, width, height = opened.run(f"{rect} return [x, y, width, height]", frame)
        assert width / height == pytest.approx(shape[1] / shape[0], rel=0.02)
        path = frame.find_element(By.CSS_SELECTOR, "path")
        left, top, across, down = opened.run(f"{rect} return [x, y, width, height]", path)
        columns, rows = [left, left + across], [top, top + down]
        # The object has the columns 10 to 34 and the rows 20 to 37; lines run through centres.
        for ends, start, length, pixels, axis in (
            (columns, x, width, (10.5, 34.5), 1),
            (rows, y, height, (20.5, 37.5), 0),
        ):
            scale = resized[axis] / (60, 80)[axis]
            expected = [(pixel * scale + corner[axis]) / shape[axis] for pixel in pixels]
            assert [(end - start) / length for end in ends] == pytest.approx(expected, abs=0.01)


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
