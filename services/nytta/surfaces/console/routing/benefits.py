"""Pages about benefits, and reports to take away."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nytta.insight.store.statements import PublishedStatement
from nytta.registry.roles import Permission
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.pages.benefits.benefit import one as benefit_page
from nytta.surfaces.console.pages.benefits.register import register as register_page
from nytta.surfaces.console.pages.benefits.statements import published_statement
from nytta.surfaces.console.parts import Answer, Refused
from nytta.surfaces.console.routing.reading import chosen_reading
from nytta.surfaces.reports import html, pdf
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.rows import as_csv, rows
from nytta.surfaces.reports.sheets import sheets
from nytta.surfaces.workbooks import MEDIA, workbook

_MEDIA = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xlsx": MEDIA,
}


def builders(console: Console) -> dict[str, Build]:
    """The functions from a visitor to a page's model, by name."""

    def register(page_request: PageRequest) -> Answer:
        reading = chosen_reading(
            console, page_request.visitor, page_request.query, Permission.PROGRAMME
        )
        page = register_page(
            reading, page_request.visitor, page_request.query, whole=page_request.whole
        )
        return Answer(page, ((Permission.PROGRAMME, reading.root),))

    def one(page_request: PageRequest) -> Answer:
        reading = chosen_reading(
            console, page_request.visitor, page_request.query, Permission.PROGRAMME
        )
        page = benefit_page(reading, page_request.visitor, page_request.path["benefit"])
        return Answer(page, ((Permission.PROGRAMME, reading.root),))

    return {"benefits": register, "benefit": one}


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    build = builders(console)

    @app.get("/benefits", include_in_schema=False)
    async def register(request: Request) -> Response:
        return await console.page(request, "benefits.html", build["benefits"])

    @app.get("/benefits/report", include_in_schema=False)
    async def report(request: Request) -> Response:
        visitor = console.visitor(request)
        query = dict(request.query_params)
        file_format = query.get("format", "pdf")
        if file_format not in _MEDIA:
            raise Refused(400, "bad_filter", what=file_format[:20])

        def written() -> tuple[str, bytes]:
            reading = chosen_reading(console, visitor, query, Permission.PROGRAMME)
            published = published_statement(reading)
            system = query.get("system", "")
            if system and system not in published.statement.systems:
                raise Refused(404, "no_system", what=system[:80])
            # before the file is made: a read that was not logged is not shown
            console.log(visitor, Answer(None, ((Permission.PROGRAMME, reading.root),)), "export")
            file_name = f"nytta-{reading.root}-{published.statement.week}.{file_format}"
            return file_name, _report(published, file_format, visitor.language, system)

        file_name, body = await console.run(written)
        # a saved page brings its own style, which the console's policy would not let it show
        headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
        return Response(body, media_type=_MEDIA[file_format], headers=headers)

    @app.get("/benefits/{benefit}", include_in_schema=False)
    async def one(request: Request) -> Response:
        return await console.page(request, "benefit.html", build["benefit"])


def _report(published: PublishedStatement, file_format: str, language: str, system: str) -> bytes:
    """The report of a statement as a file of this format; of one system, or of all."""
    statement = published.statement
    if file_format == "csv":
        # with the mark by which spreadsheets know UTF-8
        return b"\xef\xbb\xbf" + as_csv(rows(statement, language, system)).encode()
    font = pdf.FONT if file_format == "pdf" else html.FONT
    report = document(statement, published.published_at, language, system, font=font)
    if file_format == "xlsx":
        tables = sheets(rows(statement, language, system), report)
        return workbook(tables, language, title=report.title, made_at=published.published_at)
    return pdf.pdf(report) if file_format == "pdf" else html.html(report).encode()
