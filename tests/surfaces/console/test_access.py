"""Who is let in, and what each role may see and do: as `roles.may` says, page by page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nytta.surfaces.authentication.links import LINK_LIFE
from nytta.surfaces.authentication.sessions import SESSION_LIFE
from tests.surfaces.console.world import HEADER, NOW, World

OPENS = {
    "/": "lead manager group representative administrator",
    "/units/u00": "lead manager representative administrator",
    "/units/u05": "lead representative administrator",
    "/units/small": "lead group representative administrator",
    "/indicators": "lead manager group representative administrator",
    "/alerts": "lead manager group representative administrator",
    "/benefits": "lead administrator",
    "/benefits/shorter": "lead administrator",
    "/benefits/report": "lead administrator",
    "/operations": "lead operations administrator",
    "/import": "operations administrator",
    "/access-log": "representative dpo administrator",
    "/transparency": "lead manager group operations representative dpo administrator stranger",
    "/help": "lead manager group operations representative dpo administrator stranger",
}
EVERYBODY = ["lead", "manager", "group", "operations", "representative", "dpo", "administrator", "stranger"]


@pytest.mark.parametrize("path", OPENS)
@pytest.mark.parametrize("role", EVERYBODY)
def test_a_role_opens_its_pages_and_no_others(seen: World, path: str, role: str) -> None:
    answer = seen.visit(role).get(path)
    if role in OPENS[path].split():
        assert answer.status_code in (200, 303), answer.text
        assert not answer.headers.get("location", "/units").startswith(("/transparency", "/operations"))
    elif path == "/":
        assert answer.headers["location"] in ("/transparency", "/operations")
    else:
        assert answer.status_code == 403
        assert "your" in answer.text.lower()


@pytest.mark.parametrize("path", [p for p in OPENS if p.startswith(("/units", "/alerts", "/benefits", "/op", "/acc"))])
@pytest.mark.parametrize("role", EVERYBODY)
def test_the_api_is_as_open_as_the_pages(seen: World, path: str, role: str) -> None:
    if path == "/benefits/report":
        return
    answer = seen.visit(role).get(f"/api/v1{path}")
    assert answer.status_code == (200 if role in OPENS[path].split() else 403), answer.text


def test_a_manager_of_one_unit_begins_there(seen: World) -> None:
    assert seen.visit("manager").get("/").headers["location"] == "/units/u00"


def test_the_menu_has_what_the_role_opens(seen: World) -> None:
    page = seen.visit("manager").get("/help").text
    assert 'href="/alerts"' in page
    assert 'href="/benefits"' not in page
    assert 'href="/import"' not in page


def test_nobody_enters_without_being_named(seen: World) -> None:
    anonymous = seen.browser(seen.console())
    for path in OPENS:
        answer = anonymous.get(path)
        assert answer.status_code == 401, path
        assert "your organisation" in answer.text
    assert anonymous.get("/api/v1/overview").headers["content-type"] == "application/problem+json"
    assert anonymous.get("/static/console.css").status_code == 200


def test_the_header_is_not_believed_from_elsewhere(seen: World) -> None:
    console = seen.console()
    console.proxy = type(console.proxy)(HEADER, ("10.0.0.1",))  # type: ignore[misc]
    assert seen.visit("administrator", console=console).get("/").status_code == 401


def test_a_link_opens_once_and_ends_with_signing_out(seen: World) -> None:
    console = seen.console(proxy=False)
    token = console.links.issue(NOW)
    browser = seen.browser(console)
    entered = browser.get(f"/sign-in/{token}")
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = next(c for c in entered.headers.get_list("set-cookie") if "session" in c)
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert browser.get("/").status_code == 200
    again = seen.browser(console).get(f"/sign-in/{token}")
    assert again.status_code == 401
    form = _token(browser.get("/help").text)
    assert browser.post("/sign-out", data={"form": form}).status_code == 303
    assert browser.get("/").status_code == 401


def test_a_link_and_a_session_end_with_time(seen: World) -> None:
    console = seen.console(proxy=False)
    late = console.links.issue(NOW - LINK_LIFE - timedelta(seconds=1))
    browser = seen.browser(console)
    answer = browser.get(f"/sign-in/{late}")
    assert answer.status_code == 401
    assert "nytta link" in answer.text
    browser.get(f"/sign-in/{console.links.issue(NOW)}")
    console.now = lambda: NOW + SESSION_LIFE
    assert browser.get("/help").status_code == 401


def test_cookies_belong_to_the_host_where_there_is_tls(seen: World) -> None:
    console = seen.console(address="https://nytta.town.example")
    answer = seen.visit(console=console).get("/language/sv")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-nytta_language=sv;")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["strict-transport-security"]


def test_the_person_at_the_machine_sees_as_others_do(seen: World) -> None:
    console = seen.console(proxy=False)
    browser = seen.browser(console)
    browser.get(f"/sign-in/{console.links.issue(NOW)}")
    page = browser.get("/seats").text
    assert 'value="manager:u00"' in page
    assert browser.post("/seats", data={"form": _token(page), "seat": "manager:u00"}).status_code == 303
    assert browser.get("/units/u05").status_code == 403
    assert "Manager, Unit 0" in browser.get("/units/u00").text
    assert seen.visit("lead").get("/seats").status_code == 403


def test_a_seat_is_no_way_in_for_others(seen: World) -> None:
    visit = seen.visit("manager")
    visit.cookies.set("nytta_seat", "programme_lead:town")
    assert visit.get("/benefits").status_code == 403


def test_reads_are_logged_without_names_and_shown_to_representatives(seen: World) -> None:
    seen.visit("manager").get("/units/u00")
    seen.visit("lead").get("/indicators/weekly-breadth/csv?unit=u04&system=arken")
    seen.reads.bring()
    rows = seen.app.open.connection.rows("SELECT reader, role, role_unit, unit, surface FROM {open}.access_log")
    assert any(row[1:] == ("manager", "u00", "u00", "console") for row in rows)
    assert any(row[1:] == ("programme_lead", "town", "u04", "export") for row in rows)
    assert not any("@" in str(row) for row in rows)
    page = seen.visit("representative").get("/access-log?unit=u00").text
    assert "Manager" in page
    assert "m0@town.example" not in page


def _token(page: str) -> str:
    return page.split('name="form" value="', 1)[1].split('"', 1)[0]
