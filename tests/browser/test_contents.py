"""What the gallery shows: pictures, numbers, and maps as seen and as scored."""

import shutil
from dataclasses import replace
from math import isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from lookwhere.io.results import checked_file
from lookwhere.methods.names import LABELS
from lookwhere.report import gallery

from .pages import SAMPLES, UNTRAINED_NOTE, Page, expected, hash_of, negligible, record, tap
from .study import CLASSES, METHODS, NETS, UNTRAINED, small_study

pytestmark = [pytest.mark.browser]


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
    page.browser.get_log("browser")  # which holds this error too


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
    labels = {net: net + UNTRAINED_NOTE if net in UNTRAINED else net for net in NETS}
    assert {card.text for card in page.all(".card .net")} == set(labels.values())
    options = page.all("[name=net] option")
    assert {option.get_attribute("value"): option.text for option in options[1:]} == labels


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
