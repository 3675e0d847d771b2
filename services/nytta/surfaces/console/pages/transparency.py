"""Transparency: what is collected, why, for how long, who sees it; who has read; what was disposed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nytta.disclosure.published.values import OpenStore
from nytta.registry.roles import Permission
from nytta.surfaces.access_log import AccessLog
from nytta.surfaces.console import queries
from nytta.surfaces.console.pages.operations import when
from nytta.surfaces.console.parts import Link, Speaker, Table
from nytta.surfaces.console.services import Services
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.transparency import Collected, Field

SIZE = 50
_KEPT = timedelta(days=366)


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
    """A page of the access log."""

    table: Table
    page: int
    pages: int
    total: int
    unit: str
    units: tuple[tuple[str, str], ...]


def transparency(store: OpenStore, services: Services, visitor: Visitor) -> Transparency:
    """What everybody who may sign in sees."""
    say, page_parts = Speaker(visitor.language), services.transparency(visitor.language)
    language = visitor.language
    units = visitor.registry.units_at(visitor.day)

    def name(root: str) -> str:
        return units[root].names.text(language) if root in units else root

    disposals, own_organisations = visitor.visible(Permission.DISPOSALS), visitor.organisations
    return Transparency(
        tuple(
            Collected(**{**entry, "fields": tuple(Field(**field) for field in entry["fields"])})
            for entry in page_parts["collected"]
        ),
        Table(
            say("purposes_caption"),
            (say("col_purpose"), say("col_indicators")),
            tuple(
                (purpose["text"], ", ".join(indicator["question"] for indicator in purpose["indicators"]))
                for purpose in page_parts["purposes"]
                if purpose["indicators"]
            ),
        ),
        Table(
            say("approvals_caption"),
            tuple(say(f"col_{column}") for column in ("organisation", "purpose", "legal_basis", "dpia", "consulted")),
            tuple(
                (
                    name(organisation["organisation"]),
                    purpose["text"],
                    organisation["legal_basis"] or say("missing"),
                    organisation["dpia"] or say("missing"),
                    organisation["consulted_on"] or say("missing"),
                )
                for purpose in page_parts["purposes"]
                if purpose["indicators"]
                for organisation in purpose["organisations"]
                if organisation["organisation"] in own_organisations
            ),
        ),
        page_parts["shown"]["text"],
        Table(
            say("shown_caption"),
            (say("col_organisation"), say("col_since"), say("col_rule"), say("col_decision")),
            tuple(
                (
                    name(organisation["organisation"]),
                    rules["from"] or "–",
                    " ".join(rules["classes"]),
                    rules["reference"] or "–",
                )
                for organisation in page_parts["shown"]["organisations"]
                if organisation["organisation"] in own_organisations
                for rules in organisation["rules"]
            ),
        ),
        Table(
            say("kept_caption"),
            (say("col_what"), say("col_days"), say("col_decisions")),
            tuple(
                (rule["text"], str(rule["days"]), ", ".join(sorted(set(rule["decisions"].values()))) or "–")
                for rule in page_parts["kept"]
            ),
            (1,),
        ),
        page_parts["sign_in"],
        Table(
            say("seen_caption"),
            (say("col_role"), say("col_sees")),
            tuple((reader["name"], "; ".join(reader["sees"])) for reader in page_parts["seen_by"]),
        ),
        Table(
            say("systems_caption"),
            (say("col_system"), say("col_state"), say("col_stops")),
            tuple(_system(system, say) for system in page_parts["systems"]),
        ),
        _asked(page_parts["asked"], say),
        _disposals(store, visitor, name) if disposals else None,
        bool(visitor.visible(Permission.ACCESS_LOG)),
    )


def _system(system: Mapping[str, Any], say: Speaker) -> tuple[str | Link, ...]:
    state = Link(
        say("processed" if system["processed"] else "not_processed"), icon="good" if system["processed"] else "invalid"
    )
    return (system["name"], state, ", ".join(f"{stop['from']} – {stop['until']}" for stop in system["stops"]) or "–")


def _asked(asked: Sequence[Mapping[str, Any]], say: Speaker) -> Table | None:
    if not asked:
        return None
    rows = tuple((a["source"], ", ".join(a["fetched"]), ", ".join(a["not_fetched"]) or "–") for a in asked)
    columns = (say("col_source"), say("col_fetched"), say("col_not_fetched"))
    return Table(say("asked_caption"), columns, rows)


def _disposals(store: OpenStore, visitor: Visitor, name: Any) -> Table:
    say, visible = Speaker(visitor.language), visitor.visible(Permission.DISPOSALS)
    rows = tuple(
        (
            str(disposal["certificate"]),
            when(disposal["at"]),
            name(disposal["organisation"]),
            str(disposal["rule"]),
            str(disposal["decision"]),
            figures.whole_number(int(disposal["number"]), visitor.language),
            figures.whole_number(int(disposal["sealed"]), visitor.language),
        )
        for disposal in queries.disposals(store)
        if disposal["organisation"] in visible
    )
    columns = ("certificate", "at", "organisation", "rule", "decision", "rows", "sealed")
    return Table(say("disposals_caption"), tuple(say(f"col_{column}") for column in columns), rows, (0, 5, 6))


def log(book: AccessLog, visitor: Visitor, query: Mapping[str, str], current_time: datetime) -> Log:
    """Who read figures of the units whose access log the visitor may see; the latest first."""
    say, language = Speaker(visitor.language), visitor.language
    visible = visitor.visible(Permission.ACCESS_LOG)
    unit = query.get("unit", "")
    units = frozenset({unit} & visible) if unit else visible
    rows = book.read(units, current_time - _KEPT)
    pages = max(1, -(-len(rows) // SIZE))
    page_text = query.get("page", "1")
    page = min(max(1, int(page_text) if page_text.isdigit() else 1), pages)
    readers: dict[str, int] = {}
    for row in reversed(rows):
        readers.setdefault(row["reader"], len(readers) + 1)
    named = {unit.id: unit.names.text(language) for unit in visitor.registry.units_at(visitor.day).values()}
    named |= {group.id: group.names.text(language) for group in visitor.registry.groups}
    cells = tuple(
        (
            when(row["at"]),
            say("reader", n=readers[row["reader"]]),
            say(f"role_{row['role']}"),
            named.get(row["role_unit"], row["role_unit"]),
            say(f"what_{row['what']}"),
            named.get(row["unit"], row["unit"]),
            say(f"surface_{row['surface']}"),
        )
        for row in rows[(page - 1) * SIZE : page * SIZE]
    )
    columns = ("at", "reader", "role", "role_unit", "what", "unit", "surface")
    return Log(
        Table(say("log_caption", n=len(rows)), tuple(say(f"col_{column}") for column in columns), cells),
        page,
        pages,
        len(rows),
        unit,
        tuple(sorted(((unit_id, named[unit_id]) for unit_id in visible if unit_id in named), key=lambda pair: pair[1])),
    )
