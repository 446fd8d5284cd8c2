"""The gallery in a real browser, as a visitor uses it, and what it should show."""

from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from lookwhere.datasets.samples import sample_id
from lookwhere.report import pictures

from .study import CLASSES, METHODS, NETS, SIZES

UNTRAINED_NOTE = " (untrained)"

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
        return [(sample, net.removesuffix(UNTRAINED_NOTE), size) for sample, net, size in cards]

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


def resize(browser, width: int, height: int, mobile: bool = False) -> None:
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
    study, sort: str = "sample", method: str = METHODS[-1], ascending: bool = True, **filters: str
) -> list[tuple[str, ...]]:
    """What pandas says that the page shows."""
    cards = study.measures[study.measures["method"] == method]
    cards = cards.assign(
        lift=cards["concentration"] / cards["mask_fraction"],
        **{"class": cards["sample"].map(dict(SAMPLES))},
    )
    for name, value in filters.items():
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


def hash_of(page: Page) -> str:
    return page.browser.current_url.partition("#")[2]


def negligible(study, position: int) -> bool:
    value = record(study, position)["negligible_energy"]
    return not pd.isna(value) and bool(value)
