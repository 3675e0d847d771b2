"""Pages about figures: overview, unit, indicators, alerts; and answers to an alert."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from typing import Any, TypeVar

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nytta.insight.alerts.answers import Answer as Given
from nytta.insight.alerts.answers import carry_out
from nytta.insight.alerts.clicks import ClickError
from nytta.insight.alerts.model import Feedback, InvalidReason, SnoozeReason
from nytta.registry.roles import Permission, Role
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.pages import alerts as alert_pages
from nytta.surfaces.console.pages import indicator as indicator_pages
from nytta.surfaces.console.pages.overview import overview
from nytta.surfaces.console.pages.unit import unit, visible_root
from nytta.surfaces.console.parts import Answer, Refused, Speaker
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.routing.table import add_routes
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.workbooks import MEDIA

_R = TypeVar("_R", SnoozeReason, InvalidReason)


def chosen_reading(
    console: Console, visitor: Visitor, query: Mapping[str, str], permission: Permission
) -> Reading:
    """The organisation that the query names, else the first that the visitor may see."""
    roots = visitor.roots(permission)
    if not roots:
        raise Refused(403, "no_role")
    wanted_root = query.get("organisation", roots[0])
    if wanted_root not in roots:
        # an organisation of others is refused, one that does not exist is not found: a typing error reads as one
        is_registered = any(
            organisation.id == wanted_root for organisation in visitor.registry.organisations
        )
        status, key = (403, "other_unit") if is_registered else (404, "no_unit")
        raise Refused(status, key, unit=wanted_root[:80])
    return console.readings.of(wanted_root)


def builders(console: Console) -> dict[str, Build]:
    """The functions from a visitor to a page's model, by name: pages and API show the same."""
    models = _Models(console)
    return {
        "overview": models.overview,
        "unit": models.unit,
        "indicators": models.indicators,
        "indicator": models.indicator,
        "alerts": models.alerts,
        "alert": models.alert,
    }


