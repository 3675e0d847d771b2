"""A town of twelve like units and a reporting group, its weekly cells written straight into the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from nytta import service as nytta
from nytta.disclosure.store.facts import publish_facts
from nytta.disclosure.store.verdicts import publish_signals
from nytta.indicators.definition import Definition
from nytta.indicators.store import values
from nytta.ingest.store.private import PrivateStore
from nytta.insight.alerts.evaluation.evaluate import Evaluation, evaluate
from nytta.insight.store.alerts import AlertStore
from nytta.registry import declarations
from nytta.registry.load import read
from nytta.registry.registry import Registry
from nytta.registry.store import tables as registry_tables
from nytta.statistics import wilson
from tests.organisations import secret

START = date(2025, 1, 6)
MOMENT = datetime(2025, 1, 6, 12, tzinfo=UTC)
WEEKS = 70
ZONE = ZoneInfo("Europe/Oslo")
DEFINITIONS: tuple[Definition, ...] = nytta.read_definitions(declarations.schemas() / "indicators")


def week(number: int) -> date:
    """Monday of the n-th week."""
    return START + timedelta(weeks=number)


def monday_after(number: int, hour: int = 7, minute: int = 35) -> datetime:
    """The Monday after the n-th week, when that week is published."""
    day = week(number + 1)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def town(more: str = "", programme: str = "{}") -> Registry:
    units = "\n".join(
        f"  - {{id: u{n:02d}, name: Unit {n}, parent: town, peer_group: like, "
        f"manager: {{name: Manager {n}, email: m{n}@town.example, language: {('sv', 'nb', 'en')[n % 3]}}}}}"
        for n in range(12)
    )
    loaded = read(
        {
            "organisation.yaml": f"""
organisations:
  - id: town
    name: Town
    timezone: Europe/Oslo
    country: "NO"
    language: nb
    programme_lead: {{name: Lead, email: lead@town.example}}
    operations: {{name: Desk, email: desk@town.example}}
units:
{units}
  - {{id: tiny, name: Tiny, parent: town, peer_group: like}}
  - {{id: wee, name: Wee, parent: town, peer_group: like}}
reporting_groups:
  - {{id: small, name: Small ones, units: [tiny, wee], manager: {{name: Gro, email: gro@town.example}}}}
{more}""".encode(),
            "systems.yaml": f"systems:\n  - {{id: arken, name: Arken, go_live: {START}}}\n".encode(),
            "programme.yaml": programme.encode(),
        }
    )
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def shown(numerator: int, n: int) -> tuple[float, float, float, str, str]:
    """Value, interval, band and status of a share of staff, as near as it is published."""
    step = 5 if n < 100 else 1
    value = float(step * round(100 * numerator / n / step))
    low, high = wilson(np.array([float(numerator)]), np.array([float(n)]), confidence=0.95)
    band = "30-99" if n >= 30 else "10-29"
    return value, float(np.floor(100 * low[0])), float(np.ceil(100 * high[0])), band, "rounded"


@dataclass
class Town:
    """The store, its registry and its cells: weekly breadth of 40 persons a unit, 8 of ten at work using the system."""

    store: PrivateStore
    registry: Registry
    users: dict[str, np.ndarray] = field(default_factory=dict)
    people: dict[str, np.ndarray] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Units of which the ledger shows nothing."""

    def __post_init__(self) -> None:
        registry_tables.save(
            self.store.connection, self.registry, START, week(WEEKS + 60), purposes=set(), day=week(WEEKS)
        )
        values.save_definitions(self.store, DEFINITIONS)
        self.store.connection.insert(
            "{open}.definitions",
            [
                *("indicator", "version", "title_sv", "title_nb", "title_en"),
                *("question_sv", "question_nb", "question_en", "window_weeks", "protects"),
            ],
            [
                [
                    *(d.id, d.version, d.title.sv, d.title.nb, d.title.en),
                    *(d.question.sv, d.question.nb, d.question.en, d.window_weeks, d.protects.value),
                ]
                for d in DEFINITIONS
            ],
        )
        # somebody works in the system, or nothing is said of use
        self.store.connection.insert(
            "{private}.events",
            ["source", "id", "type", "kind", "time", "received_at", "unit", "system", "actor_kind"],
            [["sessions", "1", "platform.session", "session", MOMENT, MOMENT, "u00", "arken", "person"]],
        )
        rng = np.random.default_rng(1)
        for unit in [f"u{n:02d}" for n in range(12)] + ["tiny", "wee", "small"]:
            size = {"tiny": 6, "wee": 7, "small": 13}.get(unit, 40)
            self.people[unit] = np.full(WEEKS, size)
            take_off = 1 / (1 + np.exp(-(np.arange(WEEKS) - 5) / 1.2))
            self.users[unit] = rng.binomial(size, 0.82 * take_off)

    def write(self, first: int = 0, last: int = WEEKS) -> None:
        """Put the weeks from `first` up to `last` into the cells."""
        rows, published = [], []
        counter = self.store.counter("cells") + 1
        self.store.raise_counter("cells", counter)
        for unit, users in self.users.items():
            for n in range(first, last):
                n_people = int(self.people[unit][n])
                for indicator, numerator in (("weekly-breadth", int(users[n])), ("entitlement", n_people)):
                    place = [indicator, 1, "week", "arken", unit, "*", "", week(n)]
                    rows.append([*place, numerator, n_people, 0, n_people, counter, 0])
                    if unit not in ("tiny", "wee", *self.hidden):
                        told = ["town", unit, "arken", "*", indicator, 1, "week", week(n)]
                        published.append([*told, *shown(numerator, n_people), counter])
        names = ["indicator", "version", "grain", "system", "unit", "case_type", "part", "period"]
        names += ["numerator", "denominator", "subjects", "persons", "computed", "is_deleted"]
        self.store.connection.insert("{private}.cells", names, rows)
        names = ["organisation", "unit", "system", "case_type", "indicator", "version", "grain", "period"]
        names += ["value", "low", "high", "n_band", "status", "publication"]
        self.store.connection.insert("{open}.published_values", names, published)

    def judge(self, number: int) -> int:
        """Publish what detection says after the n-th week."""
        return publish_signals(self.store, self.registry, DEFINITIONS, monday_after(number))

    def evaluate(self, moment: datetime) -> Evaluation:
        """One evaluation of the alerts."""
        return evaluate(self.book, self.registry, moment, address="https://nytta.town.example")

    def round(self, number: int) -> Evaluation:
        """All of what happens on the Monday after the n-th week."""
        self.judge(number)
        publish_facts(self.store, self.registry, secret, (), monday_after(number))
        return self.evaluate(monday_after(number))

    @property
    def book(self) -> AlertStore:
        """The book of alerts."""
        return AlertStore(self.store.connection)

    def signals(self) -> list[tuple[str, str, date, date | None]]:
        """(unit, kind, opened, closed) of what stands."""
        return [(r["unit"], r["kind"], r["opened"], r["closed"]) for r in self.book.signals() if not r["withdrawn"]]


@pytest.fixture
def make(new_store: Callable[[], PrivateStore]) -> Callable[..., Town]:
    """Makes towns, each in a store of its own."""
    return lambda *args, **kwargs: Town(new_store(), town(*args, **kwargs))
