"""/api/v1: the pages' models as JSON, for programs that are signed in as people are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nytta.surfaces.console.context import Build, Console
from nytta.surfaces.console.pages.alerts import AlertList, AlertView
from nytta.surfaces.console.pages.benefits.benefit import BenefitView
from nytta.surfaces.console.pages.benefits.register import Register
from nytta.surfaces.console.pages.indicator import IndicatorList, IndicatorView
from nytta.surfaces.console.pages.operations import Operations
from nytta.surfaces.console.pages.overview import Overview
from nytta.surfaces.console.pages.transparency import Log, Transparency
from nytta.surfaces.console.pages.unit import UnitView
from nytta.surfaces.console.routing import benefits, operations, reading

_ROUTES: Final[tuple[tuple[str, str, type[Any], str], ...]] = (
    ("/overview", "overview", Overview, "An organisation at a glance; ?organisation= chooses it."),
    ("/units/{unit}", "unit", UnitView, "A unit or reporting group: alerts, figures, hours."),
    ("/indicators", "indicators", IndicatorList, "Every indicator and its latest figure."),
    (
        "/indicators/{indicator}",
        "indicator",
        IndicatorView,
        "One indicator; ?unit= and ?system= choose what of.",
    ),
    ("/alerts", "alerts", AlertList, "Alerts; ?state=, ?unit=, ?sort=, ?page=."),
    ("/alerts/{alert:path}", "alert", AlertView, "One alert with its message and its history."),
    ("/benefits", "benefits", Register, "The register of benefits; ?system=, ?status=, ?sort=."),
    ("/benefits/{benefit}", "benefit", BenefitView, "One benefit: plan, outcome, forecast."),
    ("/operations", "operations", Operations, "Sources, rejects, lag, what was held back."),
    (
        "/transparency",
        "transparency",
        Transparency,
        "What is collected, why, for how long, who sees it.",
    ),
    ("/access-log", "access-log", Log, "Who read figures of which unit; ?unit=, ?page=."),
)


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    build: dict[str, Any] = {
        **reading.builders(console),
        **benefits.builders(console),
        **operations.builders(console),
    }
    for path, name, model, summary in _ROUTES:
        app.add_api_route(
            f"/api/v1{path}",
            _answer(console, build[name]),
            methods=["GET"],
            name=name,
            summary=summary,
            response_class=Response,
            responses={
                200: {"model": model, "description": "The model of the page of the same name."},
                401: {"description": "Nobody is signed in."},
                403: {"description": "The visitor's roles do not reach there."},
                404: {"description": "There is no such thing."},
                503: {"description": "The store is away; try again."},
            },
        )


def _answer(console: Console, build: Build) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return await console.json(request, build)

    return answer
