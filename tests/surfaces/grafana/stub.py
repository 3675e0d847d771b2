"""The part of Grafana's HTTP interface that is pushed to, as its documentation describes it.

It stands at the edge because no Grafana can be had from a package registry; what it cannot show is how a real one
stores what it is given.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLICKHOUSE = "grafana-clickhouse-datasource"


@dataclass
class Grafana:
    """What it holds and how it behaves."""

    version: str = "12.1.1"
    token: str = "secret"
    role: str = "Editor"
    plugin: bool = True
    sources: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"name": "Nytta", "uid": "abc", "type": CLICKHOUSE, "jsonData": {"defaultDatabase": "nytta"}},
            {"name": "Prom", "uid": "p", "type": "prometheus", "jsonData": {}},
        ]
    )
    readable: tuple[str, ...] = ("nytta",)
    """Databases that the data source's user may read."""
    folders: dict[str, str] = field(default_factory=dict)
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    provisioned: bool = False
    writes: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Status and body of one request."""
        if path == "/api/health":
            return 200, {"database": "ok", "version": self.version}
        if token != f"Bearer {self.token}":
            return 401, {"message": "Invalid API key"}
        if method == "POST" and path != "/api/ds/query":
            if self.role != "Editor":
                return 403, {"message": "You'll need additional permissions"}
            self.writes.append(path)
        return self._known(method, path, body)

    def _known(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        match method, path.removeprefix("/api/").split("/"):
            case "GET", ["datasources"]:
                return 200, self.sources
            case "GET", ["plugins", name, "settings"]:
                return (200, {"id": name}) if self.plugin else (404, {"message": "Plugin not found"})
            case "POST", ["ds", "query"]:
                database = body["queries"][0]["rawSql"].split("FROM ")[1].split(".")[0]
                if database in self.readable:
                    return 200, {"results": {"A": {"status": 200, "frames": [{"data": {"values": [[1]]}}]}}}
                return 400, {"results": {"A": {"error": "code: 497 Not enough privileges", "status": 400}}}
            case "GET", ["folders", uid]:
                return (200, {"uid": uid}) if uid in self.folders else (404, {"message": "folder not found"})
            case "POST", ["folders"]:
                self.folders[body["uid"]] = body["title"]
                return 200, body
            case "GET", ["dashboards", "uid", uid]:
                if uid not in self.boards:
                    return 404, {"message": "Dashboard not found"}
                return 200, {
                    "dashboard": self.boards[uid],
                    "meta": {"folderUid": "nytta", "provisioned": self.provisioned},
                }
            case "POST", ["dashboards", "db"]:
                board = body["dashboard"]
                held = self.boards.get(board["uid"], {"version": 0})
                self.boards[board["uid"]] = board | {"id": 7, "version": held["version"] + 1}
                return 200, {"status": "success", "uid": board["uid"]}
        return 404, {"message": "Not found"}


@contextmanager
def served(grafana: Grafana) -> Iterator[Grafana]:
    """The stub on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("Authorization", "")
            status, answer = grafana.answer(self.command, self.path, token, body)
            said = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = respond

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    grafana.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield grafana
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
