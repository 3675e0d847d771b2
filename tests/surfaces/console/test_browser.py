"""The console in a real Chromium: accessibility of every page, and journeys by mouse, by keyboard, on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from nytta.ingest.store.rejects import latest_rejects
from nytta.insight.alerts.model import State
from nytta.surfaces.authentication.proxy import SECRET_HEADER
from nytta.surfaces.console.words import LANGUAGES, say
from tests.ingest.files.test_workbook import workbook
from tests.support.rotation import chance
from tests.surfaces.console.browsing import chromium
from tests.surfaces.console.test_forms import alert
from tests.surfaces.console.test_lists import STAFF, TICKETS
from tests.surfaces.console.test_pages import PAGES, path_of
from tests.surfaces.console.world import HEADER, NOW, ROLES, SECRET, World

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
LOOKS = {"light": 1440, "dark": 320}
"""Light by the width at which it is looked at: contrasts are those of the light, layouts those of the width."""


_PATIENCE = 120_000  # milliseconds: a replay publishes before it answers, and the machine may be busy
expect.set_options(timeout=_PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def page_of(
    browser: Browser,
    world: World,
    role: str,
    language: str = "en",
    width: int = 1440,
    scheme: str = "light",
    js: bool = True,
) -> Page:
    """A page of somebody's browser."""
    context = browser.new_context(
        base_url=world.address(),
        locale=language,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
        extra_http_headers={HEADER: ROLES[role], SECRET_HEADER: SECRET, "Accept-Language": language},
        java_script_enabled=js,
        bypass_csp=js,  # for axe alone: pages have no scripts, and their policy lets none run
    )
    context.set_default_timeout(_PATIENCE)
    return context.new_page()


@pytest.mark.parametrize("scheme", LOOKS)
@pytest.mark.parametrize("language", ["drawn", *(pytest.param(name, marks=pytest.mark.soak) for name in LANGUAGES)])
def test_no_page_violates_wcag(browser: Browser, seen: World, language: str, scheme: str) -> None:
    """Each page in one language of the three in a run; in all of them in the longest runs."""
    axe, found = Axe(), []
    draw = chance(f"languages of pages {scheme}")
    for path, role in PAGES.items():
        spoken = draw.choice(tuple(LANGUAGES)) if language == "drawn" else language
        page = page_of(browser, seen, role, spoken, LOOKS[scheme], scheme)
        page.goto(path_of(seen, path))
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        for each in axe.run(page, options=RULES).response["violations"]:
            found.append(f"{path} ({spoken}): {each['id']} {[n['target'] for n in each['nodes']][:3]}")
        page.context.close()
    assert found == []


def test_errors_do_not_violate_wcag_either(browser: Browser, seen: World) -> None:
    for path, scheme in (("/units/nix", "light"), ("/units/nix", "dark")):
        page = page_of(browser, seen, "lead", "sv", 320, scheme)
        page.goto(path)
        assert Axe().run(page, options=RULES).response["violations"] == []
        page.context.close()


@pytest.mark.parametrize("width", [320, 1440])
def test_nothing_but_tables_and_charts_scrolls_sideways(browser: Browser, seen: World, width: int) -> None:
    wide = []
    for path, role in PAGES.items():
        page = page_of(browser, seen, role, "sv", width)
        page.goto(path_of(seen, path))
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wide.append(path)
        page.context.close()
    assert wide == []


@pytest.mark.parametrize(("width", "js"), [(1440, True), (320, False)], ids=["desk", "phone without scripts"])
def test_a_manager_from_the_mail_to_a_planned_action(browser: Browser, own: World, width: int, js: bool) -> None:
    page = page_of(browser, own, "manager", "en", width, js=js)
    page.goto("/units/u00")
    expect(page.get_by_role("heading", level=1)).to_have_text("Unit 0")
    expect(page.get_by_role("img").first).to_be_visible()
    page.get_by_role("button", name="I'll take it").click()
    expect(page.get_by_text("Taken · taken")).to_be_visible()
    page.get_by_role("combobox", name="Action").select_option(index=1)
    page.get_by_label("Done by").fill((NOW.date() + timedelta(days=20)).isoformat())
    page.get_by_role("button", name="Plan action").click()
    expect(page.get_by_text("action planned by").first).to_be_visible()
    taken = alert(own)
    assert taken.state is State.ACKNOWLEDGED
    assert taken.acknowledged is not None
    assert taken.acknowledged.action
    page.context.close()


