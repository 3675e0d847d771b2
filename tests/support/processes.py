"""Processes of a test: started, waited for, killed, and started anew by a supervisor as an installation's would be."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE = 600.0  # seconds; a busy machine is many times slower than a quiet one, and what hangs hangs longer

_FIRST_PAUSE, _LONGEST_PAUSE, _RAN = 0.1, 5.0, 10.0
"""Seconds until what ended is started anew, doubled where it ran for less than the last, as Docker does it."""

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of addresses without TLS: it knows no authority. Without it each client that is made reads all of them,
which costs 25 ms of a processor, and a test that waits asks ten times a second."""
HTTP = httpx.Client(
    timeout=PATIENCE,
    trust_env=False,
    verify=PLAIN,
    limits=httpx.Limits(max_keepalive_connections=0),
    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
)
"""Asks processes of tests. Each question is alone: it keeps no cookie, and no connection, which would delay an end."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def opens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def answers(url: str, status: int = 200) -> bool:
    """Whether an address answers with the status."""
    try:
        return HTTP.get(url, timeout=10).status_code == status
    except httpx.HTTPError:
        return False


def comes(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether a condition comes to hold within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def until(condition: Callable[[], bool], what: str, log: Path | None = None) -> None:
    """Return when the condition holds; TimeoutError, with the end of a log, when patience is at its end."""
    if not comes(condition):
        said = "\n" + log.read_text("utf-8", "replace")[-2000:] if log and log.exists() else ""
        raise TimeoutError(f"{what}: not within {PATIENCE:.0f} seconds{said}")


class Process:
    """A command in a process group of its own; what it says goes to `log`."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: dict[str, str] | None = None, *, supervised: bool = False
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.starts = 0
        self._environment = os.environ | {"PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"} | (environment or {})
        self._supervised = supervised
        self._stopping = threading.Event()
        self._started = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: threading.Thread | None = None

    def start(self) -> None:
        """Start it; a supervised one is started anew whenever it ends."""
        self._stopping.clear()
        self._spawn()
        if self._supervised:
            self._supervisor = threading.Thread(target=self._supervise, daemon=True)
            self._supervisor.start()

    def _spawn(self) -> None:
        self.starts += 1
        self._started = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env=self._environment, cwd=ROOT, start_new_session=True
            )

    def _supervise(self) -> None:
        """Start it anew when it has ended: soon where it had run for a while, else after twice the last pause."""
        pause = _FIRST_PAUSE
        while not self._stopping.wait(0.2):
            if self._process is None or self._process.poll() is None:
                continue
            pause = _FIRST_PAUSE if time.monotonic() - self._started > _RAN else min(2 * pause, _LONGEST_PAUSE)
            if not self._stopping.wait(pause):
                self._spawn()

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and all it started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it as `kill -9` does; a supervised one comes back."""
        process = self._process
        self.send(signal.SIGKILL)
        if process is not None:
            process.wait(30)

    def ended(self, number: signal.Signals, seconds: float) -> int:
        """The exit code after a signal, sent as a supervisor does; TimeoutExpired after so many seconds."""
        self._stopping.set()
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(seconds)

    def stop(self, seconds: float = 20) -> None:
        """Ask it to end, and see to it."""
        self._stopping.set()
        if self._supervisor:
            self._supervisor.join()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]
