"""Why an event or a row was not accepted: a closed list, one counter each."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Reason(StrEnum):
    """The reason of a reject. The list is closed: every counter, view and replay knows these members only."""

    MALFORMED_JSON = "malformed_json"
    INVALID_ENCODING = "invalid_encoding"
    TOO_LARGE = "too_large"
    NOT_CLOUDEVENT = "not_cloudevent"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_TYPE = "unknown_type"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    INVALID_FIELD = "invalid_field"
    RAW_ACTOR = "raw_actor"
    FUTURE_TIME = "future_time"
    IMPLAUSIBLE_TIME = "implausible_time"
    AMBIGUOUS_TIME = "ambiguous_time"
    UNKNOWN_UNIT = "unknown_unit"
    UNPLACED = "unplaced"
    MALFORMED_ROW = "malformed_row"
    MISSING_MAPPING_VALUE = "missing_mapping_value"
    FORBIDDEN_SOURCE = "forbidden_source"
    FORBIDDEN_TYPE = "forbidden_type"
    FORBIDDEN_UNIT = "forbidden_unit"
    FAULT = "fault"

    @property
    def meaning(self) -> str:
        """One line for a person who sees the reason for the first time."""
        return MEANINGS[self]


MEANINGS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.MALFORMED_JSON: "The line is not one JSON value.",
        Reason.INVALID_ENCODING: "The line is not UTF-8.",
        Reason.TOO_LARGE: "The line is longer than 1 MiB.",
        Reason.NOT_CLOUDEVENT: "The line is JSON, but not a CloudEvent: no object, or no specversion.",
        Reason.UNSUPPORTED_VERSION: "The version of CloudEvents or of the event type is not supported.",
        Reason.UNKNOWN_TYPE: "No event type has this name.",
        Reason.MISSING_FIELD: "A required attribute or data field is absent or null.",
        Reason.UNKNOWN_FIELD: "The data hold a field that the event type does not have.",
        Reason.INVALID_FIELD: "A value is of the wrong kind, outside its range or outside its closed list.",
        Reason.RAW_ACTOR: "An actor, case, ticket or client is no pseudonym where only pseudonyms pass.",
        Reason.FUTURE_TIME: "The time lies further ahead of its receipt than the clocks of sources may.",
        Reason.IMPLAUSIBLE_TIME: "The time lies before the year 2000.",
        Reason.AMBIGUOUS_TIME: "The time names no offset, or names an hour that occurs twice.",
        Reason.UNKNOWN_UNIT: "The registry has no unit of this code at this time.",
        Reason.UNPLACED: "No directory tells the unit of the person, or of the case or ticket, on this day.",
        Reason.MALFORMED_ROW: "The row of a file cannot be read.",
        Reason.MISSING_MAPPING_VALUE: "The mapping has no value for what the row says.",
        Reason.FORBIDDEN_SOURCE: "The sender's token may not speak for this source.",
        Reason.FORBIDDEN_TYPE: "The sender's token may not send events of this type.",
        Reason.FORBIDDEN_UNIT: "The sender's token may not send events of this unit.",
        Reason.FAULT: "Nytta failed on the event, which is a fault of its own: it is kept, send it again when mended.",
    }
)
