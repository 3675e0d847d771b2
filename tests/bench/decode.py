"""How many events a second of CPU `decode` takes in, beside pydantic one event at a time.

Run as `python tests/bench/decode.py [EVENTS] [EVENTS_PER_BODY]`; prints one line per case.
"""

import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from nytta.ingest.events import EVENTS, Pseudonymiser, decode, to_ndjson

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = Pseudonymiser("bench", bytes(range(32)))


def step(number: int, chance: random.Random, *, raw: bool, mixed: bool) -> dict[str, Any]:
    """A canonical event of about 400 bytes: a step of a case, or every other time a session where `mixed`."""
    actor, case = f"user{chance.randrange(3000)}", f"BYGG 2026-{number // 8:06}"
    common = {
        "unit": f"unit-{chance.randrange(200)}",
        "system": "permits",
        "actor": actor if raw else KEY.wire(actor),
        "actor_kind": "person",
    }
    if mixed and number % 2:
        name, data = (
            "platform.session",
            common | {"app": "case client", "feature": f"f{number % 9}", "actions": 3},
        )
    else:
        data = common | {
            "case": case if raw else KEY.wire(case),
            "case_type": f"permit {chance.randrange(5)}",
            "activity": f"Registrera ärende {chance.randrange(40)}",
            "mode": chance.choice(["digital", "manual", "paper"]),
            "channel": chance.choice(["web", "phone", "desk"]),
            "intended": chance.random() < 0.7,
        }
        name = "case.step"
    return {
        "specversion": "1.0",
        "id": f"{chance.getrandbits(128):032x}",
        "source": "https://permits.example/steps",
        "type": f"nytta.{name}.v1",
        "time": f"2026-02-{chance.randrange(10, 28)}T08:{chance.randrange(10, 60)}:{number % 50 + 10}.250Z",
        "sequence": str(number + 1),
        "data": data,
    }


def rate(work: Callable[[bytes], object], bodies: list[bytes], events: int) -> float:
    """Events a second of this process's CPU, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for body in bodies:
            work(body)
        best = min(best, time.process_time() - start)
    return events / best


def one_by_one(body: bytes) -> list[object]:
    """What the models alone cost: every line validated, nothing else done with it."""
    return [EVENTS["nytta.case.step.v1"].model_validate_json(line) for line in body.splitlines()]


def main(events: int = 100_000, size: int = 20_000) -> None:
    """Print the table."""

    def bodies(
        *, raw: bool = False, mixed: bool = False, change: Callable[[int, Any], Any] = lambda _, event: event
    ) -> Any:
        chance = random.Random(1)
        made = [change(n, step(n, chance, raw=raw, mixed=mixed)) for n in range(events)]
        return [to_ndjson(made[first : first + size]) for first in range(0, events, size)]

    def trusted(body: bytes) -> object:
        return decode(body, received_at=RECEIVED, pseudonymise=None)

    def edge(body: bytes) -> object:
        return decode(body, received_at=RECEIVED, pseudonymise=KEY)

    def every(nth: int, **attributes: Any) -> Callable[[int, Any], Any]:
        return lambda number, event: event | attributes if number % nth == 0 else event

    steps = bodies()
    cases: list[tuple[str, Callable[[bytes], object], list[bytes]]] = [
        ("decode, pseudonyms", trusted, steps),
        ("decode, raw ids to pseudonyms", edge, bodies(raw=True)),
        ("decode, two types", trusted, bodies(mixed=True)),
        ("decode, 1 in 100 malformed", trusted, bodies(change=every(100, time="yesterday"))),
        ("decode, 1 in 100 that is no JSON", trusted, [_cut(body) for body in steps]),
        ("decode, 1 in 100 with an extension", trusted, bodies(change=every(100, traceparent="00-ab-cd-01"))),
        ("decode, all with an extension", trusted, bodies(change=every(1, traceparent="00-ab-cd-01"))),
        ("decode, 500 a body", trusted, [b"".join(p) for p in _portions(steps, 500)]),
        ("pydantic one by one, not decoded", one_by_one, steps),
    ]
    print(f"{events} events, {size} a body, {len(b''.join(steps)) // events} bytes an event")
    for name, work, made in cases:
        print(f"{name:38} {rate(work, made, events):>10,.0f} events/s of CPU")


def _cut(body: bytes) -> bytes:
    lines = body.splitlines()
    return b"\n".join(line[:-1] if number % 100 == 0 else line for number, line in enumerate(lines))


def _portions(bodies: list[bytes], size: int) -> list[list[bytes]]:
    lines = b"".join(bodies).splitlines(keepends=True)
    return [lines[first : first + size] for first in range(0, len(lines), size)]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
