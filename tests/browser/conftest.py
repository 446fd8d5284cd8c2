"""A browser without a window, and a gallery that is open in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .pages import Page, resize
from .study import Study, small_study


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Study:
    return small_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[Any]:
    """A headless Chromium, that of Debian: nothing is downloaded."""
    programs = [shutil.which("chromium"), shutil.which("chromedriver")]
    if None in programs:
        pytest.skip("needs chromium and chromedriver (tests/browser/install installs them)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location, driver = programs
    profile = tmp_path_factory.mktemp("profile")
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.chrome.service.Service(driver)
    with webdriver.Chrome(options=options, service=service) as browser:
        yield browser


@pytest.fixture(scope="session")
def folder(study, tmp_path_factory) -> Path:
    """A gallery that was moved after it was built."""
    base = tmp_path_factory.mktemp("results")
    study.gallery(base / "gallery")
    return Path(shutil.move(base / "gallery", base / "a 100% #moved gallery"))


@pytest.fixture
def page(chromium, folder):
    """The gallery, in a window of a desk; the browser must have had nothing to complain of."""
    resize(chromium, 1280, 900)
    chromium.get_log("browser")
    opened = Page(chromium, folder)
    opened.open()
    yield opened
    assert chromium.get_log("browser") == []


@pytest.fixture
def phone(page):
    resize(page.browser, 390, 844, mobile=True)
    page.open()
    yield page
    page.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
