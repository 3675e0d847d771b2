"""What every board keeps to, read from the files that Grafana reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import orjson
import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from nytta.disclosure.rules import Reason
from nytta.insight.alerts.kinds import Kind as Finding
from nytta.insight.states.cascade import Gate
from nytta.insight.states.combined import Exploitation, State
from nytta.registry import declarations
from nytta.surfaces.grafana.catalogue import BOARDS, files
from nytta.surfaces.grafana.panels import BACKGROUNDS, MARKERS, PALETTE, QUIET, Kind
from nytta.surfaces.grafana.phrases import BRIEF_REASONS, FINDINGS, REASONS
from tests.surfaces.grafana import screen

FILES = {path.name: path.read_bytes() for path in sorted(declarations.dashboards().glob("*.json"))}
DASHBOARDS: dict[str, dict[str, Any]] = {name: orjson.loads(body) for name, body in FILES.items()}
PERSON = re.compile(r"\b(actor|person_id|pseudonym|subject|handler|email|identity)\b")

each = pytest.mark.parametrize("name", DASHBOARDS)


def panels(name: str) -> Iterator[dict[str, Any]]:
    """All panels but rows, those in folded rows too."""
    for panel in DASHBOARDS[name]["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def queries(name: str) -> Iterator[str]:
    """Every SQL text of a board."""
    board = DASHBOARDS[name]
    for panel in panels(name):
        yield from (t["rawSql"] for t in panel.get("targets", []) if "rawSql" in t)
    yield from (v["query"]["rawSql"] for v in board["templating"]["list"] if isinstance(v.get("query"), dict))
    yield from (a["target"]["rawSql"] for a in board["annotations"].get("list", []))


def test_the_sdk_is_the_one_that_was_tried() -> None:
    assert version("grafana-foundation-sdk").removeprefix("v") == "0.0.21"


def test_files_are_what_the_code_says() -> None:
    assert files() == FILES
    assert len(FILES) == len(BOARDS) == 5


@each
def test_the_sdk_reads_what_it_wrote(name: str) -> None:
    plugins.register_default_plugins()
    board = orjson.loads(FILES[name])
    for annotation in board["annotations"].get("list", []):
        del annotation["target"]  # the SDK knows only those of Grafana's own annotations
    assert orjson.loads(JSONEncoder().encode(Dashboard.from_json(board))) == board


@each
def test_one_question_and_a_text_on_top(name: str) -> None:
    board = DASHBOARDS[name]
    assert board["title"].endswith("?")
    first = board["panels"][0]
    assert first["type"] == "text"
    for word in ("Owner", "Source", "Definitions"):
        assert word in first["options"]["content"]
    assert board["uid"].startswith("nytta-")
    assert len(board["uid"]) <= 40


@each
def test_every_panel_can_be_pointed_at_and_none_lies_on_another(name: str) -> None:
    every = [*DASHBOARDS[name]["panels"], *(p for row in DASHBOARDS[name]["panels"] for p in row.get("panels", []))]
    numbers = [panel["id"] for panel in every]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


@each
def test_the_first_row_has_four_to_eight_numbers(name: str) -> None:
    kinds = [p["type"] for p in DASHBOARDS[name]["panels"]][2:]
    first = kinds[: kinds.index("row")]
    assert set(first) == {"stat"}
    assert 4 <= len(first) <= 8


@each
def test_panels_explain_themselves(name: str) -> None:
    for panel in panels(name):
        if panel["type"] == "text":
            continue
        for word in ("Source:", "Changes", "Owner:"):
            assert word in panel["description"], panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["noValue"]
        if panel["type"] != "stat" and not panel["title"].endswith("as a table"):
            assert defaults["noValue"][0].isupper(), panel["title"]  # a sentence that says why
            assert defaults["noValue"].endswith((".", "?")), panel["title"]
        assert defaults["unit"]
        assert "thresholds" not in defaults  # targets stand in the registry, not in panels


@each
def test_shares_have_the_whole_axis(name: str) -> None:
    for panel in panels(name):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if panel["type"] == "timeseries" and defaults["unit"] == "percent" and "realised" not in panel["title"].lower():
            assert (defaults.get("min"), defaults.get("max")) == (0, 100), panel["title"]


@each
def test_charts_are_plain_and_of_few_colours(name: str) -> None:
    for panel in panels(name):
        assert panel["type"] in ("stat", "timeseries", "bargauge", "table", "text")
        custom = panel.get("fieldConfig", {}).get("defaults", {}).get("custom", {})
        assert custom.get("stacking", {}).get("mode", "none") == "none"
        if panel["type"] == "timeseries":
            assert custom["fillOpacity"] == 0
            assert custom["axisPlacement"] == "left"
        colours = set(re.findall(rb'"fixedColor":"(#\w+)"', orjson.dumps(panel)))
        assert colours <= {c.encode() for c in (*PALETTE, QUIET)}


@each
def test_states_are_said_in_words_with_a_sign_and_without_colour(name: str) -> None:
    told = 0
    for panel in panels(name):
        if "states" not in "".join(t.get("rawSql", "") for t in panel.get("targets", [])):
            continue
        for mapping in panel["fieldConfig"]["defaults"].get("mappings", []):
            said = {state: result["text"] for state, result in mapping["options"].items() if state not in REASONS}
            if set(said) != set(FINDINGS):
                assert set(said) == {*State, *Exploitation, *Gate}
            assert len(set(said.values())) == len(said)
            assert all(not text[0].isalnum() and text[1] == " " for text in said.values())
            assert all(set(result) == {"text"} for result in mapping["options"].values())
            told += 1
    assert bool(told) == (name in ("programme.json", "adoption.json", "process.json"))


@each
def test_every_chart_has_a_table_twin(name: str) -> None:
    tables = {panel["title"] for panel in panels(name) if panel["type"] == "table"}
    for panel in panels(name):
        if panel["type"] in ("timeseries", "bargauge") and "rawSql" in panel["targets"][0]:
            assert f"{panel['title']}, as a table" in tables


@each
def test_variables_are_quoted_and_in_one_order(name: str) -> None:
    for sql in queries(name):
        for found in re.findall(r"\$\{?(\w+)(:\w+)?\}?", sql):
            if not found[0].startswith("__"):
                assert found[1] == ":singlequote" or f", ${found[0]})" in sql, (sql, found)
        assert "$__adHocFilters" not in sql
    names = [v["name"] for v in DASHBOARDS[name]["templating"]["list"]]
    order = ["datasource", "prometheus", "organisation", "system", "unit", "source", "case_type", "period"]
    names = [name for name in names if name not in ("console", "latest")]
    assert names == sorted(names, key=order.index)
    assert not any(v["type"] == "adhoc" for v in DASHBOARDS[name]["templating"]["list"])


@each
def test_queries_say_what_they_are(name: str) -> None:
    for panel in panels(name):
        for target in panel.get("targets", []):
            assert target["refId"] == "A"
            if "rawSql" in target:
                assert target["datasource"] == {"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
                series = panel["type"] == "timeseries"
                assert (target["editorType"], target["format"]) == ("sql", 0 if series else 1)
            else:
                assert target["datasource"] == {"type": "prometheus", "uid": "${prometheus}"}


@each
def test_no_person_and_no_private_zone(name: str) -> None:
    for sql in queries(name):
        assert not PERSON.search(sql), sql
        assert "private" not in sql
        assert sql.lstrip().startswith("SELECT")


@each
def test_no_faster_than_the_data_and_read_only(name: str) -> None:
    board = DASHBOARDS[name]
    assert board["refresh"] == "5m"
    assert set(board["timepicker"]["refresh_intervals"]) <= {"5m", "15m", "1h"}
    assert board["editable"] is False
    assert board["tags"] == ["nytta"]


@each
def test_links_lead_to_boards_that_exist(name: str) -> None:
    known = {board["uid"] for board in DASHBOARDS.values()}
    linked = set(re.findall(rb"/d/([\w-]+)", FILES[name]))
    assert {uid.decode() for uid in linked} <= known


def test_marks_have_a_colour_each() -> None:
    for board in DASHBOARDS.values():
        colours = [a["iconColor"] for a in board["annotations"].get("list", [])]
        assert len(set(colours)) == len(colours)
        assert set(colours) <= {*PALETTE, *MARKERS}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.1."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)  # the lightest grey for text
    assert contrast("#12436D", BACKGROUNDS["dark"]) < 2  # a colour that was lost on dark


@pytest.mark.parametrize("theme", BACKGROUNDS)
@each
def test_every_colour_stands_out_in_both_themes(name: str, theme: str) -> None:
    colours = set(re.findall(r'"#[0-9A-Fa-f]{6}"', FILES[name].decode()))
    assert colours
    for colour in colours:
        assert contrast(colour.strip('"'), BACKGROUNDS[theme]) >= 3, colour


@each
def test_lines_are_told_apart(name: str) -> None:
    """Each line that a chart may have gets a colour and a dash of its own: by number, or by its name."""
    board = next(b for b in BOARDS if f"nytta-{name.removesuffix('.json')}" == b.uid)
    for panel in board.panels:
        if panel.kind is not Kind.TREND or not panel.expr:
            continue
        names = re.findall(r'"(?:of|over)", "([^"$]+)"', panel.expr.replace('"", ""', ""))
        found = {re.sub(r"\{\{\w+\}\}", said.split('"')[0], panel.legend) for said in names}
        assert found <= set(panel.lines), panel.title
        assert len(set(panel.lines)) == len(panel.lines) <= len(PALETTE)
        assert panel.lines or "{{" not in panel.legend, panel.title


LAGS = "Who lags, the most urgent first"
ANSWERS = {
    # is the system in use where it should be?
    "adoption.json": {"Units judged", "In use", "Used as intended", LAGS},
    # is what the service promises kept?
    "objectives.json": {
        "Requests answered",
        "Durable within a second",
        "In the figures within 5 s",
        "Closed weeks in time",
    },
    # does every source deliver, and is all of it in the figures?
    "operations.json": {
        "Sources that deliver",
        "Every source beside its own past, what is furthest off first",
        "Refused",
        "Not processed",
        "Last published",
    },
    # which cases go the digital way, and does it pay?
    "process.json": {
        "Digital intake",
        "Digital intake by case type",
        "Digital, not exploited",
        "Digital but not exploited, case type by unit",
        "Unrealised hours",
    },
    # which promised benefits have come, and what is not realised yet?
    "programme.json": {
        "Benefits on course",
        "Hours freed",
        "Unrealised hours",
        "Benefits, what is furthest behind first",
        LAGS,
    },
}
"""Panels that answer the question of a board's title."""


