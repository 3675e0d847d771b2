"""The entries of the three files, each with its place, as far as they can be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from nytta.registry.entries.explain import explain
from nytta.registry.entries.fields import KnownIds
from nytta.registry.entries.organisation import (
    ApprovalEntry,
    CodeMapEntry,
    DisposalEntry,
    GroupEntry,
    OrganisationEntry,
    Place,
    UnitEntry,
)
from nytta.registry.entries.programme import (
    BenefitEntry,
    CostEntry,
    DecisionEntry,
    DeviationEntry,
    MilestoneEntry,
    PlanEntry,
    SuggestionEntry,
    SurveyEntry,
)
from nytta.registry.entries.systems import SystemEntry
from nytta.registry.nodes import Node, decode, parse
from nytta.registry.problems import Problem, nearest
from nytta.registry.units import ANY_PURPOSE

ORGANISATION, SYSTEMS, PROGRAMME = "organisation.yaml", "systems.yaml", "programme.yaml"

SECTIONS: Mapping[str, Mapping[str, type[BaseModel]]] = {
    ORGANISATION: {
        "organisations": OrganisationEntry,
        "units": UnitEntry,
        "reporting_groups": GroupEntry,
        "code_maps": CodeMapEntry,
        "approvals": ApprovalEntry,
        "disposals": DisposalEntry,
    },
    SYSTEMS: {"systems": SystemEntry},
    PROGRAMME: {
        "milestones": MilestoneEntry,
        "plans": PlanEntry,
        "benefits": BenefitEntry,
        "decisions": DecisionEntry,
        "costs": CostEntry,
        "surveys": SurveyEntry,
        "deviations": DeviationEntry,
        "suggestions": SuggestionEntry,
    },
}
"""The lists that each file may hold, and what an item of each is."""

E = TypeVar("E", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Located(Generic[E]):
    """An entry and where it stands."""

    entry: E
    file: str
    node: Node

    def problem(self, message: str, *path: str | int, warning: bool = False) -> Problem:
        """A problem in the line of what `path` leads to inside the entry."""
        return Problem(self.file, self.node.at(*path), message, warning)


@dataclass(slots=True)
class Contents:
    """Everything that could be read, and every problem met on the way.

    `places` has each unit and organisation whose place in the tree is readable, also where other words of it
    are not. `unplaced` are ids of units of which at least one version has no readable place. `ids` has each
    id as written, with file and line, per section. `unreadable` are files of which not every section could be
    read.
    """

    organisations: list[Located[OrganisationEntry]] = field(default_factory=list)
    units: list[Located[UnitEntry]] = field(default_factory=list)
    reporting_groups: list[Located[GroupEntry]] = field(default_factory=list)
    code_maps: list[Located[CodeMapEntry]] = field(default_factory=list)
    approvals: list[Located[ApprovalEntry]] = field(default_factory=list)
    disposals: list[Located[DisposalEntry]] = field(default_factory=list)
    systems: list[Located[SystemEntry]] = field(default_factory=list)
    milestones: list[Located[MilestoneEntry]] = field(default_factory=list)
    plans: list[Located[PlanEntry]] = field(default_factory=list)
    benefits: list[Located[BenefitEntry]] = field(default_factory=list)
    decisions: list[Located[DecisionEntry]] = field(default_factory=list)
    costs: list[Located[CostEntry]] = field(default_factory=list)
    surveys: list[Located[SurveyEntry]] = field(default_factory=list)
    deviations: list[Located[DeviationEntry]] = field(default_factory=list)
    suggestions: list[Located[SuggestionEntry]] = field(default_factory=list)
    places: list[Located[Place]] = field(default_factory=list)
    unplaced: set[str] = field(default_factory=set)
    ids: dict[str, list[tuple[str, str, int]]] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def contents(
    files: Mapping[str, bytes],
    indicators: Collection[str] | None,
    purposes: Collection[str] | None,
    alerts: Collection[str] | None,
) -> Contents:
    """Read the files, by name. None for `indicators`, `purposes` or `alerts` leaves what is named of them unchecked."""
    contents_read = Contents()
    sections: dict[str, list[tuple[str, Node]]] = {}
    for file in SECTIONS:
        if file in files and not _sections(file, files[file], sections, contents_read.problems):
            contents_read.unreadable.add(file)
    if ORGANISATION not in files:
        contents_read.unreadable.add(ORGANISATION)
    # ids of all files first: an entry may name what stands in a later one, or in one that has faults of its own
    for section, items in sections.items():
        ids = [(_id(node), file, node.at("id")) for file, node in items]
        contents_read.ids[section] = [
            (identifier, file, line) for identifier, file, line in ids if identifier
        ]
    known_ids = _known(
        contents_read.ids, sections, contents_read.unreadable, indicators, purposes, alerts
    )
    for models in SECTIONS.values():
        for section, model in models.items():
            for file, node in sections.get(section, ()):
                entry = _entry(file, node, model, known_ids, contents_read.problems)
                if entry is not None:
                    getattr(contents_read, section).append(Located(entry, file, node))
                if section in ("organisations", "units"):
                    _place(file, node, section, known_ids, contents_read)
    return contents_read


def _sections(
    file: str, body: bytes, sections: dict[str, list[tuple[str, Node]]], problems: list[Problem]
) -> bool:
    """Sort a file's items into their sections; False when the file cannot be read as a whole."""
    text, decoding_problems = decode(body, file)
    problems += decoding_problems
    if text is None:
        return False
    root, parsing_problems = parse(text, file)
    problems += parsing_problems
    if root is None:
        return False
    allowed = SECTIONS[file]
    if root.value is None:
        problems.append(Problem(file, 1, "the file is empty; fill it in or remove it"))
        return False
    if not isinstance(root.value, dict):
        problems.append(
            Problem(
                file,
                root.line,
                f"the file must begin with one of: {', '.join(allowed)}, each a list",
            )
        )
        return False
    readable = True
    for section_name, section in root.value.items():
        line = root.keys[section_name]
        if section_name not in allowed:
            other_files = [
                name for name, section_models in SECTIONS.items() if section_name in section_models
            ]
            if other_files:
                hint = f"; it belongs in {other_files[0]}"
            else:
                hint = nearest(section_name, allowed) or f"; known: {', '.join(allowed)}"
            problems.append(
                Problem(file, line, f"`{section_name}` is not known in this file{hint}")
            )
            readable = False
        elif isinstance(section.value, list):
            sections.setdefault(section_name, []).extend((file, item) for item in section.value)
        elif section.value is not None:
            problems.append(
                Problem(file, line, f"`{section_name}` must be a list of entries ('- …')")
            )
            readable = False
    return readable


