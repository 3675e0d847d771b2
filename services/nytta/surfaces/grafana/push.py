"""Boards into a Grafana that somebody else runs: its folder, a look at its data source, and what changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson
import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException, GrafanaServerError
from grafana_api.grafana_face import GrafanaFace

from nytta import Mendable
from nytta.surfaces.grafana.query import CLICKHOUSE, GRAFANA

FOLDER: Final = "nytta"
_OPEN: Final = "SELECT count() AS n FROM nytta.indicator_values"
_OF_OPEN: Final = re.compile(rb"\bnytta\.(?=[a-z_]+\b)")
_PRIVATE: Final = "SELECT count() AS n FROM nytta_private.events"


class GrafanaError(Mendable):
    """What stands in the way, and what to change in Grafana."""


class Outcome(StrEnum):
    """What became of a thing, or would."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Pushed:
    """One folder or dashboard, and what became of it."""

    kind: str
    title: str
    what: Outcome
    address: str = ""


def push(
    address: str,
    token: str,
    boards: Mapping[str, bytes],
    *,
    datasource: str = "",
    console: str = "",
    shards: bool = False,
    dry_run: bool = False,
    timeout: float = 15.0,
) -> list[Pushed]:
    """Bring the folder and the boards of a Grafana up to date; a second time, nothing is changed.

    `datasource` names the ClickHouse data source, where there are several; `console` is where links of rows lead;
    with `shards`, boards ask for the figures of all shards of a cluster. GrafanaError where Grafana is too old, lacks
    the plugin or a permission, or where the data source can read the private zone.
    """
    grafana = _opened(address, token, timeout)
    try:
        _check_version(grafana.api.GET("/health"))
        source = _datasource(grafana, datasource)
        _check_zone(grafana, source)
        changes = [_folder(grafana, dry_run)]
        changes += [
            _board(
                grafana,
                address,
                _linked(across(body) if shards else body, console),
                source,
                dry_run,
            )
            for body in boards.values()
        ]
    except requests.JSONDecodeError as error:
        raise GrafanaError(
            f"{address} does not answer as Grafana does: is this its address, with its path?"
        ) from error
    except requests.RequestException as error:
        raise GrafanaError(
            f"{address}: no answer ({type(error).__name__}): is Grafana there, and reachable?"
        ) from error
    except GrafanaClientError as error:
        raise GrafanaError(_refused(error)) from error
    except GrafanaServerError as error:
        raise GrafanaError(f"Grafana failed: {error.message}; its own log says why") from error
    return changes


def _opened(address: str, token: str, timeout: float) -> GrafanaFace:
    address_parts = urlsplit(address)
    if address_parts.scheme not in ("http", "https") or not address_parts.hostname:
        raise GrafanaError(
            f"'{address}' is no address of a Grafana: write it as https://grafana.example.org"
        )
    path = address_parts.path.strip("/")
    return GrafanaFace(
        auth=token,
        host=address_parts.hostname,
        port=address_parts.port,
        protocol=address_parts.scheme,
        url_path_prefix=f"{path}/" if path else "",
        timeout=timeout,
    )


def _check_version(health: Any) -> None:
    version = str(health.get("version", "")) if isinstance(health, dict) else ""
    version_match = re.match(r"(\d+)\.(\d+)", version)
    wanted_version = ".".join(map(str, GRAFANA))
    if not version_match:
        raise GrafanaError(
            f"Grafana does not tell its version; {wanted_version} or later is needed"
        )
    if (int(version_match[1]), int(version_match[2])) < GRAFANA:
        raise GrafanaError(
            f"Grafana {version} is too old for the ClickHouse data source: upgrade to {wanted_version} or later"
        )


def _datasource(grafana: GrafanaFace, source_name: str) -> dict[str, Any]:
    stores = [
        datasource
        for datasource in grafana.datasource.list_datasources()
        if datasource["type"] == CLICKHOUSE
    ]
    matching = [
        datasource for datasource in stores if not source_name or datasource["name"] == source_name
    ]
    if len(matching) == 1:
        return dict(matching[0])
    if stores:
        source_names = ", ".join(sorted(datasource["name"] for datasource in stores))
        raise GrafanaError(
            f"there is no ClickHouse data source '{source_name}', but: {source_names}"
            if source_name
            else f"there are several ClickHouse data sources: name one of {source_names}"
        )
    try:
        grafana.api.GET(f"/plugins/{CLICKHOUSE}/settings")
    except GrafanaClientError as error:
        if error.status_code != 404:
            raise
        raise GrafanaError(
            f"the plugin {CLICKHOUSE} is not installed in Grafana: install it (GF_PLUGINS_PREINSTALL_SYNC, or grafana "
            "cli plugins install) and add a data source with the user nytta_open"
        ) from error
    raise GrafanaError(
        "there is no ClickHouse data source: add one with the user nytta_open and the database nytta"
    )


