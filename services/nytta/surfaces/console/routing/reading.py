"""Pages about figures: overview, unit, indicators, alerts; and answers to an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

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
from nytta.surfaces.console.visitors import Visitor
from nytta.surfaces.workbooks import MEDIA

_R = TypeVar("_R", SnoozeReason, InvalidReason)


def chosen_reading(console: Console, visitor: Visitor, query: Mapping[str, str], permission: Permission) -> Reading:
    """The organisation that the query names, else the first that the visitor may see."""
    roots = visitor.roots(permission)
    if not roots:
        raise Refused(403, "no_role")
    wanted = query.get("organisation", roots[0])
    if wanted not in roots:
        # an organisation of others is refused, one that does not exist is not found: a typing error reads as one
        is_registered = any(organisation.id == wanted for organisation in visitor.registry.organisations)
        raise Refused(403 if is_registered else 404, "other_unit" if is_registered else "no_unit", unit=wanted[:80])
    return console.readings.of(wanted)


def builders(console: Console) -> dict[str, Build]:
    """The functions from a visitor to a page's model, by name: pages and API show the same."""

    def an_overview(page_request: PageRequest) -> Answer:
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.FIGURES)
        model = overview(console.store, reading, page_request.visitor)
        top_unit = (
            reading.root
            if page_request.visitor.may(Permission.FIGURES, reading.root)
            else _first(page_request.visitor, reading)
        )
        return Answer(model, ((Permission.FIGURES, top_unit),))

    def a_unit(page_request: PageRequest) -> Answer:
        root = visible_root(page_request.visitor, page_request.path["unit"])
        model = unit(
            console.readings.of(root), page_request.visitor, page_request.path["unit"], page_request.visitor.day
        )
        return Answer(model, ((Permission.FIGURES, page_request.path["unit"]),))

    def indicators(page_request: PageRequest) -> Answer:
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.FIGURES)
        return Answer(indicator_pages.listed(reading, page_request.visitor))

    def an_indicator(page_request: PageRequest) -> Answer:
        reading = _of_unit(console, page_request.visitor, page_request.query)
        model = indicator_pages.one(
            console.store, reading, page_request.visitor, page_request.path["indicator"], page_request.query
        )
        return Answer(model, ((Permission.FIGURES, model.unit),))

    def alerts(page_request: PageRequest) -> Answer:
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.FIGURES)
        return Answer(
            alert_pages.listed(reading, page_request.visitor, page_request.query),
            ((Permission.FIGURES, _first(page_request.visitor, reading)),),
        )

    def an_alert(page_request: PageRequest) -> Answer:
        alert_id = alert_pages.identity(page_request.path["alert"])
        about = alert_id.partition("/")[0]
        try:
            root = visible_root(page_request.visitor, about)
        except Refused as refused:
            # whether a unit exists is told; an alert of a unit that does not is simply none
            if refused.status == 404:
                raise Refused(404, "no_alert") from refused
            raise
        model = alert_pages.one(console.readings.of(root), page_request.visitor, alert_id, page_request.visitor.day, {})
        return Answer(model, ((Permission.FIGURES, about),))

    return {
        "overview": an_overview,
        "unit": a_unit,
        "indicators": indicators,
        "indicator": an_indicator,
        "alerts": alerts,
        "alert": an_alert,
    }


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    build = builders(console)

    @app.get("/", include_in_schema=False)
    async def start(request: Request) -> Response:
        visitor = console.visitor(request)
        visible = visitor.visible(Permission.FIGURES)
        if not visible:
            target = "/operations" if visitor.visible(Permission.PLATFORM) else "/transparency"
            return RedirectResponse(target, 303)
        # who manages one unit and does nothing else here wants that unit's page, and no overview of one line
        managed = [grant.unit for grant in visitor.held if grant.role is Role.MANAGER]
        units = visitor.registry.units_at(visitor.day)
        alone = len(managed) == 1 and not any(unit.parent == managed[0] for unit in units.values())
        if alone and len(visitor.held) == 1 and not request.query_params:
            return RedirectResponse(f"/units/{managed[0]}", 303)
        return await console.page(request, "overview.html", build["overview"])

    for path, template, name in (
        ("/units/{unit}", "unit.html", "unit"),
        ("/indicators", "indicators.html", "indicators"),
        ("/indicators/{indicator}", "indicator.html", "indicator"),
        ("/alerts", "alerts.html", "alerts"),
        ("/alerts/{alert:path}", "alert.html", "alert"),
    ):
        app.add_api_route(path, _page(console, template, build[name]), methods=["GET"], include_in_schema=False)

    @app.get("/indicators/{indicator}/csv", include_in_schema=False)
    @app.get("/indicators/{indicator}/xlsx", include_in_schema=False)
    async def download(request: Request) -> Response:
        form = request.url.path.rpartition("/")[2]
        visitor = console.visitor(request)
        query = dict(request.query_params)

        def made() -> bytes:
            reading = _of_unit(console, visitor, query)
            model = indicator_pages.one(console.store, reading, visitor, request.path_params["indicator"], query)
            console.log(visitor, Answer(model, ((Permission.FIGURES, model.unit),)), "export")
            if form == "xlsx":
                return indicator_pages.as_workbook(model, visitor.language)
            return indicator_pages.as_csv(model)

        name = f"{request.path_params['indicator']}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(
            await console.run(made), media_type=MEDIA if form == "xlsx" else "text/csv; charset=utf-8", headers=headers
        )

    @app.post("/alerts/{alert:path}", include_in_schema=False)
    async def answer(request: Request) -> Response:
        visitor, fields = await console.posted(request)

        def act() -> None:
            alert_id = alert_pages.identity(request.path_params["alert"])
            reading = console.readings.of(visible_root(visitor, alert_id.partition("/")[0]))
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
            console.services.answer(given_answer)
            console.readings.changed()

        try:
            await console.run(act)
        except Mistake as error:
            return await _again(console, request, visitor, fields, str(error))
        return console.answered(request.url.path + "?done=1")


