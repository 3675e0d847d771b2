"""The compose file beside the code: the broker's version is that of the jars, and our parts run commands that exist."""

from __future__ import annotations

import re
from typing import Any

import yaml

from nytta.cli import MODULES
from tests.support.processes import ROOT

STACK = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = STACK["services"]


def test_our_parts_run_commands_that_exist() -> None:
    exist = {command for commands in MODULES.values() for command in commands}
    ours = {s["command"][0] for s in SERVICES.values() if s["image"].startswith("nytta:")}
    assert {"gateway", "migrate", "worker"} <= ours <= exist


def test_kafkas_version_is_that_of_the_jars() -> None:
    jars = re.search(
        r"kafka_2\.13</artifactId>\s*<version>([\d.]+)", (ROOT / "deploy/kafka/pom.xml").read_text("utf-8")
    )
    assert jars
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{jars[1]}"


def test_ports_are_open_to_this_machine_alone() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
