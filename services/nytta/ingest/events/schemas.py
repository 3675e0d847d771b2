"""The published contract, built from the models: JSON Schema of each type, AsyncAPI document, examples."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from nytta.ingest.events.envelope import EVENTS
from nytta.ingest.events.examples import Example, accepted, rejected

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FAMILIES: Final = ("case", "platform", "ticket", "change", "people", "benefit")


def build() -> dict[str, str]:
    """Every file of `schemas/events`: path below that folder to text. The same models give the same texts."""
    files = {schema_file(type_name): _json(json_schema(type_name)) for type_name in EVENTS}
    files["asyncapi.yaml"] = _yaml(asyncapi())
    for example in accepted():
        files[f"examples/accepted/{example.name}.json"] = _json(example.event)
    for example in rejected():
        files[f"examples/rejected/{example.name}.json"] = _json(_rejected(example))
    return files


def schema_file(type_name: str) -> str:
    """The file that holds the JSON Schema of an event type."""
    return f"{type_name}.schema.json"


def json_schema(type_name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a whole event of one type."""
    schema = _terse(EVENTS[type_name].model_json_schema())
    schema.pop("description", None)
    return {
        "$schema": DIALECT,
        "$id": f"urn:nytta:schema:{type_name}",
        "title": type_name,
        "description": EVENTS[type_name].__doc__,
        **schema,
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document: where events are sent, and in which form."""
    type_names = list(EVENTS)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:nytta:events",
        "info": {
            "title": "Nytta: usage events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in JSON from case-handling systems, client platforms, support "
            "desks and the programme. Actors, cases, tickets and clients are pseudonyms on every topic.",
            "license": {"name": "Apache-2.0"},
            "tags": [{"name": family} for family in _FAMILIES],
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": _servers(),
        "channels": _channels(type_names),
        "operations": {
            "receiveUsage": _receive("usage", "The usage processor reads the topic.", type_names),
            "receiveEvents": _receive("events", "The gateway takes events in.", type_names),
        },
        "components": {"messages": {type_name: _message(type_name) for type_name in type_names}},
    }


def _servers() -> dict[str, Any]:
    return {
        "kafka": {
            "host": "{broker}",
            "protocol": "kafka",
            "description": "The broker of the installation.",
            "variables": {"broker": {"default": "localhost:9092", "description": "Host and port."}},
        },
        "gateway": {
            "host": "{gateway}",
            "protocol": "http",
            "description": "The gateway of the installation; it makes pseudonyms of raw ids.",
            "variables": {
                "gateway": {"default": "localhost:8080", "description": "Host and port."}
            },
        },
    }


def _channels(type_names: list[str]) -> dict[str, Any]:
    return {
        "usage": {
            "address": "nytta.usage",
            "title": "Usage events",
            "description": "One CloudEvent per message, or a few hundred as NDJSON, one per line.",
            "servers": [{"$ref": "#/servers/kafka"}],
            "messages": _references(type_names),
        },
        "events": {
            "address": "/events",
            "title": "Usage events over HTTP",
            "description": "Structured, binary or batched CloudEvents, or NDJSON. 202 means durable.",
            "servers": [{"$ref": "#/servers/gateway"}],
            "messages": _references(type_names),
        },
    }


def _references(type_names: list[str]) -> dict[str, Any]:
    return {type_name: {"$ref": f"#/components/messages/{type_name}"} for type_name in type_names}


def _receive(channel: str, summary: str, type_names: list[str]) -> dict[str, Any]:
    return {
        "action": "receive",
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [
            {"$ref": f"#/channels/{channel}/messages/{type_name}"} for type_name in type_names
        ],
    }


def _message(type_name: str) -> dict[str, Any]:
    return {
        "name": type_name,
        "title": type_name,
        "summary": EVENTS[type_name].__doc__,
        "contentType": "application/cloudevents+json",
        "tags": [{"name": type_name.split(".")[1]}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./{schema_file(type_name)}"},
        },
    }


def _rejected(example: Example) -> dict[str, Any]:
    head: dict[str, Any] = {"reason": example.reason, "why": example.why}
    if example.event is not None:
        return head | {"event": example.event}
    try:
        return head | {"line": example.line.decode()}
    except UnicodeDecodeError:
        return head | {"line_base64": base64.b64encode(example.line).decode()}


def _terse(schema_node: Any) -> Any:
    """The schema without what says nothing: titles made of names, and null as the default."""
    if isinstance(schema_node, list):
        return [_terse(element) for element in schema_node]
    if not isinstance(schema_node, Mapping):
        return schema_node
    terse = {}
    for keyword, subschema in schema_node.items():
        if keyword == "title" or (keyword, subschema) == ("default", None):
            continue
        # names of fields, of which one may be called `title`
        if keyword in ("properties", "$defs"):
            terse[keyword] = {
                name: _terse(named_schema) for name, named_schema in subschema.items()
            }
        else:
            terse[keyword] = _terse(subschema)
    return terse


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
    return text
