"""Derived states on pages and over the API: whose they are, what they say, and what they rest on."""

from __future__ import annotations

from html import unescape

import pytest

from nytta.surfaces.console.words import LANGUAGES
from tests.surfaces.console.world import World

LEVEL_2 = {
    "sv": "ledningen närmast under den högsta",
    "nb": "ledelsen nærmest under den øverste",
    "en": "managers next below the top",
}


def text_of(seen: World, path: str, role: str, language: str = "en") -> str:
    answer = seen.visit(role, language).get(path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def test_a_manager_reads_whether_the_unit_uses_what_it_could_and_on_what_that_rests(seen: World) -> None:
    page = text_of(seen, "/units/u00", "manager")
    assert "Ready, not used" in page
    assert "Unit 0 could use Arken, and does not: Weekly breadth is 27% over the last quarter." in page
    table = page[page.index('id="use-arken-c"') :].split("</table>")[0]
    assert "27% (18–39%)" in table
    assert "at least 50% of the target 80%" in table
    assert "at least 80%" in table
    assert "Trained, with access" in table
    assert page.index('<svg class="icon"', page.index('class="standing"')) > 0


def test_a_manager_reads_which_case_types_are_digital_and_not_exploited(seen: World) -> None:
    page = text_of(seen, "/units/u00", "manager")
    assert "Digital but not exploited: 1 of 2 case types (permit). Of one case type it cannot be told yet." in page
    table = page[page.index('id="exploited-arken-c"') :].split("</table>")[0]
    assert "23 days → 24 days" in table
    assert "21% → 20%" in table
    assert "12%" in table
    assert "– → –" not in table


def test_a_unit_without_alerts_is_not_called_calm_where_something_lies_unused(seen: World) -> None:
    page = text_of(seen, "/units/u05", "lead")
    assert "Nothing in Unit 5 differs by more than chance. Digital but not exploited: permit." in page


def test_a_reporting_group_reads_its_own_state_and_a_small_unit_none(seen: World) -> None:
    assert "Small ones cannot fully use Arken yet: Entitlement is 62%." in text_of(seen, "/units/small", "group")
    assert 'class="standing"' not in text_of(seen, "/units/tiny", "group")


def test_a_manager_reads_no_state_of_another_unit(seen: World) -> None:
    for path in ("/units/u05", "/api/v1/units/u05"):
        assert seen.visit("manager").get(path).status_code == 403
    told = text_of(seen, "/units/u00", "manager") + str(seen.visit("manager").get("/api/v1/units/u00").json())
    assert "Unit 5" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_programme_lead_reads_gates_and_decisions_and_how_many_units_do_not_use_what_they_could(
    seen: World, language: str
) -> None:
    told = seen.visit("lead", language).get("/api/v1/overview").json()
    assert len(told["steps"]["sentences"]) == 1
    ((unit, _, managers, key, staff),) = told["steps"]["table"]["rows"]  # the other place is too small to tell a gate
    assert unit["href"] == "/units/town"
    assert managers["text"].startswith("70")
    assert (managers["icon"], key["icon"], staff["icon"]) == ("good", "invalid", "early")
    ((name, level, received, executed, state),) = told["decisions"]["table"]["rows"]
    assert (name, level, received.rstrip("\u00a0%"), executed, state["icon"]) == (
        *("Close the paper route", LEVEL_2[language], "50", "–", "open"),
    )
    ((of, open_, middle, most),) = told["decisions"]["ages"]["rows"]
    assert (of, open_, middle, most) == (LEVEL_2[language], "1", middle, middle)
    assert middle.startswith("9 ")


def test_the_overview_says_gates_in_words_and_only_to_the_programme_lead(seen: World) -> None:
    page = text_of(seen, "/", "lead")
    assert "Arken: key roles should wait. Among managers, 70% are anchored; 80% is needed." in page
    assert "1 unit can use the system but does not." in page
    assert "Received in 14 days" in page
    other = text_of(seen, "/", "representative")
    for mine in ('id="steps-h"', 'id="decisions-h"', "can use the system"):
        assert mine in page
        assert mine not in other
    for role in ("representative", "group", "manager"):
        told = seen.visit(role).get("/api/v1/overview").json()
        assert (told["steps"], told["decisions"]) == (None, None)


def test_the_programme_lead_reads_where_each_case_type_stands_in_each_unit(seen: World) -> None:
    (matrix,) = seen.visit("lead").get("/api/v1/overview").json()["matrices"]
    columns, rows = matrix["table"]["columns"], matrix["table"]["rows"]
    assert columns[0] == "Unit"
    assert "permit" in columns
    permit = columns.index("permit")
    by_unit = {row[0]["href"]: row for row in rows}
    assert (by_unit["/units/u00"][permit]["text"], by_unit["/units/u00"][permit]["note"]) == ("91%", "not exploited")
    stuck = {(row[0]["href"], row[1]) for row in matrix["friction"]["rows"]}
    assert ("/units/u00", "permit") in stuck
    for role in ("representative", "manager"):
        assert seen.visit(role).get("/api/v1/overview").json()["matrices"] == []


def test_the_programme_lead_reads_what_managers_and_staff_answered_side_by_side(seen: World) -> None:
    pulse = seen.visit("lead").get("/api/v1/overview").json()["pulse"]
    assert pulse["sentence"] == "Managers and staff answer differently on one question: Know why."
    rows = [(*row[:4], row[4]["text"]) for row in pulse["table"]["rows"]]
    assert rows == [
        ("Know why", "Arken", "85", "56", "managers more than staff"),
        ("our-own-item", "Arken", "85", "56", "within chance"),
    ]
    assert seen.visit("manager").get("/api/v1/overview").json()["pulse"] is None


def test_the_overview_names_who_keeps_an_earlier_system(seen: World) -> None:
    table = seen.visit("lead").get("/api/v1/overview").json()["legacy"]
    assert [tuple(row) for row in table["rows"]] == [("Old desk", "Arken", "2", "Unit 1, Unit 3")]
    assert seen.visit("manager").get("/api/v1/overview").json()["legacy"] is None


def test_the_page_of_an_indicator_splits_its_change(seen: World) -> None:
    address = "/indicators/weekly-breadth?unit=u00&system=arken"
    page = text_of(seen, address, "manager")
    table = page[page.index('id="mix-case-types-c"') :].split("</table>")[0]
    assert "Without the mix" in table
    assert "±0" in table  # each part is as it was
    assert "±0 points within the case types" in page
    (split,) = seen.visit("manager").get(f"/api/v1{address}").json()["splits"]
    assert split["over"] == "case-types"
    assert 'id="mix-h"' not in text_of(seen, address.replace("u00", "u05"), "lead")


def test_the_api_describes_the_states(seen: World) -> None:
    schemas = seen.visit("lead").get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert {"UseState", "Exploited", "Steps", "FollowUp", "Split"} <= set(schemas)


def test_states_that_are_told_anew_are_shown_anew(own: World) -> None:
    console = own.console()
    visit = own.visit("manager", console=console)
    assert "Ready, not used" in visit.get("/units/u00").text
    own.app.open.connection.run(
        "INSERT INTO {open}.published_states SELECT * REPLACE ('in_use' AS state, publication + 1 AS publication) "
        "FROM {open}.published_states AS p FINAL WHERE p.what = 'use-state' AND p.unit = 'u00'"
    )
    console.readings.changed()
    assert "Unit 0 uses Arken" in visit.get("/units/u00").text
