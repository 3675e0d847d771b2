"""Commands of benefits: what was promised and what has come, reports, and figures to compare with others."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nytta import service as nytta
from nytta.cli.common import Data, Json, commands, fail, opened, show, stderr
from nytta.insight.store.statements import PublishedStatement, Statements, until
from nytta.surfaces.reports import html as pages
from nytta.surfaces.reports import pdf as paper
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.rows import as_csv, rows

AsOf = Annotated[
    str, typer.Option("--as-of", help="As it was stated by the end of this day, or by this moment (with offset).")
]
Programme = Annotated[
    str, typer.Option("--programme", help="A system's id, an organisation's id, or organisation/system.")
]


class Format(StrEnum):
    """What a report is written as."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"


class Language(StrEnum):
    """Languages of a report."""

    SV = "sv"
    NB = "nb"
    EN = "en"


_SHOWN = (
    *("benefit", "unit", "status", "realised", "forecast_low", "forecast_high", "due"),
    *("freed_hours", "unrealised_hours", "unrealised_amount", "currency"),
)


@commands.command()
def benefits(
    programme: Programme = "",
    as_of: AsOf = "",
    language: Annotated[Language, typer.Option("--lang", help="Language of names.")] = Language.EN,
    data: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """List benefits: realised share, forecast, status, hours freed and unrealised."""
    with opened(data) as app:
        found = _found(app, programme, as_of)
    listed = [row for said, system in found for row in rows(said.statement, language.value, system)]
    show(listed, as_json, tuple(listed[0]) if as_csv and listed else _SHOWN, as_csv)


@commands.command()
def report(
    programme: Programme,
    out: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.HTML,
    language: Annotated[Language, typer.Option("--lang", help="Language of the report.")] = Language.SV,
    as_of: AsOf = "",
    data: Data = None,
) -> None:
    """Write the report of a programme: two pages to decide from, and an appendix.

    The same --as-of gives the same bytes, whatever changed since.
    """
    with opened(data) as app:
        found = _found(app, programme, as_of)
    if len(found) != 1:
        names = ", ".join(f"{said.statement.organisation}/{system or programme}" for said, system in found)
        fail(f"'{programme}' concerns several organisations; name one of {names}", code=2)
    said, system = found[0]
    if form is Format.CSV:
        body = as_csv(rows(said.statement, language.value, system)).encode()
    elif form is Format.PDF:
        body = paper.pdf(document(said.statement, said.published_at, language.value, system, font=paper.FONT))
    else:
        told_in = document(said.statement, said.published_at, language.value, system, font=pages.FONT)
        body = pages.html(told_in).encode()
    if out is None:
        sys.stdout.buffer.write(body)
        sys.stdout.flush()
        return
    out.write_bytes(body)
    stderr.print(f"{out}: {len(body)} bytes, as stated at {said.published_at:%Y-%m-%d %H:%M:%S} UTC")


def _found(app: nytta.App, programme: str, as_of: str) -> list[tuple[PublishedStatement, str]]:
    """The statements that a programme is about, each with its system ('' for all)."""
    book = Statements(app.open.connection)
    everything: list[PublishedStatement] = []
    for organisation in book.organisations():
        try:
            moment = until(as_of, book.timezone(organisation)) if as_of else None
        except ValueError as error:
            fail(f"--as-of {as_of}: {error}; use a day such as 2026-03-31, or a moment with an offset", code=2)
        said = book.latest(organisation, moment)
        if said is not None:
            everything.append(said)
    if not everything:
        fail(
            f"nothing had been stated by {as_of}"
            if as_of and book.organisations()
            else "nothing is stated yet: register benefits in programme.yaml (--registry), then import or run nytta up"
        )
    name, _, part = programme.partition("/")
    found = []
    for said in everything:
        systems = {b.plan.system for b in said.statement.benefits} | set(said.statement.systems)
        if not programme or (name == said.statement.organisation and not part):
            found.append((said, ""))
        elif name == said.statement.organisation and part in systems:
            found.append((said, part))
        elif not part and any(b.plan.system == name for b in said.statement.benefits):
            found.append((said, name))
    if not found:
        known = sorted({s.statement.organisation for s in everything})
        known += sorted({b.plan.system for s in everything for b in s.statement.benefits})
        fail(f"there is no programme '{programme}'; there are {', '.join(known)}", code=2)
    return found
