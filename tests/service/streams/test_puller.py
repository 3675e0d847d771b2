"""A puller beside workers, through a real broker: killed and doubled, it loses nothing and doubles nothing."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from tests.ingest.pull.servicenow import TICKETS, FakeServiceNow
from tests.organisations import SMALL_COUNTY
from tests.service.streams.test_alerter import nytta
from tests.support.broker import Broker
from tests.support.installation import Installation
from tests.support.processes import HTTP, Process, free_port, python, until

pytestmark = pytest.mark.slow
FAULTS = {"429": 0.02, "500": 0.02, "truncated": 0.02, "empty": 0.02, "dropped": 0.02}


@pytest.fixture(scope="module")
def place(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A store, topics and a worker, with the registry of the small county."""
    made = Installation(tmp_path_factory.mktemp("puller"), broker)
    for name, content in SMALL_COUNTY.items():
        (made.registry / name).write_bytes(content)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def said(pullers: Sequence[Process]) -> str:
    return "".join(one.log.read_text("utf-8", "replace") for one in pullers if one.log.exists())


def pulled(place: Installation, *words: str) -> dict[str, Any]:
    done: subprocess.CompletedProcess[str] = nytta(place, "pull", "desk", "--json", *words)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def tells(port: int) -> bool:
    """Whether a puller tells Prometheus that it has read its source."""
    try:
        told = HTTP.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    except httpx.HTTPError:
        return False
    moment = re.search(r'^nytta_source_read_timestamp_seconds{source="desk"} (\S+)$', told, re.MULTILINE)
    return moment is not None and float(moment[1]) > 0


def test_pullers_that_are_killed_lose_nothing_and_double_nothing(place: Installation) -> None:
    fake = FakeServiceNow(400, in_one_second=150, busy=5, faults=FAULTS, clock=600, seed=5)
    left = [4]
    with fake.served() as address:
        (place.registry / "sources.yaml").write_text(
            f"sources:\n  - {{id: desk, kind: servicenow, address: '{address}', system: cases,\n"
            "     minutes: 1, settings: {page: 50}}\n"
        )
        ports = free_port(), free_port()
        pullers = [
            Process(
                python("-m", "nytta", "puller", "--port", str(port)),
                place.folder / f"puller-{number}.log",
                place.environment,
                supervised=True,
            )
            for number, port in enumerate(ports)
        ]

        def before() -> None:
            if not left:
                return
            left[0] -= 1
            if left[0] == 0:
                left.pop(0)
                for one in pullers:  # one of them asks
                    one.kill()

        fake.before = before
        try:
            for one in pullers:
                one.start()
            until(lambda: not left and "desk: live round good" in said(pullers), "a round to its end", pullers[0].log)
            until(lambda: sorted(map(tells, ports)) == [False, True], "one to tell of its source", pullers[0].log)
        finally:
            for one in pullers:
                one.stop()
        fake.faults = {}
        fake.settle()
        assert pulled(place)["state"] == "good"
        fake.delete(20)
        assert pulled(place, "--reconcile")["retracted"] > 0
        again = pulled(place)
        assert (again["state"], again["events"], again["retracted"]) == ("good", 0, 0)
        with place.app() as app:
            app.bring_up_to_date(datetime.now(UTC))
            assert [tuple(row) for row in app.private.connection.rows(TICKETS)] == fake.expected()
            assert app.verify().equal
    assert not [raw for raw in ("somebody@example", "agent1@example", "printer of Ann") if raw in said(pullers)]
