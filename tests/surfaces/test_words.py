"""Words that readers do not use, kept out of everything that people read; numbers that inflect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nytta.surfaces.console.words import LANGUAGES, say, words

ROOT = Path(__file__).parents[2]
UNUSED = (
    *("Digital inkomst", "Avsedd användning", "Räckvidd per vecka", "Återfall till papper", "Omarbete", "Bollning"),
    *("Kvarvarande gammal miljö", "säkerhetsintervall", "sikkerhetsintervall", "trädets ordning", "treets rekkefølge"),
    *(
        "ur kurs",
        "Ur kurs",
        "rätt kurs",
        "te av kurs",
        "löftet till förfallodagen",
        "left lying",
        "Left lying",
        "inte gör det:",
    ),
    *("väntat två gånger", '"Taget"', '"Tatt"', "digital utan att utnyttjas", "Antal bakom", "Vem som svarar"),
    *("nyttoansvarig", "hålla två vägar öppna", "för ny för att bedömas", "You look at this as", "Look as somebody"),
    *("As the machine", "intervals of certainty", "about as half a year before", "What is held back", "is to go;"),
)
"""What stood on pages before, and what public servants do not say."""

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
    found = [match[0] for word in UNUSED for match in re.finditer(rf".{{0,30}}(?<!\w){re.escape(word)}.{{0,20}}", text)]
    assert found == []


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
