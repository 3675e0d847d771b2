"""What three readers must get done, in a real Chromium, and every sentence on the way held against the store.

Line manager: from the message to an answer. Programme lead: from the overview to the report. IT operations: from a
rejected line to the proof that nothing is lost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from nytta.ingest.store.rejects import latest_rejects
from nytta.insight.alerts.model import State
from nytta.insight.store.alerts import AlertStore
from nytta.insight.store.statements import Statements
from nytta.surfaces.console.pages.alerts import address
from nytta.surfaces.console.words import LANGUAGES, say
from tests.insight.alerts.evaluation.conftest import DEFINITIONS
from tests.surfaces.console.browsing import chromium
from tests.surfaces.console.statements import (
    Page,
    contradictions,
    facts_of,
    miscounted,
    numbers_of,
    plain_text,
    read,
    unsupported,
)
from tests.surfaces.console.test_browser import page_of
from tests.surfaces.console.test_forms import alert
from tests.surfaces.console.world import NOW, World, statement
from tests.surfaces.wording import uninflected, unused

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@dataclass(slots=True)
class Journey:
    """Pages that somebody reads one after the other; each is held against the store and what was read before."""

    tab: Tab
    world: World
    language: str
    pages: list[Page] = field(default_factory=list)

    def read(self) -> Page:
        """The page that is open, every sentence of it found true."""
        html = self.tab.content()
        page = read(html)
        names, figures = self._published()
        titles = [getattr(definition.title, self.language) for definition in DEFINITIONS]
        plain = plain_text(html)
        assert unused(plain) + uninflected(plain, self.language) == [], self.tab.url
        assert list(unsupported(page, self.language, self.pages, names)) == [], self.tab.url
        assert list(miscounted(page, self.language)) == [], self.tab.url
        facts = facts_of(page, self.language, names, titles)
        assert list(contradictions(facts)) == [], self.tab.url
        for fact in facts:
            if fact.figure:
                figure = float(fact.figure.replace(",", "."))
                assert any(abs(figure - value) <= 0.5 for value in figures[fact.place, fact.matter]), fact
        self.pages.append(page)
        return page

    def _published(self) -> tuple[Sequence[str], Mapping[tuple[str, str], list[float]]]:
        """Names of units, and what is published last, in figures and under states, by names of unit and indicator."""
        store = self.world.app.open
        names = {row["unit"]: row[f"name_{self.language}"] for row in store.units()}
        titles = {definition.id: getattr(definition.title, self.language) for definition in DEFINITIONS}
        rows = [(row["unit"], row["indicator"], row["value"]) for row in store.latest()]
        for unit, rests in store.connection.rows("SELECT unit, figures FROM {open}.published_states"):
            rows += [(unit, indicator, value) for indicator, value in rests.items()]
        figures: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for unit, indicator, value in rows:
            if value is not None and indicator in titles:
                figures[names.get(unit, unit), titles[indicator]].append(value)
        return [*names.values()], figures


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_line_manager_from_the_message_to_an_answer(browser: Browser, own: World, language: str) -> None:
    told = alert(own)
    published = [
        row["value"]
        for row in own.app.open.values(grain="week", indicator=told.indicator, unit=told.key.unit)
        if row["value"] is not None and row["system"] == told.key.system
    ]
    figures = {str(round(value)) for value in published}
    message = next(
        outgoing.message
        for outgoing in AlertStore(own.app.open.connection).messages()
        if outgoing.unit == told.key.unit and outgoing.message.buttons
    )
    # a message is of its own week, which is not the last one any more
    assert numbers_of(message.body)[0] in figures
    tab = page_of(browser, own, "manager", language)
    journey = Journey(tab, own, language)
    tab.goto(address(told.id))
    page = journey.read()
    assert figures & {number for sentence in page.sentences for number in numbers_of(sentence)}
    tab.locator("nav.crumbs a").last.click()
    journey.read()
    tab.goto(address(told.id))
    tab.locator("#plan select[name=action]").select_option(index=1)
    due = NOW.date() + timedelta(days=20)
    tab.locator("#plan input[name=due]").fill(due.isoformat())
    tab.locator("#plan button").click()
    expect(tab.locator(".tagline")).to_contain_text(say("state_acknowledged", language))
    journey.read()
    answered = alert(own)
    assert answered.state is State.ACKNOWLEDGED
    assert answered.acknowledged is not None
    assert answered.acknowledged.due == due
    tab.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_programme_lead_from_the_overview_to_the_report(browser: Browser, seen: World, language: str) -> None:
    tab = page_of(browser, seen, "lead", language)
    journey = Journey(tab, seen, language)
    tab.goto("/benefits")
    benefits = journey.read()
    promise = statement().benefits[0]
    tab.goto("/")
    journey.read()
    tab.goto("/benefits/shorter")
    page = journey.read()
    assert promise.realised is not None
    achieved = str(round(promise.realised / 10))
    assert any(achieved in numbers_of(sentence) for sentence in page.sentences)
    assert any(achieved in numbers_of(cell) for table in benefits.tables for row in table.rows for cell in row)
    tab.goto("/benefits")
    report = tab.locator("a", has_text=say("report_html", language)).get_attribute("href")
    assert report
    text = seen.visit("lead", language).get(report).text
    plain = plain_text(text)
    assert unused(plain) + uninflected(plain, language) == []
    assert achieved in numbers_of(plain)
    kept = Statements(seen.app.open.connection).latest("town")
    assert kept is not None
    assert kept.statement == statement()
    tab.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_operations_from_a_reject_to_its_proof(browser: Browser, own: World, language: str) -> None:
    tab = page_of(browser, own, "administrator", language)
    journey = Journey(tab, own, language)
    assert len(latest_rejects(own.app.private)) == 1
    tab.goto("/operations")
    page = journey.read()
    assert any("/town/desk" in " ".join(row) for table in page.tables for row in table.rows)
    tab.goto("/operations?reason=unknown_unit")
    journey.read()
    tab.get_by_role("button", name=say("replay", language)).click()
    expect(tab.get_by_role("status")).to_have_text(re.compile(r"\b1\b.*\b1\b"))
    assert latest_rejects(own.app.private) == []
    journey.read()
    tab.context.close()
