"""What the fields of each event type take, read from the event models, which are the authority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, get_args

from nytta.ingest.events.models import TYPES

Kind = Literal["text", "choice", "flag", "whole", "day"]
"""What a field takes: any text, one of a closed list, true or false, a whole number, a calendar date."""

_KINDS: tuple[tuple[type, Kind], ...] = (
    (StrEnum, "choice"),
    (str, "text"),
    (bool, "flag"),
    (int, "whole"),
    (date, "day"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """One data field of one event type."""

    kind: Kind
    required: bool
    choices: tuple[str, ...] = ()
    """The closed list, for kind "choice"."""


@cache
def targets() -> Mapping[str, Mapping[str, Target]]:
    """Short type name, such as "case.step", → data field → what it takes."""
    return MappingProxyType(
        {
            model.name: MappingProxyType(
                {
                    field_name: _target(
                        field_info.annotation,
                        field_info.is_required() or field_name == model.subject,
                    )
                    for field_name, field_info in model.model_fields.items()
                }
            )
            for model in TYPES.values()
        }
    )


@cache
def cloudevents_type(event_name: str) -> str:
    """The CloudEvents type of a short name: "case.step" → "nytta.case.step.v1"."""
    return next(model.type_name() for model in TYPES.values() if model.name == event_name)


@cache
def subject_field(event_name: str) -> str:
    """The data field that says what an event of this type is about: "case" for "case.step"."""
    return next(model.subject for model in TYPES.values() if model.name == event_name)


def _target(annotation: Any, required: bool) -> Target:
    base = _base(annotation)
    field_kind = next(field_kind for base_kind, field_kind in _KINDS if issubclass(base, base_kind))
    return Target(field_kind, required, tuple(base) if issubclass(base, StrEnum) else ())


def _base(annotation: Any) -> type:
    if isinstance(annotation, type):
        return annotation
    return next(
        base_type for base_type in map(_base, get_args(annotation)) if base_type is not type(None)
    )
