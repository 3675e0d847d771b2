"""Read the model of maturity from its YAML file; all problems are told at once, with file and line."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nytta.insight.benefits.maturity import TOP, Anchors, Axis, Dimension, Member, Model
from nytta.registry import nodes
from nytta.registry.problems import Problem


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    indicator: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Annotated[int, Field(ge=1)]
    dimension: Dimension
    anchors: tuple[float, ...]
    weight: Annotated[int, Field(ge=1)] = 1
    gate: Annotated[int, Field(ge=0, le=TOP)] = 0
    axis: Axis | None = None

    def member(self) -> Member:
        """The member it describes. ValueError for anchors that do not go one way."""
        return Member(
            self.indicator,
            self.version,
            self.dimension,
            Anchors(self.anchors),
            self.weight,
            self.gate,
            self.axis,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1)]
    members: Annotated[tuple[_Entry, ...], Field(min_length=1)]


def read_model(file: str, body: bytes) -> tuple[Model | None, list[Problem]]:
    """The model in the bytes of `file`, or None and what to change in it."""
    root_node, problems = nodes.read(body, file)
    if root_node is None or problems:
        return None, problems
    try:
        model_entries = _File.model_validate(root_node.plain())
    except ValidationError as error:
        return None, [
            Problem(file, root_node.at(*detail["loc"]), _sentence(detail["loc"], detail["msg"]))
            for detail in error.errors()
        ]
    members = []
    for member_number, entry in enumerate(model_entries.members):
        try:
            members.append(entry.member())
        except ValueError as error:
            problems.append(
                Problem(
                    file,
                    root_node.at("members", member_number, "anchors"),
                    f"'{entry.indicator}': {error}",
                )
            )
    if problems:
        return None, problems
    try:
        return Model(model_entries.version, tuple(members)), []
    except ValueError as error:
        return None, [Problem(file, root_node.at("members"), str(error))]


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(str(step) for step in place)}: {message}"
