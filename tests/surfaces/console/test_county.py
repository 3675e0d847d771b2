"""Pages of an organisation of many units: of each list a part is shown, and all is counted, found and handed out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from nytta.ingest.store.private import PrivateStore
from nytta.registry.units import Contact
from nytta.surfaces.console.branches import MOST
from nytta.surfaces.console.words import LANGUAGES
from tests.support.stores import Stores
from tests.surfaces.console.browsing import chromium
from tests.surfaces.console.statements import plain_text, read
from tests.surfaces.console.test_branches import deep, flat, grown
from tests.surfaces.console.test_browser import LOOKS, RULES, page_of
from tests.surfaces.console.world import LAST, NOW, World, opened, registry
from tests.surfaces.wording import uninflected, unused

UNITS = 260
_MANAGER = Contact("Manager", "m@town.example", "", "nb")
INDICATOR = "/indicators/weekly-breadth?system=arken&unit="


def filled(store: PrivateStore) -> None:
    """Figures, states and apps of so many units more; every tenth is too small for a figure."""
    columns = "organisation, unit, system, case_type, part, indicator, version, grain, period, value, low, high"
    store.connection.run(
        f"""INSERT INTO {{open}}.published_values
               ({columns}, n_band, status, unit_of_measure, published_at, publication)
        SELECT 'town', concat('x', toString(number)), 'arken', '*', '', indicator, 1, 'window',
               toDate('{LAST}') - 7 * week, if(number % 10 = 9, NULL, number % 97 + 2) AS figure, figure - 2,
               figure + 2, if(number % 3 = 0, '30-99', '100-299'), if(number % 10 = 9, 'suppressed', 'ok'), 'percent',
               now(), 1
        FROM numbers({UNITS}) ARRAY JOIN ['weekly-breadth', 'habit'] AS indicator ARRAY JOIN range(3) AS week"""
    )
    for table, condition in (
        ("published_states", "unit = 'u00'"),
        ("published_facts", "unit = 'u01' AND fact = 'legacy'"),
    ):
        store.connection.run(
            f"""INSERT INTO {{open}}.{table} SELECT * REPLACE (concat('x', toString(number)) AS unit)
                FROM {{open}}.{table} AS t ARRAY JOIN range({UNITS}) AS number WHERE t.{condition}"""
        )


@pytest.fixture(scope="module")
def county_store(stores: Stores, filled_town: PrivateStore) -> Iterator[PrivateStore]:
    """The town's store with the figures of many more units."""
    with stores.lending() as copied:
        store = copied(filled_town)
        filled(store)
        yield store


