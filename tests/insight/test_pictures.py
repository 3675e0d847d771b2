"""Pictures come from a process that draws, whatever becomes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nytta.insight import pictures


def bars(*heights: int) -> dict[str, Any]:
    return {
        "data": {"values": [{"x": place, "y": height} for place, height in enumerate(heights)]},
        "mark": "bar",
        "encoding": {"x": {"field": "x", "type": "ordinal"}, "y": {"field": "y", "type": "quantitative"}},
    }


def test_pictures_are_drawn_in_both_forms() -> None:
    assert pictures.svg(bars(1, 2, 3)).startswith("<svg")
    assert pictures.png(bars(1, 2, 3), scale=1.5).startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_told_and_the_next_is_drawn() -> None:
    with pytest.raises(ValueError, match=r"\S"):
        pictures.svg({"mark": 17})
    assert pictures.svg(bars(1)).startswith("<svg")


def test_a_process_that_was_killed_is_started_again() -> None:
    drawn = pictures.svg(bars(4, 2))
    process = pictures._artist._process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    assert pictures.svg(bars(4, 2)) == drawn
    assert pictures._artist._process is not process


def test_threads_get_each_their_own() -> None:
    with ThreadPoolExecutor(4) as threads:
        drawn = list(threads.map(lambda height: pictures.svg(bars(height)), range(1, 9)))
    assert drawn == [pictures.svg(bars(height)) for height in range(1, 9)]
    assert len(set(drawn)) > 1


@pytest.mark.parametrize("patience", [0.2, 60.0])
def test_it_ends_when_nobody_asks_and_with_whoever_asked(patience: float) -> None:
    folder = Path(pictures.__file__).parent
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); import artist; artist.PATIENCE = {patience}"
    with subprocess.Popen([sys.executable, "-c", f"{program}; artist.main()"], stdin=subprocess.PIPE) as process:
        assert process.stdin
        if patience > 1:
            process.stdin.close()
        assert process.wait(timeout=30) == 0


def test_it_says_nothing_where_whoever_asked_was_killed_meanwhile() -> None:
    question = json.dumps({"format": "svg", "spec": bars(3)}).encode()
    with subprocess.Popen(
        [sys.executable, str(Path(pictures.__file__).with_name("artist.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(len(question).to_bytes(4, "big") + question)
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""
