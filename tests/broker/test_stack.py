"""The compose file: pinned images, health checks, commands that exist; clean where a client can say so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from nytta import cli
from nytta.settings import Settings
from tests.support.processes import ROOT

STACK = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = STACK["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_health_is_asked(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d+\.\d+[\w.-]*$", service["image"]), service["image"]
    assert "healthcheck" in service or name == "migrate"


def test_our_parts_run_commands_that_exist() -> None:
    exist = {c.name or (c.callback.__name__ if c.callback else "") for c in cli.commands.registered_commands}
    ours = [s["command"][0] for s in SERVICES.values() if s["image"].startswith("nytta:")]
    assert sorted(ours) == ["gateway", "migrate", "worker"]
    assert set(ours) <= exist


def test_our_parts_are_told_by_settings_that_exist() -> None:
    told = {n for s in SERVICES.values() if s["image"].startswith("nytta:") for n in s["environment"]}
    assert told <= {f"NYTTA_{name.upper()}" for name in Settings.model_fields}


def test_kafkas_version_is_that_of_the_jars() -> None:
    jars = re.search(
        r"kafka_2\.13</artifactId>\s*<version>([\d.]+)", (ROOT / "deploy/kafka/pom.xml").read_text("utf-8")
    )
    assert jars
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{jars[1]}"


def test_ports_are_open_to_this_machine_alone() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="no docker-compose client is here")
def test_the_client_finds_nothing_wrong() -> None:
    passwords = {"NYTTA_CLICKHOUSE_PASSWORD": "x", "NYTTA_GRAFANA_PASSWORD": "x"}
    done = subprocess.run(
        ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"],
        env=os.environ | passwords,
        capture_output=True,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
