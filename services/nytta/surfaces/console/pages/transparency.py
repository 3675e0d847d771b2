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
    say, told = Speaker(visitor.language), services.transparency(visitor.language)
    language = visitor.language
    units = visitor.registry.units_at(visitor.day)

    def name(root: str) -> str:
        return units[root].names.text(language) if root in units else root

    disposals, own = visitor.visible(Permission.DISPOSALS), visitor.organisations
    return Transparency(
        tuple(
            Collected(**{**each, "fields": tuple(Field(**field) for field in each["fields"])})
            for each in told["collected"]
        ),
        Table(
            say("purposes_caption"),
            (say("col_purpose"), say("col_indicators")),
            tuple(
                (p["text"], ", ".join(i["question"] for i in p["indicators"]))
                for p in told["purposes"]
                if p["indicators"]
            ),
        ),
        Table(
            say("approvals_caption"),
            tuple(say(f"col_{c}") for c in ("organisation", "purpose", "legal_basis", "dpia", "consulted")),
            tuple(
                (
                    name(o["organisation"]),
                    p["text"],
                    o["legal_basis"] or say("missing"),
                    o["dpia"] or say("missing"),
                    o["consulted_on"] or say("missing"),
                )
                for p in told["purposes"]
                if p["indicators"]
                for o in p["organisations"]
                if o["organisation"] in own
            ),
        ),
        told["shown"]["text"],
        Table(
            say("shown_caption"),
            (say("col_organisation"), say("col_since"), say("col_rule"), say("col_decision")),
            tuple(
                (name(o["organisation"]), rules["from"] or "–", " ".join(rules["classes"]), rules["reference"] or "–")
                for o in told["shown"]["organisations"]
                if o["organisation"] in own
                for rules in o["rules"]
            ),
        ),
        Table(
            say("kept_caption"),
            (say("col_what"), say("col_days"), say("col_decisions")),
            tuple(
                (k["text"], str(k["days"]), ", ".join(sorted(set(k["decisions"].values()))) or "–")
                for k in told["kept"]
            ),
            (1,),
        ),
        told["sign_in"],
        Table(
            say("seen_caption"),
            (say("col_role"), say("col_sees")),
            tuple((s["name"], "; ".join(s["sees"])) for s in told["seen_by"]),
        ),
        Table(
            say("systems_caption"),
            (say("col_system"), say("col_state"), say("col_stops")),
            tuple(_system(s, say) for s in told["systems"]),
        ),
        _asked(told["asked"], say),
        _disposals(store, visitor, name) if disposals else None,
        bool(visitor.visible(Permission.ACCESS_LOG)),
    )


def _system(s: Mapping[str, Any], say: Speaker) -> tuple[str | Link, ...]:
    state = Link(say("processed" if s["processed"] else "not_processed"), icon="good" if s["processed"] else "invalid")
    return (s["name"], state, ", ".join(f"{x['from']} – {x['until']}" for x in s["stops"]) or "–")


def _asked(asked: Sequence[Mapping[str, Any]], say: Speaker) -> Table | None:
    if not asked:
        return None
    rows = tuple((a["source"], ", ".join(a["fetched"]), ", ".join(a["not_fetched"]) or "–") for a in asked)
    columns = (say("col_source"), say("col_fetched"), say("col_not_fetched"))
    return Table(say("asked_caption"), columns, rows)


def _disposals(store: OpenStore, visitor: Visitor, name: Any) -> Table:
    say, seen = Speaker(visitor.language), visitor.visible(Permission.DISPOSALS)
    rows = tuple(
        (
            str(d["certificate"]),
            when(d["at"]),
            name(d["organisation"]),
            str(d["rule"]),
            str(d["decision"]),
            figures.whole_number(int(d["number"]), visitor.language),
            figures.whole_number(int(d["sealed"]), visitor.language),
        )
        for d in queries.disposals(store)
        if d["organisation"] in seen
    )
    columns = ("certificate", "at", "organisation", "rule", "decision", "rows", "sealed")
    return Table(say("disposals_caption"), tuple(say(f"col_{c}") for c in columns), rows, (0, 5, 6))


def log(book: AccessLog, visitor: Visitor, query: Mapping[str, str], now: datetime) -> Log:
    """Who read figures of the units whose access log the visitor may see; the latest first."""
    say, language = Speaker(visitor.language), visitor.language
    seen = visitor.visible(Permission.ACCESS_LOG)
    unit = query.get("unit", "")
    units = frozenset({unit} & seen) if unit else seen
    rows = book.read(units, now - _KEPT)
    pages = max(1, -(-len(rows) // SIZE))
    asked = query.get("page", "1")
    page = min(max(1, int(asked) if asked.isdigit() else 1), pages)
    readers: dict[str, int] = {}
    for row in reversed(rows):
        readers.setdefault(row["reader"], len(readers) + 1)
    named = {u.id: u.names.text(language) for u in visitor.registry.units_at(visitor.day).values()}
    named |= {g.id: g.names.text(language) for g in visitor.registry.groups}
    cells = tuple(
        (
            when(r["at"]),
            say("reader", n=readers[r["reader"]]),
            say(f"role_{r['role']}"),
            named.get(r["role_unit"], r["role_unit"]),
            say(f"what_{r['what']}"),
            named.get(r["unit"], r["unit"]),
            say(f"surface_{r['surface']}"),
        )
        for r in rows[(page - 1) * SIZE : page * SIZE]
    )
    columns = ("at", "reader", "role", "role_unit", "what", "unit", "surface")
    return Log(
        Table(say("log_caption", n=len(rows)), tuple(say(f"col_{c}") for c in columns), cells),
        page,
        pages,
        len(rows),
        unit,
        tuple(sorted(((u, named[u]) for u in seen if u in named), key=lambda p: p[1])),
    )
