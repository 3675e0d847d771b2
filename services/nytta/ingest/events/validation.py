"""The one judge of a single event: a line of JSON becomes an event, or a reason why not."""

import base64
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from nytta.ingest.events.envelope import EVENTS, Event, Retraction
from nytta.ingest.events.lines import LONGEST_LINE
from nytta.ingest.events.models import TYPES
from nytta.ingest.events.plans import PLANS
from nytta.ingest.events.pseudonyms import parse
from nytta.ingest.events.reasons import Reason
from nytta.ingest.events.strings import LONGEST_TEXT
from nytta.ingest.events.times import EARLIEST

_LONGEST_DETAIL: Final = 500
"""Characters of a detail: an event may have as many problems as fields that nobody knows."""
_LONGEST_NAME: Final = 64
_LATEST_VERSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {f"nytta.{model.name}": type_name for type_name, model in TYPES.items()}
)
"""Family of event types, without the version, to the type that is supported."""


class Refused(Exception):
    """The event is not accepted. `detail` says where and what to change; it repeats no value of the event."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = (
            detail if len(detail) <= _LONGEST_DETAIL else detail[: _LONGEST_DETAIL - 1] + "…"
        )


def validate(line: bytes, *, latest: datetime, raw_ids: bool) -> Event | Retraction:
    """The event that one line of JSON holds, or the retraction of one.

    `latest` is the last time that is believed; `raw_ids` says whether ids that are no pseudonyms may pass.
    Raises Refused.
    """
    event_object = _object(line)
    # before anything else: what a retraction says beside its identity is not looked at
    if event_object.get("retracted") in (True, "true"):
        return _retraction(event_object, line, latest)
    if "data_base64" in event_object:
        line = _with_data(event_object)
    event = _model(event_object, line)
    _check_time(event.time, latest)
    if not raw_ids:
        _check_pseudonyms(event)
    return event


def _retraction(event_object: dict[str, Any], line: bytes, latest: datetime) -> Retraction:
    _check_head(event_object)
    try:
        retraction = Retraction.model_validate_json(line)
    except ValidationError as error:
        raise _refusal(error) from None
    if retraction.time is not None:
        _check_time(retraction.time, latest)
    elif retraction.data is not None and retraction.data.unit:
        raise Refused(Reason.MISSING_FIELD, "time: is required where a retraction names its unit")
    return retraction


def source_of(line: bytes) -> str:
    """The source that a refused line names, as far as one can be read; else an empty text."""
    try:
        event_object = from_json(line)
    except ValueError:
        return ""
    source = event_object.get("source") if isinstance(event_object, dict) else None
    # as long as a source may be: a reject must not carry more of a line that may hold anything
    return source[:LONGEST_TEXT] if isinstance(source, str) else ""


def _object(line: bytes) -> dict[str, Any]:
    """The JSON object of a line, as far as it takes to know that it is an event of a type we have."""
    # what is cheapest to see comes first, and tells a sender more than a parser's error would
    if len(line) > LONGEST_LINE:
        raise Refused(
            Reason.TOO_LARGE, f"the line has {len(line)} bytes: an event may have {LONGEST_LINE}"
        )
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise Refused(
            Reason.INVALID_ENCODING, f"byte {error.start + 1} is not UTF-8: send the file as UTF-8"
        ) from None
    if line.startswith(b"\xef\xbb\xbf"):
        raise Refused(
            Reason.MALFORMED_JSON, "starts with a byte order mark: send UTF-8 without one"
        )
    try:
        event_object = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(Reason.MALFORMED_JSON, str(error)) from None
    if not isinstance(event_object, dict):
        raise Refused(Reason.NOT_CLOUDEVENT, "is not a JSON object: send one CloudEvent per line")
    return event_object


def _with_data(event_object: dict[str, Any]) -> bytes:
    """The line of an event whose data are written as bytes, with the JSON that these are, as has `event_object`."""
    base64_text = event_object.pop("data_base64")
    if base64_text is not None and event_object.get("data") is not None:
        raise Refused(
            Reason.INVALID_FIELD,
            "data_base64: stands beside data: send the data once, as JSON in data",
        )
    if base64_text is not None:
        try:
            body = base64.b64decode(base64_text, validate=True)
            event_object["data"] = from_json(body, allow_inf_nan=False)
        except (TypeError, ValueError):
            detail = "data_base64: is not JSON in base64: send the data as JSON in data"
            raise Refused(Reason.INVALID_FIELD, detail) from None
    # as a line again: strict models take days and choices as texts from JSON alone
    return to_json(event_object, inf_nan_mode="constants")


def _check_head(event_object: dict[str, Any]) -> str:
    """The type of an event, if it is one that we have."""
    version, type_name = event_object.get("specversion"), event_object.get("type")
    if version is None:
        raise Refused(
            Reason.NOT_CLOUDEVENT, 'has no specversion: a CloudEvent says "specversion": "1.0"'
        )
    if version != "1.0":
        raise Refused(Reason.UNSUPPORTED_VERSION, 'specversion is not "1.0"')
    if type_name is None:
        raise Refused(Reason.MISSING_FIELD, "type: is required")
    if not isinstance(type_name, str):
        raise Refused(Reason.INVALID_FIELD, "type: is not a text")
    if type_name not in EVENTS:
        family, _, _version = type_name.rpartition(".v")
        latest_version = _LATEST_VERSIONS.get(family)
        if latest_version:
            raise Refused(
                Reason.UNSUPPORTED_VERSION,
                f"type: this version is not supported, {latest_version} is",
            )
        raise Refused(
            Reason.UNKNOWN_TYPE, "type: no event type has this name; schemas/events lists them"
        )
    return type_name


def _model(event_object: dict[str, Any], line: bytes) -> Event:
    type_name = _check_head(event_object)
    try:
        return EVENTS[type_name].model_validate_json(line)
    except ValidationError as error:
        raise _refusal(error) from None


def _check_time(time: datetime, latest: datetime) -> None:
    if time < EARLIEST:
        raise Refused(
            Reason.IMPLAUSIBLE_TIME,
            f"time: lies before {EARLIEST:%Y-%m-%d}: check the source's clock",
        )
    if time > latest:
        raise Refused(
            Reason.FUTURE_TIME,
            f"time: lies after {latest:%Y-%m-%dT%H:%M:%SZ}: check the source's clock and offset",
        )


def _check_pseudonyms(event: Event) -> None:
    for field in PLANS[event.type].identifiers:
        identifier = getattr(event.data, field)
        if identifier is not None and parse(identifier) is None:
            raise Refused(
                Reason.RAW_ACTOR,
                f"data.{field}: is no pseudonym: send key-id:32 hex digits, or use the gateway",
            )


# A reject has one reason: the first of these that one of its problems has. `detail` has all problems.
_ORDER: Final = (
    Reason.MALFORMED_JSON,
    Reason.MISSING_FIELD,
    Reason.UNKNOWN_FIELD,
    Reason.AMBIGUOUS_TIME,
    Reason.INVALID_FIELD,
)


_PATTERNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source": "is no URI reference: percent-encode spaces and letters beyond ASCII",
        "dataschema": "is no URI: percent-encode spaces and letters beyond ASCII",
        "datacontenttype": "is not a media type of JSON",
    }
)


def _refusal(error: ValidationError) -> Refused:
    # by text: alternatives that pydantic tried report the same problem several times
    problems: dict[str, Reason] = {}
    for problem in error.errors(include_url=False):
        reason, text = _problem(problem)
        problems.setdefault(text, reason)
    reason = min(problems.values(), key=_ORDER.index)
    return Refused(reason, "; ".join(problems))


def _problem(problem: ErrorDetails) -> tuple[Reason, str]:
    field_value = problem["input"]
    field_path = _place(problem)
    match problem["type"]:
        case "json_invalid":
            return Reason.MALFORMED_JSON, problem["msg"]
        case "missing":
            return Reason.MISSING_FIELD, f"{field_path}: is required"
        case _ if field_value is None:
            return Reason.MISSING_FIELD, f"{field_path}: is required, but null"
        case "extra_forbidden":
            return Reason.UNKNOWN_FIELD, f"{field_path}: this event type has no such field"
        case "ambiguous_time":
            return Reason.AMBIGUOUS_TIME, f"{field_path}: {problem['msg']}"
        case _ if problem["loc"] and problem["loc"][0] not in Event.model_fields:
            return (
                Reason.INVALID_FIELD,
                f"{field_path}: is no boolean, no 32-bit whole number and no text",
            )
        case "string_pattern_mismatch":
            detail = _PATTERNS.get(field_path, "is blank or holds control characters")
            return Reason.INVALID_FIELD, f"{field_path}: {detail}"
        case "value_error":
            return (
                Reason.INVALID_FIELD,
                f"{field_path}: {problem['msg'].removeprefix('Value error, ')}",
            )
        case _:
            message = problem["msg"]
            return Reason.INVALID_FIELD, f"{field_path}: {message[:1].lower()}{message[1:]}"


def _place(problem: ErrorDetails) -> str:
    """Where the problem is, such as `data.channel`, without the names of the alternatives pydantic tried."""
    location = [str(part) for part in problem["loc"]]
    depth = 2 if location[:1] == ["data"] else 1
    # a field that no model has is named by its sender, at whatever length
    names = [name[:_LONGEST_NAME] for name in location[:depth]]
    return ".".join(names) or "event"
