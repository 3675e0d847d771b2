"""CONTRIBUTING's recipe for a page: a frozen model and its function, a route, a template, words."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from nytta.registry.roles import Permission
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.parts import Answer
from nytta.surfaces.console.routing import api, reading
from nytta.surfaces.console.words import LANGUAGES, words
from tests.surfaces.console.world import World

MODULE = '''
"""How many alerts wait for an answer, unit by unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from nytta.registry.roles import Permission
from nytta.surfaces.console.parts import Link, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.visitors import Visitor


@dataclass(frozen=True, slots=True)
class Waiting:
    """The alerts of the units that the visitor sees."""

    table: Table


def waiting(reading: Reading, visitor: Visitor) -> Waiting:
    """Units in tree order with the number of their alerts."""
    say = Speaker(visitor.language)
    visible = visitor.visible(Permission.FIGURES)
    alerts_by_unit = Counter(alert.key.unit for alert in reading.alerts)
    units = [unit for unit in reading.published.places(reading.day) if unit in visible and alerts_by_unit[unit]]
    rows = tuple((Link(unit, f"/units/{unit}"), str(alerts_by_unit[unit])) for unit in units)
    return Waiting(Table(say("waiting_title"), (say("col_unit"), say("nav_alerts")), rows, (1,)))
'''
TEMPLATE = """{% extends "base.html" %}
{% block title %}{{ t("waiting_title") }}{% endblock %}
{% block main %}
<h1>{{ t("waiting_title") }}</h1>
{{ m.table(page.table, "waiting", t) }}
{% endblock %}
"""
TITLE = {"sv": "Varningar som väntar", "nb": "Varsler som venter", "en": "Alerts that wait"}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the recipe's first step."""
    path = tmp_path / "waiting.py"
    path.write_text(MODULE, "utf-8")
    spec = importlib.util.spec_from_file_location("waiting", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "waiting", module)
    spec.loader.exec_module(module)
    return module


def test_a_page_is_a_model_a_route_a_template_and_words(
    seen: World, page: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped_builders, shipped_routes = reading.builders, reading.add

    def builders(console: Console) -> dict[str, Build]:
        def alerts_that_wait(page_request: PageRequest) -> Answer:
            chosen = reading.chosen_reading(console, page_request.visitor, page_request.query, Permission.FIGURES)
            return Answer(page.waiting(chosen, page_request.visitor), ((Permission.FIGURES, chosen.root),))

        return {**shipped_builders(console), "waiting": alerts_that_wait}

    def add(app: FastAPI, console: Console) -> None:
        shipped_routes(app, console)
        show = reading._page(console, "waiting.html", builders(console)["waiting"])
        app.add_api_route("/waiting", show, methods=["GET"], include_in_schema=False)

    monkeypatch.setattr(reading, "builders", builders)
    monkeypatch.setattr(reading, "add", add)
    monkeypatch.setattr(
        api, "_ROUTES", (*api._ROUTES, ("/waiting", "waiting", page.Waiting, "Alerts that wait for an answer."))
    )
    monkeypatch.setitem(dict_of_words(), "waiting_title", TITLE)
    console = seen.console()
    (tmp_path / "waiting.html").write_text(TEMPLATE, "utf-8")
    loader: Any = console._templates.loader
    loader.searchpath.append(str(tmp_path))

    for language in LANGUAGES:
        answer = seen.visit("lead", language, console).get("/waiting")
        assert answer.status_code == 200, answer.text
        assert f"<h1>{TITLE[language]}</h1>" in answer.text
    model = seen.visit("lead", "en", console).get("/api/v1/waiting").json()
    units = {row[0]["text"]: row[1] for row in model["table"]["rows"]}
    assert "u00" in units
    assert all(f'href="/units/{unit}"' in answer.text for unit in units)
    assert seen.visit("stranger", "en", console).get("/waiting").status_code == 403
    described = seen.visit("lead", "en", console).get("/api/v1/openapi.json").json()
    assert "/api/v1/waiting" in described["paths"]


def dict_of_words() -> dict[str, Any]:
    """The words of the console, which a test may add to."""
    shipped = words()
    assert isinstance(shipped, dict)
    return shipped
