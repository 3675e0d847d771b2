"""Pages about figures: overview, unit, indicators, alerts; and answers to an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nytta.insight.alerts.clicks import ClickError, acknowledge, judge, snooze
from nytta.insight.alerts.kinds import role
from nytta.insight.alerts.model import Alert, Feedback, InvalidReason, SnoozeReason
from nytta.registry.roles import Permission, Role
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.pages import alerts as alert_pages
from nytta.surfaces.console.pages import indicator as indicator_pages
from nytta.surfaces.console.pages.overview import overview
from nytta.surfaces.console.pages.unit import unit, visible_root
from nytta.surfaces.console.parts import Answer, Refused, Speaker
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor


def chosen_reading(console: Console, visitor: Visitor, query: Mapping[str, str], permission: Permission) -> Reading:
    """The organisation that the query names, else the first that the visitor may see."""
    roots = visitor.roots(permission)
    if not roots:
        raise Refused(403, "no_role")
    wanted = query.get("organisation", roots[0])
    if wanted not in roots:
        known = any(o.id == wanted for o in visitor.registry.organisations)
        raise Refused(403 if known else 404, "other_unit" if known else "no_unit", unit=wanted[:80])
    return console.readings.of(wanted)


def builders(console: Console) -> dict[str, Build]:
    """The functions from a visitor to a page's model, by name: pages and API show the same."""

    def an_overview(page_request: PageRequest) -> Answer:
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.FIGURES)
        model = overview(console.store, reading, page_request.visitor)
        top = (
            reading.root
            if page_request.visitor.may(Permission.FIGURES, reading.root)
            else _first(page_request.visitor, reading)
        )
        return Answer(model, ((Permission.FIGURES, top),))

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
        id_ = alert_pages.identity(page_request.path["alert"])
        about = id_.partition("/")[0]
        try:
            root = visible_root(page_request.visitor, about)
        except Refused as refused:
            if refused.status == 404:
                raise Refused(404, "no_alert") from refused
            raise
        model = alert_pages.one(console.readings.of(root), page_request.visitor, id_, page_request.visitor.day, {})
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
        seen = visitor.visible(Permission.FIGURES)
        if not seen:
            first = "/operations" if visitor.visible(Permission.PLATFORM) else "/transparency"
            return RedirectResponse(first, 303)
        managed = [g.unit for g in visitor.held if g.role is Role.MANAGER]
        units = visitor.registry.units_at(visitor.day)
        alone = len(managed) == 1 and not any(u.parent == managed[0] for u in units.values())
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
    async def download(request: Request) -> Response:
        visitor = console.visitor(request)
        query = dict(request.query_params)

        def made() -> bytes:
            reading = _of_unit(console, visitor, query)
            model = indicator_pages.one(console.store, reading, visitor, request.path_params["indicator"], query)
            console.log(visitor, Answer(model, ((Permission.FIGURES, model.unit),)), "export")
            return indicator_pages.as_csv(model)

        name = f"{request.path_params['indicator']}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(await console.run(made), media_type="text/csv; charset=utf-8", headers=headers)

    @app.post("/alerts/{alert:path}", include_in_schema=False)
    async def answer(request: Request) -> Response:
        visitor, fields = await console.posted(request)

        def act() -> None:
            id_ = alert_pages.identity(request.path_params["alert"])
            reading = console.readings.of(visible_root(visitor, id_.partition("/")[0]))
            alert = next((a for a in reading.alerts if a.id == id_), None)
            if alert is None:
                raise Refused(404, "no_alert")
            if not alert_pages.may_answer(visitor, alert, reading):
                raise Refused(403, "may_not_act")
            change = _change(fields, Speaker(visitor.language))
            console.services.change(id_, change)
            console.readings.changed()

        try:
            await console.run(act)
        except Mistake as error:
            return await _again(console, request, visitor, fields, str(error))
        return console.answered(request.url.path + "?done=1")


class Mistake(Exception):
    """A field that must be filled in otherwise; the form is shown again as it was."""


async def _again(console: Console, request: Request, visitor: Visitor, fields: Mapping[str, str], why: str) -> Response:
    id_ = alert_pages.identity(request.path_params["alert"])

    def made() -> str:
        reading = console.readings.of(visible_root(visitor, id_.partition("/")[0]))
        model = alert_pages.one(reading, visitor, id_, visitor.day, {**fields, "problem": why})
        return console.render("alert.html", visitor, page=model, at=request.url.path, path=request.url.path)

    return console.html(request, await console.run(made), 422, visitor.name)


def _change(fields: Mapping[str, str], say: Speaker) -> Callable[[Alert, datetime], Alert]:
    """What a form asks for. `Mistake` where a field does not say it."""
    match fields.get("do", ""):
        case "acknowledge":
            return lambda a, now: acknowledge(a, role(a.kind), now.date())
        case "plan":
            action, due = fields.get("action", ""), _day(fields.get("due", ""), say)
            if not action:
                raise Mistake(say("mistake_action"))

            def plan(a: Alert, now: datetime) -> Alert:
                if due < now.date():
                    raise Mistake(say("mistake_due"))
                return acknowledge(a, role(a.kind), now.date(), action=action[:60], due=due)

            return plan
        case "snooze":
            until = _day(fields.get("until", ""), say)
            try:
                why = SnoozeReason(fields.get("reason", ""))
            except ValueError:
                raise Mistake(say("mistake_reason")) from None

            def wait(a: Alert, now: datetime) -> Alert:
                try:
                    return snooze(a, role(a.kind), now.date(), until=until, reason=why)
                except ClickError:
                    raise Mistake(say("mistake_until")) from None

            return wait
        case "right" | "known" as says:
            return lambda a, now: judge(a, Feedback(says), now.date())
        case "not_right":
            try:
                wrong = InvalidReason(fields.get("reason", ""))
            except ValueError:
                raise Mistake(say("mistake_reason")) from None
            return lambda a, now: judge(a, Feedback.NOT_RIGHT, now.date(), reason=wrong)
        case _:
            raise Refused(400, "bad_request")


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
    seen = visitor.visible(Permission.FIGURES)
    return next((p for p in reading.published.places(reading.day) if p in seen), reading.root)


def _of_unit(console: Console, visitor: Visitor, query: Mapping[str, str]) -> Reading:
    """The reading of the unit that the query names."""
    if "unit" in query:
        return console.readings.of(visible_root(visitor, query["unit"]))
    return chosen_reading(console, visitor, query, Permission.FIGURES)
