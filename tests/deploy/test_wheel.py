"""The wheel in a clean environment: installed where no checkout is, it shows the first chart over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.support.processes import ROOT

pytestmark = pytest.mark.slow
_STARTING = 600.0  # seconds


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the checkout with an environment of its own, in which the wheel is installed.

    The dependencies are those of this environment: what is tried is the wheel, and no network is needed.
    """
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site), wheel],
        check=True,
        cwd=folder,
    )
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # ours stands before them
    return folder


def environment() -> dict[str, str]:
    """No way to the checkout, and no settings."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and not k.startswith("NYTTA_")}


def run(place: Path, *words: str, code: int = 0) -> str:
    """What a command of the wheel says to standard output; its exit code must be `code`."""
    command = [str(place / "venv" / "bin" / "python"), "-P", "-m", "nytta", *words]
    done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_it_is_the_wheel_that_runs_and_it_holds_what_the_program_reads(place: Path) -> None:
    code = (
        "import nytta, nytta.registry.declarations as c; print(nytta.__file__, c.schemas(), c.dashboards(), sep='\\n')"
    )
    command = [str(place / "venv" / "bin" / "python"), "-P", "-c", code]
    told = subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, check=True).stdout
    assert all(line.startswith(str(place / "venv")) for line in told.splitlines()), told
    with zipfile.ZipFile(next(place.glob("*.whl"))) as archive:
        held = set(archive.namelist())
    for folder in ("schemas", "dashboards", "services/nytta"):
        there = {
            f"nytta/{p.relative_to(ROOT / 'services/nytta' if folder.startswith('services') else ROOT)}"
            for p in (ROOT / folder).rglob("*")
            if p.is_file() and "__pycache__" not in p.parts
        }
        assert there <= held, sorted(there - held)[:5]
    for words in (["dashboards", "build", "--check"], ["schemas", "build", "--check"], ["doctor"]):
        run(place, *words)


@dataclass
class Shown:
    """A demonstration that runs: the link to its console, and the seconds until that was said."""

    process: subprocess.Popen[str]
    started: float
    link: str = ""
    seconds: float = 0.0
    lines: list[str] = field(default_factory=list)

    def wait(self, pattern: str) -> re.Match[str]:
        """The first line to come that matches."""
        assert self.process.stderr is not None
        watch = threading.Timer(_STARTING, self.process.kill)
        watch.start()
        try:
            for line in self.process.stderr:
                self.lines.append(line)
                if found := re.match(pattern, line):
                    return found
        finally:
            watch.cancel()
        raise AssertionError("".join(self.lines))


@contextmanager
def demonstration(place: Path) -> Iterator[Shown]:
    """`nytta up --demo`, from when its console's link is said; ended in order."""
    process = subprocess.Popen(
        [str(place / "venv" / "bin" / "python"), "-P", "-m", "nytta", "up", "--demo", "--port", "0"],
        cwd=place,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    shown = Shown(process, time.monotonic())
    try:
        shown.link = shown.wait(r"the console: (\S+)")[1]
        shown.seconds = time.monotonic() - shown.started
        yield shown
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0


def first_chart(link: str) -> tuple[str, str]:
    """The first page behind the link, and the first chart on it, as a browser without scripts gets them."""
    with httpx.Client(follow_redirects=True, timeout=60, trust_env=False) as client:
        page = client.get(link)
        form = re.search(r'<form[^>]+action="([^"]+)"', page.text)
        if "/sign-in" in str(page.url) and form:  # the link asks before it is used up
            page = client.post(str(page.url.join(form[1])), headers={"Origin": link.partition("/sign-in")[0]})
        assert page.status_code == 200, page.text[:500]
        drawings = re.findall(r"<svg.+?</svg>", page.text, re.DOTALL)
        return page.text, max(drawings, key=len)  # the others are icons


def test_up_demo_shows_the_first_chart_and_again(place: Path, record_property: Callable[[str, object], None]) -> None:
    with demonstration(place) as shown:
        page, chart = first_chart(shown.link)
        assert len(re.findall(r"<(?:path|rect|circle|line)\b", chart)) > 10, page[:3000]  # figures, no empty frame
        record_property("seconds_to_first_chart", round(shown.seconds, 1))
        print(f"first chart after {shown.seconds:.1f} seconds")
        before = run(place, "sources", "--json")
    with demonstration(place) as again:  # what the first start did not live through is lived through now
        assert run(place, "sources", "--json") == before  # nothing came twice
        assert again.seconds < shown.seconds
        again.wait(r"its last twelve weeks are lived through")
        lived_through(place)
        assert "equal" in run(place, "verify")


def lived_through(place: Path) -> None:
    """Weeks in which people were told, reminded, answered or did not, and things came to an end."""
    alerts = json.loads(run(place, "alerts", "--all", "--json"))
    assert len({alert["opened"] for alert in alerts if alert["opened"]}) > 2  # not all on one day
    assert {"acknowledged", "escalated", "closed"} <= {alert["state"] for alert in alerts}
    mails = sorted((place / "var" / "data" / "story" / "mails").iterdir())
    assert len({mail.name[:10] for mail in mails}) > 5, mails


def test_up_demo_does_not_mix_with_anything_else(place: Path) -> None:
    assert "leave --registry out" in run(place, "up", "--demo", "--registry", "x", code=2)
    (place / "other" / "store").mkdir(parents=True)
    assert "holds a store already" in run(place, "up", "--demo", "--data", "other", code=1)
