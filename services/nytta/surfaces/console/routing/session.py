"""Signing in and out, language, light, and the seat from which the person at the machine looks."""

from __future__ import annotations

import logging
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nytta.surfaces.authentication.oidc.client import CALLBACK, SIGNED_OUT
from nytta.surfaces.authentication.oidc.flow import LIFE
from nytta.surfaces.authentication.oidc.provider import AGAIN_SECONDS
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.console.context import SESSION_SECONDS, THEMES, YEAR_SECONDS, Console, PageRequest
from nytta.surfaces.console.parts import Answer, Link, Refused, Speaker
from nytta.surfaces.console.visitors import seats
from nytta.surfaces.console.words import LANGUAGES

_log = logging.getLogger(__name__)
_PATH: Final = 2000
"""Characters of the address of a page to come back to."""
_STATUS: Final = {
    Reason.STALE: 400,
    Reason.DENIED: 403,
    Reason.ADDRESS: 403,
    Reason.ACCOUNT: 403,
    Reason.BROKEN: 502,
    Reason.AWAY: 503,
    Reason.UNKEPT: 503,
}
_LEVEL: Final = {Reason.STALE: logging.INFO, Reason.DENIED: logging.INFO}
"""What persons and robots bring about every day warns nobody."""


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""

    @app.get("/sign-in", include_in_schema=False)
    async def begin(request: Request) -> Response:
        if console.oidc is None:
            raise Refused(404, "no_page")
        to = back(request)
        try:
            redirect = await console.oidc.begin(
                request.cookies.get(console.cookie("signing"), ""),
                "/" if to.startswith("/sign") else to,
                console.now(),
            )
        except Refusal as refusal:
            return _refused(request, refusal)
        response = RedirectResponse(redirect.to, 303)
        console.put(response, "signing", redirect.cookie, int(LIFE.total_seconds()))
        return response

    @app.get(CALLBACK, include_in_schema=False)
    async def finish(request: Request) -> Response:
        if console.oidc is None:
            raise Refused(404, "no_page")
        try:
            redirect = await console.oidc.finish(
                request.query_params.multi_items(),
                request.cookies.get(console.cookie("signing"), ""),
                console.now(),
            )
        except Refusal as refusal:
            return _refused(request, refusal)
        console.links.sessions.end(request.cookies.get(console.cookie("session"), ""))
        response = RedirectResponse(redirect.to, 303)
        console.put(response, "session", redirect.cookie, int(console.oidc.client.life.total_seconds()))
        console.drop(response, "seat")
        return response

    def _refused(request: Request, refusal: Refusal) -> Response:
        _log.log(_LEVEL.get(refusal.reason, logging.WARNING), "a sign-in was refused: %s", refusal.why)
        response = console.error(request, _STATUS[refusal.reason], f"sign_in_{refusal.reason.value}")
        if response.status_code == 503:
            response.headers["Retry-After"] = str(int(AGAIN_SECONDS))
        return response

    @app.get("/sign-in/{token}", include_in_schema=False)
    async def sign_in(request: Request, token: str) -> Response:
        peer = request.client.host if request.client else ""
        cookie = console.links.redeem(token, peer, console.now())
        response = RedirectResponse("/", 303)
        console.put(response, "session", cookie, SESSION_SECONDS)
        console.drop(response, "seat")
        return response

    @app.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        await console.posted(request)
        session = console.links.sessions.end(request.cookies.get(console.cookie("session"), ""))
        farewell = await console.oidc.farewell(session) if console.oidc else ""
        if farewell:  # no redirect: the policy lets no form lead to another site
            response = console.error(request, 200, "signed_out_provider", farewell=farewell, way_in="")
            response.headers["Refresh"] = f"0; url={farewell}"
        else:
            response = RedirectResponse(SIGNED_OUT, 303)
        console.drop(response, "session")
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    @app.get(SIGNED_OUT, include_in_schema=False)
    async def signed_out(request: Request) -> Response:
        return console.error(request, 200, "signed_out_now" if console.oidc is None else "signed_out_console")

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
    safe = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if safe and len(to) <= _PATH else "/"


def _seats(page_request: PageRequest) -> Answer:
    if not page_request.visitor.identity.local:
        raise Refused(403, "no_role")
    say = Speaker(page_request.visitor.language)
    units = page_request.visitor.registry.units_at(page_request.visitor.day)
    groups = {group.id: group for group in page_request.visitor.registry.groups}
    links_by_root: dict[str, list[Link]] = {}
    for seat in seats(page_request.visitor.registry, page_request.visitor.day):
        group = groups.get(seat.unit)
        unit = units[group.units[0] if group else seat.unit]
        names = group.names if group else unit.names
        root = units[unit.root].names.text(page_request.visitor.language)
        text = say("seat", role=say(f"role_{seat.role.value}"), unit=names.text(page_request.visitor.language))
        links_by_root.setdefault(root, []).append(Link(text, f"{seat.role.value}:{seat.unit}"))
    return Answer(
        {"seats": {root: tuple(links) for root, links in links_by_root.items()}, "now": page_request.visitor.seat}
    )
