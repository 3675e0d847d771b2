"""Example events: what is accepted, what is rejected, and why. They are part of the published contract."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from nytta.ingest.events.models import TYPES
from nytta.ingest.events.plans import PLANS
from nytta.ingest.events.reasons import Reason

RECEIVED_AT: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""When the examples are taken to have arrived."""


@dataclass(frozen=True, slots=True)
class Example:
    """One line of NDJSON and what becomes of it."""

    name: str
    why: str
    line: bytes
    reason: Reason | None
    """None where the event is accepted."""

    @property
    def event(self) -> dict[str, Any] | None:
        """The line as an object; None where it is none."""
        try:
            value = json.loads(self.line)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


def _wire(digit: str) -> str:
    return f"demo-2026a:{digit * 32}"


_SAMPLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "unit": "social-care-north",
        "system": "permits",
        "case_type": "building-permit",
        "actor": _wire("a"),
        "actor_kind": "person",
        "case": _wire("c"),
        "channel": "web",
        "activity": "Register application",
        "mode": "digital",
        "intended": True,
        "digital_route": True,
        "team": "Registry",
        "follows": True,
        "by_law": True,
        "end_to_end": True,
        "outcome": "granted",
        "client": _wire("d"),
        "legacy": False,
        "app": "case client",
        "feature": "draft decision",
        "actions": 3,
        "count": 2,
        "ticket": _wire("e"),
        "category": "case client",
        "how_to": True,
        "line": 1,
        "first_contact": True,
        "course": "digital case handling",
        "tier": "managers",
        "survey": "2026-spring",
        "item": "awareness",
        "score": 4,
        "milestone": "permits-live",
        "what": "live",
        "decision": "D-2026-04",
        "state": "acknowledged",
        "level": "2",
        "due": "2026-06-30",
        "role": "case handler",
        "fte": 80,
        "valid_from": "2026-01-01",
        "valid_to": "2026-07-01",
        "account": True,
        "licence": True,
        "week": "2026-W07",
        "persons": 14,
        "present_days": 610,
        "contract_days": 700,
        "benefit": "faster-permits",
        "value": 12500,
        "period_from": "2026-01-01",
        "period_to": "2026-02-01",
    }
)


def full(type_name: str) -> dict[str, Any]:
    """An event of the type with every field of its data."""
    return _event(
        type_name, {field.name: _SAMPLES[field.name] for field in PLANS[type_name].fields}
    )


def minimal(type_name: str) -> dict[str, Any]:
    """An event of the type with no more than it needs."""
    return _event(
        type_name,
        {field.name: _SAMPLES[field.name] for field in PLANS[type_name].fields if field.required},
    )


def accepted() -> list[Example]:
    """Examples of every type, and of what CloudEvents leaves to the sender."""
    examples = []
    for type_name in TYPES:
        examples.append(_accepted(type_name, "Every field.", full(type_name)))
        examples.append(
            _accepted(f"{type_name}.minimal", "No more than what is required.", minimal(type_name))
        )
    step_event = full(_STEP)
    return [
        *examples,
        _accepted(
            "extension-attributes",
            "Attributes Nytta does not know are kept.",
            step_event
            | {
                "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "sampled": True,
                "hop": 2,
            },
        ),
        _accepted(
            "sequence",
            "A sequence orders the events of a source; a number is accepted too.",
            step_event | {"sequence": 17},
        ),
        _accepted(
            "offset",
            "Any offset, up to nine digits of a second.",
            step_event | {"time": "2026-02-09T09:30:00.1234567+01:00"},
        ),
        _accepted(
            "null-is-absent",
            "Null is the same as an attribute or an optional field that is not there.",
            _with(step_event, channel=None, intended=None) | {"subject": None, "traceparent": None},
        ),
        _accepted(
            "surrounding-space",
            "White space around a text is removed.",
            _with(step_event, activity="  Register "),
        ),
        _accepted(
            "envelope",
            "All attributes of CloudEvents.",
            step_event
            | {
                "subject": "BYGG 2026-000123",
                "datacontenttype": "application/json; charset=utf-8",
                "dataschema": "urn:nytta:schema:nytta.case.step.v1",
            },
        ),
    ]


