import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from nytta.ingest.events import TYPES, Reason, decode
from nytta.ingest.events.examples import RECEIVED_AT, Example, accepted, rejected
from nytta.ingest.events.models import MODELS
from nytta.ingest.events.reasons import MEANINGS
from nytta.ingest.events.schemas import build, json_schema

FOLDER = Path(__file__).parents[3] / "schemas" / "events"
# What a schema cannot see: it judges neither clocks, nor keys, nor a calendar, nor one field by another.
BEYOND_SCHEMAS = {"raw-actor", "raw-case", "future", "1970", "30-february", "week-60", "ends-before-start"}


def committed() -> dict[str, str]:
    return {
        str(path.relative_to(FOLDER).as_posix()): path.read_text("utf-8")
        for path in FOLDER.rglob("*")
        if path.is_file()
    }


def test_the_committed_files_are_those_the_models_make() -> None:
    made, found = build(), committed()
    assert sorted(made) == sorted(found), "run `make schemas`"
    for name, text in made.items():
        assert found[name] == text, f"{name} has drifted from the models: run `make schemas`"


def test_building_twice_makes_the_same() -> None:
    assert build() == build()


def outcome(line: bytes) -> Reason | None:
    made = decode(line, received_at=RECEIVED_AT, pseudonymise=None)
    return made.rejects[0].reason if made.rejects else None


def name_of(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", accepted(), ids=name_of)
def test_accepted_examples_pass_the_door_and_the_schema(example: Example) -> None:
    assert outcome(example.line) is None
    assert example.event is not None
    validator(example.event["type"]).validate(example.event)


@pytest.mark.parametrize("example", rejected(), ids=name_of)
def test_rejected_examples_pass_neither(example: Example) -> None:
    assert outcome(example.line) is example.reason
    if example.event is not None and example.name not in BEYOND_SCHEMAS:
        name = example.event["type"] if example.event["type"] in TYPES else "nytta.case.step.v1"
        assert not validator(name).is_valid(example.event)


def test_the_files_of_rejected_examples_hold_what_is_rejected() -> None:
    for path in sorted((FOLDER / "examples" / "rejected").glob("*.json")):
        stated = json.loads(path.read_text("utf-8"))
        if "event" in stated:
            line = json.dumps(stated["event"]).encode()
        else:
            line = stated["line"].encode() if "line" in stated else base64.b64decode(stated["line_base64"])
        assert outcome(line) == stated["reason"], path.name


def test_there_is_an_example_of_every_reason_a_line_can_have() -> None:
    of_files = {Reason.MALFORMED_ROW, Reason.MISSING_MAPPING_VALUE}
    of_tokens = {Reason.FORBIDDEN_SOURCE, Reason.FORBIDDEN_TYPE, Reason.FORBIDDEN_UNIT}
    elsewhere = {Reason.TOO_LARGE, Reason.UNKNOWN_UNIT, Reason.UNPLACED, Reason.FAULT} | of_files | of_tokens
    assert {example.reason for example in rejected()} == set(Reason) - elsewhere


@pytest.mark.parametrize("name", TYPES)
def test_schemas_are_schemas_and_describe_every_field(name: str) -> None:
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    data = schema["$defs"][TYPES[name].__name__]
    for described in (schema["properties"], data["properties"]):
        assert all(field["description"].endswith((".", "`.")) for field in described.values())
    assert data["additionalProperties"] is False


def test_asyncapi_refers_to_what_is_there() -> None:
    document = yaml.safe_load(build()["asyncapi.yaml"])
    assert document["asyncapi"] == "3.0.0"
    assert set(document["components"]["messages"]) == set(TYPES)
    for reference in references(document):
        if reference.startswith("#/"):
            target = document
            for part in reference[2:].split("/"):
                target = target[part]
        else:
            assert reference.removeprefix("./") in build()


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for each in node for found in references(each)]
    if isinstance(node, dict):
        return [node["$ref"]] if "$ref" in node else references(list(node.values()))
    return []


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json_schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_every_reason_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Reason)
    assert all(reason.meaning.endswith(".") and "\n" not in reason.meaning for reason in Reason)


def test_every_model_says_what_it_is_about() -> None:
    for model in MODELS:
        assert model.subject in model.model_fields
        assert model.__doc__
        assert model.type_name() == f"nytta.{model.name}.v1"
    assert len(TYPES) == len(MODELS)


def test_a_pulse_answer_has_no_field_for_a_person() -> None:
    fields = TYPES["nytta.change.pulse.v1"].model_fields
    assert not {"actor", "actor_kind", "person", "subject"} & set(fields)
