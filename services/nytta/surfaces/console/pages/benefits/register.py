"""The register: all benefits of an organisation, hours left unrealised, decisions, maturity, anchoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from nytta.insight.benefits.forecast import WORDS, Status
from nytta.insight.benefits.statement import Benefit, Statement
from nytta.registry.roles import Permission
from nytta.surfaces.console.branches import Guide, Way, branch, every_place
from nytta.surfaces.console.figure_texts import day, week
from nytta.surfaces.console.pages.alerts import organisations
from nytta.surfaces.console.pages.benefits import anchoring, break_even, maturity, unrealised
from nytta.surfaces.console.pages.benefits.statements import (
    forecast,
    percent,
    published_statement,
    status,
    unit_link,
)
from nytta.surfaces.console.pages.hours import hours_table
from nytta.surfaces.console.parts import Cell, Chart, Link, Refused, Speaker, Table, Tile
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.reports import figures
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.document import Document, Items, Text, Tiles

_SORTS: Final = ("unit", "realised", "due", "status")


@dataclass(frozen=True, slots=True)
class Register:
    """All benefits of an organisation as they were stated last; `listed` says how many of them are shown."""

    organisation: str
    organisations: tuple[Link, ...]
    name: str
    week: str
    lead: str
    tiles: tuple[Tile, ...]
    table: Table
    listed: str
    system: str
    systems: tuple[tuple[str, str], ...]
    status: str
    statuses: tuple[tuple[str, str], ...]
    sort: str
    sorts: tuple[tuple[str, str], ...]
    lying: Chart | None
    hours: Table | None
    break_even: tuple[Chart, ...]
    decisions: Table | None
    decide: tuple[str, ...]
    cascade: Table | None
    quadrant: Chart | None
    maturity: Table | None
    guide: Guide | None
    report: str


class _Filter(NamedTuple):
    """What the query asks for; '' for all."""

    system: str
    status: str
    sort: str


def register(
    reading: Reading, visitor: Visitor, query: Mapping[str, str], *, whole: bool = False
) -> Register:
    """The register, filtered and sorted by the query, which also chooses which places its lists show.

    They show all where the `whole` is asked for.
    """
    published = published_statement(reading)
    last_statement = published.statement
    language = visitor.language
    say = Speaker(language)
    filters = _filter(last_statement, query)
    # the page quotes the report, so that the two cannot say different things of one week
    report = document(last_statement, published.published_at, language, filters.system, font="")
    pools = [pool for pool in last_statement.pools if filters.system in ("", pool.system)]
    visible = visitor.visible(Permission.PROGRAMME)
    places = [place for place in reading.published.places(reading.day) if place in visible]
    way = Way("/benefits", {"organisation": reading.root, **filters._asdict()}, query)
    listed = every_place(places) if whole else branch(reading, language, places, way)
    selected = _selected(last_statement, filters)
    benefits = listed.rows(selected, lambda benefit: benefit.place)
    report_path = f"/benefits/report?organisation={reading.root}"
    return Register(
        organisation=reading.root,
        organisations=tuple(organisations(visitor, Permission.PROGRAMME, "/benefits")),
        name=last_statement.names.text(language),
        week=week(last_statement.week, language),
        lead=_lead(report),
        tiles=_tiles(report),
        table=_table(benefits, len(selected), reading, say),
        listed=listed.listed(len(benefits), len(selected), say),
        system=filters.system,
        systems=tuple(
            (system_id, names.text(language)) for system_id, names in last_statement.systems.items()
        ),
        status=filters.status,
        statuses=_statuses(last_statement, language),
        sort=filters.sort,
        sorts=tuple(zip(_SORTS, say.columns(*_SORTS), strict=True)),
        lying=unrealised.unrealised_chart(pools, last_statement.currency, say, listed),
        hours=hours_table(
            listed.rows(pools, lambda pool: pool.place), last_statement.currency, say, by_unit=True
        ),
        break_even=tuple(break_even.break_even_charts(last_statement, say, filters.system)),
        decisions=anchoring.decisions_table(last_statement, say),
        decide=tuple(
            text for block in report.blocks if isinstance(block, Items) for text in block.items
        ),
        cascade=anchoring.cascade_table(reading, say, listed),
        quadrant=maturity.quadrant_chart(last_statement, say, listed),
        maturity=maturity.maturity_table(last_statement, say, listed),
        guide=listed.guide,
        report=report_path + (f"&system={filters.system}" if filters.system else ""),
    )


def _lead(report: Document) -> str:
    """The sentence with which the report begins."""
    leads = [
        block.text for block in report.blocks if isinstance(block, Text) and block.style == "lead"
    ]
    return leads[0] if leads else ""


def _tiles(report: Document) -> tuple[Tile, ...]:
    """The figures at the head of the report."""
    tiles = next((block.tiles for block in report.blocks if isinstance(block, Tiles)), ())
    return tuple(Tile(*tile) for tile in tiles)


def _statuses(last_statement: Statement, language: str) -> tuple[tuple[str, str], ...]:
    """The statuses that some benefit has, from which the reader may choose."""
    words_present = {benefit.word for benefit in last_statement.benefits}
    return tuple(
        (word.value, WORDS[word].text(language)) for word in Status if word.value in words_present
    )


def _filter(last_statement: Statement, query: Mapping[str, str]) -> _Filter:
    """What the query asks for. Refused where it names what is not there."""
    filters = _Filter(query.get("system", ""), query.get("status", ""), query.get("sort", "unit"))
    is_known_system = not filters.system or filters.system in last_statement.systems
    is_known_status = not filters.status or filters.status in list(Status)
    if not is_known_system or not is_known_status or filters.sort not in _SORTS:
        raise Refused(400, "bad_filter", what=filters.system or filters.status or filters.sort)
    return filters


def _selected(last_statement: Statement, filters: _Filter) -> list[Benefit]:
    selected = [
        benefit
        for benefit in last_statement.benefits
        if filters.system in ("", benefit.plan.system) and filters.status in ("", benefit.word)
    ]
    # benefits of which nothing was measured stand last
    if filters.sort == "realised":
        selected.sort(key=lambda benefit: (benefit.realised is None, benefit.realised or 0))
    elif filters.sort == "due":
        selected.sort(key=lambda benefit: (benefit.plan.due or date.max, benefit.id))
    elif filters.sort == "status":
        order = list(Status)
        selected.sort(key=lambda benefit: (order.index(Status(benefit.word)), benefit.id))
    return selected


def _table(benefits: Sequence[Benefit], number: int, reading: Reading, say: Speaker) -> Table:
    """Benefits of the register, of which there are so many."""
    language = say.language
    rows: list[tuple[Cell, ...]] = []
    for benefit in benefits:
        href = f"/benefits/{benefit.id}?organisation={reading.root}"
        rows.append(
            (
                Link(benefit.plan.names.text(language), href),
                unit_link(benefit, language),
                status(benefit, language),
                percent(benefit.realised, language),
                forecast(benefit, say),
                day(benefit.plan.due, language),
                figures.hours(benefit.freed, language),
                benefit.plan.owner or say("no_owner"),
            )
        )
    columns = say.columns(
        "benefit", "unit", "status", "realised", "forecast", "due", "freed", "owner"
    )
    return Table(say("benefits_caption", n=number), columns, tuple(rows), (3, 4, 6))
