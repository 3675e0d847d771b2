"""Words that readers do not use, kept out of everything that people read; numbers that inflect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nytta.surfaces.console.words import LANGUAGES, say, words
from tests.surfaces.wording import uninflected, unused

ROOT = Path(__file__).parents[2]
FILES = (
    "services/nytta/surfaces/console/words.yaml",
    "services/nytta/surfaces/reports/words.yaml",
    "services/nytta/insight/alerts/wordings/sv.py",
    "services/nytta/insight/alerts/wordings/nb.py",
    "services/nytta/insight/alerts/wordings/en.py",
    "services/nytta/insight/benefits/forecast.py",
    *(f"schemas/indicators/{path.name}" for path in sorted((ROOT / "schemas" / "indicators").glob("*.yaml"))),
    "schemas/derived.yaml",
    "schemas/transparency.yaml",
    *(f"dashboards/{path.name}" for path in sorted((ROOT / "dashboards").glob("*.json"))),
)


@pytest.mark.parametrize("file", FILES)
def test_nobody_reads_words_that_nobody_uses(file: str) -> None:
    text = re.sub(r"\s*\\\n\s*\\?", "", (ROOT / file).read_text("utf-8"))
    assert unused(text) == []


@pytest.mark.parametrize(
    ("language", "wrong", "right"),
    [
        ("sv", "1 larm är öppna, 2 ärende", "1 larm är öppet, 2 ärenden, 1\u00a0176 timmar, 0,1 timmar, 80 %"),
        ("nb", "1 uker, 80%", "1 uke, 12 enheter, 11 uker, 80\u00a0%"),
        ("en", "1 alerts are open, 80 %", "1 alert is open, 3 units, 21 weeks, 80%"),
    ],
)
def test_numbers_without_their_form_are_seen(language: str, wrong: str, right: str) -> None:
    assert len(uninflected(wrong, language)) == 2
    assert uninflected(right, language) == []


def test_numbers_inflect() -> None:
    assert say("sum_alerts", "sv", n=1, waiting=1, new=0).startswith("1 larm är öppet")
    assert say("sum_alerts", "sv", n=2, waiting=1, new=0).startswith("2 larm är öppna")
    assert say("sum_alerts", "en", n=1, waiting=1, new=0).startswith("1 alert is open")
    assert say("alerts_caption", "nb", n=1) == "1 varsel"


def test_each_form_for_one_stands_beside_the_form_for_many() -> None:
    for key, text in words().items():
        if key.endswith("_one") and key.removesuffix("_one") in words():
            many = words()[key.removesuffix("_one")]
            assert set(text) == set(many) == set(LANGUAGES)
            for language in LANGUAGES:
                names = set(re.findall(r"\{(\w+)\}", many[language]))
                assert set(re.findall(r"\{(\w+)\}", text[language])) <= names
