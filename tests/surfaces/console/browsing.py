"""A real Chromium, where there is one: the machine's own, or the one that `make browser` installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A started browser. Without any, the test is skipped with the reason, unless NYTTA_REQUIRE names `browser`."""
    own = os.environ.get("NYTTA_CHROMIUM") or next((p for n in _NAMES if (p := shutil.which(n))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except Error as error:
            why = f"no Chromium: run make browser, or name one in NYTTA_CHROMIUM ({str(error).splitlines()[0]})"
            if "browser" in os.environ.get("NYTTA_REQUIRE", ""):
                raise AssertionError(why) from error
            pytest.skip(why)
        yield browser
        browser.close()
