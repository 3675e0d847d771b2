"""What the service does by itself: each thing when something was written or the clock brings it, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from prometheus_client import CollectorRegistry

from nytta import service as nytta
from nytta.disclosure.published.values import OpenStore
from nytta.indicators.store.values import ValueQuery
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys, Step, load_or_make
from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.service import rotation, schedule
from nytta.service.schedule import Rounds, moment
from nytta.storage import clients
from nytta.storage.errors import StoreError
from nytta.storage.lease import Guarded
from tests.organisations import county
from tests.rows import NOW, event, table

pytestmark = pytest.mark.slow

DEFINITIONS = tuple(
    d for d in nytta.read_definitions(declarations.schemas() / "indicators") if d.id in {"digital-intake", "lead-time"}
)

MONDAY = datetime(2026, 3, 2, 3, tzinfo=UTC)
"""04:00 in Stockholm: the week before is open for two more hours."""


def test_a_moment_differs_when_the_clock_brings_something_and_at_no_other_time() -> None:
    registry = county()
    began = moment(registry, 1, MONDAY)
    minutes = [MONDAY + timedelta(minutes=n) for n in range(24 * 60)]
    seen = [moment(registry, 1, minute) for minute in minutes]
    turns = [f"{t:%H:%M}" for t, a, b in zip(minutes[1:], seen, seen[1:], strict=False) if a != b]
    # by the clock of Stockholm: 06:00 the week closes, 07:00 day begins, 07:30 digest, 17:00 it ends, midnight; of UTC
    assert turns == ["05:00", "06:00", "06:30", "16:00", "23:00", "00:00"]
    assert [a.of_publication != b.of_publication for a, b in itertools.pairwise(seen)].count(True) == 3
    assert moment(registry, 2, MONDAY) != began == moment(registry, 1, MONDAY + timedelta(minutes=59))


class Service:
    """An installation that counts its statements, and its rounds, which look often."""

    def __init__(self, store: PrivateStore, tables: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, seconds in {"_LOOK": 0.01, "_PAUSE": 0.0, "_PUBLISH": 0.0, "_EVALUATE": 0.0}.items():
            monkeypatch.setattr(schedule, name, seconds)
        self.statements = self.looks = 0
        failed, moments = clients.failed_writes, schedule.moment

        def failed_writes(one: Client) -> int:
            self.stated()
            return failed(one)

        def looked(registry: Registry, changes: object, now: datetime) -> schedule.Moment:
            self.looks += 1
            return moments(registry, changes, now)

        monkeypatch.setattr(clients, "failed_writes", failed_writes)
        monkeypatch.setattr(schedule, "moment", looked)
        connection = Guarded.of(store.connection, self.stated)
        self.store = PrivateStore(connection)
        intake = Intake(self.store, load_or_make(folder / "key.json"), county(), folder / "key.json")
        self.app = nytta.App(self.store, OpenStore(connection), intake, DEFINITIONS, tables)

    def stated(self) -> None:
        self.statements += 1

    async def idle(self, looks: int = 30) -> int:
        """Statements of so many looks."""
        statements, until = self.statements, self.looks + looks
        async with asyncio.timeout(60):
            while self.looks < until:
                await asyncio.sleep(0.01)
        return self.statements - statements

    async def quiet(self) -> None:
        """Return when nothing is left to do."""
        while await self.idle():
            pass


def running(service: Service, scene: Callable[[Rounds], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        rounds = Rounds(service.app, CollectorRegistry())
        async with rounds.running():
            await scene(rounds)

    asyncio.run(run())


def test_an_idle_service_gives_no_statement_and_an_event_becomes_a_figure(
    store: PrivateStore, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(store, tables, tmp_path, monkeypatch)

    async def scene(rounds: Rounds) -> None:
        await service.quiet()
        assert await service.idle() == 0
        service.store.write(
            table([event(1, "case.opened", "02-02", "c1", channel="web")]), [], seal=bytes, received_at=NOW
        )
        rounds.came()
        await service.idle(1)
        await service.quiet()
        assert await service.idle() == 0
        assert not service.store.marks_wait()

    running(service, scene)
    found = service.app.values(ValueQuery("week", "digital-intake"))
    assert sum(row["denominator"] for row in found) == 1
    counters = service.store.counters()
    assert counters["published_version"] == counters["version"] > 0


def test_what_was_written_without_a_word_is_computed_too(
    store: PrivateStore, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that runs in the service marks without calling `came`."""
    service = Service(store, tables, tmp_path, monkeypatch)

    async def scene(_: Rounds) -> None:
        await service.quiet()
        service.store.mark_everything()
        await service.quiet()
        assert not service.store.marks_wait()

    running(service, scene)


def test_a_round_that_failed_is_made_again(
    store: PrivateStore, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_FAILED", 0.0)
    service = Service(store, tables, tmp_path, monkeypatch)
    compute, tries = service.app.compute, iter([StoreError("out of memory"), None])

    def failing(now: datetime) -> int:
        problem = next(tries, None)
        if problem:
            raise problem
        return compute(now)

    monkeypatch.setattr(service.app, "compute", failing)

    async def scene(_: Rounds) -> None:
        await service.quiet()
        assert next(tries, "both were used") == "both were used"

    running(service, scene)


def test_no_figure_is_made_while_a_change_of_keys_is_half_made(
    store: PrivateStore, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_FAILED", 0.0)
    service = Service(store, tables, tmp_path, monkeypatch)
    acts: list[str] = []
    compute, publish = service.app.compute, service.app.publish

    def noted(name: str, act: Callable[[datetime], object]) -> Callable[[datetime], object]:
        def call(now: datetime) -> object:
            acts.append(name)
            return act(now)

        return call

    def rotate(_: nytta.App, __: datetime) -> list[rotation.Rotated]:
        acts.append("rotate")
        if len(acts) < 3:
            raise OSError(28, "No space left on device")
        return [rotation.Rotated("county", Step.CHANGE, 0, "county-1")]

    monkeypatch.setattr(rotation, "due", lambda *_: {Step.CHANGE} if acts.count("rotate") < 3 else set())
    monkeypatch.setattr(rotation, "rotate", rotate)
    monkeypatch.setattr(service.app, "compute", noted("compute", compute))
    monkeypatch.setattr(service.app, "publish", noted("publish", publish))

    async def scene(_: Rounds) -> None:
        await service.quiet()

    running(service, scene)
    assert acts[:5] == ["rotate", "rotate", "rotate", "compute", "publish"]


def test_a_publication_with_nothing_new_writes_nothing(store: PrivateStore, tables: Path) -> None:
    intake = Intake(store, Keys("k1", bytes(32)), county())
    app = nytta.App(store, OpenStore(store.connection), intake, DEFINITIONS, tables)
    store.write(table([event(1, "case.opened", "02-02", "c1", channel="web")]), [], seal=bytes, received_at=NOW)
    app.bring_up_to_date(NOW)
    app.publish(NOW)
    before = store.connection.changes
    app.publish(NOW + timedelta(seconds=60))
    assert store.connection.changes == before
    app.publish(NOW + timedelta(weeks=1))  # a week closed
    assert store.connection.changes > before
