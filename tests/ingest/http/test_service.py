"""`nytta up` as a whole: a process with its store, commands beside it, and what is left when it dies."""

from __future__ import annotations

import json
import os
import random
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from nytta.ingest.keys import load_or_make
from tests.ingest.http.conftest import event, of_unit
from tests.ingest.http.service import Service
from tests.support.commands import answer, nytta
from tests.support.processes import PATIENCE, until

pytestmark = pytest.mark.slow

PERSON = "ada@county.example"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two good events and one bad one, whose figures are there."""
    its = Service(tmp_path_factory.mktemp("service")).start()
    answer = its.post([of_unit("north", 1), of_unit("north", 2), of_unit("nowhere", 3)])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)

    def computed() -> bool:
        lines = its.metrics().splitlines()
        return "nytta_behind_seconds 0.0" in lines and "nytta_cell_seconds_count 0.0" not in lines

    until(computed, "the figures")
    yield its
    if its.process.poll() is None:
        its.stop()


def test_values_are_there_while_the_service_runs(service: Service) -> None:
    rows = service.answer("values", "--zone", "private", "--by", "month", "--indicator", "digital-intake")
    own = [(r["unit"], r["period"], r["numerator"], r["denominator"]) for r in rows if r["unit"] == "north"]
    assert own == [("north", "2026-03", 2, 2)]


def test_rejects_and_sources_are_there(service: Service) -> None:
    (reject,) = service.answer("rejects")
    assert (reject["reason"], reject["position"], reject["source"]) == ("unknown_unit", "event 3", "/cases")
    assert service.answer("sources")["sources"][0]["events"] == 2


def test_keys_are_made_and_rejects_are_sent_again_while_the_service_runs(service: Service) -> None:
    """The folder is told by the environment, which the service does not share: it is the same folder."""
    told = {"NYTTA_DATA": str(service.data)}
    made = answer("keys", "rotate", environment=told)
    assert [(row["organisation"], row["done"]) for row in made] == [("county", "nothing")]  # events came before
    assert [row["key"] for row in service.answer("keys", "list")] == ["county-1"]
    assert load_or_make(service.data / "key.json").persons.keys() == {"county"}
    before = len(service.answer("access"))
    assert answer("replay", "--dry-run", environment=told)["tried"] == 1
    latest = service.answer("access")[0]
    assert (len(service.answer("access")), latest["what"], latest["unit"]) == (before + 1, "private", "*")


def test_a_file_is_imported_from_where_the_command_was_given(service: Service, tmp_path: Path) -> None:
    (tmp_path / "more.ndjson").write_text(json.dumps(of_unit("south", 9)) + "\n")
    report = service.answer("import", "more.ndjson", cwd=tmp_path)
    assert (report["accepted"], report["duplicate"]) == (1, 0)
    again = service.answer("import", "more.ndjson", cwd=tmp_path)
    assert (again["accepted"], again["duplicate"]) == (0, 1)


def test_verify_is_equal_while_events_come_in(service: Service) -> None:
    ended = threading.Event()
    sent = []

    def send() -> None:
        number = 1000
        with httpx.Client(base_url=service.client.base_url, headers=service.client.headers, timeout=PATIENCE) as client:
            while not ended.is_set():
                number += 1
                headers = {"Content-Type": "application/cloudevents+json"}
                content = json.dumps(of_unit("south", number))
                sent.append(client.post("/events", content=content, headers=headers).status_code)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        found = service.answer("verify")
    finally:
        ended.set()
        sender.join()
    assert found["equal"], found
    assert found["compared"] > 0
    assert set(sent) == {202}


def test_a_command_that_fails_fails_here_too(service: Service) -> None:
    said = nytta("values", "--indicator", "nope", "--data", service.data, code=2).stderr
    assert "there is no indicator 'nope'" in said


def test_a_second_service_is_refused(service: Service) -> None:
    assert "a service runs here already" in nytta("up", "--data", service.data, code=1).stderr


def test_the_door_is_the_owners_alone(service: Service) -> None:
    file = service.data / "service.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    address = json.loads(file.read_text())["address"]
    assert address.startswith("http://127.0.0.1:")
    words = {"words": ["sources"]}
    assert httpx.post(f"{address}/command", json=words, headers={"Authorization": "Bearer x"}).status_code == 401
    assert service.client.post("/command", json=words).status_code == 404


def test_no_person_is_in_the_folder(service: Service) -> None:
    """Neither accepted nor refused events leave a raw id on disk."""
    read = 0
    for folder in (service.data, service.temporary):
        for above, _, names in os.walk(folder):
            for name in names:
                with suppress(FileNotFoundError):  # the engine takes parts away while one looks
                    assert PERSON.encode() not in (Path(above) / name).read_bytes(), (above, name)
                    read += 1
    assert read > 10


def test_stopping_answers_what_is_under_way_and_leaves_the_folder_free(service: Service) -> None:
    """The last of this module: the service is gone afterwards."""
    assert service.post([of_unit("north", 77)]).status_code == 202
    assert "everything acknowledged is stored" in service.stop()
    assert not (service.data / "service.json").exists()
    assert "77" in service.stored()


def test_a_file_of_a_dead_service_is_no_obstacle(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "service.json").write_text(json.dumps({"address": "http://127.0.0.1:9", "token": "x", "pid": 1}))
    told = answer("sources", "--data", data)
    assert told == {"sources": [], "imports": [], "unknown_units": {}, "rounds": []}
    assert not (data / "service.json").exists()


@pytest.mark.parametrize("kills", [4, pytest.param(10, marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The process dies between receiving and acknowledging: what was answered 202 is there, once."""
    seed = random.SystemRandom().randrange(1 << 32)
    with capsys.disabled():
        print(f"\n{kills} kills of the service, seed {seed}")
    chance = random.Random(seed)
    service = Service(tmp_path)
    acknowledged: set[str] = set()
    sent: list[list[dict[str, object]]] = []
    for _ in range(kills):
        service.start()
        senders = [
            threading.Thread(target=_send, args=(service, chance.random(), sent, acknowledged)) for _ in range(3)
        ]
        goal = len(acknowledged) + chance.randrange(200, 1200)
        for sender in senders:
            sender.start()
        end = time.monotonic() + PATIENCE
        while len(acknowledged) < goal and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.1)
        service.kill()
        for sender in senders:
            sender.join()
        torn(service.data / "accepted", chance)
        if chance.random() < 0.3:  # while it stores what it finds
            service.begin()
            time.sleep(chance.uniform(1, 6))
            service.kill()
    stored = service.stored()
    assert len(acknowledged) > 200
    assert acknowledged <= set(stored), f"lost with seed {seed}"
    assert len(stored) == len(set(stored)), f"doubled with seed {seed}"
    service.start()
    for batch in sent:  # a sender that heard nothing sends again
        assert service.post(batch).status_code == 202
    assert service.answer("verify")["equal"]
    service.stop()
    assert sorted(service.stored()) == sorted(str(e["id"]) for batch in sent for e in batch)


def torn(folder: Path, chance: random.Random) -> None:
    """Have the end of what was written last be torn, as when the power fails while it is written."""
    segments = sorted(folder.glob("*.segment"))
    if segments:
        content = segments[-1].read_bytes()
        with segments[-1].open("ab") as file:
            file.write(content[: chance.randrange(int.from_bytes(content[4:12], "little"))])


def _send(service: Service, seed: float, sent: list[list[dict[str, object]]], acknowledged: set[str]) -> None:
    """Send batches until the service is gone."""
    chance = random.Random(seed)
    with httpx.Client(base_url=service.client.base_url, headers=service.client.headers, timeout=PATIENCE) as client:
        for number in range(100_000):
            ids = [f"{seed}-{number}-{n}" for n in range(chance.choice([1, 20, 100]))]
            batch = [event(i, source="/kill") for i in ids]
            sent.append(batch)
            try:
                headers = {"Content-Type": "application/cloudevents-batch+json"}
                answer = client.post("/events", content=json.dumps(batch), headers=headers)
            except httpx.HTTPError:
                return
            assert answer.status_code in (202, 429), answer.text
            if answer.status_code == 202:
                acknowledged.update(ids)
