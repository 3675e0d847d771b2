"""The README's examples of sending events, typed in as they stand."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ingest.http.service import Service
from tests.support.commands import nytta
from tests.support.processes import PATIENCE, ROOT

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text("utf-8")


def test_the_examples_are_accepted(tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not here")
    block = README.split("## Send events")[1].split("```sh\n")[1].split("```")[0]
    before, sends = block.split("# one event, structured")
    story, up, token = before.strip().splitlines()
    out = tmp_path / "var" / "story"
    assert story.removeprefix(".venv/bin/nytta ") == "simulate --story case-system --out var/story"
    nytta("simulate", "--story", "case-system", "--out", out)
    assert up == ".venv/bin/nytta up --registry var/story/registry &"
    service = Service(tmp_path, out / "registry")
    words = token.removeprefix("TOKEN=$(.venv/bin/nytta ").removesuffix(")").replace("'", "").split()
    shown = nytta(*words, "--data", service.data).stdout.strip()
    service.start()
    try:
        script = sends.replace("http://127.0.0.1:8650", str(service.client.base_url).rstrip("/"))
        done = subprocess.run(
            ["bash", "-c", script.replace("curl ", "curl --silent --write-out '\\n' ")],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"TOKEN": shown, "PATH": "/usr/bin:/bin"},
            timeout=PATIENCE,
            check=False,
        )
        answers = [json.loads(line) for line in done.stdout.splitlines() if line]
        assert [(a["read"], a["accepted"]) for a in answers] == [(1, 1), (1, 1), (1000, 1000)], done
    finally:
        service.stop()
