"""Entra and Microsoft 365: use by unit and week as it was, whatever Graph tells late, twice, or no more."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from nytta.disclosure.published.values import OpenStore
from nytta.indicators.load import load
from nytta.indicators.store.recompute import recompute
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.pull.ask import Ask, Credentials
from nytta.ingest.pull.declared import Declared
from nytta.ingest.store import pulls
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import latest_rejects
from nytta.registry import declarations
from nytta.service.installation import App
from nytta.service.pulls import Puller, dark_indicators, mapping_of
from tests.ingest.pull.graph import DAY, FORGOTTEN, FakeGraph
from tests.organisations import SMALL_COUNTY, county

FAULTS = {"429": 0.02, "500": 0.02, "truncated": 0.02, "dropped": 0.02, "expired": 0.02}
ACTIVE = """
    SELECT unit, toString(toMonday(toDate(toDateTime(900 * quarter, 'UTC')))), uniqExact(actor)
    FROM {private}.persons_by_day FINAL
    WHERE what = 'act' GROUP BY ALL"""
WEEKLY = """
    SELECT unit, toString(period), toUInt64(numerator), toUInt64(denominator) FROM {private}.cells FINAL
    WHERE indicator = 'weekly-breadth' AND grain = 'week' AND case_type = '*' AND numerator > 0 AND unit != 'county'"""
MEMBERS = """
    SELECT unit, toString(valid_from), if(year(valid_to) < 2000, '', toString(valid_to)) FROM (
        SELECT *, identity FROM {private}.events WHERE kind = 'eligibility'
        ORDER BY revision DESC LIMIT 1 BY identity) ORDER BY ALL"""


class Installed:
    """A county with these units, its directory and its reports, asked by hand."""

    def __init__(self, store: PrivateStore, fake: FakeGraph, units: tuple[str, ...], **settings: Any) -> None:
        lines = "".join(f"  - {{id: {unit}, name: {unit}, parent: county}}\n" for unit in units)
        organisation = SMALL_COUNTY["organisation.yaml"].decode()
        organisation = organisation[: organisation.index("units:")] + "units:\n" + lines
        organisation += 'approvals:\n  - {purpose: "*", legal_basis: x, dpia: DPIA 1, consulted_on: 2025-11-03}\n'
        systems = b"systems:\n  - {id: m365, name: Microsoft 365}\n"
        registry = county({"organisation.yaml": organisation.encode(), "systems.yaml": systems})
        definitions = tuple(
            d for d in load(declarations.schemas() / "indicators").definitions if d.id == "weekly-breadth"
        )
        intake = Intake(store, Keys("k1", bytes(32)), registry)
        self.app = App(store, OpenStore(store.connection), intake, definitions, declarations.schemas() / "tables")
        self.fake = fake
        self.entra = self._puller("entra", {"page": 200})
        self.m365 = self._puller("m365", settings)

    def _puller(self, kind: str, settings: Mapping[str, Any]) -> Puller:
        declared = Declared(
            id=kind,
            kind=kind,
            address=self.fake.address,
            system="m365",
            account="client-credentials",
            token_address=f"{self.fake.address}/token",
            settings=dict(settings),
        )
        credentials = Credentials("client-credentials", "app", "secret", declared.token_address, "scope")
        ask = Ask(declared.address, credentials, pause=lambda _: None)
        made = Puller(self.app, declared, mapping_of(declared, None), ask)
        made.clock = lambda: self.fake.now
        return made


@contextmanager
def installed(store: PrivateStore, fake: FakeGraph, *units: str, **settings: Any) -> Iterator[Installed]:
    with fake.served():
        made = Installed(store, fake, units, **settings)
        with closing(made.entra.ask), closing(made.m365.ask):
            yield made


def active(store: PrivateStore) -> dict[tuple[str, str], int]:
    return {(unit, week): number for unit, week, number in store.connection.rows(ACTIVE)}


def monday(day: date) -> str:
    return (day - day.weekday() * DAY).isoformat()


def followed(store: PrivateStore, version: str, users: int, units: int, days: int) -> None:
    """Daily pulls while users act, move, come and go; five of the days Graph is away."""
    drawn = random.Random(5)
    names = tuple(f"u{n:02}" for n in range(units))
    begin, away = date(2026, 3, 2), range(days // 2, days // 2 + 5)
    fake = FakeGraph({f"p{n}": names[n % units] for n in range(users)}, begin, page=200, faults=FAULTS)
    truth: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    seen: dict[tuple[str, str], int] = {}
    with installed(store, fake, *names, version=version, restated=5) as made:
        for number in range(days):
            fake.today = begin + number * DAY
            fake.away = number in away
            if not fake.away:
                for name in drawn.sample(sorted(fake.users), 1 + users // 200):
                    fake.change(name, department=drawn.choice(names))
                fake.add(f"new{number}", drawn.choice(names), fake.today)
            if number + FORGOTTEN not in away and not fake.away:
                fake.delete(drawn.choice(sorted(fake.users)))
            for name in drawn.sample(sorted(fake.users), users // 8) if fake.today.weekday() < 5 else ():
                fake.acts[fake.today][name] = drawn.randrange(1, 6)
                truth[fake.users[name]["department"], monday(fake.today)].add(name)
            for source in (made.entra, made.m365):
                assert source.round().state == ("failed" if fake.away else "good")
            now = active(store)
            assert not {key for key, number in seen.items() if now.get(key, 0) < number}
            seen = now
        for _ in range(FORGOTTEN):
            fake.today += DAY
            assert made.m365.round().state == "good"
        expected = {key: len(persons) for key, persons in truth.items()}
        assert active(store) == expected
        again = made.m365.round()
        assert (again.state, again.events, again.unplaced) == ("good", 0, 0)
        recompute(store, made.app.definitions)
        cells = {(unit, week): sides for unit, week, *sides in store.connection.rows(WEEKLY)}
        # in the week of Easter a small unit may have more who acted than the calendar expects at work
        assert {key: used for key, (used, _) in cells.items()} == {
            key: min(number, cells[key][1]) for key, number in expected.items()
        }
        assert made.app.verify().equal
    told = [headers for _, _, headers in fake.downloads.requests]
    assert bool(told) == (version == "v1.0")
    assert not [headers for headers in told if "Authorization" in headers]


@pytest.mark.slow
def test_weekly_use_is_the_truth_through_restatements_and_an_outage(store: PrivateStore) -> None:
    followed(store, "v1.0", users=48, units=4, days=14)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_sixty_pulls_of_nine_hundred_users_in_thirty_units(store: PrivateStore, version: str) -> None:
    followed(store, version, users=900, units=30, days=60)


def test_somebody_who_moves_or_leaves_is_split_by_date(store: PrivateStore) -> None:
    fake = FakeGraph({"ann": "north", "bo": "north", "cy": "south"}, date(2026, 3, 2))
    with installed(store, fake, "north", "south") as made:
        made.entra.round()
        fake.today = date(2026, 3, 10)
        fake.change("ann", department="south")
        fake.change("bo", accountEnabled=False)
        made.entra.round()
        fake.today = date(2026, 3, 20)
        fake.change("ann", department="north")
        fake.delete("cy")
        made.entra.round()
        fake.today = date(2026, 3, 21)
        assert made.entra.round().events == 0
        assert made.entra.reconcile(gone_at_most=0).events == 0
        assert store.connection.rows(MEMBERS) == [
            ("north", "2020-01-01", "2026-03-10"),
            ("north", "2020-01-01", "2026-03-10"),
            ("north", "2026-03-20", ""),
            ("south", "2020-01-01", "2026-03-20"),
            ("south", "2026-03-10", "2026-03-20"),
        ]
        fake.acts[date(2026, 3, 9)]["ann"] = fake.acts[date(2026, 3, 10)]["ann"] = 2
        fake.today = date(2026, 3, 25)
        made.m365.round()
        assert active(store) == {("north", "2026-03-09"): 1, ("south", "2026-03-09"): 1}


def test_what_nobody_can_place_waits_until_the_directory_knows(store: PrivateStore) -> None:
    fake = FakeGraph({"ann": "north", "bo": "south"}, date.today() - DAY)
    day = date.today() - 5 * DAY
    fake.acts[day] = {"ann": 3, "bo": 2}
    with installed(store, fake, "north", "south") as made:
        made.m365.clock = made.entra.clock = lambda: datetime.now(UTC)
        done = made.m365.round()
        assert (done.state, done.events, done.rejected, done.unplaced) == ("good", 0, 0, 2)
        assert [(reject["source"], reject["reason"]) for reject in latest_rejects(store)] == [("m365", "unplaced")] * 2
        made.entra.round()
        assert active(store) == {("north", monday(day)): 1, ("south", monday(day)): 1}
        assert latest_rejects(store) == []
        assert made.m365.round().events == 0


def test_a_concealed_tenant_gives_no_figure_of_a_unit(store: PrivateStore) -> None:
    fake = FakeGraph({f"p{n}": "north" for n in range(20)}, date(2026, 3, 20))
    fake.acts[date(2026, 3, 17)] = dict.fromkeys(fake.users, 3)
    fake.concealed = True
    with installed(store, fake, "north") as made:
        made.entra.round()
        done = made.m365.round()
        assert (done.state, done.events) == ("concealed", 0)
        assert "displayConcealedNames" in done.message
        fake.refusals["reportSettings"] = 403
        assert made.m365.round().state == "concealed"  # the names themselves tell it
        assert active(store) == {}
        definitions = tuple(load(declarations.schemas() / "indicators").definitions)
        assert "weekly-breadth" in dark_indicators(made.m365.probe(), definitions)["reports of persons"]


def test_a_token_that_expires_between_pages_is_fetched_anew(store: PrivateStore) -> None:
    fake = FakeGraph({f"p{n}": "north" for n in range(30)}, date(2026, 3, 20), page=7)
    requests = iter(range(100))
    fake.faulty = lambda: "expired" if next(requests) % 3 == 2 else ""  # type: ignore[method-assign]
    with installed(store, fake, "north") as made:
        done = made.entra.round()
        assert (done.state, done.rows, done.events) == ("good", 30, 30)
        assert fake.tokens >= 5


@pytest.mark.parametrize("status", [400, 404, 410])
def test_the_directory_is_read_anew_where_graph_forgot_the_place(store: PrivateStore, status: int) -> None:
    fake = FakeGraph({f"p{n}": "north" for n in range(12)}, date(2026, 3, 20))
    with installed(store, fake, "north") as made:
        made.entra.round()
        pulls.save_cursor(store, "entra", f"{fake.address}/v1.0/users/delta/gone", fake.now)
        fake.delete("p3")
        fake.today += DAY
        fake.refusals["gone"] = status
        assert (made.entra.round().state, made.entra.reconcile().state) == ("good", "good")
        ended = [row for row in store.connection.rows(MEMBERS) if row[2]]
        assert ended == [("north", "2020-01-01", "2026-03-21")]


def test_a_change_that_tells_what_changed_alone_moves_nobody_out(store: PrivateStore) -> None:
    fake = FakeGraph({"ann": "north", "bo": "north", "cy": "north"}, date(2026, 3, 20))
    with installed(store, fake, "north", "south") as made:
        made.entra.round()
        fake.today = date(2026, 3, 21)
        fake.change("ann", department="south")
        fake.change("bo", accountEnabled=True)
        fake.change("cy")
        del fake.users["cy"]
        fake.minimal = {"ann", "bo", "cy"}
        done = made.entra.round()
        assert (done.state, done.rejected) == ("good", 0), done.message
        assert store.connection.rows(MEMBERS) == [
            ("north", "2020-01-01", ""),
            ("north", "2020-01-01", "2026-03-21"),
            ("north", "2020-01-01", "2026-03-21"),
            ("south", "2026-03-21", ""),
        ]


def test_reports_that_are_new_come_before_those_that_may_have_changed(store: PrivateStore) -> None:
    """Graph gives out 14 reports in ten minutes; a round that needs more is broken off, and the next one goes on."""
    fake = FakeGraph({"ann": "north"}, date(2026, 3, 30))
    for number in range(29):
        fake.acts[date(2026, 3, 1) + number * DAY] = {"ann": 2}
    with installed(store, fake, "north", restated=28) as made:
        made.entra.round()
        for last, state in (("2026-03-15", "failed"), ("2026-03-28", "failed"), ("2026-03-28", "failed")):
            fake.reports_left = 14
            done = made.m365.round()
            assert (done.state, pulls.cursor_of(store, "m365")) == (state, last)
            assert "to be left alone until" in done.message
        assert active(store) == {("north", f"2026-03-{day:02}"): 1 for day in (2, 9, 16, 23)}


def test_a_membership_that_stands_long_is_said_again(store: PrivateStore) -> None:
    fake = FakeGraph({"ann": "north"}, date(2026, 3, 1))
    with installed(store, fake, "north") as made:
        made.entra.round()
        fake.today = date(2026, 4, 1)
        assert made.entra.reconcile().events == 0
        fake.today = date(2026, 6, 1)
        assert made.entra.reconcile().events == 1
        assert store.connection.rows(MEMBERS) == [("north", "2020-01-01", "")]
