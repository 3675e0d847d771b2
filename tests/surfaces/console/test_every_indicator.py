"""The page of every indicator of the catalogue, with figures; each in one of the languages."""

from __future__ import annotations

from html import unescape
from itertools import cycle

import pytest

from nytta.indicators.load import load
from nytta.registry import declarations
from nytta.surfaces.console.words import LANGUAGES
from tests.surfaces.console.world import World

pytestmark = pytest.mark.slow

DEFINITIONS = load(declarations.schemas() / "indicators").definitions


def test_the_page_of_every_indicator_shows_its_title_question_and_figures(own: World) -> None:
    """Figures of weekly breadth stand for those of all others."""
    connection = own.app.open.connection
    for definition in DEFINITIONS:
        if definition.id != "weekly-breadth":
            part = definition.parts[0] if definition.parts else ""
            connection.run(
                f"INSERT INTO {{open}}.published_values SELECT * REPLACE ('{definition.id}' AS indicator, "
                f"'{definition.display.unit_of_measure}' AS unit_of_measure, '{part}' AS part) "
                "FROM {open}.published_values AS p WHERE p.indicator = 'weekly-breadth'"
            )
    for definition, language in zip(DEFINITIONS, cycle(LANGUAGES), strict=False):
        answer = own.visit("lead", language).get(f"/indicators/{definition.id}?unit=u00&system=arken")
        assert answer.status_code == 200, (definition.id, answer.text)
        text = unescape(answer.text)
        assert getattr(definition.title, language) in text, definition.id
        assert getattr(definition.question, language) in text, definition.id
        assert "<svg" in text, definition.id
