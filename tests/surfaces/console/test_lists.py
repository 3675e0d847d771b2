"""The guided way for lists: what each is, what is asked, the first rows, and what shows in the end."""

from __future__ import annotations

import html
import re
import time
from datetime import date, timedelta

import httpx
import pytest

from nytta.ingest.store.imports import all_imports
from nytta.surfaces.console.words import LANGUAGES
from tests.ingest.files.test_workbook import workbook
from tests.surfaces.console.test_forms import token
from tests.surfaces.console.world import LAST, World

DAY = date(2026, 1, 5)
TICKETS = "Ticket ID,Opened,Resolved,Channel,Department,Group\n" + "".join(
    f"T{n},{DAY + timedelta(n % 9):%d/%m/%Y},{DAY + timedelta(n % 9):%d/%m/%Y},Phone,u00,Desk\n" for n in range(1, 8)
)
"""Tickets whose dates have no day above 12."""
STAFF: list[list[object]] = [["Ansatte 2026"], [], ["Ansattnr", "Avdeling", "Stilling", "Ansatt fra"]]
STAFF += [[1000 + n, "u00" if n % 2 else "nowhere", "Rådgiver", DAY] for n in range(30)]


def give(visit: httpx.Client, **files: bytes) -> httpx.Response:
    form = token(visit.get("/import").text)
    sent = [("file", (name.replace("_", "."), body)) for name, body in files.items()]
    return visit.post("/import/lists", data={"form": form}, files=sent)


def chosen(page: str) -> dict[str, str]:
    """The fields of the form as they stand."""
    found = {}
    for name, inner in re.findall(r'<select name="([^"]+)">(.*?)</select>', page, re.DOTALL):
        selected = re.search(r'<option value="([^"]*)" selected', inner)
        found[name] = selected[1] if selected else ""
    return found | dict(re.findall(r'<input name="([^"]+)" value="([^"]*)"', page))


def test_lists_are_named_asked_about_shown_and_imported(own: World) -> None:
    visit = own.visit("administrator")
    answer = give(visit, tickets_csv=TICKETS.encode(), ansatte_xlsx=workbook(STAFF))
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    page = html.unescape(visit.get(place).text)
    assert "tickets.csv: tickets" in page
    assert "ansatte.xlsx: staff" in page
    assert "In which order are dates of Opened written" in page
    assert "The registry has no units for: nowhere." in page
    assert "no date is guessed" in page
    assert "nytta.ticket.opened" not in page
    fields = chosen(page)
    assert (fields["0.kind"], fields["1.kind"], fields["0.order"], fields["0.system"]) == (
        "tickets",
        "staff",
        "",
        "arken",
    )

    begun = visit.post(place, data={"form": token(page), **fields, "do": "begin"})
    assert "The import begins when each question has an answer" in visit.get(begun.headers["location"]).text

    visit.post(place, data={"form": token(page), **fields, "0.order": "day-first", "do": "look"})
    page = html.unescape(visit.get(place).text)
    assert "2026-01-05T23:00:00Z" in page
    assert "no date is guessed" not in page
    assert "source: town/tickets" in page
    assert list(all_imports(own.app.private)) == []

    fed = ["organisation", "indicator", "version", "system", "grain", "period", "publication"]
    own.app.open.connection.insert(
        "{open}.closed_periods",
        fed,
        [["town", "weekly-breadth", 1, "arken", "week", LAST, 1], ["elsewhere", "habit", 1, "arken", "week", LAST, 1]],
    )
    visit.post(place, data={"form": token(page), **chosen(page), "do": "begin"})
    for _ in range(200):
        page = visit.get(place).text
        if page.count("done:") == 2:
            break
        time.sleep(0.1)
    assert "7 rows, 7 accepted, 0 known, 0 rejected" in page
    assert "30 rows, 15 accepted, 0 known, 15 rejected" in page
    assert "Which indicators are shown" in page
    assert 'href="/indicators/weekly-breadth"' in page
    assert "/indicators/habit" not in page  # fed in another organisation


def test_another_kind_makes_another_draft(own: World) -> None:
    visit = own.visit("operations")
    place = give(visit, tickets_csv=TICKETS.encode()).headers["location"]
    page = visit.get(place).text
    assert 'value="cases"' in page
    assert 'value="training"' not in page  # it has no course
    visit.post(place, data={"form": token(page), **chosen(page), "0.kind": "cases"})
    assert "nytta.case.opened.v1" in visit.get(place).text or "tickets.csv: cases" in visit.get(place).text


def test_who_is_to_use_a_system_is_asked_beside_a_staff_list(own: World) -> None:
    visit = own.visit("administrator")
    use = "Username,Application,Logged in\n" + "".join(f"{1000 + n},Arken,{DAY:%Y-%m-%d} 08:00\n" for n in range(9))
    place = give(visit, ansatte_xlsx=workbook(STAFF), signins_csv=use.encode()).headers["location"]
    page = html.unescape(visit.get(place).text)
    assert (chosen(page)["1.expected"], "expected_arken" in page) == ("no", False)
    visit.post(place, data={"form": token(page), **chosen(page), "1.expected": "yes", "do": "look"})
    assert "also: expected_arken" in html.unescape(visit.get(place).text)
    place = give(visit, signins_csv=use.encode()).headers["location"]
    assert "0.expected" not in chosen(visit.get(place).text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_that_cannot_be_read_says_why_in_every_language(seen: World, language: str) -> None:
    visit = seen.visit("administrator", language)
    mixed = "Ticket No,Opened,Group\n" + "".join(f"{n},{n:02}/01/2026,A\n{n}0,01/{n:02}/2026,A\n" for n in range(1, 29))
    page = visit.get(give(visit, mixed_csv=mixed.encode(), empty_png=b"\x89PNG").headers["location"]).text
    orders = {"sv": "skrivna i flera ordningar", "nb": "skrevet i flere rekkefølger", "en": "written in several orders"}
    assert orders[language] in page
    assert {"sv": "filen är en bild", "nb": "filen er et bilde", "en": "the file is a picture"}[language] in page
    assert page.count('role="alert"') == 2


def test_lists_are_for_those_who_may_import(seen: World) -> None:
    visit = seen.visit("administrator")
    place = give(visit, tickets_csv=TICKETS.encode()).headers["location"]
    assert seen.visit("operations").get(place).status_code == 200
    assert seen.visit("lead").get(place).status_code == 403
    assert visit.get("/import/lists/nix").status_code == 404
    assert give(visit).status_code == 422
    assert give(visit, empty_csv=b"").status_code == 422
