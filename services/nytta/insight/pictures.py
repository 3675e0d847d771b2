"""Vega-Lite specifications as pictures. A process of its own draws them, which ends when nobody has asked for a while.

What draws is a browser's engine of 200 MB. Charts that were drawn are kept by whoever shows them, so that it is seldom
asked for.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

import orjson

_SCRIPT: Final = Path(__file__).with_name("artist.py")


class _Artist:
    """The process, started when it is first asked and again when it has ended."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def draw(self, question: dict[str, Any]) -> bytes:
        """The answer to a question. ValueError where the specification cannot be drawn."""
        question_body = orjson.dumps(question)
        with self._one:
            # it may end of itself just as it is asked, so a second one is asked where the first says nothing
            answer_bytes = self._asked(question_body) or self._asked(question_body)
        if not answer_bytes:
            raise ChildProcessError("the process that draws charts ended without an answer")
        if answer_bytes[:1] == b"-":
            raise ValueError(answer_bytes[1:].decode())
        return answer_bytes[1:]

    def _asked(self, question_body: bytes) -> bytes:
        """The sign and the body of the answer; nothing where the process has ended."""
        process = self._running()
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(len(question_body).to_bytes(4, "big") + question_body)
            process.stdin.flush()
            answer_head = process.stdout.read(5)
            answer_body = (
                process.stdout.read(int.from_bytes(answer_head[1:], "big"))
                if len(answer_head) == 5
                else b""
            )
        except OSError:
            answer_head = answer_body = b""
        if len(answer_head) == 5 and len(answer_body) == int.from_bytes(answer_head[1:], "big"):
            return answer_head[:1] + answer_body
        self._end(process)
        return b""

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end(self._process)
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # it ends with its input, not by Ctrl-C while a chart is under way
                start_new_session=True,
            )
        return self._process

    def end(self) -> None:
        """End the process, if there is one."""
        with self._one:
            if self._process is not None:
                self._end(self._process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # what could not be written is still in the buffer
                    continue
        process.wait()


_artist: Final = _Artist()
atexit.register(_artist.end)


def svg(spec: dict[str, Any]) -> str:
    """A specification drawn as SVG. ValueError where it is none."""
    return _artist.draw({"format": "svg", "spec": spec}).decode()


def png(spec: dict[str, Any], scale: float) -> bytes:
    """A specification drawn as PNG, `scale` pixels for each of the specification. ValueError where it is none."""
    return _artist.draw({"format": "png", "spec": spec, "scale": scale})
