"""Every page in every language, by role: what is shown, and how it is guarded."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from nytta.insight.store.effects import PublishedEffect
from nytta.surfaces.console.pages.alerts import effect_text
from nytta.surfaces.console.words import LANGUAGES
from tests.surfaces.console.world import World

PAGES = {
    "/": "lead",
    "/units/u00": "lead",
    "/units/tiny": "group",
    "/units/small": "group",
    "/units/town": "lead",
    "/indicators": "lead",
    "/indicators/weekly-breadth": "lead",
    "/indicators/weekly-breadth?unit=u00&system=arken": "manager",
    "/alerts": "lead",
    "/alerts?state=all&sort=unit": "administrator",
    "/alerts/u00/arken/use/2026-01-05": "lead",
    "/benefits": "lead",
    "/benefits/shorter": "lead",
    "/operations": "operations",
    "/operations?reason=unknown_unit": "administrator",
    "/transparency": "stranger",
    "/access-log": "representative",
    "/import": "administrator",
    "/help": "stranger",
    "/api": "lead",
}
"""Paths and a role that may see them."""


def path_of(seen: World, path: str) -> str:
    """The path, with the day of the alert that there is."""
    if path.startswith("/alerts/"):
        page = seen.visit("lead").get("/alerts?state=all").text
        found = re.search(r'href="(/alerts/u0\d/[^"]+)"', page)
        assert found
        return found[1]
    return path


def test_operations_sees_the_sources_of_its_own_organisation(seen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    common = {"events": 5, "rejects": 0, "first_event": moment, "last_event": moment, "last_received": moment}
    rows = [
        {"source": "/town/cases", "organisations": ["town"], **common},
        {"source": "/elsewhere/cases", "organisations": ["elsewhere"], **common},
        {"source": "/nobody/knows", "organisations": [], **common},
    ]
    monkeypatch.setattr("nytta.cli.console.all_sources", lambda _store: rows)
    page = seen.visit("operations").get("/operations").text
    assert "/town/cases" in page
    assert "/nobody/knows" in page
    assert "/elsewhere/cases" not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_in_its_language(seen: World, path: str, language: str) -> None:
    answer = seen.visit(PAGES[path], language).get(path_of(seen, path))
    assert answer.status_code == 200, answer.text
    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["content-language"] == language
    assert len(answer.content) <= 200_000
    assert answer.text.count("<h1") == 1
    for chart in re.findall(r'<svg viewBox[^>]*role="img" aria-labelledby="([^"]+)"', answer.text):
        assert all(f'id="{each}"' in answer.text for each in chart.split())
    ids = re.findall(r' id="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))
    assert "style=" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_comes_with_its_guards(seen: World, path: str) -> None:
    headers = seen.visit(PAGES[path]).get(path_of(seen, path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def test_nothing_comes_from_other_hosts(seen: World) -> None:
    page = seen.visit().get("/").text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_the_unit_page_says_what_is_not_used_and_why(seen: World) -> None:
    page = seen.visit("manager").get("/units/u00").text
    assert "One thing in Unit 0 needs attention." in page
    assert "Why we think so" in page
    table = page[page.index('id="hours-arken-c"') :].split("</table>")[0]
    assert [cell in table for cell in (">500<", ">220<", ">280<", "once the minutes are confirmed")] == [True] * 4
    assert "similar units" in page
    assert "I&#39;ll take it" in page


def test_a_small_unit_sees_its_group_and_its_check_never_a_blank_page(seen: World) -> None:
    page = seen.visit("group").get("/units/tiny").text
    assert "fewer than ten" in page
    assert '<a href="/units/small">Small ones</a>' in page
    assert "Which cases do we still handle the old way, and why?" in page
    assert 'role="img"' not in page


def test_the_overview_tells_the_state_in_sentences_and_the_map_is_in_tree_order(seen: World) -> None:
    page = seen.visit("lead").get("/").text
    assert "12 units are shown by themselves and 2 smaller ones with their group" in page
    lead = "Achieved or on track: 0 of 2 benefits. At risk or partly achieved: 0. Off track or not achieved: 1"
    assert f"{lead}; for 1 it is too early to say. 280 hours a year are not realised yet." in page
    assert "Stuck on its way to the units: 1 of 1 decision." in page
    body = page[page.index('class="map"') :].split("</table>")[0]
    places = re.findall(r'<th scope="row"><a href="/units/([^"]+)"', body)
    assert places == [*(f"u{n:02d}" for n in range(12)), "small"]
    assert "tiny" not in places


def test_furthest_behind_is_for_the_programme_lead_alone(seen: World) -> None:
    assert "Furthest from the target" in seen.visit("lead").get("/").text
    assert "Furthest from the target" not in seen.visit("representative").get("/").text


def test_the_overview_tells_what_a_completed_case_costs_and_why_other_figures_lack(seen: World) -> None:
    page = seen.visit("lead").get("/").text
    body = page[page.index('id="services-t-c"') :].split("</table>")[0]
    heads = re.findall(r'<th scope="col"[^>]*>([^<]+)', body)
    assert heads[-2:] == ["Cost per completed case", "Completed cases"]
    assert "NOK\u00a01,700" in body
    assert "1,200" in body
    assert "services-t-c" not in seen.visit("representative").get("/").text


def test_the_overview_begins_with_what_is_most_urgent(seen: World) -> None:
    page = seen.visit("lead").get("/").text
    lead = page[page.index('class="lead"') :].split("</div>")[0]
    assert lead.index("alert") < lead.index("Most urgent:")
    assert 1 <= len(re.findall(r'href="/alerts/', lead)) <= 4


def test_a_representative_sees_no_peers(seen: World) -> None:
    assert "Similar units" in seen.visit("manager").get("/units/u00").text
    assert "Similar, middle" not in seen.visit("representative").get("/units/u00").text


def test_the_band_of_peers_is_anonymous(seen: World) -> None:
    page = seen.visit("manager").get("/units/u00").text
    assert not re.search(r"Unit (?:[1-9]|1[01])\b", page)


def test_a_benefit_has_plan_outcome_forecast_and_the_split_of_its_gap(seen: World) -> None:
    page = seen.visit().get("/benefits/shorter").text
    assert "44% of the promise has come. Status: off track." in page
    assert "50% is expected (80 percent certain 40–61%)" in page
    assert "40% of the promise is missing because it is used too little, and 16% although it is used." in page


def test_the_break_even_is_drawn_with_its_table(seen: World) -> None:
    page = seen.visit().get("/benefits").text
    assert "two open ways cost NOK\u00a0600,000 a year. The digital way pays when at least 25% take it; now" in page
    drawn = page[page.index('id="break-even-0"') :]
    assert "pays from 25%" in drawn[: drawn.index("</svg>")]
    assert "62%" in drawn[drawn.index("<table") : drawn.index("</table>")]


def test_funnels_hold_units_against_their_like_and_are_for_the_programme_lead(seen: World) -> None:
    address = "/indicators/weekly-breadth?unit=town&system=arken"
    page = seen.visit().get(address).text
    start = page.index('id="funnel-0"')
    drawn = page[start : page.index("</svg>", start)]
    assert re.search(r"differ by more than chance gives: [^<]*\bUnit 1\b", drawn)
    assert drawn.count("Unit 1") >= 2  # in the sentence and beside its mark
    assert "clearly below" in page
    assert 'id="funnel-0"' not in seen.visit("manager").get(address.replace("town", "u00")).text


def test_lists_filter_sort_and_page_by_url(seen: World) -> None:
    visit = seen.visit()
    assert "0 alerts" in visit.get("/alerts?state=snoozed").text
    assert "Shorter way" not in visit.get("/benefits?status=on_track").text
    assert visit.get("/benefits?sort=realised").status_code == 200
    for bad in ("/alerts?state=x", "/alerts?sort=x", "/alerts?page=x", "/benefits?sort=x", "/benefits?system=x"):
        answer = visit.get(bad)
        assert answer.status_code == 400, bad
        assert "There is no choice" in answer.text


@pytest.mark.parametrize(
    ("form", "start"),
    [("pdf", b"%PDF-"), ("html", b"<!doctype html>"), ("csv", b"\xef\xbb\xbfbenefit,"), ("xlsx", b"PK")],
)
def test_the_report_is_taken_away(seen: World, form: str, start: bytes) -> None:
    answer = seen.visit().get(f"/benefits/report?format={form}")
    assert answer.content.lower().startswith(start.lower())
    assert 'filename="nytta-town-' in answer.headers["content-disposition"]


def test_a_table_is_taken_away(seen: World) -> None:
    answer = seen.visit().get("/indicators/weekly-breadth/csv?unit=u00&system=arken")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith(b"\xef\xbb\xbfWeek,Figure")


def test_a_workbook_has_the_tables_of_the_page_with_figures_as_numbers(seen: World) -> None:
    visit = seen.visit()
    answer = visit.get("/indicators/weekly-breadth/xlsx?unit=u00&system=arken")
    assert answer.headers["content-disposition"].endswith('filename="weekly-breadth.xlsx"')
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names[:2] == ["Weeks", "Units"]
    for name, heading in (("Weeks", "Figure"), ("Units", "Figure")):
        rows = book.get_sheet_by_name(name).to_python()
        shares = [row[rows[0].index(heading)] for row in rows[1:]]
        assert any(isinstance(share, float) and 0 < share < 1 for share in shares), shares
    as_csv = visit.get("/indicators/weekly-breadth/csv?unit=u00&system=arken").text
    assert all(str(row[0]) in as_csv for row in book.get_sheet_by_name("Units").to_python()[:-2])


def test_the_same_models_over_the_api(seen: World) -> None:
    told = seen.visit("manager").get("/api/v1/units/u00").json()
    assert told["name"] == "Unit 0"
    assert told["alerts"][0]["subject"].startswith("Unit 0: Arken")
    assert "numerator" not in str(told)
    refused = seen.visit("manager").get("/api/v1/units/u05")
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert set(refused.json()) == {"type", "title", "status", "detail"}


def test_a_page_is_kept_until_something_is_published_and_still_logged(seen: World) -> None:
    console = seen.console()
    visit = seen.visit("lead", console=console)

    def reads() -> int:
        seen.reads.bring()
        return int(seen.app.open.connection.value("SELECT count() FROM {open}.access_log WHERE unit = 'u03'"))

    before = reads()
    first, again = visit.get("/units/u03"), visit.get("/units/u03")
    assert first.text == again.text
    assert reads() == before + 2


def test_a_page_that_was_made_while_something_was_published_is_made_again(
    seen: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = seen.console()
    version, render, made = console.readings.version, console.render, [0]

    def while_published(*words: Any, **more: Any) -> str:
        made[0] += made[0] < 2
        return render(*words, **more)

    monkeypatch.setattr(console.readings, "version", lambda: (*version(), made[0]))
    monkeypatch.setattr(console, "render", while_published)
    visit = seen.visit("lead", console=console)
    visit.get("/units/u03")
    visit.get("/units/u03")
    assert made == [2]


def test_the_language_and_the_light_are_chosen_and_remembered(seen: World) -> None:
    visit = seen.visit(language="nb")
    answer = visit.get("/language/sv?to=/units/u00")
    assert (answer.status_code, answer.headers["location"]) == (303, "/units/u00")
    assert '<html lang="sv"' in visit.get("/help").text
    visit.get("/theme/dark?to=/")
    assert 'data-theme="dark"' in visit.get("/help").text
    assert visit.get("/language/xx").status_code == 404


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/a\nb"])
def test_nobody_is_sent_to_another_host(seen: World, to: str) -> None:
    assert seen.visit().get("/language/sv", params={"to": to}).headers["location"] == "/"


@pytest.mark.parametrize(
    ("word", "low", "high", "begins"),
    [
        ("helped", 8, 20, "+10 points (8 to 20) more than 9"),
        ("nothing_yet", -2, 20, "No effect to be seen yet"),
        ("nothing_yet", 4, 16, "Not sure yet: +10 points (4 to 16)"),
    ],
)
def test_an_effect_is_said_as_surely_as_it_is(word: str, low: int, high: int, begins: str) -> None:
    """Its interval holds in four of five cases; claimed is what chance brings in three of a hundred."""
    day = date(2026, 9, 16)
    effect = PublishedEffect("u", "s", "weekly-breadth", "a", "level-1", day, word, 10, low, high, 9)
    assert effect_text(effect, "en").startswith(begins)
