"""Every panel's rows as Grafana's own library shows them, in both themes: units, overrides, colours, words, dates."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.surfaces.grafana.catalogue import BOARDS
from nytta.surfaces.grafana.panels import BACKGROUNDS, EMPTY_CELL
from nytta.surfaces.grafana.phrases import BRIEF_REASONS
from tests.surfaces.grafana import screen
from tests.surfaces.grafana.expander import ALL
from tests.surfaces.grafana.filled import Answer, Filled, fill, fill_with_log
from tests.surfaces.grafana.pictures import opened
from tests.surfaces.grafana.test_boards import numeric
from tests.surfaces.grafana.test_rules import contrast

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
HERE = Path(__file__).parent
NOT_FOR_PEOPLE = re.compile(
    r"NaN|Infinity|undefined|Invalid|\[object|\d\.\d{5,}|\b(?:null|None)\b|\d  \w"
    r"|:\d\d\.\d{3}"  # thousandths of a second
    r"|\d{4}-\d\d-\d\d 0[0-2]:00"  # a day that is said as a moment, in a zone of the north
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Grafana's library, of npm; without node or npm the tests are skipped with the reason."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not here")
    folder = tmp_path_factory.mktemp("library")
    shutil.copy(HERE / "package.json", folder)
    done = subprocess.run(
        ["npm", "install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm cannot fetch @grafana/data: {done.stderr[-200:]}")
    return folder


@pytest.fixture(scope="module")
def displays(
    library: Path, new_module_store: Callable[[], PrivateStore], tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, dict[str, Any], Answer, dict[str, Any]]]:
    """Per panel and place its board's name, what the board says of it, the rows, and what is shown in each theme."""
    filled = fill(new_module_store(), tmp_path_factory.mktemp("story"), "all", 80, 1.0)
    return shown(library, filled)