def rejected() -> list[Example]:
    """At least one example of every reason an event can be rejected for, but for `too_large`."""
    return [
        *_unreadable(),
        *_no_events(),
        *_surplus(),
        *_wrong_values(),
        *_wrong_attributes(),
        *_wrong_days(),
        *_clear_ids(),
        *_wrong_times(),
    ]


def _unreadable() -> list[Example]:
    """Lines that are no object."""
    step_line = _line(full(_STEP))
    return [
        _text("malformed_json", "The line is cut off.", step_line[:-2], Reason.MALFORMED_JSON),
        _text(
            "two-in-a-line",
            "One line holds one event.",
            step_line + step_line,
            Reason.MALFORMED_JSON,
        ),
        _text(
            "latin-1",
            "The file is ISO 8859-1.",
            step_line.replace(b"Register", "Förnya".encode("latin-1")),
            Reason.INVALID_ENCODING,
        ),
        _text(
            "array",
            "A list is no event; the gateway accepts batches.",
            b"[" + step_line + b"]",
            Reason.NOT_CLOUDEVENT,
        ),
    ]


def _no_events() -> list[Example]:
    """Objects that are no event of a known type, or lack what every event has."""
    step_event = full(_STEP)
    return [
        _rejected(
            "no-specversion",
            "The object is no CloudEvent.",
            _without(step_event, "specversion"),
            Reason.NOT_CLOUDEVENT,
        ),
        _rejected(
            "specversion-0.3",
            "An old version.",
            step_event | {"specversion": "0.3"},
            Reason.UNSUPPORTED_VERSION,
        ),
        _rejected(
            "type-v2",
            "There is no version 2 of this type.",
            step_event | {"type": "nytta.case.step.v2"},
            Reason.UNSUPPORTED_VERSION,
        ),
        _rejected(
            "unknown-type",
            "No such type.",
            step_event | {"type": "nytta.case.paused.v1"},
            Reason.UNKNOWN_TYPE,
        ),
        _rejected(
            "no-id",
            "An event without id has no identity.",
            _without(step_event, "id"),
            Reason.MISSING_FIELD,
        ),
        _rejected(
            "no-time", "Every event says when.", _without(step_event, "time"), Reason.MISSING_FIELD
        ),
        _rejected(
            "no-data", "Every event says what.", _without(step_event, "data"), Reason.MISSING_FIELD
        ),
        _rejected(
            "unit-null",
            "Null is absent, and the unit is required.",
            _with(step_event, unit=None),
            Reason.MISSING_FIELD,
        ),
    ]


def _surplus() -> list[Example]:
    """Events that say what is not collected."""
    pulse = full(_PULSE)
    return [
        _rejected(
            "pulse-with-actor",
            "A pulse answer is anonymous.",
            _with(pulse, actor=_wire("a")),
            Reason.UNKNOWN_FIELD,
        ),
        _rejected(
            "session-duration",
            "Durations are not collected.",
            _with(full("nytta.platform.session.v1"), duration_s=340),
            Reason.UNKNOWN_FIELD,
        ),
    ]


def _wrong_values() -> list[Example]:
    """Data that are not what their fields hold."""
    step_event = full(_STEP)
    pulse_event = full(_PULSE)
    return [
        _rejected(
            "unknown-channel",
            "The list of channels is closed.",
            _with(step_event, channel="fax"),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "boolean-as-text",
            "A boolean is true or false.",
            _with(step_event, intended="yes"),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "boolean-as-number",
            "A boolean is true or false.",
            _with(step_event, intended=1),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "score-6", "A score is 1 to 5.", _with(pulse_event, score=6), Reason.INVALID_FIELD
        ),
        _rejected(
            "score-4.5",
            "A score is a whole number.",
            _with(pulse_event, score=4.5),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "blank-activity",
            "A required text says something.",
            _with(step_event, activity="  "),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "long-activity",
            "A text has at most 512 characters.",
            _with(step_event, activity="a" * 513),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "control-character",
            "A text has no control characters.",
            _with(step_event, activity="a\u0007b"),
            Reason.INVALID_FIELD,
        ),
    ]


