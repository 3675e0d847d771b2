"""Faults, each with a load under way; afterwards every acknowledged event is there once and every cell is right."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kafka import KafkaProducer

from nytta.ingest.stream import topics
from nytta.ingest.stream.waiting import lag
from nytta.service.brokers import cluster_of
from tests.faults.load import Load, bodies, conflicting, gateway
from tests.support.installation import Installation

Fault = Callable[[Load, random.Random], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fault left behind."""

    fault: str
    seed: int
    acknowledged: int
    stored: int
    lost: int
    doubled: int
    equal: bool
    cells: int
    waiting: int
    seconds: float

    def __str__(self) -> str:
        verdict = "equal" if self.equal else "NOT EQUAL"
        return (
            f"{self.fault:<18} seed {self.seed:<10} acknowledged {self.acknowledged:>7} stored {self.stored:>7} "
            f"lost {self.lost} doubled {self.doubled} verify {verdict} ({self.cells} cells) "
            f"lag {self.waiting} {self.seconds:.0f} s"
        )


def worker_killed(load: Load, rng: random.Random) -> None:
    """kill -9 of a worker in the middle of a batch, twice."""
    for share in (0.3, 0.6):
        load.reach(share)
        time.sleep(rng.uniform(0, 1))
        rng.choice(load.place.workers).kill()


def owner_paused(load: Load, _: random.Random) -> None:
    """Every worker in turn sleeps beyond its session: what it owned is taken over, then it wakes."""
    for share, worker in zip((0.2, 0.5), load.place.workers, strict=False):
        load.reach(share)
        worker.send(signal.SIGSTOP)
        time.sleep(18)
        worker.send(signal.SIGCONT)


def workers_come_and_go(load: Load, _: random.Random) -> None:
    """A worker joins under load, and leaves."""
    load.reach(0.2)
    joined = load.place.add_worker()
    load.place.ready()
    load.reach(0.6)
    load.place.workers.remove(joined)
    load.place.ports.pop()
    joined.stop()


def worker_added(load: Load, _: random.Random) -> None:
    """Through the gateway; a worker is added in the middle, and stays until the end."""
    load.reach(0.5)
    joined = load.place.add_worker()
    load.place.ready()
    load.reach(1)
    load.place.workers.remove(joined)
    load.place.ports.pop()
    joined.stop(60)


def broker_killed(load: Load, rng: random.Random) -> None:
    """kill -9 of the broker, which comes back after a moment."""
    load.reach(0.4)
    load.place.broker.kill()
    time.sleep(rng.uniform(1, 5))
    load.place.broker.start()


def store_killed(load: Load, rng: random.Random) -> None:
    """kill -9 of the store, twice, once for an instant."""
    for share, seconds in ((0.3, 0.0), (0.6, rng.uniform(1, 4))):
        load.reach(share)
        time.sleep(rng.uniform(0, 1))
        load.place.store.process.kill()
        time.sleep(seconds)
        load.place.store.start()


def store_away(load: Load, _: random.Random) -> None:
    """The store is away for a minute."""
    load.reach(0.3)
    load.place.store.process.kill()
    time.sleep(60)
    load.place.store.start()


def gateway_killed(load: Load, rng: random.Random) -> None:
    """kill -9 of the gateway between receipt and answer; senders try again."""
    assert load.gateway is not None
    for share in (0.2, 0.4, 0.6, 0.8):
        load.reach(share)
        time.sleep(rng.uniform(0, 0.3))
        load.gateway.kill()


def poison(load: Load, rng: random.Random) -> None:
    """Messages that are no events, marks or rejects, on every topic."""
    cluster = cluster_of(load.place.settings)
    producer = KafkaProducer(bootstrap_servers=load.place.settings.kafka)
    for share in (0.1, 0.3, 0.5, 0.7):
        load.reach(share)
        for name in (topics.USAGE, topics.MARKS, topics.REJECTED):
            for value in (None, b"", rng.randbytes(500), b"{}", b"[" * 5000, b'{"specversion":"1.0"}\n' * 20):
                headers = rng.choice([[], [("content-type", b"application/x-ndjson")], [("ce_id", b"\xff")]])
                producer.send(topics.full(cluster, name), value, key=b"any", headers=headers)
    producer.close()


def nothing(load: Load, _: random.Random) -> None:
    """No process dies: the load itself is the fault."""
    load.reach(1)


def any_killed(kills: int) -> Fault:
    """So many kills, each of any process at any moment."""

    def fault(load: Load, rng: random.Random) -> None:
        place = load.place
        for number in range(kills):
            load.reach(0.9 * number / kills)
            time.sleep(rng.uniform(0, 2))
            match rng.choice(["worker", "worker", "worker", "store", "broker"]):
                case "worker":
                    rng.choice(place.workers).kill()
                case "store":
                    place.store.process.kill()
                    place.store.start()
                case _:
                    place.broker.kill()
                    place.broker.start()

    return fault


FAULTS: dict[str, Fault] = {
    "worker-killed": worker_killed,
    "owner-paused": owner_paused,
    "workers-come-and-go": workers_come_and_go,
    "worker-added": worker_added,
    "broker-killed": broker_killed,
    "store-killed": store_killed,
    "store-away": store_away,
    "gateway-killed": gateway_killed,
    "poison": poison,
    "duplicated": nothing,
    "shuffled": nothing,
    "late": nothing,
    "skewed": nothing,
}


def run(place: Installation, name: str, fault: Fault, *, seed: int, events: int) -> Outcome:
    """One fault under a load of so many events; the load has conflicting contents of 2 % of its identities too."""
    started = time.monotonic()
    rng = random.Random(f"{name} {seed}")
    run_name = f"{name}-{seed}"
    own = bodies(run_name, events, seed)
    own = own + conflicting(own, rng)
    match name:
        case "duplicated":
            own = [body for body in own for _ in range(3)]
        case "late":
            own = own[len(own) // 5 :] + own[: len(own) // 5]  # 16 of 80 weeks late
    if name in {"shuffled", "duplicated"}:
        rng.shuffle(own)
    load = Load(place, own, skew=timedelta(hours=rng.choice([-5, 5])) if name == "skewed" else timedelta())
    if name in {"gateway-killed", "worker-added"}:
        load.gateway, load.port = gateway(place)
    try:
        load.start()
        fault(load, rng)
        load.join()
    finally:
        if load.gateway:
            load.gateway.stop()
    place.ready()
    with place.app() as app:
        app.bring_up_to_date(datetime.now(UTC))
        found = app.verify()
        connection = app.private.connection
        rows = connection.rows(
            "SELECT source, id, count(), uniqExact(content) FROM {private}.events FINAL "
            "WHERE source LIKE {run:String} GROUP BY source, id",
            run=f"/{run_name}/%",
        )
    cluster = cluster_of(place.settings)
    stored = {(source, identity) for source, identity, _, _ in rows}
    return Outcome(
        name,
        seed,
        len(load.acknowledged),
        len(stored),
        len(load.acknowledged - stored),
        sum(count - contents for _, _, count, contents in rows),
        found.equal,
        found.compared,
        sum(lag(cluster, topic) for topic in (topics.USAGE, topics.MARKS, topics.REJECTED)),
        time.monotonic() - started,
    )
