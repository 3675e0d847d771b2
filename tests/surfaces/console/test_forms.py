"""Forms: answers to alerts, replays, imports; forged, late and wrong ones; nothing written is lost."""

from __future__ import annotations

import html
import re
import socket
import time
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from nytta.ingest.pull.declared import Declared
from nytta.ingest.store.pulls import PullRound, note_round
from nytta.ingest.store.rejects import latest_rejects
from nytta.insight.alerts.model import Alert, State
from nytta.insight.store.alerts import AlertStore
from nytta.storage.errors import StoreError
from nytta.surfaces.authentication.proxy import SECRET_HEADER
from nytta.surfaces.console.pages.alerts import address
from tests.surfaces.console.world import NOW, SECRET, World


def token(page: str) -> str:
    return page.split('name="form" value="', 1)[1].split('"', 1)[0]


def alert(own: World, unit: str = "u00") -> Alert:
    return next(a for a in AlertStore(own.app.open.connection).alerts("town") if a.key.unit == unit and a.live)


def send(world: World, visit: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form as its page would."""
    return visit.post(path, data={"form": world.token(visit), **fields})


def test_a_manager_takes_plans_waits_and_judges(own: World) -> None:
    visit, path = own.visit("manager"), address(alert(own).id)
    assert send(own, visit, path, do="acknowledge").status_code == 303
    assert alert(own).state is State.ACKNOWLEDGED
    due = (NOW.date() + timedelta(days=30)).isoformat()
    assert send(own, visit, path, do="plan", action="level-1", due=due).status_code == 303
    taken = alert(own).acknowledged
    assert taken is not None
    assert (taken.action, taken.due) == ("level-1", NOW.date() + timedelta(days=30))
    assert "action planned by" in visit.get("/units/u00").text
    until = (NOW.date() + timedelta(days=7)).isoformat()
    assert send(own, visit, path, do="snooze", until=until, reason="staffing").status_code == 303
    assert alert(own).state is State.SNOOZED
    assert send(own, visit, path, do="right").status_code == 303
    assert send(own, visit, path, do="not_right", reason="wrong_people").status_code == 303
    ended = next(a for a in AlertStore(own.app.open.connection).alerts("town") if address(a.id) == path)
    assert ended.state is State.INVALID
    assert "the wrong people are counted" in visit.get(path).text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"do": "plan", "action": "", "due": "2099-01-01"}, "Choose which action you plan"),
        ({"do": "plan", "action": "level-1", "due": "2001-01-01"}, "That day has passed"),
        ({"do": "plan", "action": "level-1", "due": "soon"}, "year-month-day"),
        ({"do": "snooze", "until": "2099-01-01", "reason": "staffing"}, "at most 28 days"),
        ({"do": "snooze", "until": "2026-05-18", "reason": "because"}, "Choose a reason"),
        ({"do": "not_right", "reason": ""}, "Choose a reason"),
    ],
)
def test_a_form_that_lacks_something_comes_back_as_it_was(seen: World, fields: dict[str, str], says: str) -> None:
    answer = send(seen, seen.visit("manager"), address(alert(seen).id), **fields)
    assert answer.status_code == 422
    assert says in answer.text
    for name in ("due", "until"):
        if name in fields:
            assert f'value="{fields[name]}"' in answer.text


def test_only_the_addressee_answers(seen: World) -> None:
    before = alert(seen)
    for role in ("lead", "administrator", "representative"):
        answer = send(seen, seen.visit(role), address(alert(seen).id), do="acknowledge")
        assert answer.status_code == 403, role
        assert "Somebody else answers this alert" in answer.text
    assert alert(seen) == before


def test_a_forged_form_changes_nothing(seen: World) -> None:
    visit, path, before = seen.visit("manager"), address(alert(seen).id), alert(seen)
    page = visit.get(path).text
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = visit.post(path, data={"form": token(page), "do": "acknowledge"}, headers=headers)
        assert answer.status_code == 403
        assert "came from another site" in answer.text
        assert "Send again" not in answer.text
    other = seen.visit("group")
    stolen = other.post("/operations", data={"form": token(page)})
    assert stolen.status_code == 403
    assert alert(seen) == before


def test_a_form_from_before_a_restart_is_kept_and_sent_again(own: World) -> None:
    visit, path = own.visit("manager"), address(alert(own).id)
    visit.get(path)
    answer = visit.post(path, data={"form": "old", "do": "snooze", "until": "2026-05-20", "reason": "staffing"})
    assert answer.status_code == 403
    assert "This form is too old" in answer.text
    kept = dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', answer.text))
    assert kept["until"] == "2026-05-20"
    assert visit.post(path, data={**kept, "until": (NOW.date() + timedelta(days=3)).isoformat()}).status_code == 303
    assert alert(own).state is State.SNOOZED


def test_what_was_written_outlives_the_session(seen: World) -> None:
    console = seen.console(proxy=False)
    browser = seen.browser(console)
    browser.get(f"/sign-in/{console.links.issue(NOW)}")
    form = token(browser.get("/seats").text)
    console.links.sessions.end(browser.cookies["nytta_session"])
    answer = browser.post("/seats", data={"form": form, "seat": "manager:u00"})
    assert answer.status_code == 401
    assert "What you wrote is still here" in answer.text
    kept = dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', answer.text))
    browser.get(f"/sign-in/{console.links.issue(NOW)}")
    again = token(browser.get("/seats").text)
    assert browser.post("/seats", data={**kept, "form": again}).status_code == 303


@pytest.mark.slow
def test_rejects_are_tried_and_sent_again(own: World) -> None:
    visit = own.visit("administrator")
    assert "unknown unit" in visit.get("/operations").text
    tried = send(own, visit, "/operations", do="try", reason="unknown_unit")
    assert "1 of 1 passed." in tried.text
    done = send(own, visit, "/operations", do="replay", reason="unknown_unit")
    assert "1 of 1 passed." in done.text
    assert "0" in re.findall(r'<dt>Rejects</dt><dd><span class="big">.*?(\d+)</span>', done.text)
    assert latest_rejects(own.app.private) == []


def test_operations_may_look_but_not_send_again(seen: World) -> None:
    visit = seen.visit("operations")
    page = visit.get("/operations").text
    assert "Try without keeping" not in page
    assert send(seen, visit, "/operations", do="replay").status_code == 403
    assert len(latest_rejects(seen.app.private)) == 1


@pytest.mark.parametrize(
    ("language", "said", "muted"),
    [
        ("sv", "källan döljer vem det gäller", "(väntat till 2030-01-01)"),
        ("nb", "kilden skjuler hvem det gjelder", "(ventet til 2030-01-01)"),
        ("en", "conceals whom", "(expected until 2030-01-01)"),
    ],
)
def test_operations_show_how_each_source_that_is_asked_stands(
    seen: World, language: str, said: str, muted: str
) -> None:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    note_round(seen.app.private, PullRound("office", "live", now, "good", unplaced=7), now)
    note_round(seen.app.private, PullRound("office", "live", now + timedelta(days=1), "concealed"), now)
    office = Declared(
        id="office", kind="m365", address="https://graph.microsoft.com", system="m365", minutes=1440, settings={}
    )
    over = office.model_copy(update={"id": "old-office", "ended_on": date(2020, 1, 1)})
    console = seen.console()
    quiet = office.model_copy(update={"id": "quiet", "muted_until": date(2030, 1, 1), "verified_on": date(2026, 5, 20)})
    foreign = office.model_copy(update={"id": "foreign-office", "organisation": "elsewhere"})
    console.services._declared = (office, over, quiet, foreign)  # type: ignore[attr-defined]
    page = seen.visit("operations", language, console).get("/operations").text
    assert said in page
    assert "2026-11-20 08:00" in page  # the last good round
    assert "2026-11-22 08:00" in page  # the next one
    assert "old-office" in page
    assert muted in page
    assert "2026-05-20" in page
    assert "foreign-office" not in page
    shown = seen.visit("stranger", language, console).get("/transparency").text
    assert "reportRefreshDate" in shown
    assert "old-office" not in shown


def upload(visit: httpx.Client, name: str, body: bytes) -> httpx.Response:
    form = token(visit.get("/import").text)
    return visit.post("/import", data={"form": form}, files={"file": (name, body)})


def test_a_file_is_uploaded_previewed_and_imported(own: World) -> None:
    visit = own.visit("administrator")
    body = "unit,system,decision,state,level,day\nu00,arken,d1,acknowledged,2,2026-03-02\n"
    template = (own.app.tables.parent / "mappings" / "templates" / "decisions.csv").read_text("utf-8")
    body = template.splitlines()[0] + "\n" + body.splitlines()[1] + "\n"
    answer = upload(visit, "decisions.csv", body.encode())
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    assert 'value="decisions"' in visit.get(place).text
    page = visit.get(f"{place}?mapping=decisions").text
    assert "row 1" in page.lower() or "line 2" in page.lower()
    begun = visit.post(place, data={"form": token(page), "mapping": "decisions"})
    assert begun.status_code == 303, begun.text
    for _ in range(100):
        page = visit.get(begun.headers["location"]).text
        if "running" not in page:
            break
        time.sleep(0.1)
    assert ">done<" in page, page
    assert "Accepted" in page
    assert "decisions.csv" in visit.get("/import").text


LOG = """Ärendenr;Enhet;Steg;Tidpunkt;Kanal;Handläggare;Fritext
A-1;u00;Mottaget;02.03.2026 10:00;Webb;anna;x
A-1;u00;Beslut;09.03.2026 14:30;Webb;anna;x
A-2;u00;Mottaget;not a day;Post;bo;x
"""


def test_a_mapping_is_drafted_corrected_tried_and_imported(own: World) -> None:
    visit = own.visit("administrator")
    place = upload(visit, "ärenden.csv", LOG.encode()).headers["location"]
    page = visit.get(f"{place}?mapping=draft").text
    text = html.unescape(page.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>")[0])
    assert "unit: Enhet" in text
    assert "case: Ärendenr" in text
    assert "# not read: Fritext" in text
    assert "<code>nytta.case.step.v1</code>" in page
    assert "2026-03-02T09:00:00Z" in page  # ten in the morning by the organisation's clock

    def correct(changed: str) -> str:
        sent = visit.post(place, data={"form": token(page), "text": changed.replace("\n", "\r\n")})
        assert (sent.status_code, sent.headers["location"]) == (303, f"{place}?mapping=draft")
        return visit.get(sent.headers["location"]).text

    broken = correct(text.replace("case: ", "cases: "))
    assert "draft:" in broken  # the line of the mapping
    assert "cases" in broken
    assert "Begin the import" not in broken
    assert "cases: " in html.unescape(broken)  # nothing written is lost
    good = correct(text.replace("{constant: system}", "{constant: arken}"))
    assert "arken" in good
    assert "web" in good
    begun = visit.post(place, data={"form": token(good), "mapping": "draft"})
    for _ in range(100):
        page = visit.get(begun.headers["location"]).text
        if "running" not in page:
            break
        time.sleep(0.1)
    assert ">done<" in page, page
    counts = dict(re.findall(r'<dt>(\w+)</dt><dd><span class="big">(\d+)</span>', page))
    assert (counts["Read"], counts["Accepted"], counts["Rejected"]) == ("3", "2", "1")
    assert list((own.folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "body", "status", "says"),
    [
        ("empty.csv", b"", 422, "is empty"),
        ("large.csv", bytes(3 << 20), 413, "The file is too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    seen: World, name: str, body: bytes, status: int, says: str
) -> None:
    answer = upload(seen.visit("administrator"), name, body)
    assert answer.status_code == status
    assert says in answer.text


def test_a_huge_upload_is_refused_before_it_is_read(seen: World) -> None:
    place = urlsplit(seen.address())
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30) as line:
        head = f"POST /import HTTP/1.1\r\nHost: {place.netloc}\r\nX-User: admin@town.example\r\n"
        head += f"{SECRET_HEADER}: {SECRET}\r\n"
        head += f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {2 << 30}\r\n\r\n"
        line.sendall(head.encode())
        assert b" 413 " in line.recv(1000).split(b"\r\n")[0]


def test_unknown_uploads_and_mappings(seen: World) -> None:
    visit = seen.visit("administrator")
    assert visit.get("/import/nix").status_code == 404
    place = upload(visit, "a.csv", b"a,b\n1,2\n").headers["location"]
    assert visit.get(f"{place}?mapping=nix").status_code == 404
    wrong = visit.get(f"{place}?mapping=people").text
    assert "Choose another mapping" in wrong or "rejected" in wrong or "missing" in wrong.lower()


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/units/nix", 404, "There is no unit nix"),
        ("/units/%3Cscript%3E", 404, "There is no unit &lt;script&gt;"),
        ("/indicators/nix", 404, "There is no indicator nix"),
        ("/indicators/weekly-breadth?system=nix", 404, "There is no system nix"),
        ("/alerts/nix/arken/use/2026-01-01", 404, "There is no such alert"),
        ("/alerts/u00/arken/use/2001-01-01", 404, "There is no such alert"),
        ("/benefits/nix", 404, "There is no such benefit"),
        ("/?organisation=nix", 404, "There is no unit nix"),
        ("/benefits/report?format=doc", 400, "There is no choice doc"),
        ("/nowhere", 404, "There is no such page"),
        ("/language", 404, "There is no such page"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_do(seen: World, path: str, status: int, says: str) -> None:
    answer = seen.visit("lead").get(path)
    assert answer.status_code == status
    assert says in answer.text
    assert "content-security-policy" in answer.headers


def test_a_method_that_a_page_has_not(seen: World) -> None:
    assert seen.visit().put("/alerts").status_code == 405


def test_a_store_that_is_away_is_said(seen: World) -> None:
    console = seen.console()

    def away() -> tuple[object, ...]:
        raise StoreError("gone")

    console.readings.version = away  # type: ignore[method-assign]
    answer = seen.visit(console=console).get("/")
    assert answer.status_code == 503
    assert "The store does not answer" in answer.text
    assert answer.headers["retry-after"] == "10"
    assert "gone" not in answer.text


def test_a_form_that_the_store_did_not_take_is_kept(own: World, monkeypatch: pytest.MonkeyPatch) -> None:
    visit, path = own.visit("manager"), address(alert(own).id)
    fields = {"do": "snooze", "until": (NOW.date() + timedelta(days=3)).isoformat(), "reason": "staffing"}

    def away(*words: object) -> None:
        raise StoreError("gone")

    with monkeypatch.context() as patch:
        patch.setattr("nytta.cli.console.Backing.answer", away)
        answer = send(own, visit, path, **fields)
    assert answer.status_code == 503
    assert "The store does not answer" in answer.text
    kept = dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', answer.text))
    assert fields.items() <= kept.items()
    assert visit.post(path, data=kept).status_code == 303
    assert alert(own).state is State.SNOOZED


def test_a_fault_shows_nothing_of_the_inside(seen: World) -> None:
    console = seen.console()

    def broken() -> tuple[object, ...]:
        raise RuntimeError("secret")

    console.readings.version = broken  # type: ignore[method-assign]
    answer = seen.visit(console=console).get("/")
    assert answer.status_code == 500
    assert "A fault of the service" in answer.text
    assert "secret" not in answer.text
