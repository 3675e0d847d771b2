"""A town with figures, alerts and benefits in a store of its own, its console, and browsers of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from nytta import service as nytta
from nytta.cli.console import Backing
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.events.batch import Reject
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http.server import bind, server
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.store.rejects import write_rejects
from nytta.insight.benefits.statement import (
    Ahead,
    Benefit,
    Booked,
    BreakEven,
    Decided,
    Definition,
    Gap,
    Maturity,
    Plan,
    Point,
    Pool,
    Score,
    Statement,
    Transaction,
)
from nytta.insight.store.statements import Statements
from nytta.registry.registry import Registry
from nytta.registry.units import Contact, Names
from nytta.storage.journal import Journal
from nytta.surfaces.access_log import AccessLog
from nytta.surfaces.authentication.links import Links
from nytta.surfaces.authentication.proxy import SECRET_HEADER, Proxy
from nytta.surfaces.console.application import application
from nytta.surfaces.console.context import Console
from nytta.surfaces.console.visitors import form_token
from tests.insight.alerts.evaluation.conftest import DEFINITIONS, START, WEEKS, Town, monday_after, town, week
from tests.support.processes import PLAIN

LAST = week(WEEKS - 1)
NOW = monday_after(WEEKS - 1, 9).astimezone(UTC)
PEOPLE = """
approvals:
  - {purpose: "*", legal_basis: public task, dpia: DPIA 1, consulted_on: 2024-11-03}
"""
PROGRAMME = f"""
milestones:
  - {{id: live, what: go_live, date: {START}, name: Arken goes live, system: arken}}
plans:
  - {{unit: town, system: arken, indicator: weekly-breadth, targets: [{{date: 2027-01-04, value: 0.8}}]}}
decisions:
  - {{id: d, name: Close the paper route, decided: {LAST - timedelta(weeks=9)}, level: "2", units: [u00, u01]}}
"""
_PULSE = {"managers": 85.0, "staff": 56.0}
ROLES = {
    "lead": "lead@town.example",
    "operations": "desk@town.example",
    "manager": "m0@town.example",
    "group": "gro@town.example",
    "representative": "union@town.example",
    "dpo": "dpo@town.example",
    "administrator": "admin@town.example",
    "stranger": "nobody@town.example",
}
KEYS = Keys("k1", bytes(32))
HEADER = "X-User"
SECRET = "0123456789abcdef0123456789abcdef"


@dataclass
class World:
    """A filled installation; consoles on it are made, and served on sockets, as they are needed."""

    app: nytta.App
    folder: Path
    _open: ExitStack = field(default_factory=ExitStack)
    _addresses: dict[int, tuple[Console, str]] = field(default_factory=dict)
    _usual: Console | None = None

    def address(self, console: Console | None = None) -> str:
        """Where a console is reached; the usual one, of which a proxy says who asks, where none is named."""
        if console is None:
            console = self._usual = self._usual or self.console()
        if id(console) not in self._addresses:
            self._addresses[id(console)] = console, self._open.enter_context(served(console))
        return self._addresses[id(console)][1]

    def browser(self, console: Console, language: str = "en") -> httpx.Client:
        """A browser of nobody yet."""
        headers = {"Accept-Language": language}
        return self._open.enter_context(
            httpx.Client(base_url=self.address(console), headers=headers, timeout=120, trust_env=False, verify=PLAIN)
        )

    def token(self, visit: httpx.Client) -> str:
        """The token of the forms of a visit through the usual console."""
        visit.get("/help")
        assert self._usual
        return form_token(self._usual._secret, visit.cookies["nytta_form"], visit.headers[HEADER])

    @property
    def reads(self) -> AccessLog:
        """The log that all consoles here write."""
        return AccessLog(self.app.open.connection, Journal.of(self.folder / "reads"))

    def close(self) -> None:
        """Stop serving."""
        self._open.close()

    def console(self, *, proxy: bool = True, address: str = "", now: datetime = NOW, limit: int = 1 << 20) -> Console:
        """A console of which a proxy says who asks; else the person at the machine does."""
        return Console(
            self.app.open,
            Backing(self.app, self.folder, clock=lambda: now),
            links=Links(),
            proxy=Proxy(HEADER, ("127.0.0.1",), SECRET) if proxy else None,
            address=address,
            upload_limit=limit,
            now=lambda: now,
            journal=self.reads.journal,
        )

    def visit(
        self, role: str = "lead", language: str = "en", console: Console | None = None, address: str = ""
    ) -> httpx.Client:
        """A browser of somebody with this role, at the console's usual address or another one of its."""
        headers = {HEADER: ROLES[role], SECRET_HEADER: SECRET, "Accept-Language": language}
        place = address or self.address(console)
        browser = httpx.Client(base_url=place, headers=headers, timeout=120, trust_env=False, verify=PLAIN)
        return self._open.enter_context(browser)


