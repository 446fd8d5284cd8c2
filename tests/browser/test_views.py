"""Filters, order and addresses of the gallery."""

from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.keys import Keys

from lookwhere.methods.names import LABELS

from .pages import SAMPLES, UNTRAINED_NOTE, expected, hash_of
from .study import CLASSES, METHODS

pytestmark = [pytest.mark.browser]


# Filters and order


@pytest.mark.parametrize(
    "filters",
    [
        {"class": CLASSES[1]},
        {"net": "alexnet"},
        {"size": "64"},
        {"class": CLASSES[2], "net": "vgg19", "size": "original"},
    ],
    ids=lambda filters: "-".join(filters),
)
def test_filters(page, study, filters):
    for name, value in filters.items():
        page.choose(name, value)
    cards = expected(study, **filters)
    assert page.cards() == cards
    assert page.one("#count").text == f"{len(cards)} of 24 rows"
    for name in filters:
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


# Back, forward, and addresses that are sent


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
    place = f"{SAMPLES[3][1]}, alexnet{UNTRAINED_NOTE}, 64 × 64"  # noqa: RUF001
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