@pytest.fixture(scope="module", params=[deep(UNITS, 6), flat(UNITS)], ids=["deep", "flat"])
def county(
    request: pytest.FixtureRequest, county_store: PrivateStore, tables: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The town with these units more, in a tree or beside each other."""
    world = opened(county_store, tmp_path_factory.mktemp("county"), tables)
    declared = registry()
    known = {unit.id for unit in declared.units}
    more = tuple(unit for unit in grown(request.param).units if unit.id not in known)
    world.app.intake.registry = replace(declared, units=(*declared.units, *more))
    yield world
    world.close()


def rows_of(page: str) -> list[str]:
    """The units of the map of a page, in its order."""
    body = page[page.index('class="map"') :].split("</table>", maxsplit=1)[0]
    return re.findall(r'<th scope="row"><a href="/units/([^"]+)"', body)


def guide_of(page: str) -> str:
    """The part of a page that says which units its lists hold."""
    return page[page.index('class="guide"') :].split("</nav>", maxsplit=1)[0]


def visited(visit: httpx.Client, start: str, language: str = "en") -> dict[str, str]:
    """Every page that shows another part of the lists, by address."""
    pages: dict[str, str] = {}
    waiting = [start]
    while waiting:
        address = waiting.pop()
        if address in pages:
            continue
        pages[address] = text = visit.get(address).text
        links = re.findall(r'href="([^"#]+)#units"', text)
        waiting += [unescape(link) for link in links]
    return pages


def test_every_unit_of_the_map_is_reached_and_all_are_counted(county: World) -> None:
    visit = county.visit("lead")
    whole = visit.get("/api/v1/overview").json()
    rows = [row["unit"]["href"].removeprefix("/units/") for row in whole["maps"][0]["rows"]]
    assert len(rows) > UNITS
    assert whole["guide"] is None
    pages = visited(visit, "/")
    assert {unit for page in pages.values() for unit in rows_of(page)} == {*rows}
    for page in pages.values():
        shown = rows_of(page)
        assert len(shown) <= MOST + 1
        assert [unit for unit in rows if unit in shown] == shown
        assert f"Shown here: {len(shown)} of {len(rows)}." in page
        # sentences are about all of it, wherever the lists are
        for sentence in whole["sentences"]:
            assert sentence in unescape(page)
    # of ten units one shows no figure
    alone = len([unit for unit in rows if unit.startswith("u0")]) + 2
    words = f"{alone + UNITS * 9 // 10} units are shown by themselves"
    assert any(words in sentence for sentence in whole["sentences"])


def test_rows_are_those_of_the_whole(county: World) -> None:
    """Row by row, with the depth from the opened unit on."""
    visit = county.visit("lead")
    whole = {row["unit"]["href"]: row for row in visit.get("/api/v1/overview").json()["maps"][0]["rows"]}
    page = visit.get("/?under=town").text
    body = page[page.index('class="map"') :].split("</table>")[0]
    for row in body.split("<tr class=")[1:]:
        href = re.findall(r'<th scope="row"><a href="([^"]+)"', row)[0]
        aloud = re.findall(r'<span class="hidden">(?: \()?([^<]+?)\)?</span></span></td>', row)
        assert [unescape(text) for text in aloud] == [cell["text"] for cell in whole[href]["cells"]]


@pytest.mark.parametrize("unit", ["town", "x0", "x250", "tiny"])
def test_an_indicator_tells_of_all_units_and_hands_all_out(county: World, unit: str) -> None:
    visit = county.visit("lead")
    whole = visit.get(f"/api/v1{INDICATOR}{unit}").json()
    rows = whole["places"]["table"]["rows"]
    page = visit.get(INDICATOR + unit).text
    assert unescape(whole["places"]["finding"]) in unescape(page)
    figures = [row for row in rows if row[2] != "–"]
    assert f"is shown for {len(figures)} of {len(rows)} units." in whole["places"]["finding"]
    places = next(table for table in read(page).tables if "in tree order" in table.caption)
    assert f"Shown here: {len(places.rows)} of {len(rows)}." in page
    assert len(places.rows) <= MOST + 1
    texts = {row[0]["text"]: row[1] for row in rows}
    assert all(texts[row[0]] == row[1] for row in places.rows)
    downloaded = visit.get(f"/indicators/weekly-breadth/csv?system=arken&unit={unit}").content.decode("utf-8-sig")
    listed = [row[0] for row in csv.reader(io.StringIO(downloaded)) if row]
    assert {*texts} <= {*listed}
    assert visit.get(f"/indicators/weekly-breadth/xlsx?system=arken&unit={unit}").status_code == 200


def test_every_unit_of_an_indicator_is_reached(county: World) -> None:
    visit = county.visit("lead")
    rows = visit.get(f"/api/v1{INDICATOR}town").json()["places"]["table"]["rows"]
    names: set[str] = set()
    for page in visited(visit, f"{INDICATOR}town").values():
        for table in read(page).tables:
            if "in tree order" in table.caption:
                names |= {row[0] for row in table.rows}
    assert names == {row[0]["text"] for row in rows}


def test_a_funnel_draws_all_and_names_few(county: World) -> None:
    """A funnel has all places; in its table stand those apart and those of the branch."""
    visit = county.visit("lead")
    whole = visit.get(f"/api/v1{INDICATOR}town").json()["funnels"]
    page = visit.get(f"{INDICATOR}town").text
    for funnel in whole:
        assert unescape(funnel["finding"]) in unescape(page)
        drawn = page[page.index(f'id="{funnel["id"]}"') :].split("</figure>")[0]
        rows = funnel["table"]["rows"]
        texts = {row[0]["text"]: row[1:] for row in rows}
        (table,) = read(drawn).tables
        assert all(texts[row[0]] == list(row[1:]) for row in table.rows)
        assert f"Shown here: {len(table.rows)} of {len(rows)}." in drawn
        assert len(re.findall(r"<text[^>]*>Unit x", drawn[: drawn.index("</svg>")])) <= 12
    assert max(len(funnel["table"]["rows"]) for funnel in whole) > MOST


def test_a_name_leads_to_its_unit(county: World) -> None:
    visit = county.visit("lead")
    page = visit.get("/?find=unit+x25").text
    assert sorted(rows_of(page)) == ["x25", *(f"x{number}" for number in range(250, 260))]
    assert "The lists hold 11 of 11 units and groups with “unit x25” in their name." in page
    assert "No unit or group has “&lt;b&gt;” in its name." in visit.get("/?find=<b>").text
    form = guide_of(visit.get(f"{INDICATOR}x3").text)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    assert fields == {"organisation": "town", "system": "arken", "unit": "x3"}
    found = visit.get("/indicators/weekly-breadth", params=fields | {"find": "x259"}).text
    assert '<a href="/units/x259">Unit x259</a>' in found


def test_apps_are_counted_in_all_units(county: World) -> None:
    page = county.visit("lead").get("/").text
    table = next(table for table in read(page).tables if table.columns[0] == "App")
    ((_, _, number, kept_in),) = table.rows
    named = re.search(r"(\d+) of (\d+) are named here", kept_in)
    assert named
    assert named[2] == number
    assert len(kept_in.split(", ")) - 1 == int(named[1])


def test_units_below_a_unit_have_pages(county: World) -> None:
    visit = county.visit("lead")
    first = visit.get("/units/town").text
    whole = [link["href"] for link in visit.get("/api/v1/units/town").json()["below"]]
    listed: list[str] = []
    address = "/units/town"
    while address:
        page = visit.get(address).text
        section = page[page.index('id="below-h"') :]
        listed += re.findall(r'<li><a href="(/units/[^"]+)"', section[section.index('class="columns"') :])
        following = re.search(r'rel="next" href="([^"#]+)', section)
        address = unescape(following[1]) if following else ""
    assert listed == whole
    assert ("The list holds" in first) == (len(whole) > MOST)


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_of_lists_are_told_in_words_that_people_say(county: World, language: str) -> None:
    visit = county.visit("lead", language)
    for address in ("/", "/?find=x", "/?under=x1", f"{INDICATOR}town", "/units/town", "/alerts"):
        page = visit.get(address)
        assert page.status_code == 200
        assert len(page.content) < 200_000, address
        plain = plain_text(page.text)
        assert not unused(plain) + uninflected(plain, language)
        ids = re.findall(r' id="([^"]+)"', page.text)
        assert len(ids) == len(set(ids))


def test_what_is_not_there_is_refused(county: World) -> None:
    visit = county.visit("lead")
    statuses: Mapping[str, int] = {"/?under=nowhere": 404, "/?page=x": 400, f"{INDICATOR}town&page=x": 400}
    for address, status in statuses.items():
        assert visit.get(address).status_code == status, address
    assert rows_of(visit.get("/?page=99").text)


def test_seats_are_found_by_name(county: World) -> None:
    """The person at the machine sits in any manager's seat: of many, a name is looked for."""
    managers = replace(
        county.app.intake.registry,
        units=tuple(
            replace(unit, manager=_MANAGER) if unit.id.startswith("x") else unit
            for unit in county.app.intake.registry.units
        ),
    )
    console = county.console(proxy=False)
    visit = county.browser(console)
    visit.get(f"/sign-in/{console.links.issue(NOW)}")
    declared, county.app.intake.registry = county.app.intake.registry, managers
    try:
        page = visit.get("/seats").text
        assert f"Shown here: {MOST} of " in page
        found = visit.get("/seats?find=unit+x259").text
        assert re.findall(r'value="manager:([^"]+)"', found) == ["x259"]
    finally:
        county.app.intake.registry = declared


def test_alerts_of_many_units_are_found_by_name(county: World, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = county.visit("lead")
    assert '<select name="unit">' in visit.get("/alerts").text
    monkeypatch.setattr("nytta.surfaces.console.pages.alerts.MOST", 1)
    everything = visit.get("/alerts?state=all&sort=unit").text
    assert '<select name="unit">' not in everything
    found = visit.get("/alerts?state=all&find=UNIT+0").text
    units = {row[1] for row in read(found).tables[0].rows}
    assert units == {"Unit 0"}
    assert len(read(everything).tables[0].rows) > len(read(found).tables[0].rows)


@pytest.mark.browser
@pytest.mark.slow
def test_branches_are_walked_without_scripts_and_violate_no_rule(county: World) -> None:
    with chromium() as browser:
        for scheme, width in LOOKS.items():
            looked_at = page_of(browser, county, "lead", "sv", width, scheme)
            for address in ("/", f"{INDICATOR}town", "/units/town", "/?find=x1"):
                looked_at.goto(address)
                assert Axe().run(looked_at, options=RULES).response["violations"] == [], address
                assert looked_at.evaluate("document.documentElement.scrollWidth") <= width, address
            looked_at.context.close()
        page = page_of(browser, county, "lead", js=False)
        page.goto("/")
        page.get_by_role("searchbox").fill("unit x259")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("rowheader").get_by_role("link", name="Unit x259").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Unit x259")
        page.context.close()
