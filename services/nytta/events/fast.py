"""The fast path: many lines at once, for events that are written the way most are.

It is generated from the models and accepts a part of what they accept. What it does not accept is not
refused, but left to `validate`.
"""

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Union

import msgspec

from nytta.events.lines import Lines
from nytta.events.plans import PLANS, FieldPlan, TypePlan

# The last is what a value of great depth raises.
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class FastEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False, kw_only=True):
    """An event whose texts nobody has judged yet; `tabulate` does so by column."""

    specversion: Literal["1.0"]
    id: str
    source: str
    time: str
    subject: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    sequence: str | Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None
    data: Any


def read(lines: Lines, first: int, last: int) -> list[FastEvent | None]:
    """The events of the lines from `first` until before `last`; None where a line is left to `validate`."""
    if lines.regular[first:last].all():
        try:
            events: list[FastEvent | None] = [*_DECODER.decode_lines(lines.span(first, last))]
        except _UNREADABLE:
            pass
        else:
            # Every line ends at least one value, so as many values as lines means one on each.
            if len(events) == last - first:
                return events
    return [_read_one(lines[index]) for index in range(first, last)]


def _read_one(line: bytes) -> FastEvent | None:
    try:
        return _DECODER.decode(line)
    except _UNREADABLE:
        return None


def _struct(plan: TypePlan) -> type[FastEvent]:
    options: Any = {"forbid_unknown_fields": True, "gc": False, "kw_only": True}
    name = plan.model.__name__
    data = msgspec.defstruct(
        name,
        [
            (field.name, _annotation(field)) if field.required else (field.name, _annotation(field), field.default)
            for field in plan.fields
        ],
        **options,
    )
    bases = (FastEvent,)
    event = msgspec.defstruct(
        f"{name}Event", [("data", data)], bases=bases, tag_field="type", tag=plan.model.type_name(), **options
    )
    assert issubclass(event, FastEvent)
    return event


def _annotation(field: FieldPlan) -> Any:
    match field.role:
        case "identifier" | "text":
            kind: Any = str
        case "choice":
            kind = Literal[field.choices]  # one text object per choice, however many events there are
        case "flag":
            kind = bool
        case "number":
            kind = Annotated[int, msgspec.Meta(ge=field.least, le=field.most)]
        case "day":
            kind = datetime.date
    return kind | None if field.nullable else kind


_STRUCTS: Final = {_struct(plan): plan for plan in PLANS.values() if not plan.has_rules_between_fields}
_DECODER: Final[msgspec.json.Decoder[FastEvent]] = msgspec.json.Decoder(Union[tuple(_STRUCTS)])  # noqa: UP007 - made from a list

FAST_PLANS: Final[Mapping[type[FastEvent], TypePlan]] = MappingProxyType(_STRUCTS)
"""The classes of the events that `read` returns, with the plans of their types."""
