"""`nytta console`: the pages of an installation that gateway, workers and alerter share, behind one ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from nytta.cli.console import Backing
from nytta.insight.alerts.answers import Answer
from nytta.insight.alerts.kinds import Family, Kind
from nytta.insight.alerts.model import Alert, Key, State
from nytta.service import evaluation
from nytta.surfaces.console.services import CannotDo
from tests.support.broker import Broker
from tests.support.installation import Installation, installation
from tests.support.processes import Process, answers, free_port, python, until


class Elsewhere:
    """An installation whose alerts another process keeps; what it is told stands in `told`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Answer]] = []
        self.workers = SimpleNamespace(answer=lambda organisation, given: self.told.append((organisation, given)))


def test_answers_go_to_whoever_keeps_the_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    since = date(2026, 9, 28)
    alert = Alert(Key("north", "arken", Family.USE), Kind.LEVEL, State.OPEN, since, since, since, opened=since)
    asked: list[str] = []

    def answered(_: Any, given: Answer, __: datetime) -> tuple[str, Alert, Alert]:
        asked.append(given.alert)
        if given.alert != alert.id:
            raise evaluation.AnswerError("there is no such alert")
        return "county", alert, alert

    def here(*_: Any) -> None:
        pytest.fail("the book of alerts has one writer")

    monkeypatch.setattr(evaluation, "answered", answered)
    monkeypatch.setattr(evaluation, "answer", here)
    app = Elsewhere()
    backing = Backing(app, tmp_path, clock=lambda: datetime(2026, 11, 29, tzinfo=UTC))  # type: ignore[arg-type]
    given = Answer(alert.id, "take", action="Train the desk")
    backing.answer(given)
    assert app.told == [("county", given)]
    with pytest.raises(CannotDo, match="no such alert"):
        backing.answer(Answer("elsewhere", "take"))
    assert len(app.told) == 1


@pytest.fixture(scope="module")
def place(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("console"), broker, workers=1, units=3, partitions=2) as made:
        yield made


@pytest.mark.slow
def test_the_console_stands_beside_the_workers_and_says_when_the_store_is_away(place: Installation) -> None:
    port = free_port()
    console = Process(
        python("-m", "nytta", "console", "--port", str(port)),
        place.folder / "console.log",
        place.environment | {"NYTTA_ADDRESS": f"http://127.0.0.1:{port}"},
    )
    console.start()
    base = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{base}/readyz"), "the console", console.log)
        until(lambda: "/sign-in/" in console.log.read_text("utf-8"), "a link", console.log)
        with httpx.Client(base_url=base, timeout=120) as browser:
            link = next(w for w in console.log.read_text("utf-8").split() if "/sign-in/" in w)
            assert browser.get(link).status_code == 303
            # the store was read: nothing is published yet, and the page says so
            page = browser.get("/", headers={"Accept-Language": "en"})
            assert (page.status_code, "o figures" in page.text) == (404, True), page.text
            assert browser.get("/help").status_code == 200
            assert browser.post("/events", content=b"{}").status_code in (403, 404, 405)  # the gateway is elsewhere
        place.store.process.kill()
        until(lambda: answers(f"{base}/readyz", 503), "that the store is away", console.log)
        assert answers(f"{base}/healthz")
    finally:
        console.stop()
