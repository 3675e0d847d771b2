"""Read definitions from their YAML files; all problems are told at once, with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from nytta.indicators.definition import Definition
from nytta.organisation.entries.nodes import decode, parse
from nytta.organisation.problems import Problem


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Definitions in order of id; `problems` is empty where all files are sound."""

    definitions: tuple[Definition, ...]
    problems: tuple[Problem, ...]


def load(directory: Path) -> Catalogue:
    """Every *.yaml of `directory` as a definition. A file with a problem gives no definition."""
    definitions: list[Definition] = []
    problems: list[Problem] = []
    files = sorted(directory.glob("*.yaml"))
    if not files:
        problems.append(Problem(str(directory), 1, "there is no definition (*.yaml) in this folder"))
    for path in files:
        found, told = read(path.name, path.read_bytes())
        problems += told
        if found is not None:
            definitions.append(found)
    problems += _twice(definitions)
    return Catalogue(tuple(definitions), tuple(problems))


def read(file: str, body: bytes) -> tuple[Definition | None, list[Problem]]:
    """One definition from the bytes of its file."""
    text, problems = decode(body, file)
    if text is None:
        return None, problems
    node, problems = parse(text, file)
    if node is None or problems:
        return None, problems
    try:
        definition = Definition.model_validate(node.plain())
    except ValidationError as error:
        return None, [Problem(file, node.at(*told["loc"]), _sentence(told)) for told in error.errors()]
    if definition.id != file.removesuffix(".yaml"):
        problems.append(Problem(file, node.at("id"), f"id is '{definition.id}': name the file {definition.id}.yaml"))
        return None, problems
    return definition, []


def _sentence(told: object) -> str:
    assert isinstance(told, dict)
    message = str(told["msg"]).removeprefix("Value error, ")
    name = str(told["loc"][-1]) if told["loc"] else ""
    match told["type"]:
        case "missing":
            return f"'{name}' is missing"
        case "extra_forbidden":
            return f"'{name}' is no field of a definition; remove it"
        case "value_error":
            return message
        case _:
            return f"'{name}': {message[:1].lower()}{message[1:]}"


def _twice(definitions: Sequence[Definition]) -> list[Problem]:
    seen: dict[str, str] = {}
    problems = []
    for definition in definitions:
        if definition.code in seen and definition.family != "test":
            message = f"code '{definition.code}' belongs to {seen[definition.code]} already"
            problems.append(Problem(f"{definition.id}.yaml", 1, message))
        seen.setdefault(definition.code, definition.id)
    return problems
