"""Signing in and out, language, light, and the seat from which the person at the machine looks."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nytta.console.context import SESSION_SECONDS, THEMES, YEAR_SECONDS, Asked, Console
from nytta.console.parts import Answer, Link, Refused, Speaker
from nytta.console.visitors import seats
from nytta.console.words import LANGUAGES


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""

    @app.get("/sign-in/{token}", include_in_schema=False)
    async def sign_in(request: Request, token: str) -> Response:
        peer = request.client.host if request.client else ""
        cookie = console.links.redeem(token, peer, console.now())
        response = RedirectResponse("/", 303)
        console.put(response, "session", cookie, SESSION_SECONDS)
        response.delete_cookie(console.cookie("seat"), path="/")
        return response

    @app.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        await console.posted(request)
        console.links.end(request.cookies.get(console.cookie("session"), ""))
        response = RedirectResponse("/signed-out", 303)
        response.delete_cookie(console.cookie("session"), path="/")
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    @app.get("/signed-out", include_in_schema=False)
    async def signed_out(request: Request) -> Response:
        return console.error(request, 200, "signed_out_now")

    @app.get("/language/{to}", include_in_schema=False)
    async def language(request: Request, to: str) -> Response:
        if to not in LANGUAGES:
            raise Refused(404, "no_page")
        response = RedirectResponse(back(request), 303)
        console.put(response, "language", to, YEAR_SECONDS)
        return response

    @app.get("/theme/{to}", include_in_schema=False)
    async def theme(request: Request, to: str) -> Response:
        if to not in (*THEMES, "auto"):
            raise Refused(404, "no_page")
        response = RedirectResponse(back(request), 303)
        console.put(response, "theme", to, YEAR_SECONDS)
        return response

    @app.get("/seats", include_in_schema=False)
    async def choose(request: Request) -> Response:
        return await console.page(request, "seats.html", _seats)

    @app.post("/seats", include_in_schema=False)
    async def sit(request: Request) -> Response:
        visitor, fields = await console.posted(request)
        if not visitor.identity.local:
            raise Refused(403, "no_role")
        response = console.answered("/")
        console.put(response, "seat", fields.get("seat", ""), SESSION_SECONDS)
        return response


def back(request: Request) -> str:
    """The page to come back to: a path of this console, never another host's."""
    to = request.query_params.get("to", "/")
    parts = urlsplit(to)
    safe = to.startswith("/") and not to.startswith("//") and "\\" not in to and not parts.scheme and not parts.netloc
    return to if safe and to.isprintable() else "/"


def _seats(asked: Asked) -> Answer:
    if not asked.visitor.identity.local:
        raise Refused(403, "no_role")
    say = Speaker(asked.visitor.language)
    units = asked.visitor.registry.units_at(asked.visitor.day)
    groups = {g.id: g for g in asked.visitor.registry.groups}
    found: dict[str, list[Link]] = {}
    for seat in seats(asked.visitor.registry, asked.visitor.day):
        group = groups.get(seat.unit)
        unit = units[group.units[0] if group else seat.unit]
        names = group.names if group else unit.names
        root = units[unit.root].names.text(asked.visitor.language)
        text = say("seat", role=say(f"role_{seat.role.value}"), unit=names.text(asked.visitor.language))
        found.setdefault(root, []).append(Link(text, f"{seat.role.value}:{seat.unit}"))
    return Answer({"seats": {root: tuple(links) for root, links in found.items()}, "now": asked.visitor.seat})