class _Models:
    """Models of pages about figures, with the units whose figures they show."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def overview(self, page_request: PageRequest) -> Answer:
        visitor = page_request.visitor
        reading = chosen_reading(self._console, visitor, page_request.query, Permission.FIGURES)
        query = page_request.query
        model = overview(self._console.store, reading, visitor, query, whole=page_request.whole)
        may_see_all = visitor.may(Permission.FIGURES, reading.root)
        top_unit = reading.root if may_see_all else _first(visitor, reading)
        return Answer(model, ((Permission.FIGURES, top_unit),))

    def unit(self, page_request: PageRequest) -> Answer:
        visitor, unit_id = page_request.visitor, page_request.path["unit"]
        root = visible_root(visitor, unit_id)
        reading = self._console.readings.of(root)
        model = unit(
            reading, visitor, unit_id, visitor.day, page_request.query, whole=page_request.whole
        )
        return Answer(model, ((Permission.FIGURES, unit_id),))

    def indicators(self, page_request: PageRequest) -> Answer:
        reading = chosen_reading(
            self._console, page_request.visitor, page_request.query, Permission.FIGURES
        )
        return Answer(indicator_pages.listed(reading, page_request.visitor))

    def indicator(self, page_request: PageRequest) -> Answer:
        visitor, query = page_request.visitor, page_request.query
        reading = _of_unit(self._console, visitor, query)
        indicator, whole = page_request.path["indicator"], page_request.whole
        model = indicator_pages.one(
            self._console.store, reading, visitor, indicator, query, whole=whole
        )
        return Answer(model, ((Permission.FIGURES, model.unit),))

    def alerts(self, page_request: PageRequest) -> Answer:
        visitor, query = page_request.visitor, page_request.query
        reading = chosen_reading(self._console, visitor, query, Permission.FIGURES)
        model = alert_pages.listed(reading, visitor, query, whole=page_request.whole)
        return Answer(model, ((Permission.FIGURES, _first(visitor, reading)),))

    def alert(self, page_request: PageRequest) -> Answer:
        visitor = page_request.visitor
        alert_id = alert_pages.identity(page_request.path["alert"])
        unit_id = alert_id.partition("/")[0]
        try:
            root = visible_root(visitor, unit_id)
        except Refused as refused:
            # whether a unit exists is told; an alert of a unit that does not is simply none
            if refused.status == 404:
                raise Refused(404, "no_alert") from refused
            raise
        model = alert_pages.one(self._console.readings.of(root), visitor, alert_id, visitor.day, {})
        return Answer(model, ((Permission.FIGURES, unit_id),))


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    build = builders(console)
    figures = _FigureRoutes(console, build["overview"])
    add_routes(
        app,
        ("GET", "/", figures.start),
        ("GET", "/units/{unit}", _page(console, "unit.html", build["unit"])),
        ("GET", "/indicators", _page(console, "indicators.html", build["indicators"])),
        ("GET", "/indicators/{indicator}", _page(console, "indicator.html", build["indicator"])),
        ("GET", "/alerts", _page(console, "alerts.html", build["alerts"])),
        ("GET", "/alerts/{alert:path}", _page(console, "alert.html", build["alert"])),
        ("GET", "/indicators/{indicator}/csv", figures.download),
        ("GET", "/indicators/{indicator}/xlsx", figures.download),
        ("POST", "/alerts/{alert:path}", figures.answer),
    )


class _FigureRoutes:
    """Where a visitor begins, figures to take away, and answers to alerts."""

    def __init__(self, console: Console, overview_model: Build) -> None:
        self._console = console
        self._overview_model = overview_model

    async def start(self, request: Request) -> Response:
        visitor = self._console.visitor(request)
        if not visitor.visible(Permission.FIGURES):
            target = "/operations" if visitor.visible(Permission.PLATFORM) else "/transparency"
            return RedirectResponse(target, 303)
        # who manages one unit and does nothing else here wants that unit's page, and no overview of one line
        managed = [grant.unit for grant in visitor.held if grant.role is Role.MANAGER]
        units = visitor.registry.units_at(visitor.day)
        alone = len(managed) == 1 and not any(
            other.parent == managed[0] for other in units.values()
        )
        if alone and len(visitor.held) == 1 and not request.query_params:
            return RedirectResponse(f"/units/{managed[0]}", 303)
        return await self._console.page(request, "overview.html", self._overview_model)

    async def download(self, request: Request) -> Response:
        console = self._console
        file_format = request.url.path.rpartition("/")[2]
        indicator = request.path_params["indicator"]
        visitor = console.visitor(request)
        query = dict(request.query_params)

        def file() -> bytes:
            reading = _of_unit(console, visitor, query)
            model = indicator_pages.one(
                console.store, reading, visitor, indicator, query, whole=True
            )
            console.log(visitor, Answer(model, ((Permission.FIGURES, model.unit),)), "export")
            if file_format == "xlsx":
                return indicator_pages.as_workbook(model, visitor.language)
            return indicator_pages.as_csv(model)

        headers = {"Content-Disposition": f'attachment; filename="{indicator}.{file_format}"'}
        media_type = MEDIA if file_format == "xlsx" else "text/csv; charset=utf-8"
        return Response(await console.run(file), media_type=media_type, headers=headers)

    async def answer(self, request: Request) -> Response:
        visitor, fields = await self._console.posted(request)
        alert_id = alert_pages.identity(request.path_params["alert"])
        try:
            await self._console.run(lambda: self._carry_out(visitor, alert_id, fields))
        except Mistake as mistake:
            return await _again(self._console, request, visitor, fields, str(mistake))
        return self._console.answered(request.url.path + "?done=1")

    def _carry_out(self, visitor: Visitor, alert_id: str, fields: Mapping[str, str]) -> None:
        """Answer an alert as a form says. `Mistake` where a field does not say it."""
        reading = self._console.readings.of(visible_root(visitor, alert_id.partition("/")[0]))
        alert = next((alert for alert in reading.alerts if alert.id == alert_id), None)
        if alert is None:
            raise Refused(404, "no_alert")
        if not alert_pages.may_answer(visitor, alert, reading):
            raise Refused(403, "may_not_act")
        say = Speaker(visitor.language)
        given_answer = _given(alert_id, fields, visitor.day, say)
        if given_answer.does == "wait":
            try:
                carry_out(given_answer, alert, visitor.day)
            except ClickError:
                raise Mistake(say("mistake_until")) from None
        self._console.services.answer(given_answer)
        self._console.readings.changed()


class Mistake(Exception):
    """A field that must be filled in otherwise; the form is shown again as it was."""


async def _again(
    console: Console, request: Request, visitor: Visitor, fields: Mapping[str, str], problem: str
) -> Response:
    alert_id = alert_pages.identity(request.path_params["alert"])

    def made() -> str:
        reading = console.readings.of(visible_root(visitor, alert_id.partition("/")[0]))
        model = alert_pages.one(
            reading, visitor, alert_id, visitor.day, {**fields, "problem": problem}
        )
        return console.render(
            "alert.html", visitor, page=model, at=request.url.path, path=request.url.path
        )

    return console.html(request, await console.run(made), 422, visitor.name)


def _given(alert: str, fields: Mapping[str, str], day: date, say: Speaker) -> Given:
    """What a form says of an alert on a day. `Mistake` where a field does not say it."""
    match fields.get("do", ""):
        case "acknowledge":
            return Given(alert, "take")
        case "plan":
            action, due = fields.get("action", ""), _day(fields.get("due", ""), say)
            if not action:
                raise Mistake(say("mistake_action"))
            if due < day:
                raise Mistake(say("mistake_due"))
            return Given(alert, "take", action=action[:60], due=due)
        case "snooze":
            until = _day(fields.get("until", ""), say)
            return Given(alert, "wait", until=until, why=_reason(SnoozeReason, fields, say))
        case "right" | "known" as says:
            return Given(alert, "judge", says=Feedback(says))
        case "not_right":
            return Given(
                alert, "judge", says=Feedback.NOT_RIGHT, wrong=_reason(InvalidReason, fields, say)
            )
        case _:
            raise Refused(400, "bad_request")


def _reason(kind: type[_R], fields: Mapping[str, str], say: Speaker) -> _R:
    try:
        return kind(fields.get("reason", ""))
    except ValueError:
        raise Mistake(say("mistake_reason")) from None


def _day(day_text: str, say: Speaker) -> date:
    try:
        return date.fromisoformat(day_text)
    except ValueError:
        raise Mistake(say("mistake_day")) from None


def _page(
    console: Console, template: str, build: Build
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def show(request: Request) -> Response:
        return await console.page(request, template, build)

    return show


def _first(visitor: Visitor, reading: Reading) -> str:
    """The highest place of the organisation that the visitor may see."""
    visible = visitor.visible(Permission.FIGURES)
    return next(
        (place for place in reading.published.places(reading.day) if place in visible), reading.root
    )


def _of_unit(console: Console, visitor: Visitor, query: Mapping[str, str]) -> Reading:
    """The reading of the unit that the query names."""
    if "unit" in query:
        return console.readings.of(visible_root(visitor, query["unit"]))
    return chosen_reading(console, visitor, query, Permission.FIGURES)
