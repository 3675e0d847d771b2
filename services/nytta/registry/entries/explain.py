"""From a validation error to a sentence that says what to change."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from nytta.registry.problems import nearest


def explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    """One sentence for one error of an entry of `model`."""
    field = _field(error["loc"])
    context: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "registry":
            return f"{field} {context['message']}".strip()
        case "missing":
            return f"{field} is missing; add it"
        case "extra_forbidden":
            *above, word = error["loc"]
            known_words = _words(_model_at(tuple(above), model))
            hint = nearest(str(word), known_words) or f"; known here: {', '.join(known_words)}"
            return f"{field} is not known{hint}"
        case "enum" | "literal_error":
            return f"{field} must be {context['expected']}, not '{error['input']}'"
        case "string_pattern_mismatch":
            return f"{field} must be small letters, digits and underscores, not '{error['input']}'"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{field} must be a mapping of `key: value`".strip()
        case "tuple_type" | "list_type":
            return f"{field} must be a list ('- …' or '[…, …]')"
        case _:
            return f"{field}: {error['msg']}"


def _field(location: tuple[str | int, ...]) -> str:
    path_words = [
        f"item {path_step + 1}" if isinstance(path_step, int) else f"`{path_step}`"
        for path_step in location
    ]
    return ", ".join(path_words)


def _model_at(location: tuple[str | int, ...], model: type[BaseModel]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for path_step in location:
        if current is None or isinstance(path_step, int):
            continue
        field_info = current.model_fields.get(path_step)
        current = _model_in(field_info.annotation) if field_info else None
    return current


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    # the model inside a tuple, or beside None
    inner_models = (_model_in(inner) for inner in get_args(annotation))
    return next(filter(None, inner_models), None)


def _words(model: type[BaseModel] | None) -> list[str]:
    fields = model.model_fields if model else {}
    # the one field that has another name in the files than in its model
    return sorted("names" if name == "stated_names" else name for name in fields)
