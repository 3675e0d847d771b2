"""Read definitions from their YAML files; all problems are told at once, with file and line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from nytta.indicators.definition import Definition, Derived, Slug, Texts
from nytta.registry import nodes
from nytta.registry.problems import Problem, nearest

_PURPOSES = TypeAdapter(dict[Slug, Texts])
_DERIVED = TypeAdapter(dict[Slug, Derived])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Definitions in order of id; `problems` is empty where all files are sound."""

    definitions: tuple[Definition, ...]
    problems: tuple[Problem, ...]


def purposes(file: Path) -> Mapping[str, Texts]:
    """The purposes that indicators may name, in three languages. ValueError where the file is not sound."""
    try:
        return _PURPOSES.validate_python(yaml.safe_load(file.read_bytes()))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ValueError(
            f"{file}: not a list of purposes, each with a text in sv, nb and en ({error})"
        ) from error


def derived(file: Path) -> Mapping[str, Derived]:
    """The derived indicators by id. ValueError where the file is not sound."""
    try:
        return _DERIVED.validate_python(yaml.safe_load(file.read_bytes()))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{file}: not a list of derived indicators ({error})") from error


def load(directory: Path, purposes: Collection[str] | None = None) -> Catalogue:
    """Every *.yaml of `directory` as a definition. A file with a problem gives no definition.

    `purposes` are those that a definition may name; None leaves them unchecked.
    """
    definitions: list[Definition] = []
    problems: list[Problem] = []
    files = sorted(directory.glob("*.yaml"))
    if not files:
        problems.append(
            Problem(str(directory), 1, "there is no definition (*.yaml) in this folder")
        )
    for path in files:
        definition, file_problems = read(path.name, path.read_bytes(), purposes)
        problems += file_problems
        if definition is not None:
            definitions.append(definition)
    # over all files: a code is what people call an indicator by, and two must not share one
    problems += _twice(definitions)
    return Catalogue(tuple(definitions), tuple(problems))


def read(
    file: str, body: bytes, purposes: Collection[str] | None = None
) -> tuple[Definition | None, list[Problem]]:
    """One definition from the bytes of its file; `purposes` as in `load`."""
    root_node, problems = nodes.read(body, file)
    if root_node is None or problems:
        return None, problems
    try:
        definition = Definition.model_validate(root_node.plain())
    except ValidationError as error:
        problems = [
            Problem(file, root_node.at(*error_details["loc"]), _sentence(error_details))
            for error_details in error.errors()
        ]
        return None, problems
    # the id is what the file is looked up by, and what tables keep
    if definition.id != file.removesuffix(".yaml"):
        problems.append(
            Problem(
                file,
                root_node.at("id"),
                f"id is '{definition.id}': name the file {definition.id}.yaml",
            )
        )
        return None, problems
    if purposes is not None and definition.purpose not in purposes:
        message = (
            f"there is no purpose '{definition.purpose}'{nearest(definition.purpose, purposes)}"
        )
        return None, [Problem(file, root_node.at("purpose"), message)]
    return definition, []


def _sentence(detail: object) -> str:
    assert isinstance(detail, dict)
    # pydantic's own words, without what it puts before those of a validator
    message = str(detail["msg"]).removeprefix("Value error, ")
    field_name = str(detail["loc"][-1]) if detail["loc"] else ""
    match detail["type"]:
        case "missing":
            return f"'{field_name}' is missing"
        case "extra_forbidden":
            return f"'{field_name}' is no field of a definition; remove it"
        case "value_error":
            return message
        case _:
            return f"'{field_name}': {message[:1].lower()}{message[1:]}"


def _twice(definitions: Sequence[Definition]) -> list[Problem]:
    first_files: dict[str, str] = {}
    problems = []
    for definition in definitions:
        if definition.code in first_files and definition.family != "test":
            message = f"code '{definition.code}' belongs to {first_files[definition.code]} already"
            problems.append(Problem(f"{definition.id}.yaml", 1, message))
        first_files.setdefault(definition.code, definition.id)
    return problems
