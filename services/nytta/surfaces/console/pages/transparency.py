"""Transparency: what is collected, why, for how long, who sees it; who has read; what was disposed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from nytta.disclosure.published.values import OpenStore
from nytta.registry.roles import Permission
from nytta.surfaces.access_log import AccessLog
from nytta.surfaces.console import queries
from nytta.surfaces.console.branches import MOST, holds
from nytta.surfaces.console.pages.operations import when
from nytta.surfaces.console.parts import Cell, Link, Speaker, Table
from nytta.surfaces.console.services import Services
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.transparency import Collected, Field

SIZE = 50
"""Rows of a page of the access log."""
_KEPT = timedelta(days=366)

Part = Mapping[str, Any]
"""A part of the page as the service states it, for people and programs alike."""


@dataclass(frozen=True, slots=True)
class Transparency:
    """The page."""

    collected: tuple[Collected, ...]
    purposes: Table
    approvals: Table
    changed: str
    shown: Table
    kept: Table
    sign_in: str
    seen_by: Table
    systems: Table
    asked: Table | None
    """Systems that are asked; None where there is none."""
    disposals: Table | None
    may_log: bool


@dataclass(frozen=True, slots=True)
class Log:
    """A page of the access log.

    `units` are those to choose from; none where they are so many that they are looked for `by_name`.
    """

    table: Table
    page: int
    pages: int
    total: int
    unit: str
    units: tuple[tuple[str, str], ...]
    find: str
    by_name: bool


def transparency(store: OpenStore, services: Services, visitor: Visitor) -> Transparency:
    """What everybody who may sign in sees."""
    say = Speaker(visitor.language)
    parts = services.transparency(visitor.language)
    # a purpose without indicators is one that no figure serves
    purposes = [purpose for purpose in parts["purposes"] if purpose["indicators"]]
    return Transparency(
        tuple(_collected(entry) for entry in parts["collected"]),
        _purposes(purposes, say),
        _approvals(purposes, visitor, say),
        parts["shown"]["text"],
        _protection(parts["shown"]["organisations"], visitor, say),
        _retention(parts["kept"], say),
        parts["sign_in"],
        _readers(parts["seen_by"], say),
        _systems(parts["systems"], say),
        _asked(parts["asked"], say),
        _disposals(store, visitor) if visitor.visible(Permission.DISPOSALS) else None,
        bool(visitor.visible(Permission.ACCESS_LOG)),
    )


def _name(visitor: Visitor, root: str) -> str:
    """The name of an organisation; its id where it exists no more."""
    unit = visitor.registry.units_at(visitor.day).get(root)
    return unit.names.text(visitor.language) if unit else root


def _collected(entry: Part) -> Collected:
    fields = tuple(Field(**field) for field in entry["fields"])
    return Collected(**{**entry, "fields": fields})


def _purposes(purposes: Sequence[Part], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for purpose in purposes:
        questions = [indicator["question"] for indicator in purpose["indicators"]]
        rows.append((purpose["text"], ", ".join(questions)))
    return Table(say("purposes_caption"), say.columns("purpose", "indicators"), tuple(rows))


def _approvals(purposes: Sequence[Part], visitor: Visitor, say: Speaker) -> Table:
    """What stands behind each purpose in the visitor's own organisations."""
    rows: list[tuple[Cell, ...]] = []
    for purpose in purposes:
        for organisation in purpose["organisations"]:
            if organisation["organisation"] not in visitor.organisations:
                continue
            papers = [
                organisation[paper] or say("missing")
                for paper in ("legal_basis", "dpia", "consulted_on")
            ]
            rows.append((_name(visitor, organisation["organisation"]), purpose["text"], *papers))
    columns = say.columns("organisation", "purpose", "legal_basis", "dpia", "consulted")
    return Table(say("approvals_caption"), columns, tuple(rows))


def _protection(organisations: Sequence[Part], visitor: Visitor, say: Speaker) -> Table:
    """How many must stand behind a figure in the visitor's own organisations, and by whose decision."""
    rows: list[tuple[Cell, ...]] = []
    for organisation in organisations:
        if organisation["organisation"] not in visitor.organisations:
            continue
        name = _name(visitor, organisation["organisation"])
        for rules in organisation["rules"]:
            rows.append(
                (name, rules["from"] or "–", " ".join(rules["classes"]), rules["reference"] or "–")
            )
    columns = say.columns("organisation", "since", "rule", "decision")
    return Table(say("shown_caption"), columns, tuple(rows))


