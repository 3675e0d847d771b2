"""The console as an application: its routes (pages, forms, /api/v1), its headers, and what is said when it fails."""

from __future__ import annotations

import logging
import traceback
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nytta.storage.errors import StoppedError, StoreError
from nytta.surfaces.authentication.identity import NotAuthenticated
from nytta.surfaces.console.context import FIELDS, Console, KeptForm
from nytta.surfaces.console.parts import Refused
from nytta.surfaces.console.routing import (
    api,
    benefits,
    intake,
    lists,
    operations,
    reading,
    session,
)
from nytta.surfaces.console.services import CannotDo

_log = logging.getLogger(__name__)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # with no-referrer, a browser sends Origin: null with the console's own forms, as a hostile frame does with its
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_UNDER_WAY: Final = 100
"""Requests that are worked on at a time; two threads make the pages, and the others wait."""
_PASSING: Final = (429, 503)


def application(console: Console) -> FastAPI:
    """The console with all its routes."""
    app = FastAPI(
        title="Nytta",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
    )
    _static(app, console)
    for part in (session, reading, benefits, lists, operations, intake, api):
        part.add(app, console)
    _errors(app, console)
    app.add_middleware(_Guarded, console=console)
    return app


def _static(app: FastAPI, console: Console) -> None:
    @app.get("/static/console.css", include_in_schema=False)
    async def style() -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(console.style, media_type="text/css", headers=headers)

    @app.get("/static/mark.svg", include_in_schema=False)
    async def mark() -> Response:
        return Response(
            console.mark,
            media_type="image/svg+xml",
            headers={"Cache-Control": "public, max-age=86400"},
        )


class _Guarded:
    """Stands before all routes.

    Only requests for this console's host come in, so many at a time; every answer bears the security headers; a fault
    is a page that says so, and somebody who left is none.
    """

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app = app
        self._console = console
        self._under_way = 0
        self._headers = {
            header_name.lower().encode(): header_value.encode()
            for header_name, header_value in _HEADERS.items()
        }
        if console.secure:
            self._headers[b"strict-transport-security"] = b"max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                present = {header_name.lower() for header_name, _ in message["headers"]}
                security_headers = [
                    (header_name, header_value)
                    for header_name, header_value in self._headers.items()
                    if header_name not in present
                ]
                message["headers"] = [*message["headers"], *security_headers]
            await send(message)

        request = Request(scope, receive)
        refusal = self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, guarded)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            _log.error(
                "a page failed: %s in %s, line %s",
                type(error).__name__,
                where.filename,
                where.lineno,
            )
            if not begun:
                page = self._console.error(request, 500, "fault", **_written(request))
                await page(scope, receive, guarded)
        finally:
            self._under_way -= 1

    def _refusal(self, request: Request) -> Response | None:
        """The answer to a request that is not let in; None to one that is."""
        if not self._console.at_home(request):
            return PlainTextResponse(
                "This address is not one that the console has; NYTTA_ADDRESS names it.\n", 421
            )
        if request.scope["query_string"].count(b"&") >= FIELDS:
            return self._console.error(request, 400, "bad_request")
        if self._under_way >= _UNDER_WAY:
            return PlainTextResponse(
                "Too many pages are asked for at once.\n", 503, {"Retry-After": "2"}
            )
        return None


def _written(request: Request) -> dict[str, Any]:
    """What was in a form that came in whole, to be sent once more when the cause is gone."""
    fields = getattr(request.state, "written", None)
    return {"kept": fields, "action": request.url.path} if fields else {}


def _errors(app: FastAPI, console: Console) -> None:
    pages = _ErrorPages(console)
    for error_class, handler in (
        (Refused, pages.refused),
        (KeptForm, pages.refused),
        (NotAuthenticated, pages.nobody),
        (StoreError, pages.away),
        (StoppedError, pages.stopping),
        (CannotDo, pages.cannot),
        (ClientDisconnect, pages.gone),
        (HTTPException, pages.http),
    ):
        app.add_exception_handler(error_class, handler)


class _ErrorPages:
    """What is said where a page or form cannot be had."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        more: dict[str, Any] = {"filled": error.filled}
        if isinstance(error, KeptForm):
            more |= {"kept": error.fields, "action": request.url.path}
        response = self._console.error(request, error.status, error.key, **more)
        if error.status in _PASSING:
            response.headers["Retry-After"] = "10"
        return response

    async def nobody(self, request: Request, error: Exception) -> Response:
        key = "sign_in" if self._console.oidc is None else "sign_in_provider"
        return self._console.error(request, 401, key, filled={"why": str(error)})

    async def away(self, request: Request, error: Exception) -> Response:
        _log.error("the store refused: %s", error)
        return await self.stopping(request, error)

    async def stopping(self, request: Request, _: Exception) -> Response:
        response = self._console.error(request, 503, "store_away", **_written(request))
        response.headers["Retry-After"] = "10"
        return response

    async def cannot(self, request: Request, error: Exception) -> Response:
        return self._console.error(request, 422, "cannot", filled={"why": str(error)})

    async def gone(self, _: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nobody reads it

    async def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        key = {404: "no_page", 405: "no_method"}.get(error.status_code, "bad_request")
        response = self._console.error(request, error.status_code, key)
        response.headers.update(error.headers or {})
        return response
