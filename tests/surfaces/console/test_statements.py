"""No sentence of a page says what the tables beside it do not."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from nytta.demo import STORIES
from nytta.indicators.load import load
from nytta.registry import declarations
from nytta.surfaces.console.words import LANGUAGES
from tests.surfaces.console.statements import Page, PageTable, contradictions, facts_of, miscounted, unsupported, walk
from tests.surfaces.console.world import World
from tests.surfaces.wording import mail_text, uninflected, unused

ROOT = Path(__file__).parents[3]
SIGN_IN = r"\S+/sign-in/\S+"
MAP = PageTable(
    "Units in Arken", ("Unit", "Weekly breadth", "Alert"), (("Town", "30 (30%)", ""), ("U", "20 (20%)", ""))
)


def titles(language: str) -> list[str]:
    return [
        getattr(definition.title, language) for definition in load(declarations.schemas() / "indicators").definitions
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_a_town_say_what_their_tables_say(seen: World, language: str) -> None:
    done = walk(seen.visit("lead", language), language, titles(language))
    assert not done.wrong, "\n".join(done.wrong)
    assert done.pages > 10
    assert done.facts > 20


FURTHEST = ("Unit", "Indicator", "Figure", "Held against")


@pytest.mark.parametrize(
    ("sentences", "tables"),
    [
        (("Weekly breadth in U is 25% (week 3, 2026).",), ()),
        ((), (PageTable("Units furthest below", FURTHEST, (("U", "Weekly breadth", "about 35%", "target 80%"),)),)),
    ],
    ids=["sentence", "row"],
)
def test_what_differs_from_the_map_is_a_contradiction(
    sentences: tuple[str, ...], tables: tuple[PageTable, ...]
) -> None:
    page = Page("Town", sentences, (MAP, *tables), {})
    assert [fact.place for fact in contradictions(facts_of(page, "en", ["Town", "U"], titles("en")))] == ["U"]
    same = Page("Town", ("Weekly breadth in U is about 20% (week 3, 2026).",), (MAP,), {})
    assert not list(contradictions(facts_of(same, "en", ["Town", "U"], titles("en"))))


def test_a_number_that_no_table_holds_is_seen() -> None:
    page = Page("Town", ("1,176 hours a year are not realised yet.", "Similar units are at 20%."), (MAP,), {})
    assert [number for _, number in unsupported(page, "en")] == ["1176"]


def test_a_summary_that_counts_otherwise_is_seen() -> None:
    sentences = (
        "2 units are shown by themselves and 0 smaller ones with their group, through week 3, 2026.",
        "3 alerts are open. Waiting for an answer: 1. New since last week: 0.",
    )
    assert len(list(miscounted(Page("Town", sentences, (MAP,), {"Open alerts": "2 1 waits for an answer"}), "en"))) == 2


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("story", [story for story in STORIES if story != "all"])
def test_the_pages_of_a_story_say_what_their_tables_say(story: str, seed: int, tmp_path: Path) -> None:
    """Every page of figures that the person at the machine reaches; over the seeds a story is read in each language."""
    language = [*LANGUAGES][seed % len(LANGUAGES)]
    with running(tmp_path, story, seed) as link, signed_in(link) as visit:
        visit.get(f"/language/{language}")
        done = walk(visit, language, titles(language))
        assert not done.wrong, "\n".join(done.wrong)
        assert done.facts > 50


@contextmanager
def running(folder: Path, story: str, seed: int) -> Iterator[str]:
    """A story of a seed, taken in and served: a link that signs in."""
    registry, data, told = str(folder / "story" / "registry"), str(folder / "data"), str(folder / "story")

    def run(*words: str, most: int = 0) -> None:
        done = subprocess.run([sys.executable, "-m", "nytta", *words], check=False, capture_output=True, text=True)
        assert done.returncode <= most, done.stdout + done.stderr

    # to the last closed week: pages of figures that have grown old leave most of a story out
    year, week, _ = (datetime.now(UTC) - timedelta(weeks=1)).isocalendar()
    run("simulate", "--story", story, "--seed", str(seed), "--until", f"{year}-W{week:02d}", "--out", told)
    run("import", f"{told}/events.ndjson", "--registry", registry, "--data", data)
    # 1 where mails found no server to go to
    run("alerts", "evaluate", "--registry", registry, "--data", data, most=1)
    with serving(folder, "--registry", registry, "--data", data) as (service, log):
        link = awaited(service, log, SIGN_IN)
        yield link


@contextmanager
def signed_in(link: str) -> Iterator[httpx.Client]:
    """A browser of the person at the machine; a link signs in once."""
    address = link.partition("/sign-in/")[0]
    with httpx.Client(base_url=address, follow_redirects=True, timeout=120, trust_env=False) as visit:
        visit.get(link)
        yield visit


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A service that `nytta up` starts, and its log."""
    log = folder / "service.log"
    with log.open("w", encoding="utf-8") as written:
        command = [sys.executable, "-m", "nytta", "up", "--port", "0", *words]
        service = subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT)
    try:
        yield service, log
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(120)


def awaited(service: subprocess.Popen[bytes], log: Path, pattern: str) -> str:
    """What a service writes into its log, once it does; fails where it ends before."""
    while (match := re.search(pattern, log.read_text("utf-8"))) is None:
        assert service.poll() is None, log.read_text("utf-8")
        time.sleep(0.5)
    return match[0]


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_the_demonstration_that_was_lived_says_what_its_tables_say(tmp_path: Path) -> None:
    """Its pages after twelve weeks of alerts and answers, and every mail that was sent meanwhile."""
    with serving(tmp_path, "--demo", "--data", str(tmp_path / "data")) as (service, log):
        link = awaited(service, log, SIGN_IN)
        awaited(service, log, "are lived through")
        mails = [mail_text(path.read_bytes()) for path in (tmp_path / "data" / "story" / "mails").glob("*.eml")]
        assert len(mails) > 10
        assert [words for text, language in mails for words in unused(text) + uninflected(text, language)] == []
        with signed_in(link) as visit:
            for language in LANGUAGES:
                visit.get(f"/language/{language}")
                done = walk(visit, language, titles(language))
                assert not done.wrong, "\n".join(done.wrong)