@each
def test_the_question_is_answered_on_the_first_screen(name: str) -> None:
    first = screen.first(DASHBOARDS[name])
    kinds = [panel["type"] for panel in first]
    assert kinds.count("stat") >= 4
    assert {"table", "timeseries"} & set(kinds), "figures beyond the numbers on top"
    assert {panel["title"] for panel in first} >= ANSWERS[name]


def test_a_screen_is_as_high_as_grafana_leaves_it() -> None:
    """A line more of variables takes a line of the grid, and what does not fit does not count."""
    board: dict[str, Any] = {"templating": {"list": []}, "annotations": {}}
    board["panels"] = [{"gridPos": {"y": 12, "h": 8}}, {"gridPos": {"y": 12, "h": 9}}]
    assert screen.height(20) <= 900 - 80 - 64 < screen.height(21)
    assert screen.fold(board) == 20
    assert screen.first(board) == board["panels"][:1]
    board["templating"]["list"] = [{"label": "Organisation"} for _ in range(6)]
    assert screen.fold(board) == 18
    board["templating"]["list"] = [{"label": "Organisation", "hide": 2} for _ in range(6)]
    assert screen.fold(board) == 20


@each
def test_tables_need_no_scrolling_sideways(name: str) -> None:
    for panel in panels(name):
        if panel["type"] == "table" and "rawSql" in panel["targets"][0]:
            outer = panel["targets"][0]["rawSql"].split("\nFROM")[0]
            pixels = screen.columns(panel, re.findall(r'AS "([^"]+)"', outer))
            assert sum(pixels.values()) <= screen.width(panel["gridPos"]["w"]) - screen.INSET, panel["title"]
            for column, wide in pixels.items():
                assert wide >= screen.LETTER * len(column) + 2 * 6, (panel["title"], column)


