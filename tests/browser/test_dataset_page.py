"""The page of the data set."""

import pytest

from .study import CLASSES

pytestmark = [pytest.mark.browser]


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
