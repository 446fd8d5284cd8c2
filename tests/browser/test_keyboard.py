"""The gallery without a mouse: the keyboard, and what a screen reader hears."""

import pytest
from selenium.webdriver.common.keys import Keys

from lookwhere.methods.names import LABELS

from .pages import IS_SEEN, Page, expected, record, resize
from .study import CLASSES, METHODS

pytestmark = [pytest.mark.browser]


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
    resize(page.browser, *window)
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