class Mistake(Exception):
    """A field that must be filled in otherwise; the form is shown again as it was."""


async def _again(
    console: Console, request: Request, visitor: Visitor, fields: Mapping[str, str], problem: str
) -> Response:
    alert_id = alert_pages.identity(request.path_params["alert"])

    def made() -> str:
        reading = console.readings.of(visible_root(visitor, alert_id.partition("/")[0]))
        model = alert_pages.one(reading, visitor, alert_id, visitor.day, {**fields, "problem": problem})
        return console.render("alert.html", visitor, page=model, at=request.url.path, path=request.url.path)

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
            return Given(alert, "judge", says=Feedback.NOT_RIGHT, wrong=_reason(InvalidReason, fields, say))
        case _:
            raise Refused(400, "bad_request")


def _reason(kind: type[_R], fields: Mapping[str, str], say: Speaker) -> _R:
    try:
        return kind(fields.get("reason", ""))
    except ValueError:
        raise Mistake(say("mistake_reason")) from None


def _day(text: str, say: Speaker) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Mistake(say("mistake_day")) from None


def _page(console: Console, template: str, build: Build) -> Callable[[Request], object]:
    async def show(request: Request) -> Response:
        return await console.page(request, template, build)

    return show


def _first(visitor: Visitor, reading: Reading) -> str:
    """The highest place of the organisation that the visitor may see."""
    visible = visitor.visible(Permission.FIGURES)
    return next((place for place in reading.published.places(reading.day) if place in visible), reading.root)


def _of_unit(console: Console, visitor: Visitor, query: Mapping[str, str]) -> Reading:
    """The reading of the unit that the query names."""
    if "unit" in query:
        return console.readings.of(visible_root(visitor, query["unit"]))
    return chosen_reading(console, visitor, query, Permission.FIGURES)
