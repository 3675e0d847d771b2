"""The routes of the console: pages, forms, and /api/v1."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response

from nytta.console.application import Console
from nytta.console.routing import api, benefits, intake, reading, session


def add(app: FastAPI, console: Console) -> None:
    """Add every route."""

    @app.get("/static/console.css", include_in_schema=False)
    async def style() -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(console.style, media_type="text/css", headers=headers)

    @app.get("/static/mark.svg", include_in_schema=False)
    async def mark() -> Response:
        return Response(console.mark, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})

    for part in (session, reading, benefits, intake, api):
        part.add(app, console)
