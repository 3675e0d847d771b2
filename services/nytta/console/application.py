"""The console as an application: its routes (pages, forms, /api/v1), its headers, and what is said when it fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nytta.authentication.identity import NotAuthenticated
from nytta.console.context import Console, KeptForm
from nytta.console.parts import Refused
from nytta.console.routing import api, benefits, intake, reading, session
from nytta.console.services import CannotDo
from nytta.store.client import StoppedError, StoreError

_log = logging.getLogger(__name__)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def application(console: Console) -> FastAPI:
    """The console with all its routes."""
    app = FastAPI(
        title="Nytta", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json", debug=False
    )
    _static(app, console)
    for part in (session, reading, benefits, intake, api):
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
        return Response(console.mark, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


class _Guarded:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if console.secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (k.lower().encode(), v.encode())
                        for k, v in self._headers.items()
                        if k.lower().encode() not in there
                    ),
                ]
            await send(message)

        await self._app(scope, receive, guarded)


def _errors(app: FastAPI, console: Console) -> None:
    def written(request: Request) -> dict[str, Any]:
        """What was in a form that came in whole, to be sent once more when the cause is gone."""
        fields = getattr(request.state, "written", None)
        return {"kept": fields, "action": request.url.path} if fields else {}

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        more: dict[str, Any] = {"filled": error.filled}
        if isinstance(error, KeptForm):
            more |= {"kept": error.fields, "action": request.url.path}
        return console.error(request, error.status, error.key, **more)

    async def nobody(request: Request, error: Exception) -> Response:
        return console.error(request, 401, "sign_in", filled={"why": str(error)})

    async def away(request: Request, error: Exception) -> Response:
        _log.error("the store refused: %s", error)
        response = console.error(request, 503, "store_away", **written(request))
        response.headers["Retry-After"] = "10"
        return response

    async def stopping(request: Request, _: Exception) -> Response:
        response = console.error(request, 503, "store_away", **written(request))
        response.headers["Retry-After"] = "10"
        return response

    async def cannot(request: Request, error: Exception) -> Response:
        return console.error(request, 422, "cannot", filled={"why": str(error)})

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=499)  # nobody reads it

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        key = {404: "no_page", 405: "no_method"}.get(error.status_code, "bad_request")
        response = console.error(request, error.status_code, key)
        response.headers.update(error.headers or {})
        return response

    async def fault(request: Request, error: Exception) -> Response:
        where = traceback.extract_tb(error.__traceback__)[-1]
        _log.error("a page failed: %s in %s, line %s", type(error).__name__, where.filename, where.lineno)
        return console.error(request, 500, "fault", **written(request))

    for kind, handler in (
        (Refused, refused),
        (KeptForm, refused),
        (NotAuthenticated, nobody),
        (StoreError, away),
        (StoppedError, stopping),
        (CannotDo, cannot),
        (ClientDisconnect, gone),
        (HTTPException, http),
    ):
        app.add_exception_handler(kind, handler)

    @app.middleware("http")
    async def faults(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await call(request)
        except Exception as error:
            return await fault(request, error)
