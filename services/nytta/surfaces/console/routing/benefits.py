"""Pages about benefits, and reports to take away."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nytta.registry.roles import Permission
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.pages import benefits as pages
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
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.PROGRAMME)
        return Answer(
            pages.register(reading, page_request.visitor, page_request.query), ((Permission.PROGRAMME, reading.root),)
        )

    def one(page_request: PageRequest) -> Answer:
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.PROGRAMME)
        return Answer(
            pages.one(reading, page_request.visitor, page_request.path["benefit"]),
            ((Permission.PROGRAMME, reading.root),),
        )

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
        form = query.get("format", "pdf")
        if form not in _MEDIA:
            raise Refused(400, "bad_filter", what=form[:20])

        def made() -> tuple[str, bytes]:
            reading = chosen_reading(console, visitor, query, Permission.PROGRAMME)
            statement, system = pages.statement(reading), query.get("system", "")
            if system and system not in statement.systems:
                raise Refused(404, "no_system", what=system[:80])
            console.log(visitor, Answer(None, ((Permission.PROGRAMME, reading.root),)), "export")
            assert reading.statement
            name = f"nytta-{reading.root}-{statement.week}.{form}"
            if form == "csv":
                return name, b"\xef\xbb\xbf" + as_csv(rows(statement, visitor.language, system)).encode()
            font = pdf.FONT if form == "pdf" else html.FONT
            report = document(statement, reading.statement.published_at, visitor.language, system, font=font)
            if form == "xlsx":
                tables = sheets(rows(statement, visitor.language, system), report)
                moment = reading.statement.published_at
                return name, workbook(tables, visitor.language, title=report.title, made_at=moment)
            return name, pdf.pdf(report) if form == "pdf" else html.html(report).encode()

        name, body = await console.run(made)
        # a saved page brings its own style, which the console's policy would not let it show
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, media_type=_MEDIA[form], headers=headers)

    @app.get("/benefits/{benefit}", include_in_schema=False)
    async def one(request: Request) -> Response:
        return await console.page(request, "benefit.html", build["benefit"])