def _check_zone(grafana: GrafanaFace, source: dict[str, Any]) -> None:
    """The data source reads the open zone and cannot read the private one, as the store itself answers."""
    database = str(
        source.get("jsonData", {}).get("defaultDatabase") or source.get("database") or ""
    )
    source_name = source["name"]
    advice = "give it the user nytta_open of deploy/clickhouse/users.xml and the database nytta"
    if "private" in database:
        raise GrafanaError(
            f"data source '{source_name}' points at the private database '{database}': {advice}"
        )
    if not _answers(grafana, source, _OPEN):
        raise GrafanaError(
            f"data source '{source_name}' cannot read nytta.indicator_values: {advice}"
        )
    if _answers(grafana, source, _PRIVATE):
        raise GrafanaError(
            f"data source '{source_name}' can read the private zone, and so could every viewer: {advice}"
        )


def _answers(grafana: GrafanaFace, source: dict[str, Any], sql: str) -> bool:
    query = {
        "refId": "A",
        "datasource": {"type": CLICKHOUSE, "uid": source["uid"]},
        "editorType": "sql",
        "rawSql": sql,
        "format": 1,
    }
    try:
        query_answer = grafana.api.POST(
            "/ds/query", json={"queries": [query], "from": "now-1h", "to": "now"}
        )
    except GrafanaException as error:
        if error.status_code in (401, 403):
            raise
        return False
    query_result = query_answer.get("results", {}).get("A", {})
    return not query_result.get("error") and bool(query_result.get("frames"))


def _folder(grafana: GrafanaFace, dry_run: bool) -> Pushed:
    try:
        grafana.folder.get_folder(FOLDER)
    except GrafanaClientError as error:
        if error.status_code != 404:
            raise
        if not dry_run:
            grafana.folder.create_folder("Nytta", FOLDER)
        return Pushed("folder", "Nytta", Outcome.CREATED)
    return Pushed("folder", "Nytta", Outcome.UNCHANGED)


def _board(
    grafana: GrafanaFace, address: str, board: dict[str, Any], source: dict[str, Any], dry_run: bool
) -> Pushed:
    for variable in board["templating"]["list"]:
        if variable["name"] == "datasource":
            variable["current"] = {"selected": True, "text": source["name"], "value": source["uid"]}
    board_address = f"{address.rstrip('/')}/d/{quote(board['uid'])}"
    outcome = Outcome.CREATED
    try:
        existing = grafana.dashboard.get_dashboard(board["uid"])
    except GrafanaClientError as error:
        # 404: Grafana has no such board yet
        if error.status_code != 404:
            raise
    else:
        if existing.get("meta", {}).get("provisioned"):
            raise GrafanaError(
                f"the dashboard '{board['title']}' is provisioned from files: change the files, or take them away first"
            )
        same = (
            _plain(existing["dashboard"]) == _plain(board)
            and existing.get("meta", {}).get("folderUid") == FOLDER
        )
        outcome = Outcome.UNCHANGED if same else Outcome.CHANGED
    if outcome is not Outcome.UNCHANGED and not dry_run:
        grafana.dashboard.update_dashboard(
            {
                "dashboard": board,
                "folderUid": FOLDER,
                "overwrite": True,
                "message": "nytta dashboards push",
            }
        )
    return Pushed("dashboard", board["title"], outcome, board_address)


def across(body: bytes) -> bytes:
    """A board whose queries ask for the figures of all shards."""
    return _OF_OPEN.sub(b"nytta_all.", body)


def _linked(body: bytes, console: str) -> dict[str, Any]:
    """A board whose rows lead to the console at an address; without one, to where the stack has it."""
    board: dict[str, Any] = orjson.loads(body)
    for variable in board["templating"]["list"]:
        if console and variable["name"] == "console":
            variable["query"] = console.rstrip("/")
    return board


def _plain(board: dict[str, Any]) -> dict[str, Any]:
    """A dashboard without what Grafana counts."""
    return {key: value for key, value in board.items() if key not in ("id", "version")}


def _refused(error: GrafanaException) -> str:
    if error.status_code == 401:
        return "Grafana does not know the token: make one for a service account and set NYTTA_GRAFANA_TOKEN"
    if error.status_code == 403:
        return (
            "the token may not do this: it needs the role Editor, and the permissions "
            "datasources:read and plugins:read"
        )
    return f"Grafana refused: {error.message}"
