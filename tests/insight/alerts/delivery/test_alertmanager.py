"""Debian's Alertmanager takes, groups, silences and resolves our alerts; amtool shows them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from nytta.insight.alerts.delivery.channels import Channels
from nytta.insight.alerts.delivery.deliver import deliver
from nytta.insight.alerts.model import State
from nytta.insight.store.alerts import AlertStore, Changes
from tests.insight.alerts.delivery.conftest import alert, registry

CONFIG = """
route: {receiver: nobody, group_by: [organisation, system], group_wait: 1s, group_interval: 1s}
receivers: [{name: nobody}]
"""


def needed(name: str) -> str:
    """A program's path; without it the test is skipped, or fails where it is required."""
    found = shutil.which(name)
    if found is None:
        why = f"{name} is not here: apt-get install prometheus-alertmanager"
        if "alertmanager" in os.environ.get("NYTTA_REQUIRE", "").split(","):
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture
def manager(tmp_path: Path, free_port: int) -> Iterator[str]:
    program = needed("prometheus-alertmanager")
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG)
    url = f"http://127.0.0.1:{free_port}"
    with subprocess.Popen(
        [
            program,
            f"--config.file={config}",
            f"--storage.path={tmp_path}",
            f"--web.listen-address=127.0.0.1:{free_port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        for _ in range(300):
            try:
                if httpx.get(f"{url}/-/ready").is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
        process.kill()


def amtool(url: str, *words: str) -> Any:
    out = subprocess.run(
        [needed("amtool"), f"--alertmanager.url={url}", "--output=json", *words],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(out) if out.strip().startswith(("[", "{")) else out.strip()


def test_ours_are_taken_grouped_silenced_and_resolved(book: AlertStore, manager: str) -> None:
    channels = Channels(alertmanager=manager, address="https://nytta.town.example")
    now = datetime.now(UTC)
    book.commit("town", Changes(alerts=[alert("care"), alert("school")]), now)
    assert deliver(book, registry(), channels, now).problems == []

    shown = amtool(manager, "alert", "query")
    assert sorted(a["labels"]["unit"] for a in shown) == ["care", "school"]
    assert {a["labels"]["alertname"] for a in shown} == {"nytta_level"}
    assert "care: arken below comparable units" in {a["annotations"]["summary"] for a in shown}
    groups = httpx.get(f"{manager}/api/v2/alerts/groups").json()
    assert [(g["labels"], len(g["alerts"])) for g in groups] == [({"organisation": "town", "system": "arken"}, 2)]

    amtool(manager, "silence", "add", "unit=care", "--comment=known", "--author=desk", "--duration=1h")
    assert [a["labels"]["unit"] for a in amtool(manager, "alert", "query")] == ["school"]

    later = datetime.now(UTC)  # one that lies ahead would be no end yet
    ended = alert("school", State.INVALID, closed=now.date(), invalid="other")
    book.commit("town", Changes(alerts=[ended]), later)
    deliver(book, registry(), channels, later)
    for _ in range(100):
        left = [a["labels"]["unit"] for a in httpx.get(f"{manager}/api/v2/alerts").json()]
        if left == ["care"]:
            break
        time.sleep(0.1)
    assert left == ["care"]
