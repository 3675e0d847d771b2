"""Answers that a source's documentation does not have: each is told in a sentence, and nothing is lost by it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from nytta.ingest.pull.ask import Ask, Credentials, PullError
from nytta.ingest.pull.keyset import Fetched, pages
from nytta.ingest.pull.reports import read_report
from nytta.ingest.pull.source import Place
from nytta.ingest.store import pulls
from nytta.ingest.store.private import PrivateStore
from nytta.service.pull_schedule import Pulling
from tests.ingest.pull.faults import Given
from tests.ingest.pull.graph import FakeGraph
from tests.ingest.pull.servicenow import BEGIN as NAIVE_BEGIN
from tests.ingest.pull.servicenow import FakeServiceNow
from tests.ingest.pull.test_graph import installed as graph_installed
from tests.ingest.pull.test_servicenow import pulled, settled, tickets
from tests.ingest.pull.test_zammad import asked, declared, found
from tests.ingest.pull.zammad import FakeZammad

pytestmark = pytest.mark.slow

BEGIN = NAIVE_BEGIN.replace(tzinfo=UTC)
FORM = "another form than is documented"
SHAPES: dict[str, tuple[Any, str]] = {
    "another wrapper": ({"records": [], "total": 3}, FORM),
    "no wrapper": ([{"sys_id": "a"}], FORM),
    "a text": ("maintenance", "cut off or cannot be read"),
    "nothing": (None, FORM),
    "an empty wrapper": ({"result": None}, "no list of rows"),
    "one object": ({"result": {"sys_id": "a"}}, "no list of rows"),
    "rows that are texts": ({"result": ["a", "b"]}, "no list of rows"),
    "rows without a place": ({"result": [{"state": "1"}]}, "no row of a page says its id"),
    "a part with an error": ({"result": [{"sys_id": "a"}], "error": {"message": "Transaction cancelled"}}, "cut off"),
}


class Strange(FakeServiceNow):
    """A ServiceNow that answers with something else while `shape` says so."""

    shape: Any = ...

    def answer(self, path: str, query: dict[str, str]) -> Given:
        if self.shape is ...:
            return super().answer(path, query)
        return self.shape if isinstance(self.shape, Given) else Given(self.shape)


def test_whatever_an_answer_holds_is_told_and_the_next_round_goes_on(store: PrivateStore) -> None:
    fake = Strange(30)
    with pulled(store, fake, page=10) as made:
        settled(made, fake)
        before = pulls.cursor_of(store, "desk")
        sys_id = next(iter(fake.incidents))
        fake.incidents[sys_id] = fake.change(sys_id)
        for name, (shape, said) in SHAPES.items():
            fake.shape = shape
            done = made.round()
            assert (done.state, done.events) == ("failed", 0), name
            assert said in done.message, name
            assert made.reconcile().state == "failed", name
        assert pulls.cursor_of(store, "desk") == before
        fake.shape = {"records": []}
        with pytest.raises(PullError, match=FORM):
            made.probe()
        fake.shape = ...
        settled(made, fake)
        assert tickets(store) == fake.expected()


@pytest.mark.parametrize(("lacking", "kept"), [("sys_id", 24), ("sys_updated_on", 25), ("opened_at", 24)])
def test_a_row_that_lacks_what_names_it_is_rejected_alone(store: PrivateStore, lacking: str, kept: int) -> None:
    fake = FakeServiceNow(25)
    broken = list(fake.incidents)[7]
    row = fake.incidents[broken]
    whole, shown = dict(row), FakeServiceNow.answer

    def answer(path: str, query: dict[str, str]) -> Given:
        given = shown(fake, path, query)
        for each in given.body.get("result", ()):
            if each.get("sys_id") == broken and lacking in each:
                each[lacking] = None
        return given

    fake.answer = answer  # type: ignore[method-assign]
    with pulled(store, fake, page=10) as made:
        done = made.round()
        assert (done.rows, done.rejected) == (25, 25 - kept)
        assert len(tickets(store)) == kept
        if lacking == "sys_id":
            assert "which rows are gone" in made.reconcile().message
        fake.answer = lambda path, query: shown(fake, path, query)  # type: ignore[method-assign]
        fake.incidents[broken] = fake.change(broken) | {"opened_at": whole["opened_at"]}
        settled(made, fake)
        assert tickets(store) == fake.expected()


DISPLAYED = ("02.03.2026 08:15:00", "2026-03-02T08:15:00Z", "2. mars 2026 08:15", "1772439300")


@pytest.mark.parametrize("shown", DISPLAYED)
def test_times_written_for_display_leave_the_place_where_it_was(store: PrivateStore, shown: str) -> None:
    """Norwegian, ISO, in words, in seconds: none may become the place from which the next round begins."""
    fake = FakeServiceNow(20)
    with pulled(store, fake) as made:
        settled(made, fake)
        before, documented = pulls.cursor_of(store, "desk"), dict(fake.incidents)
        shape: Any = {"display_value": shown, "value": shown} if shown == DISPLAYED[0] else shown
        for sys_id, row in documented.items():
            fake.incidents[sys_id] = row | {"sys_updated_on": shape}
        fake.answer = lambda *_: Given({"result": list(fake.incidents.values())})  # type: ignore[method-assign]
        done = made.round()
        assert (done.state, done.events) == ("failed", 0)
        assert "sys_updated_on is not written as the interface documents it" in done.message
        assert pulls.cursor_of(store, "desk") == before
        del fake.answer
        fake.incidents = documented
        sys_id = next(iter(documented))
        fake.incidents[sys_id] = fake.change(sys_id)
        settled(made, fake)
        assert tickets(store) == fake.expected()


def test_references_that_come_as_objects_are_read_by_their_ids(store: PrivateStore) -> None:
    fake = FakeServiceNow(20)
    documented, shown = fake.answer, ("caller_id.department", "assignment_group", "opened_at", "reassignment_count")

    def answer(path: str, query: dict[str, str]) -> Given:
        given = documented(path, query)
        for row in given.body["result"]:
            for name in set(row).intersection(shown):
                row[name] = {"display_value": "As people read it", "value": row[name], "link": "https://x.example/7"}
        return given

    fake.answer = answer  # type: ignore[method-assign]
    with pulled(store, fake) as made:
        settled(made, fake)
        assert tickets(store) == fake.expected()


def test_rows_without_a_revision_are_read_as_they_stand(store: PrivateStore) -> None:
    """One that was never changed is in revision 0 and known when it comes again; one that says none never is."""
    fake = FakeServiceNow(12)
    with pulled(store, fake) as made:
        assert made.round().events == 12
        assert made.round().events == 0
        for row in list(fake.incidents.values())[1:]:
            row |= {"sys_mod_count": "", "contact_type": "walk-in"}
        done = made.round(from_cursor="")
        assert (done.state, done.events) == ("good", 11)


def test_a_row_of_the_far_future_holds_nobody_back(store: PrivateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServiceNow(20)
    first, second = list(fake.incidents)[:2]
    fake.incidents[first]["sys_updated_on"] = "9999-12-31 23:59:59"
    with pulled(store, fake) as made:
        made.clock = lambda: BEGIN + timedelta(days=11)
        assert made.round().state == "good"
        fake.incidents[second] = fake.change(second)  # on the tenth day
        assert made.round().events > 0
        assert tickets(store) == fake.expected()
        assert made.round().events == 0
    help_desk = FakeZammad(20)
    help_desk.tickets[3]["updated_at"] = "9999-12-31T23:59:59.000Z"
    with help_desk.served() as address, closing((helped := asked(store, declared(address, monkeypatch))).ask):
        helped.clock = lambda: BEGIN + timedelta(days=11)
        assert helped.round().state == "good"
        help_desk.change(7)
        assert helped.round().events > 0


def test_rows_that_vanish_between_pages_take_no_other_with_them(store: PrivateStore) -> None:
    fake = FakeServiceNow(60, in_one_second=25)
    with pulled(store, fake, page=7) as made:

        def vanish() -> None:
            """The row at the end of each page, and the one behind it, are gone when the next page is asked for."""
            behind = sorted(fake.incidents.values(), key=lambda row: (row["sys_updated_on"], row["sys_id"]))
            place = 5 * len(fake.requests)
            for row in behind[place : place + 2] if fake.requests else ():
                del fake.incidents[row["sys_id"]]

        fake.before = vanish
        assert made.round().state == "good"
        fake.before = lambda: None
        assert made.reconcile().state == "good"
        assert 30 < len(fake.incidents) < 60
        assert tickets(store) == fake.expected()


def test_a_directory_that_leads_elsewhere_is_read_again_from_where_it_was(store: PrivateStore) -> None:
    fake = FakeGraph({f"p{n}": "north" for n in range(25)}, date(2026, 3, 20), page=10)
    with graph_installed(store, fake, "north") as made:
        shown = fake.answer

        def elsewhere(path: str, query: dict[str, str]) -> Given:
            body = shown(path, query).body
            links = {name: "https://login.example/next" for name in body if name.startswith("@odata")}
            return Given(body | links)

        for _ in range(2):  # from the beginning, and from a place
            place = pulls.cursor_of(store, "entra")
            fake.answer = elsewhere  # type: ignore[method-assign]
            done = made.entra.round()
            assert (done.state, done.events) == ("failed", 0)
            assert "leads to another host" in done.message
            assert pulls.cursor_of(store, "entra") == place
            fake.answer = shown  # type: ignore[method-assign]
            assert made.entra.round().state == "good"
        assert store.connection.rows("SELECT count() FROM {private}.events") == [(25,)]


HEADER = ("Report Refresh Date", "Assigned Products", "User Principal Name", "Meeting Count", "Call Count")


def test_a_report_is_read_by_the_names_of_its_columns() -> None:
    lines = [",".join(HEADER), "2026-03-20,E3,F1,EMS,ann@town.example,4,2", "2026-03-20,,bo@town.example,1,0"]
    report = read_report(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    assert [(row["userPrincipalName"], row["meetingCount"], row["callCount"]) for row in report.rows] == [
        ("ann@town.example", "4", "2"),
        ("bo@town.example", "1", "0"),
    ]
    assert [row["assignedProducts"] for row in report.rows] == ["E3,F1,EMS", ""]
    for cells in ("2026-03-20,x@town.example,1", "2026-03-20,x@town.example,1,0,7"):  # one less, one more
        with pytest.raises(ValueError, match="not the cells of its table"):
            read_report(f"Report Refresh Date,User Principal Name,Meeting Count,Call Count\n{cells}".encode())


def test_times_without_an_offset_are_those_of_the_mapping(store: PrivateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeZammad(40)
    for ticket in fake.tickets.values():
        for name in ("created_at", "updated_at"):
            ticket[name] = ticket[name].removesuffix("Z")
    fake.tickets[3]["id"] = None
    with fake.served() as address, closing((made := asked(store, declared(address, monkeypatch))).ask):
        done = made.round()
        assert (done.state, done.rows, done.rejected) == ("degraded", 40, 1), done.message
        assert len(found(store)) == 39
        assert made.round().events == 0


def test_a_source_that_asks_for_a_rest_is_not_asked_before(store: PrivateStore) -> None:
    fake = Strange(5)
    fake.shape = Given({}, 429, {"Retry-After": "7200"})
    with pulled(store, fake) as made:
        pulling = Pulling(made.app, (made.declared.model_copy(update={"minutes": 1440}),), None, lambda: None)
        for _ in range(2):
            pulling._begun = {}
            pulling.ask_due()
            assert len(fake.requests) == 1
        assert "to be left alone until" in pulls.latest_rounds(store)[0]["message"]
        fake.shape = ...
        pulling._begun = {(made.declared.id, "live"): datetime.now(UTC)}
        pulling._rests[made.declared.id] = datetime.now(UTC)
        pulling.ask_due()
        assert len(tickets(store)) == 5


def test_a_clock_that_is_off_is_told_and_changes_nothing(store: PrivateStore) -> None:
    fake = FakeServiceNow(5, clock=-7200)
    with pulled(store, fake) as made:
        done = made.round()
        assert (done.state, len(tickets(store))) == ("good", 5)
        assert "its clock is 120 minutes behind ours" in done.message
        fake.clock = 60
        assert made.round().message == ""


@pytest.mark.parametrize("body", [{"value": [{"id": None}]}, {"users": []}, {"value": None}, []])
def test_strange_directories_take_nobody_out_of_a_unit(store: PrivateStore, body: Any) -> None:
    fake = FakeGraph({"ann": "u1", "bo": "u1"}, date(2026, 3, 2), page=10)
    with graph_installed(store, fake, "u1") as made:
        assert made.entra.round().state == "good"
        shown = fake.answer
        fake.answer = lambda path, query: shown(path, query) if path == "/token" else Given(body)  # type: ignore[method-assign]
        assert made.entra.round().state in ("failed", "held")
        assert made.entra.reconcile().state == "failed"
        fake.answer = shown  # type: ignore[method-assign]
        assert made.entra.round().state == "good"
        rows = store.connection.rows("SELECT count() FROM {private}.events WHERE year(valid_to) > 2000")
        assert rows == [(0,)]


def test_pages_out_of_order_are_refused() -> None:
    rows = [{"id": "2", "at": "b"}, {"id": "1", "at": "a"}]
    with pytest.raises(PullError, match="do not come in the order"):
        list(pages(lambda _: Fetched(rows, None), Place("a"), lambda row: row["at"], lambda row: row["id"]))


def test_nobody_listens(store: PrivateStore) -> None:
    with pulled(store, FakeServiceNow(1)) as made:
        made.ask = Ask("http://127.0.0.1:1", Credentials(), pause=lambda _: None)
        assert "failed 8 times, last with ConnectError" in made.round().message