def opened(store: PrivateStore, folder: Path, tables: Path) -> World:
    """The town in a store that is filled."""
    intake = Intake(store, KEYS, registry())
    return World(nytta.App(store, OpenStore(store.connection), intake, DEFINITIONS, tables), folder)


def registry() -> Registry:
    """The town as it is declared."""
    declared = town(PEOPLE, PROGRAMME)
    organisation = declared.organisations[0]

    def contact(name: str) -> Contact:
        return Contact(name, ROLES[name], "", "nb", f"/nytta-{name}s")

    return replace(
        declared,
        organisations=(
            replace(
                organisation,
                employee_representatives=(contact("representative"),),
                data_protection=(contact("dpo"),),
                administrators=(contact("administrator"),),
            ),
        ),
    )


def fill(store: PrivateStore) -> None:
    """The town after seventy weeks: one unit fell in week 50, one never took off."""
    made = Town(store, registry())
    made.users["u00"][50:] = made.users["u00"][50:] // 3
    made.users["u01"][:] = made.users["u01"] // 4
    made.write()
    for number in range(WEEKS - 6, WEEKS):
        made.round(number)
    store.connection.run(
        "INSERT INTO {open}.published_values SELECT * REPLACE ('window' AS grain) "
        "FROM {open}.published_values AS p WHERE p.grain = 'week'"
    )
    store.connection.run(
        "INSERT INTO {open}.published_values SELECT * REPLACE ('window' AS grain, 'tiny' AS unit, NULL AS value, "
        "NULL AS low, NULL AS high, 'grouped' AS status) "
        "FROM {open}.published_values AS p WHERE p.grain = 'week' AND p.unit = 'u02'"
    )
    # support moved from the phone to the portal ten weeks ago
    for part, before, now in (("phone", 55, 30), ("web", 25, 50), ("email", 20, 20)):
        share = f"toFloat64(if(p.period > '{LAST - timedelta(weeks=10)}', {now}, {before}))"
        store.connection.run(
            f"INSERT INTO {{open}}.published_values SELECT * REPLACE ('ticket-channel-mix' AS indicator, "
            f"'{part}' AS part, {share} AS value, {share} - 8 AS low, {share} + 8 AS high, 'published' AS status) "
            "FROM {open}.published_values AS p WHERE p.grain = 'window' AND p.unit = 'u02' "
            "AND p.indicator = 'weekly-breadth' AND p.part = ''"
        )
    publish_states(store)
    Statements(store.connection).add(statement(), NOW)
    event: dict[str, Any] = {"specversion": "1.0", "id": "r1", "source": "/town/desk", "type": "nytta.case.opened.v1"}
    event |= {"time": f"{LAST}T10:00:00Z", "data": {"unit": "u00", "system": "arken", "case": "A-1", "channel": "web"}}
    refused = Reject(Reason.UNKNOWN_UNIT, "no such unit", "/town/desk", "line 1", json.dumps(event).encode())
    write_rejects(store.connection, [refused], seal=KEYS.seal, received_at=datetime.now(UTC))


