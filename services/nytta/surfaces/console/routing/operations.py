"""Pages about the installation itself: operations with replay, transparency, the log of readers, help, the API."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nytta.registry.roles import Permission
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.pages import operations as operating
from nytta.surfaces.console.pages import transparency as transparent
from nytta.surfaces.console.parts import Answer, Refused
from nytta.surfaces.console.routing.reading import chosen_reading
from nytta.surfaces.console.routing.table import add_routes


def builders(console: Console) -> dict[str, Build]:
    """The functions from a visitor to a page's model, by name."""

    def operations(page_request: PageRequest) -> Answer:
        reading = chosen_reading(
            console, page_request.visitor, page_request.query, Permission.PLATFORM
        )
        model = operating.operations(
            console.store, console.services, reading, page_request.visitor, page_request.query
        )
        return Answer(model)

    def transparency(page_request: PageRequest) -> Answer:
        return Answer(
            transparent.transparency(console.store, console.services, page_request.visitor)
        )

    def log(page_request: PageRequest) -> Answer:
        if not page_request.visitor.visible(Permission.ACCESS_LOG):
            raise Refused(403, "no_role")
        visitor, query, whole = page_request.visitor, page_request.query, page_request.whole
        return Answer(transparent.log(console.access, visitor, query, console.now(), whole=whole))

    return {"operations": operations, "transparency": transparency, "access-log": log}


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    pages = _OperationRoutes(app, console)
    add_routes(
        app,
        ("GET", "/operations", pages.operations),
        ("POST", "/operations", pages.replay),
        ("GET", "/transparency", pages.transparency),
        ("GET", "/access-log", pages.log),
        ("GET", "/help", pages.help),
        ("GET", "/api", pages.reference),
    )


class _OperationRoutes:
    """How the installation does, what it holds of whom, and who looked."""

    def __init__(self, app: FastAPI, console: Console) -> None:
        self._app = app
        self._console = console
        self._build = builders(console)

    async def operations(self, request: Request) -> Response:
        return await self._console.page(
            request, "operations.html", self._build["operations"], keep=False
        )

    async def replay(self, request: Request) -> Response:
        visitor, fields = await self._console.posted(request)
        if not visitor.visible(Permission.MAINTAIN):
            raise Refused(403, "no_role")

        def made() -> str:
            outcome = self._console.services.replay(
                fields.get("reason", ""),
                fields.get("source", ""),
                dry_run=fields.get("do") == "try",
            )
            self._console.readings.changed()
            reading = chosen_reading(self._console, visitor, {}, Permission.PLATFORM)
            model = operating.operations(
                self._console.store, self._console.services, reading, visitor, {}, outcome
            )
            return self._console.render(
                "operations.html", visitor, page=model, at="/operations", path="/operations"
            )

        return self._console.html(request, await self._console.run(made), visitor_name=visitor.name)

    async def transparency(self, request: Request) -> Response:
        return await self._console.page(request, "transparency.html", self._build["transparency"])

    async def log(self, request: Request) -> Response:
        return await self._console.page(request, "log.html", self._build["access-log"], keep=False)

    async def help(self, request: Request) -> Response:
        return await self._console.page(request, "help.html", lambda _: Answer(None))

    async def reference(self, request: Request) -> Response:
        paths = self._app.openapi()["paths"].items()
        operations = tuple((path, path_item["get"]["summary"]) for path, path_item in paths)
        return await self._console.page(
            request, "api.html", lambda _: Answer({"paths": operations})
        )
