"""The transparency page says what is really there: models, registry and rules, in three languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import yaml

from nytta.indicators.load import load, purposes
from nytta.ingest.events.models import TYPES
from nytta.registry import declarations
from nytta.registry.load import read
from nytta.registry.registry import Registry
from nytta.registry.units import LANGUAGES
from nytta.surfaces.transparency import page, texts_needed
from tests.organisations import SMALL_COUNTY

DAY = date(2026, 6, 1)
SCHEMAS = declarations.schemas()
TEXTS = yaml.safe_load((SCHEMAS / "transparency.yaml").read_bytes())
DEFINITIONS = load(SCHEMAS / "indicators").definitions
PURPOSES = purposes(SCHEMAS / "purposes.yaml")


@pytest.fixture(scope="module")
def registry() -> Registry:
    more = b"disposals:\n  - {rule: persons, decision: KS 2026/7}\n"
    systems = SMALL_COUNTY["systems.yaml"] + b"  - {id: chat, name: Chat, processing: false}\n"
    files = {"organisation.yaml": SMALL_COUNTY["organisation.yaml"] + more, "systems.yaml": systems}
    loaded = read(files)
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def shown(registry: Registry, language: str, **more: Any) -> dict[str, Any]:
    return page(language, registry, DEFINITIONS, PURPOSES, TEXTS, DAY, **more)


def test_every_text_has_its_translations_and_none_is_left_over() -> None:
    assert sorted(TEXTS) == sorted(texts_needed())
    for text, said in TEXTS.items():
        assert said.keys() == {"sv", "nb"}, text
        assert said["sv"].strip()
        assert said["nb"].strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_and_field_is_told(registry: Registry, language: str) -> None:
    collected = {each["event"]: each for each in shown(registry, language)["collected"]}
    assert {n: {f["name"] for f in each["fields"]} for n, each in collected.items()} == {
        name: set(model.model_fields) for name, model in TYPES.items()
    }
    for each in collected.values():
        assert each["meaning"]
        assert each["kept"]
        assert all(f["meaning"] for f in each["fields"])


def test_ids_of_persons_cases_tickets_and_devices_are_pseudonyms(registry: Registry) -> None:
    fields = {
        (e["event"], f["name"]) for e in shown(registry, "en")["collected"] for f in e["fields"] if f["pseudonym"]
    }
    assert {name for _, name in fields} == {"actor", "case", "client", "ticket"}
    assert not {f for event, f in fields if event == "nytta.change.pulse.v1"}  # a survey has no field for a person


def test_a_page_as_a_reader_sees_it(registry: Registry) -> None:
    told = shown(registry, "sv", sources={"/hr": ["people.eligibility"], "/cases": ["case.opened", "case.step"]})
    eligibility = next(e for e in told["collected"] if e["event"] == "nytta.people.eligibility.v1")
    assert eligibility == {
        "event": "nytta.people.eligibility.v1",
        "meaning": "En person hör till en enhet och förväntas använda ett system, från en dag till en annan.",
        "person": True,
        "kept": (
            "Personers handlingar, behörighet, närvaro och utbildning, och vem som handlade ett ärende: 26 veckor "
            "efter mottagandet.",
        ),
        "sources": ("/hr",),
        "fields": eligibility["fields"],
    }
    assert eligibility["fields"][3] == {
        "name": "actor",
        "meaning": "Personen, som pseudonym.",
        "required": True,
        "pseudonym": True,
    }
    assert told["systems"][1] == {
        "system": "chat",
        "name": "Chat",
        "processed": False,
        "stops": [{"from": "1970-01-01", "until": "2149-06-06"}],
    }
    support = next(p for p in told["purposes"] if p["purpose"] == "support-need")
    assert support["text"].startswith("Följa upp på enhetsnivå behovet av stöd")
    assert {"tickets-per-100", "ticket-channel-mix"} <= {i["indicator"] for i in support["indicators"]}
    assert support["organisations"] == [
        {
            "organisation": "county",
            "public_data": False,
            "legal_basis": "public task",
            "dpia": "DPIA 1",
            "consulted_on": "2025-11-03",
            "missing": [],
        }
    ]
    assert told["kept"][0] | {"text": ""} == {
        "rule": "persons",
        "text": "",
        "days": 182,
        "decisions": {"county": "KS 2026/7"},
    }
    assert told["seen_by"][3] == {
        "role": "employee_representative",
        "name": "Facklig representant",
        "sees": [
            "Siffror om enheten och enheter under den, så långt reglerna visar dem",
            "Denna sida",
            "Vem som läste siffror om vilken enhet",
            "Vad som har gallrats",
        ],
    }


def test_what_is_kept_of_whoever_signs_in(registry: Registry) -> None:
    assert shown(registry, "nb")["sign_in"].startswith("Den som logger inn: e-postadresse og grupper beholdes")


def test_every_indicator_stands_under_its_purpose(registry: Registry) -> None:
    told = [i["indicator"] for p in shown(registry, "nb")["purposes"] for i in p["indicators"]]
    assert sorted(told) == [d.id for d in DEFINITIONS]