@pytest.mark.parametrize(("width", "js"), [(1440, True), (320, False)], ids=["desk", "phone without scripts"])
def test_a_programme_lead_from_the_overview_to_the_report(browser: Browser, seen: World, width: int, js: bool) -> None:
    page = page_of(browser, seen, "lead", "en", width, js=js)
    page.goto("/")
    page.get_by_role("link", name="Benefits").click()
    page.get_by_role("link", name="Shorter way").first.click()
    expect(page.locator(".finding")).to_contain_text("44% of the promise has come")
    page.get_by_role("link", name="Benefits").first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Report (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    page.context.close()


@pytest.mark.parametrize("js", [True, False], ids=["with scripts", "without scripts"])
def test_operations_from_a_reject_to_its_replay(browser: Browser, own: World, js: bool) -> None:
    page = page_of(browser, own, "administrator", "en", js=js)
    page.goto("/operations")
    page.get_by_role("link", name="unknown unit").click()
    expect(page.get_by_text("no such unit")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("1 of 1 passed"))
    assert latest_rejects(own.app.private) == []
    page.context.close()


def test_a_manager_answers_by_keyboard_alone(browser: Browser, own: World) -> None:
    page = page_of(browser, own, "manager", "en")
    page.goto("/units/u00")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "acknowledge":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Taken · taken")).to_be_visible()
    page.context.close()


def test_every_chart_has_its_table_behind_a_key(browser: Browser, seen: World) -> None:
    page = page_of(browser, seen, "manager", "en")
    page.goto("/units/u00")
    summary = page.locator("figure summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Week").first).to_be_visible()
    page.context.close()


def test_the_language_and_the_light_are_switched(browser: Browser, seen: World) -> None:
    page = page_of(browser, seen, "lead", "en")
    page.goto("/indicators?organisation=town")
    page.get_by_role("link", name="Norsk").click()
    expect(page.locator("html")).to_have_attribute("lang", "nb")
    assert page.url.endswith("/indicators?organisation=town")
    seen_light = []
    for name, theme in (("Mørkt", "dark"), ("Lyst", "light")):
        page.get_by_role("link", name=name).click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)  # the page has come
        seen_light.append(page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor"))
    assert seen_light[0] != seen_light[1]
    page.context.close()


@pytest.mark.parametrize(("width", "scheme", "language"), [(390, "dark", "nb"), (1440, "light", "sv")])
def test_lists_are_given_answered_and_begun_without_scripts(
    browser: Browser, own: World, tmp_path: Path, width: int, scheme: str, language: str
) -> None:
    for name, body in (("tickets.csv", TICKETS.encode()), ("ansatte.xlsx", workbook(STAFF))):
        (tmp_path / name).write_bytes(body)
    page = page_of(browser, own, "administrator", language, width, scheme)
    page.goto("/import")
    page.locator("input[name=file]").first.set_input_files([tmp_path / "tickets.csv", tmp_path / "ansatte.xlsx"])
    page.get_by_role("button", name=say("lists_look", language)).click()
    expect(page.get_by_role("heading", level=2)).to_have_count(2)
    assert Axe().run(page, options=RULES).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"lists-{width}")
    page.locator("select[name='0.order']").select_option("day-first")
    page.get_by_role("button", name=say("begin_import", language)).click()
    expect(page.get_by_role("heading", name=say("lists_reach", language))).to_be_visible()
    assert Axe().run(page, options=RULES).response["violations"] == []
    picture(page, f"lists-begun-{width}")
    page.context.close()


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page in the folder that NYTTA_PICTURES names, for people to look at."""
    if folder := os.environ.get("NYTTA_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
