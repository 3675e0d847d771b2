"""How the fields of each event type are read and where they go: derived from the models, once."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import pyarrow as pa
from pydantic import TypeAdapter

from nytta.ingest.events.fields import PSEUDONYMISED
from nytta.ingest.events.models import TYPES, Data

Role = Literal["identifier", "text", "choice", "flag", "number", "day"]

# Fields that share a column: each type has at most one field of a column.
_COLUMN_OF: Final[Mapping[str, str]] = types.MappingProxyType(
    {
        "course": "activity",
        "item": "activity",
        "what": "activity",
        "state": "activity",
        "feature": "activity",
        "app": "category",
        "survey": "category",
        "outcome": "category",
        "level": "tier",
        "actions": "quantity",
        "count": "quantity",
        "score": "quantity",
        "fte": "quantity",
        "value": "quantity",
        "persons": "quantity",
        "present_days": "days",
        "period_from": "valid_from",
        "period_to": "valid_to",
        "due": "valid_to",
    }
)
_READ_AS: Final[Mapping[Role, pa.DataType]] = types.MappingProxyType(
    {
        "identifier": pa.string(),
        "text": pa.string(),
        "choice": pa.string(),
        "flag": pa.bool_(),
        "number": pa.int64(),
        "day": pa.string(),
    }
)
_REMEMBERED_TEXTS: Final = 8192
"""Texts of a field whose answers are remembered: names of systems, units and steps come thousands of times."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field of the data of an event type."""

    name: str
    column: str
    role: Role
    arrow: pa.DataType
    """The type its JSON is read as."""
    required: bool
    nullable: bool
    default: Any
    """What absent and null stand for; None where the event says nothing."""
    choices: tuple[str, ...]
    """The closed list of a choice."""
    least: int | None
    most: int | None
    """The range of a number, both ends included."""
    read: Callable[[str], str | None]
    """The model's own rule for a text: what it is kept as, None for nothing. Raises ValidationError."""


@dataclass(frozen=True, slots=True)
class TypePlan:
    """One event type."""

    model: type[Data]
    fields: tuple[FieldPlan, ...]
    names: tuple[str, ...]
    """The names of the fields."""
    nullable: frozenset[str]
    """The names of the fields that may be null."""
    identifiers: tuple[str, ...]
    """The fields that are pseudonymised."""
    subject: FieldPlan
    has_rules_between_fields: bool
    """Whether the model judges fields by one another, which only the model itself can do."""


def reader(annotation: Any) -> Callable[[str], str | None]:
    """The rule of a field annotation as a function of a text that remembers its latest answers."""
    adapter: TypeAdapter[str | None] = TypeAdapter(annotation)
    return lru_cache(_REMEMBERED_TEXTS)(adapter.validate_python)


def _plan(model: type[Data]) -> TypePlan:
    schema = model.model_json_schema()
    fields = tuple(_field(model, field_name, schema) for field_name in model.model_fields)
    return TypePlan(
        model=model,
        fields=fields,
        names=tuple(field.name for field in fields),
        nullable=frozenset(field.name for field in fields if field.nullable),
        identifiers=tuple(field.name for field in fields if field.role == "identifier"),
        subject=next(field for field in fields if field.name == model.subject),
        has_rules_between_fields=bool(model.__pydantic_decorators__.model_validators),
    )


def _field(model: type[Data], field_name: str, schema: dict[str, Any]) -> FieldPlan:
    info = model.model_fields[field_name]
    # from the model's JSON Schema, which is public and stable, rather than from pydantic's own structures
    field_schema = schema["properties"][field_name]
    alternatives = field_schema.get("anyOf", [field_schema])
    value_schema = next(
        alternative for alternative in alternatives if alternative.get("type") != "null"
    )
    if "$ref" in value_schema:
        value_schema = schema["$defs"][value_schema["$ref"].rpartition("/")[2]]
    role = _role(value_schema)
    return FieldPlan(
        name=field_name,
        column=_COLUMN_OF.get(field_name, field_name),
        role=role,
        arrow=_READ_AS[role],
        required=info.is_required(),
        nullable={"type": "null"} in field_schema.get("anyOf", ()),
        default=None if info.is_required() else info.get_default(),
        choices=tuple(value_schema.get("enum", ())),
        least=value_schema.get("minimum"),
        most=value_schema.get("maximum"),
        read=reader(info.rebuild_annotation()),
    )


def _role(value_schema: Mapping[str, Any]) -> Role:
    match value_schema:
        case {"type": "string"} if value_schema.get(PSEUDONYMISED):
            return "identifier"
        case {"enum": _}:
            return "choice"
        case {"type": "string", "format": "date"}:
            return "day"
        case {"type": "string"}:
            return "text"
        case {"type": "boolean"}:
            return "flag"
        case {"type": "integer"}:
            return "number"
    # at import: a field that nobody could store is an error of the model, and never of an event
    raise TypeError(f"no column can be made of a field described as {value_schema}")


PLANS: Final[Mapping[str, TypePlan]] = types.MappingProxyType(
    {name: _plan(model) for name, model in TYPES.items()}
)
"""CloudEvents type to its plan."""