def _wrong_attributes() -> list[Example]:
    """Attributes of CloudEvents that are not what CloudEvents allow."""
    step_event = full(_STEP)
    return [
        _rejected(
            "source-with-space",
            "A source is a URI reference.",
            step_event | {"source": "case system"},
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "extension-name",
            "Attribute names are lower-case letters and digits.",
            step_event | {"trace_parent": "x"},
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "extension-object",
            "An attribute is a boolean, a whole number or a text.",
            step_event | {"trace": {"id": 1}},
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "xml",
            "Data are JSON.",
            step_event | {"datacontenttype": "application/xml"},
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "data-base64",
            "Data stand once: in data or, as bytes, in data_base64.",
            step_event | {"data_base64": "e30="},
            Reason.INVALID_FIELD,
        ),
    ]


def _wrong_days() -> list[Example]:
    """Days and periods that there are not."""
    step_event = full(_STEP)
    return [
        _rejected(
            "30-february",
            "There is no such day.",
            step_event | {"time": "2026-02-30T08:00:00Z"},
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "week-60",
            "There is no such week.",
            _with(full("nytta.people.presence.v1"), week="2026-W60"),
            Reason.INVALID_FIELD,
        ),
        _rejected(
            "ends-before-start",
            "A period ends after it starts.",
            _with(full("nytta.benefit.measured.v1"), period_to="2025-01-01"),
            Reason.INVALID_FIELD,
        ),
    ]


def _clear_ids() -> list[Example]:
    """Ids of persons and cases that are no pseudonyms."""
    step = full(_STEP)
    return [
        _rejected(
            "raw-actor",
            "Only pseudonyms pass.",
            _with(step, actor="anna.svensson"),
            Reason.RAW_ACTOR,
        ),
        _rejected(
            "raw-case",
            "Only pseudonyms pass.",
            _with(step, case="BYGG 2026-000123"),
            Reason.RAW_ACTOR,
        ),
    ]


def _wrong_times() -> list[Example]:
    """Times that cannot be, or name no instant."""
    step_event = full(_STEP)
    return [
        _rejected(
            "future",
            "The clock of the source is wrong.",
            step_event | {"time": "2126-02-09T08:30:00Z"},
            Reason.FUTURE_TIME,
        ),
        _rejected(
            "1970",
            "The clock of the source was never set.",
            step_event | {"time": "1970-01-01T00:00:00Z"},
            Reason.IMPLAUSIBLE_TIME,
        ),
        _rejected(
            "no-offset",
            "A local time names no instant.",
            step_event | {"time": "2026-02-09T08:30:00"},
            Reason.AMBIGUOUS_TIME,
        ),
    ]


_STEP: Final = "nytta.case.step.v1"
_PULSE: Final = "nytta.change.pulse.v1"


def _event(type_name: str, event_data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "7f0c3f4e-5a39-4c53-9d0b-2f6a1f0e8a11",
        "source": "https://permits.example/events",
        "type": type_name,
        "time": "2026-02-09T08:30:00.250Z",
        "data": dict(event_data),
    }


def _with(event: Mapping[str, Any], **data: Any) -> dict[str, Any]:
    return {**event, "data": {**event["data"], **data}}


def _without(event: Mapping[str, Any], field_name: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != field_name}


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def _accepted(example_name: str, explanation: str, event: Mapping[str, Any]) -> Example:
    return Example(example_name, explanation, _line(event), None)


def _rejected(
    example_name: str, explanation: str, event: Mapping[str, Any], reason: Reason
) -> Example:
    return Example(example_name, explanation, _line(event), reason)


def _text(example_name: str, explanation: str, line: bytes, reason: Reason) -> Example:
    return Example(example_name, explanation, line, reason)