@each
def test_no_unit_of_time_that_grows_into_another(name: str) -> None:
    """Grafana shows 14 of its days as two weeks, and 500,000 of its hours as 57 years."""
    units = {panel["fieldConfig"]["defaults"]["unit"] for panel in panels(name) if panel["type"] != "text"}
    assert not units & {"d", "h", "m", "dtdurations"}


@each
def test_days_are_days_and_moments_are_the_reader_s(name: str) -> None:
    assert DASHBOARDS[name]["timezone"] == "browser"
    assert b"(UTC)" not in FILES[name]


@each
def test_rows_lead_to_the_console(name: str) -> None:
    for panel in panels(name):
        links = [
            link["url"]
            for override in panel.get("fieldConfig", {}).get("overrides", [])
            for prop in override["properties"]
            if prop["id"] == "links"
            for link in prop["value"]
        ]
        for link in links:
            assert link.startswith(("${console}/units/", "${console}/alerts/", "/d/")), link
            for column in re.findall(r'fields\["([^"]+)"\]', link):
                assert f'AS "{column}"' in panel["targets"][0]["rawSql"], panel["title"]
        told_of = panel["targets"][0].get("rawSql", "") if panel["type"] == "table" else ""
        if 'AS "Unit"' in told_of and not panel["title"].endswith("as a table"):
            assert any(link.startswith("${console}/units/") for link in links), panel["title"]


def test_words_for_reasons_and_findings_are_complete() -> None:
    assert set(REASONS) == set(BRIEF_REASONS) == set(Reason)
    assert set(FINDINGS) == set(Finding)