def _known(
    ids: Mapping[str, list[tuple[str, str, int]]],
    sections: Mapping[str, list[tuple[str, Node]]],
    unreadable: Collection[str],
    indicators: Collection[str] | None,
    purposes: Collection[str] | None,
    alerts: Collection[str] | None,
) -> KnownIds:
    """What entries may name. Of a file that cannot be read, anything: its silence is no proof."""

    def ids_in(file: str, *section_names: str) -> frozenset[str] | None:
        if file in unreadable:
            return None
        return frozenset(
            identifier for section in section_names for identifier, _, _ in ids.get(section, ())
        )

    case_types: dict[str, frozenset[str]] = {}
    for _, node in sections.get("systems", ()):
        system = _id(node)
        case_type_list = _child(node, "case_types")
        items = [] if case_type_list is None else case_type_list.value
        # a system whose list cannot be read is left out: its case types may be any
        if system and isinstance(items, list):
            case_types[system] = frozenset(filter(None, map(_id, items)))
    return KnownIds(
        units=ids_in(ORGANISATION, "organisations", "units"),
        organisations=ids_in(ORGANISATION, "organisations"),
        systems=ids_in(SYSTEMS, "systems"),
        decisions=ids_in(PROGRAMME, "decisions"),
        indicators=None if indicators is None else frozenset(indicators),
        purposes=None if purposes is None else frozenset((*purposes, ANY_PURPOSE)),
        alerts=None if alerts is None else frozenset(alerts),
        case_types=case_types,
        versions=dict(indicators) if isinstance(indicators, Mapping) else {},
    )


def _entry(
    file: str, node: Node, model: type[E], known_ids: KnownIds, problems: list[Problem]
) -> E | None:
    try:
        return model.model_validate(node.plain(), context=known_ids)
    # every fault of the entry, each in its own line: a person mends a file in one go
    except ValidationError as error:
        identifier = _id(node)
        about = f"'{identifier}': " if identifier else ""
        for detail in error.errors(include_url=False):
            problems.append(Problem(file, node.at(*detail["loc"]), about + explain(detail, model)))
        return None


def _place(
    file: str, node: Node, section: str, known_ids: KnownIds, contents_read: Contents
) -> None:
    plain_entry: Any = node.plain()
    # an organisation is a root whatever it says: a `parent` is reported already, as a word it may not have
    if section == "organisations" and isinstance(plain_entry, dict):
        plain_entry = {key: value for key, value in plain_entry.items() if key != "parent"}
    is_placed = section == "organisations" or (
        isinstance(plain_entry, dict) and "parent" in plain_entry
    )
    try:
        place = Place.model_validate(plain_entry, context=known_ids)
    except ValidationError:  # reported already, as problems of the whole entry
        is_placed = False
    if is_placed:
        contents_read.places.append(Located(place, file, node))
    else:
        contents_read.unplaced.add(_id(node) or "")


def _child(node: Node, key: str) -> Node | None:
    return node.value.get(key) if isinstance(node.value, dict) else None


def _id(node: Node) -> str | None:
    child = _child(node, "id")
    return child.value if child is not None and isinstance(child.value, str) else None