def publish_states(store: PrivateStore) -> None:
    """States as if they had been told: one unit that does not use what it could, gates, a decision; a shifted mix."""
    rests = {"entitlement": 95.0, "ready": 88.0, "weekly-breadth": 27.0}
    used, lacking = {"entitlement": 95.0, "weekly-breadth": 78.0}, {"entitlement": 62.0, "weekly-breadth": 60.0}
    types = {
        "digital-intake": 91.0,
        "lead-time": 24.0,
        "rework": 20.0,
        "lead-time before": 23.0,
        "rework before": 21.0,
        "realised": 12.0,
    }
    rows: list[tuple[Any, ...]] = [
        ("u00", "arken", "*", "use-state", "", "ready_not_used", 27.0, 18.0, 39.0, rests),
        ("u05", "arken", "*", "use-state", "", "in_use", 78.0, 65.0, 88.0, used),
        ("small", "arken", "*", "use-state", "", "not_ready", 60.0, 50.0, 70.0, lacking),
        ("u00", "arken", "permit", "exploitation", "", "digital_not_exploited", 91.0, 85.0, 95.0, types),
        ("u05", "arken", "permit", "exploitation", "", "digital_not_exploited", 91.0, 85.0, 95.0, types),
        ("u00", "arken", "appeal", "exploitation", "", "unclear", 88.0, 80.0, 93.0, {"digital-intake": 88.0}),
        ("town", "arken", "*", "cascade", "managers", "open", 70.0, 60.0, 80.0, {"managers": 70.0, "staff": 10.0}),
        ("town", "arken", "*", "cascade", "key-roles", "closed", None, None, None, {"managers": 70.0, "staff": 10.0}),
        ("town", "arken", "*", "cascade", "staff", "unclear", 10.0, 5.0, 15.0, {"managers": 70.0, "staff": 10.0}),
        ("town", "arken", "*", "level-gap", "awareness", "managers_higher", 29.0, 4.0, 54.0, _PULSE),
        ("town", "arken", "*", "level-gap", "our-own-item", "unclear", 29.0, -4.0, 54.0, _PULSE),
        ("u05", "arken", "*", "cascade", "managers", "open", None, None, None, {"staff": 12.0}),
        ("u05", "arken", "*", "cascade", "key-roles", "unclear", None, None, None, {"staff": 12.0}),
        ("u05", "arken", "*", "cascade", "staff", "unclear", 12.0, 5.0, 20.0, {"staff": 12.0}),
        ("town", "arken", "*", "received", "d", "open", 50.0, None, None, {"units": 2.0}),
        ("town", "", "*", "decision-age", "2", "open", 9.0, None, 9.0, {"open": 1.0}),
    ]
    columns = ("unit", "system", "case_type", "what", "part", "state", "value", "low", "high", "figures")
    store.connection.insert(
        "{open}.published_states",
        ["organisation", *columns, "week", "publication"],
        [["town", *row, LAST, 1] for row in rows],
    )
    facts = [["town", unit, "arken", "legacy", "Old desk", LAST, "ok", 1] for unit in ("u01", "u03", "town")]
    fact_columns = ["organisation", "unit", "system", "fact", "part", "week", "status", "publication"]
    store.connection.insert("{open}.published_facts", fact_columns, facts)
    # permits stay as they are, appeals too; a year ago most were permits
    for name, value, then, now in (("permit", 90, "100-299", "30-99"), ("appeal", 30, "30-99", "100-299")):
        store.connection.run(
            f"INSERT INTO {{open}}.published_values SELECT * REPLACE ('{name}' AS case_type, "
            f"toFloat64({value}) AS value, if(p.period = '{LAST}', '{now}', '{then}') AS n_band) "
            "FROM {open}.published_values AS p "
            f"WHERE p.grain = 'window' AND p.unit = 'u00' AND p.indicator = 'weekly-breadth' AND p.case_type = '*' "
            f"AND p.period IN ('{LAST}', '{LAST - timedelta(weeks=52)}')"
        )


