"""What deploy/acls/kafka.sh asks of Kafka's own tool, read as that tool reads it."""

from __future__ import annotations

import os
import shlex
import subprocess
from argparse import ArgumentParser
from itertools import product
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(__file__).parents[2] / "deploy" / "acls" / "kafka.sh"


class Grant(NamedTuple):
    """One right that somebody is given. `kind` is `topic` or `group`."""

    principal: str
    operation: str
    kind: str
    name: str


def asked(folder: Path) -> set[Grant]:
    """Every right that the script gives; `folder` takes the tool that hears it in the place of Kafka's."""
    heard = folder / "heard"
    tool = folder / "kafka-acls.sh"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {heard}\n')
    tool.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    subprocess.run([SCRIPT, "broker:9092"], check=True, env=os.environ | {"PATH": path})
    grants: set[Grant] = set()
    for line in heard.read_text().splitlines():
        grants |= _read(shlex.split(line))
    return grants


def _read(words: list[str]) -> set[Grant]:
    parser = ArgumentParser(allow_abbrev=False)
    for flag in ("--add", "--force"):
        parser.add_argument(flag, action="store_true", required=True)
    for name in ("--bootstrap-server", "--command-config"):
        parser.add_argument(name, required=True)
    for name in ("--allow-principal", "--operation"):
        parser.add_argument(name, action="append", required=True)
    for name in ("--topic", "--group"):
        parser.add_argument(name, action="append", default=[])
    given = parser.parse_args(words)
    resources = [("topic", name) for name in given.topic] + [("group", name) for name in given.group]
    return {
        Grant(principal.removeprefix("User:"), operation, kind, name)
        for principal, operation, (kind, name) in product(given.allow_principal, given.operation, resources)
    }
