"""Signing in and out, language, light, and the seat from which the person at the machine looks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nytta.surfaces.authentication.oidc.client import CALLBACK, SIGNED_OUT
from nytta.surfaces.authentication.oidc.flow import LIFE
from nytta.surfaces.authentication.oidc.provider import AGAIN_SECONDS
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from nytta.surfaces.console.branches import MOST, holds
from nytta.surfaces.console.context import (
    SESSION_SECONDS,
    THEMES,
    YEAR_SECONDS,
    Console,
    PageRequest,
)
from nytta.surfaces.console.parts import Answer, Link, Refused, Speaker
from nytta.surfaces.console.routing.table import add_routes
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
    session = _SessionRoutes(console)
    add_routes(
        app,
        ("GET", "/sign-in", session.begin),
        ("GET", CALLBACK, session.finish),
        ("GET", "/sign-in/{token}", session.redeem_link),
        ("POST", "/sign-out", session.sign_out),
        ("GET", SIGNED_OUT, session.signed_out),
        ("GET", "/language/{to}", session.language),
        ("GET", "/theme/{to}", session.theme),
        ("GET", "/seats", session.choose_seat),
        ("POST", "/seats", session.take_seat),
    )


class _SessionRoutes:
    """Who looks, in which language, light and seat."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def begin(self, request: Request) -> Response:
        if self._console.oidc is None:
            raise Refused(404, "no_page")
        return_path = back(request)
        try:
            redirect = await self._console.oidc.begin(
                request.cookies.get(self._console.cookie("signing"), ""),
                "/" if return_path.startswith("/sign") else return_path,
                self._console.now(),
            )
        except Refusal as refusal:
            return self._refused(request, refusal)
        response = RedirectResponse(redirect.to, 303)
        self._console.put(response, "signing", redirect.cookie, int(LIFE.total_seconds()))
        return response

    async def finish(self, request: Request) -> Response:
        if self._console.oidc is None:
            raise Refused(404, "no_page")
        try:
            redirect = await self._console.oidc.finish(
                request.query_params.multi_items(),
                request.cookies.get(self._console.cookie("signing"), ""),
                self._console.now(),
            )
        except Refusal as refusal:
            return self._refused(request, refusal)
        self._console.links.sessions.end(request.cookies.get(self._console.cookie("session"), ""))
        response = RedirectResponse(redirect.to, 303)
        self._console.put(
            response,
            "session",
            redirect.cookie,
            int(self._console.oidc.client.life.total_seconds()),
        )
        self._console.drop(response, "seat")
        return response

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        _log.log(
            _LEVEL.get(refusal.reason, logging.WARNING), "a sign-in was refused: %s", refusal.why
        )
        response = self._console.error(
            request, _STATUS[refusal.reason], f"sign_in_{refusal.reason.value}"
        )
        if response.status_code == 503:
            response.headers["Retry-After"] = str(int(AGAIN_SECONDS))
        return response

    async def redeem_link(self, request: Request, token: str) -> Response:
        peer = request.client.host if request.client else ""
        cookie = self._console.links.redeem(token, peer, self._console.now())
        response = RedirectResponse("/", 303)
        self._console.put(response, "session", cookie, SESSION_SECONDS)
        self._console.drop(response, "seat")
        return response

    async def sign_out(self, request: Request) -> Response:
        await self._console.posted(request)
        session = self._console.links.sessions.end(
            request.cookies.get(self._console.cookie("session"), "")
        )
        farewell = await self._console.oidc.farewell(session) if self._console.oidc else ""
        # no redirect: the policy lets no form lead to another site
        if farewell:
            response = self._console.error(
                request, 200, "signed_out_provider", farewell=farewell, way_in=""
            )
            response.headers["Refresh"] = f"0; url={farewell}"
        else:
            response = RedirectResponse(SIGNED_OUT, 303)
        self._console.drop(response, "session")
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    async def signed_out(self, request: Request) -> Response:
        return self._console.error(
            request, 200, "signed_out_now" if self._console.oidc is None else "signed_out_console"
        )

    async def language(self, request: Request, to: str) -> Response:
        if to not in LANGUAGES:
            raise Refused(404, "no_page")
        response = RedirectResponse(back(request), 303)
        self._console.put(response, "language", to, YEAR_SECONDS)
        return response

    async def theme(self, request: Request, to: str) -> Response:
        if to not in (*THEMES, "auto"):
            raise Refused(404, "no_page")
        response = RedirectResponse(back(request), 303)
        self._console.put(response, "theme", to, YEAR_SECONDS)
        return response

    async def choose_seat(self, request: Request) -> Response:
        return await self._console.page(request, "seats.html", _seats)

    async def take_seat(self, request: Request) -> Response:
        visitor, fields = await self._console.posted(request)
        if not visitor.identity.local:
            raise Refused(403, "no_role")
        response = self._console.answered("/")
        self._console.put(response, "seat", fields.get("seat", ""), SESSION_SECONDS)
        return response


def back(request: Request) -> str:
    """The page to come back to: a path of this console, never another host's."""
    return_path = request.query_params.get("to", "/")
    safe = (
        return_path.startswith("/")
        and not return_path.startswith("//")
        and "\\" not in return_path
        and return_path.isprintable()
    )
    return return_path if safe and len(return_path) <= _PATH else "/"


def _seats(page_request: PageRequest) -> Answer:
    if not page_request.visitor.identity.local:
        raise Refused(403, "no_role")
    say = Speaker(page_request.visitor.language)
    units = page_request.visitor.registry.units_at(page_request.visitor.day)
    groups = {group.id: group for group in page_request.visitor.registry.groups}
    links_by_root: dict[str, list[Link]] = {}
    all_seats = seats(page_request.visitor.registry, page_request.visitor.day)
    for seat in all_seats:
        group = groups.get(seat.unit)
        unit = units[group.units[0] if group else seat.unit]
        names = group.names if group else unit.names
        root = units[unit.root].names.text(page_request.visitor.language)
        text = say(
            "seat",
            role=say(f"role_{seat.role.value}"),
            unit=names.text(page_request.visitor.language),
        )
        links_by_root.setdefault(root, []).append(Link(text, f"{seat.role.value}:{seat.unit}"))
    find = page_request.query.get("find", "").strip()
    if len(all_seats) > MOST:
        # first those for whole organisations; those of units are found by their names
        links_by_root = {root: _named(links, find) for root, links in links_by_root.items()}
    shown = sum(map(len, links_by_root.values()))
    return Answer(
        {
            "seats": {root: tuple(links) for root, links in links_by_root.items()},
            "now": page_request.visitor.seat,
            "find": find,
            "listed": say("listed_here", shown=shown, all=len(all_seats))
            if shown < len(all_seats)
            else "",
            "by_name": len(all_seats) > MOST,
        }
    )


def _named(links: Sequence[Link], find: str) -> list[Link]:
    """The first of the links that hold a text; of all where it is ''."""
    return [link for link in links if holds(link.text, find)][:MOST]