def statement() -> Statement:
    """Two benefits, hours left lying, a stuck decision, maturity of three places."""
    name, arken = Names("Kortare väg", "Kortere vei", "Shorter way"), Names.of("Arken")
    plan = Plan(
        names=name,
        unit="u00",
        system="arken",
        kind="redistribution",
        unit_of_measure="minutes per case",
        measure="minutes per case",
        owner="Owner",
        baseline=60_000,
        target=30_000,
        start=START,
        due=LAST + timedelta(weeks=20),
        method="measured",
        adoption="weekly-breadth",
    )
    points = tuple(
        Point(START + timedelta(weeks=4 * n), START + timedelta(weeks=4 * n + 4), 50_000, 40 * n) for n in range(12)
    )
    common: dict[str, Any] = {
        "unit_names": Names.of("Unit 0"),
        "system_names": arken,
        "case_type_names": Names("", "", ""),
    }
    first = Benefit(
        id="shorter",
        plan=plan,
        place="u00",
        known_since=START,
        points=points,
        realised=440,
        ahead=Ahead(500, 400, 610, 5, False),
        word="off_track",
        word_before="at_risk",
        week=LAST,
        gap=Gap(40, 16),
        account="redistribution",
        freed=220_000,
        **common,
    )
    second = Benefit(id="second", plan=plan, place="u01", known_since=START, word="too_early", week=LAST, **common)
    pool = Pool(
        place="u00",
        names=Names.of("Unit 0"),
        system="arken",
        case_type="*",
        case_type_names=Names("", "", ""),
        benefits=("shorter",),
        share=27,
        share_target=80,
        cases=1000,
        promised=500_000,
        freed=220_000,
        use_missing=200_000,
        effect_missing=80_000,
    )
    return Statement(
        organisation="town",
        names=Names.of("Town"),
        week=LAST,
        currency="NOK",
        country="NO",
        benefits=(first, second),
        pools=(pool,),
        booked=(Booked("redistribution", 220_000, 0, ()),),
        decisions=(
            Decided(
                id="d",
                names=Names.of("Close the paper route"),
                level="2",
                decided=START,
                due=None,
                units=11,
                acknowledged=3,
                executed=0,
                reversed=None,
                weeks=9,
                word="stuck",
            ),
        ),
        maturity=tuple(
            Maturity(
                place=f"u0{n}",
                names=Names.of(f"Unit {n}"),
                system="arken",
                model=1,
                dimensions=(Score("use", 30.0 * (n + 1), 100), Score("benefit", 25.0 * (n + 1), 100)),
                axes=(),
                level=str(n + 1),
            )
            for n in range(3)
        ),
        break_even=(
            BreakEven(
                system="arken",
                names=arken,
                share=25,
                now=62,
                parallel=60_000_000,
                course=tuple((LAST - timedelta(weeks=n), 62 - n) for n in reversed(range(20))),
            ),
        ),
        transactions=(Transaction(system="arken", names=arken, cases=1_200, cost=204_000_000, per_case=170_000),),
        systems={"arken": arken},
        definitions={"weekly-breadth": Definition(1, Names.of("Weekly breadth"), Names.of("What share?"))},
    )


@contextmanager
def served(console: Console, *, connections: int = 1_000) -> Iterator[str]:
    """The console on a socket, in a thread; its address."""
    bound = bind("127.0.0.1", 0)
    running = server(application(console), connections=connections)
    thread = threading.Thread(target=lambda: asyncio.run(running.listen(bound)), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(30)
        bound.close()


__all__ = ["LAST", "NOW", "ROLES", "World", "date", "fill", "opened", "served"]