def shown(library: Path, store: Filled) -> list[tuple[str, dict[str, Any], Answer, dict[str, Any]]]:
    """What Grafana's library makes of every panel that reads the store, as boards open in every place."""
    asked = list(_panels(store))
    frames = [
        {"frame": _frame(answer), "fieldConfig": panel["fieldConfig"], "timeZone": "Europe/Stockholm"}
        for _, panel, answer in asked
    ]
    done = subprocess.run(
        ["node", HERE / "displays.cjs", library],
        input=json.dumps(frames),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TZ": "UTC"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [(*one, display) for one, display in zip(asked, json.loads(done.stdout), strict=True)]


def _panels(store: Filled) -> Iterator[tuple[str, dict[str, Any], Answer]]:
    for board in BOARDS:
        name = board.uid.removeprefix("nytta-")
        body = orjson.loads((declarations.dashboards() / f"{name}.json").read_bytes())
        panels = [inner for panel in body["panels"] for inner in (panel, *panel.get("panels", ()))]
        for place in store.places() if any(v.name == "organisation" for v in board.variables) else [{}]:
            every: dict[str, Sequence[str]] = {"unit": ALL, "case_type": ALL, "source": ALL}
            chosen = every | opened(board, store, place)
            for panel in panels:
                target: dict[str, Any] = next(iter(panel.get("targets", ())), {})
                if "rawSql" in target:
                    answer = store.ask(target["rawSql"], chosen, {"source": ()})
                    if answer.rows:
                        yield name, panel, answer


def _frame(answer: Answer) -> dict[str, Any]:
    fields = []
    for position, (name, kind) in enumerate(answer.columns.items()):
        values = [row[position] for row in answer.rows]
        moment = "Date" in kind
        made = "time" if moment else "number" if numeric(kind) else "string"
        fields.append({"name": name, "type": made, "values": [_plain(value) for value in values]})
    return {"fields": fields}


def _plain(value: Any) -> Any:
    """A value as the data source sends it: moments as milliseconds, days as midnight in UTC."""
    if isinstance(value, datetime):
        return int(value.replace(tzinfo=value.tzinfo or UTC).timestamp() * 1000)
    if isinstance(value, date):
        return int(datetime.combine(value, time(), UTC).timestamp() * 1000)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def faults(displays: list[tuple[str, dict[str, Any], Answer, dict[str, Any]]]) -> list[tuple[str, str, str, str]]:
    """Cells that say what no person can read."""
    return [
        (board, panel["title"], field["name"], cell["text"])
        for board, panel, _, display in displays
        for field in display["light"]
        for cell in field["cells"] or ()
        if NOT_FOR_PEOPLE.search(cell["text"])
    ]


def test_what_is_shown_is_for_people(displays: list[tuple[str, dict[str, Any], Answer, dict[str, Any]]]) -> None:
    assert len(displays) > 200
    assert not faults(displays)


def test_a_log_of_old_years_shows_its_figures_and_of_what_week_they_are(
    library: Path, new_module_store: Callable[[], PrivateStore], shared_data: Path
) -> None:
    store = fill_with_log(new_module_store(), shared_data / "events" / "08_receipt.xes.gz", "wabo-receipt")
    displayed = shown(library, store)
    assert not faults(displayed)
    process = next(board for board in BOARDS if board.uid == "nytta-process")
    assert opened(process, store)["latest"] == ["2012-01-23"]
    ((answer, intake),) = [
        (answer, display)
        for board, panel, answer, display in displayed
        if (board, panel["title"]) == ("process", "Digital intake")
    ]
    now, change = answer.rows[0]
    assert now > 90  # of the cases of the last quarter of 2011, nearly all came in digitally
    assert [cell["text"] for field in intake["light"] for cell in field["cells"]] == [f"{now:g}%", f"{change:g}"]


def test_intervals_and_reasons_fit_their_columns(
    displays: list[tuple[str, dict[str, Any], Answer, dict[str, Any]]],
) -> None:
    looked = 0
    for _, panel, answer, display in displays:
        if panel["type"] == "table":
            pixels = screen.columns(panel, list(answer.columns))
            for name, field in zip(answer.columns, display["light"], strict=True):
                if name.endswith("from–to"):
                    texts = [*(cell["text"] for cell in field["cells"]), *BRIEF_REASONS.values()]
                    looked += len(texts)
                    assert max(map(len, texts)) * screen.LETTER + 12 <= pixels[name], (name, max(texts, key=len))
    assert looked > 100


def test_an_empty_cell_says_no_sentence(displays: list[tuple[str, dict[str, Any], Answer, dict[str, Any]]]) -> None:
    empty = 0
    for _, panel, answer, display in displays:
        if panel["type"] == "table":
            for position, field in enumerate(display["light"]):
                for row, cell in zip(answer.rows, field["cells"] or (), strict=False):
                    if row[position] is None:
                        empty += 1
                        assert cell["text"] == EMPTY_CELL, (panel["title"], field["name"], cell)
    assert empty


def test_shares_say_their_unit_and_differences_theirs(
    displays: list[tuple[str, dict[str, Any], Answer, dict[str, Any]]],
) -> None:
    seen = set()
    for _, panel, answer, display in displays:
        if panel["type"] == "stat" and panel["fieldConfig"]["defaults"]["unit"] == "percent":
            for name, value, field in zip(answer.columns, answer.rows[0], display["light"], strict=True):
                if value is not None:
                    seen.add(name)
                    assert field["cells"][0]["text"].endswith("%") is (name != "Change, points"), (
                        panel["title"],
                        field,
                    )
    assert seen == {"Latest", "Change, points"}


@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_colours_of_words_and_lines_are_seen(
    theme: str, displays: list[tuple[str, dict[str, Any], Answer, dict[str, Any]]]
) -> None:
    looked = 0
    for _, panel, _, display in displays:
        signed = {
            override["matcher"]["options"]
            for override in panel["fieldConfig"]["overrides"]
            for changed in override["properties"]
            if changed["id"] == "custom.cellOptions" and changed["value"]["type"] == "color-text"
        }
        for field in display[theme]:
            colours = [cell["color"] for cell in field["cells"] or ()] if field["name"] in signed else [field["fixed"]]
            for colour in filter(None, colours):
                looked += 1
                assert contrast(colour, BACKGROUNDS[theme]) >= 3, (panel["title"], field["name"], colour)
    assert looked > 10
