"""What the OpenAPI document says of the gateway: bodies, and every status it can answer with."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from nytta.ingest.events.models import TYPES
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http import modes
from nytta.ingest.http.problems import MEDIA_TYPE


class RejectedEvent(BaseModel):
    """One event that was refused. It is kept, sealed, with its reason; `nytta rejects` lists it."""

    model_config = ConfigDict(extra="forbid")

    index: int = Field(
        ge=0, description="Which event of the request, counted from 0; of NDJSON, which line."
    )
    reason: Reason
    detail: str = Field(description="Where the problem is and what to change.")


class Result(BaseModel):
    """What became of a request's events. Those accepted are durable."""

    model_config = ConfigDict(extra="forbid")

    read: int = Field(ge=0, description="Events in the request.")
    accepted: int = Field(
        ge=0, description="Events that are durable; one that was there already counts too."
    )
    rejected: list[RejectedEvent]
    batch: str | None = Field(
        default=None,
        description="Where /events/batches/ tells what became of them; absent where that is not known.",
    )


class ProblemDetails(BaseModel):
    """A refusal, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened and what to change.")
    reason: Reason | None = Field(
        None, description="The reason, where all refused events have the same."
    )
    read: int | None = None
    accepted: int | None = None
    rejected: list[RejectedEvent] | None = None
    accepted_types: str | None = None


_MEANINGS: Final = {
    400: "The request cannot be read: malformed JSON, text that is not UTF-8, no CloudEvent.",
    401: "There is no valid token.",
    403: "The token may not send these events.",
    404: "There is no such resource.",
    405: "The resource has no such method.",
    408: "The body came too slowly.",
    413: "The body, or an event, is too large.",
    415: "The content type, charset or content encoding is not read here.",
    422: "CloudEvents, but none that may pass.",
    429: "Too much at once: wait as Retry-After says, then send the same again.",
    500: "A fault of the service. Nothing is acknowledged; send the same again.",
    503: "What stores the events is away. Nothing is acknowledged; send the same again.",
}

_RETRY_AFTER: Final = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}
}


class SourceCounts(BaseModel):
    """What became of the events of one source in a batch."""

    source: str
    events: int = Field(description="Identities in the batch.")
    accepted: int = Field(
        description="Of these, what says something new: nobody knew it, or it is newer."
    )
    superseded: int = Field(description="Of the accepted, what took the place of what was known.")
    duplicate: int = Field(
        description="What says nothing new: it was known, or something newer is."
    )
    conflict: int = Field(
        description="What says something else than is known, and neither is newer."
    )
    retracted: int = Field(description="Of the accepted, what was taken back.")


class BatchCounts(BaseModel):
    """What became of the events of a batch, as far as they are from the token's sources."""

    batch: str
    sources: list[SourceCounts]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers with problem details, for a route's `responses`."""
    answers: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        content = {MEDIA_TYPE: {"schema": _reference("ProblemDetails")}}
        answers[status] = {"description": _MEANINGS[status], "content": content}
        if status in (429, 503):
            answers[status]["headers"] = _RETRY_AFTER
    return answers


def _reference(schema_name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema_name}"}


_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A CloudEvent 1.0; schemas/events has the JSON Schema of each type.",
    "required": ["specversion", "id", "source", "type", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 512},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1, "maxLength": 512},
        "type": {"type": "string", "enum": sorted(TYPES)},
        "time": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
}


def _header(header_name: str, description: str) -> dict[str, Any]:
    return {
        "name": header_name,
        "in": "header",
        # whether it is needed depends on the mode, which OpenAPI cannot say
        "required": False,
        "description": description,
        "schema": {"type": "string"},
    }


POST_EVENTS: Final[dict[str, Any]] = {
    "security": [{"bearer": []}],
    "parameters": [
        _header("ce-specversion", "Binary mode: 1.0. Header values are percent-encoded."),
        _header("ce-id", "Binary mode: the id of the event."),
        _header("ce-source", "Binary mode: the source of the event."),
        _header("ce-type", "Binary mode: the type of the event."),
        _header("ce-time", "Binary mode: when it happened."),
        _header("Content-Encoding", "gzip, or absent."),
    ],
    "requestBody": {
        "required": True,
        "content": {
            modes.STRUCTURED: {"schema": _EVENT},
            modes.BATCH: {"schema": {"type": "array", "items": _EVENT}},
            modes.NDJSON: {
                "schema": {"type": "string", "description": "One structured event per line."}
            },
            "application/json": {
                "schema": {"type": "object", "description": "Binary mode: the data of the event."}
            },
        },
    },
}

POST_HOOKS: Final[dict[str, Any]] = {
    "parameters": [
        _header("X-Hub-Signature", "The signature of Zammad (sha1=…) and Jira (sha256=…)."),
        _header("X-Hub-Signature-256", "The signature of GitHub (sha256=…)."),
        _header("X-GLPI-Signature", "The signature of GLPI."),
        _header("X-GLPI-Timestamp", "What GLPI signs beside the body."),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "What the system sends."}
            }
        },
    },
}

OPTIONS_EVENTS: Final[dict[str, Any]] = {
    "parameters": [
        _header("WebHook-Request-Origin", "Who asks for permission to send."),
        _header("WebHook-Request-Rate", "Requests per minute that it asks for."),
        _header("WebHook-Request-Callback", "Not used: permission is given at once."),
    ],
}

SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Made by `nytta token add`."}
}