def _retention(rules: Sequence[Part], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for rule in rules:
        decisions = sorted(set(rule["decisions"].values()))
        rows.append((rule["text"], str(rule["days"]), ", ".join(decisions) or "–"))
    return Table(say("kept_caption"), say.columns("what", "days", "decisions"), tuple(rows), (1,))


def _readers(readers: Sequence[Part], say: Speaker) -> Table:
    rows = tuple((reader["name"], "; ".join(reader["sees"])) for reader in readers)
    return Table(say("seen_caption"), say.columns("role", "sees"), rows)


def _systems(systems: Sequence[Part], say: Speaker) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for system in systems:
        state, icon = ("processed", "good") if system["processed"] else ("not_processed", "invalid")
        stops = [f"{stop['from']} – {stop['until']}" for stop in system["stops"]]
        rows.append((system["name"], Link(say(state), icon=icon), ", ".join(stops) or "–"))
    return Table(say("systems_caption"), say.columns("system", "state", "stops"), tuple(rows))


def _asked(sources: Sequence[Part], say: Speaker) -> Table | None:
    if not sources:
        return None
    rows: list[tuple[Cell, ...]] = []
    for source in sources:
        rows.append(
            (
                source["source"],
                ", ".join(source["fetched"]),
                ", ".join(source["not_fetched"]) or "–",
            )
        )
    return Table(say("asked_caption"), say.columns("source", "fetched", "not_fetched"), tuple(rows))


def _disposals(store: OpenStore, visitor: Visitor) -> Table:
    say, visible = Speaker(visitor.language), visitor.visible(Permission.DISPOSALS)
    rows: list[tuple[Cell, ...]] = []
    for disposal in queries.disposals(store):
        if disposal["organisation"] not in visible:
            continue
        rows.append(
            (
                str(disposal["certificate"]),
                when(disposal["at"]),
                _name(visitor, disposal["organisation"]),
                str(disposal["rule"]),
                str(disposal["decision"]),
                figures.whole_number(int(disposal["number"]), visitor.language),
                figures.whole_number(int(disposal["sealed"]), visitor.language),
            )
        )
    columns = say.columns("certificate", "at", "organisation", "rule", "decision", "rows", "sealed")
    return Table(say("disposals_caption"), columns, tuple(rows), (0, 5, 6))


def log(
    access_log: AccessLog,
    visitor: Visitor,
    query: Mapping[str, str],
    current_time: datetime,
    *,
    whole: bool = False,
) -> Log:
    """Who read figures of the units whose access log the visitor may see; the latest first.

    All units can be chosen where the `whole` is asked for.
    """
    say = Speaker(visitor.language)
    visible = visitor.visible(Permission.ACCESS_LOG)
    unit = query.get("unit", "")
    find = query.get("find", "").strip()
    names = _place_names(visitor)
    units = frozenset({unit} & visible) if unit else visible
    if find:
        units = frozenset(place for place in units if holds(names.get(place, place), find))
    reads = access_log.read(units, current_time - _KEPT)
    pages = max(1, ceil(len(reads) / SIZE))
    page_text = query.get("page", "1")
    page = min(max(1, int(page_text) if page_text.isdigit() else 1), pages)
    # numbers in the order of the first read, so that a reader bears the same one on every page
    reader_numbers: dict[str, int] = {}
    for read in reversed(reads):
        reader_numbers.setdefault(read["reader"], len(reader_numbers) + 1)
    rows: list[tuple[Cell, ...]] = []
    for read in reads[(page - 1) * SIZE : page * SIZE]:
        rows.append(
            (
                when(read["at"]),
                say("reader", n=reader_numbers[read["reader"]]),
                say(f"role_{read['role']}"),
                names.get(read["role_unit"], read["role_unit"]),
                say(f"what_{read['what']}"),
                names.get(read["unit"], read["unit"]),
                say(f"surface_{read['surface']}"),
            )
        )
    columns = say.columns("at", "reader", "role", "role_unit", "what", "unit", "surface")
    choices = [(unit_id, names[unit_id]) for unit_id in visible if unit_id in names]
    choices.sort(key=lambda choice: choice[1])
    by_name = len(choices) > MOST and not whole
    return Log(
        Table(say("log_caption", n=len(reads)), columns, tuple(rows)),
        page,
        pages,
        len(reads),
        unit,
        () if by_name else tuple(choices),
        find,
        by_name,
    )


def _place_names(visitor: Visitor) -> dict[str, str]:
    """The names of units and reporting groups."""
    language, registry = visitor.language, visitor.registry
    unit_names = {
        unit.id: unit.names.text(language) for unit in registry.units_at(visitor.day).values()
    }
    group_names = {group.id: group.names.text(language) for group in registry.groups}
    return unit_names | group_names
