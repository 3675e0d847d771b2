"""Commands of benefits: what was promised and what has come, reports, and figures to compare with others."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nytta import service as nytta
from nytta.cli.common import Data, Json, Language, commands, fail, opened, show, stderr
from nytta.insight.store.statements import PublishedStatement, Statements, until
from nytta.surfaces.reports import html as pages
from nytta.surfaces.reports import pdf as paper
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.rows import as_csv, rows
from nytta.surfaces.reports.sheets import sheets
from nytta.surfaces.workbooks import workbook

AsOf = Annotated[
    str,
    typer.Option(
        "--as-of", help="As it was stated by the end of this day, or by this moment (with offset)."
    ),
]
Programme = Annotated[
    str,
    typer.Option(
        "--programme", help="A system's id, an organisation's id, or organisation/system."
    ),
]


class Format(StrEnum):
    """What a report is written as."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"


_SHOWN = (
    *("benefit", "unit", "status", "realised", "forecast_low", "forecast_high", "due"),
    *("freed_hours", "unrealised_hours", "unrealised_amount", "currency"),
)


@commands.command()
def benefits(
    programme: Programme = "",
    as_of: AsOf = "",
    language: Annotated[Language, typer.Option("--lang", help="Language of names.")] = Language.EN,
    data_folder: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """List benefits: realised share, forecast, status, hours freed and unrealised."""
    with opened(data_folder) as installation:
        statements = _found(installation, programme, as_of)
    listed = [
        row
        for published_statement, system in statements
        for row in rows(published_statement.statement, language.value, system)
    ]
    show(listed, as_json, tuple(listed[0]) if as_csv and listed else _SHOWN, as_csv)


@commands.command()
def report(
    programme: Programme,
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output without it.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.HTML,
    language: Annotated[
        Language, typer.Option("--lang", help="Language of the report.")
    ] = Language.SV,
    as_of: AsOf = "",
    data_folder: Data = None,
) -> None:
    """Write the report of a programme: two pages to decide from, and an appendix.

    The same --as-of gives the same bytes, whatever changed since.
    """
    with opened(data_folder) as installation:
        statements = _found(installation, programme, as_of)
    if len(statements) != 1:
        organisation_names = ", ".join(
            f"{published_statement.statement.organisation}/{system or programme}"
            for published_statement, system in statements
        )
        fail(
            f"'{programme}' concerns several organisations; name one of {organisation_names}",
            code=2,
        )
    published_statement, system = statements[0]
    if form is Format.CSV:
        report_body = as_csv(rows(published_statement.statement, language.value, system)).encode()
    else:
        font = paper.FONT if form is Format.PDF else pages.FONT
        stated_at = published_statement.published_at
        told_in = document(
            published_statement.statement, stated_at, language.value, system, font=font
        )
        if form is Format.PDF:
            report_body = paper.pdf(told_in)
        elif form is Format.XLSX:
            tables = sheets(rows(published_statement.statement, language.value, system), told_in)
            report_body = workbook(tables, language.value, title=told_in.title, made_at=stated_at)
        else:
            report_body = pages.html(told_in).encode()
    if out is None:
        sys.stdout.buffer.write(report_body)
        sys.stdout.flush()
        return
    out.write_bytes(report_body)
    stderr.print(
        f"{out}: {len(report_body)} bytes, as stated at {published_statement.published_at:%Y-%m-%d %H:%M:%S} UTC"
    )


def _found(
    installation: nytta.App, programme: str, as_of: str
) -> list[tuple[PublishedStatement, str]]:
    """The statements that a programme is about, each with its system ('' for all)."""
    book = Statements(installation.open.connection)
    everything: list[PublishedStatement] = []
    for organisation in book.organisations():
        try:
            moment = until(as_of, book.timezone(organisation)) if as_of else None
        except ValueError as error:
            fail(
                f"--as-of {as_of}: {error}; use a day such as 2026-03-31, or a moment with an offset",
                code=2,
            )
        published_statement = book.latest(organisation, moment)
        if published_statement is not None:
            everything.append(published_statement)
    if not everything:
        fail(
            f"nothing had been stated by {as_of}"
            if as_of and book.organisations()
            else "nothing is stated yet: register benefits in programme.yaml (--registry), then import or run nytta up"
        )
    organisation_id, _, system_id = programme.partition("/")
    matches = []
    for published_statement in everything:
        systems = {benefit.plan.system for benefit in published_statement.statement.benefits} | set(
            published_statement.statement.systems
        )
        if not programme or (
            organisation_id == published_statement.statement.organisation and not system_id
        ):
            matches.append((published_statement, ""))
        elif organisation_id == published_statement.statement.organisation and system_id in systems:
            matches.append((published_statement, system_id))
        elif not system_id and any(
            benefit.plan.system == organisation_id
            for benefit in published_statement.statement.benefits
        ):
            matches.append((published_statement, organisation_id))
    if not matches:
        known_names = sorted(
            {published_statement.statement.organisation for published_statement in everything}
        )
        known_names += sorted(
            {
                benefit.plan.system
                for published_statement in everything
                for benefit in published_statement.statement.benefits
            }
        )
        fail(f"there is no programme '{programme}'; there are {', '.join(known_names)}", code=2)
    return matches
