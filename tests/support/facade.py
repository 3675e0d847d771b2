"""A ClickHouse server for tests where none can be had: HTTP in front of one chDB, for several processes.

    python -m tests.support.facade --path FOLDER --port 8123 [--host 127.0.0.1]

It serves clickhouse-connect: queries, commands, inserts in any format, typed parameters `{name:Type}`, settings in the
address, gzip and lz4 of inserts, errors with their code. What it stored before answering survives `kill -9`.

It does not: ask for a password, know users, grants, quotas or row policies, keep sessions or temporary tables, take
external data, compress answers, stream them (a result is held in memory whole), cancel a query when the client goes
away, speak the native protocol, or replicate. It serves tests; it is no product.
"""

from __future__ import annotations

import argparse
import asyncio
import queue
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import chdb
import lz4.frame  # type: ignore[import-untyped]
from aiohttp import web

_HANDLES = 8
_BODY = 1 << 30
_TRANSPORT = {
    *("database", "query", "query_id", "session_id", "client_protocol_version", "wait_end_of_query", "buffer_size"),
    *("send_progress_in_http_headers", "http_headers_progress_interval_ms", "enable_http_compression", "compress"),
}
_FORMAT = re.compile(rb"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s.+?)\s+FORMAT\s+(\w+)\s*?\n?", re.IGNORECASE | re.DOTALL)
_ANSWERS = re.compile(rb"\s*\(*\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN|EXISTS|CHECK)\b", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")


class Handle:
    """One connection to the engine, with the settings and the database it stands at."""

    def __init__(self, path: str) -> None:
        self.connection: Any = chdb.connect(path)  # type: ignore[no-untyped-call]
        self.settings: dict[str, str] = {}
        self.database = "default"

    def stand(self, database: str, settings: dict[str, str]) -> None:
        """Bring settings and database to what a request asks; others go back to their defaults."""
        for name in [n for n in self.settings if n not in settings]:
            self.connection.query(f"SET {name} = DEFAULT")
            del self.settings[name]
        for name, value in settings.items():
            if self.settings.get(name) != value:
                quoted = value.replace("\\", "\\\\").replace("'", "\\'")
                self.connection.query(f"SET {name} = '{quoted}'")
                self.settings[name] = value
        if self.database != database:
            self.connection.query(f"USE `{database}`")
            self.database = database


class Engine:
    """A pool of handles on one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._free: queue.Queue[Handle] = queue.Queue()
        for _ in range(_HANDLES):
            self._free.put(Handle(str(folder)))

    @contextmanager
    def handle(self) -> Iterator[Handle]:
        """A handle that nobody else uses meanwhile."""
        handle = self._free.get()
        try:
            yield handle
        finally:
            self._free.put(handle)

    def answer(self, statement: bytes, data: bytes, params: dict[str, str]) -> tuple[bytes, str]:
        """Execute; the bytes of the result and their format ('' where the statement has no result)."""
        settings = {n: v for n, v in params.items() if n not in _TRANSPORT and not n.startswith("param_")}
        bound = {n.removeprefix("param_"): v for n, v in params.items() if n.startswith("param_")}
        if any(not re.fullmatch(r"[a-z_0-9]+", name) for name in settings):
            raise ValueError("Code: 115. DB::Exception: a setting's name is not a name")
        with self.handle() as handle:
            handle.stand(params.get("database", "default"), settings)
            insert = _INSERT.match(statement)
            if insert and (data or insert.end() < len(statement)):
                payload = data or statement[insert.end() :]  # from here on every byte is the data's, a line's end too
                with handle.connection.send_insert(insert[1].decode(), insert[2].decode()) as rows:
                    rows.append(payload)
                    rows.finish()
                return b"", ""
            named = _FORMAT.search(statement)
            text = statement[: named.start()] if named else statement
            shape = named[1].decode() if named else "TabSeparated"
            result = handle.connection.query(text.decode(), shape, params=bound)
            return bytes(result.bytes()), shape if _ANSWERS.match(text) else ""


def _expanded(body: bytes, encoding: str) -> bytes:
    if encoding == "lz4":
        return bytes(lz4.frame.decompress(body))
    return body  # aiohttp undid gzip and deflate already


async def _serve(request: web.Request) -> web.Response:
    params = dict(request.query)
    # long parameters come as a form, of which nothing may be read before
    if request.content_type == "application/x-www-form-urlencoded" or request.content_type.startswith("multipart/"):
        params |= {name: str(field) for name, field in (await request.post()).items()}
        body = b""
    else:
        body = _expanded(await request.read(), request.headers.get("Content-Encoding", ""))
    statement, data = (params["query"].encode(), body) if "query" in params else (body, b"")
    if not statement.strip():
        return web.Response(text="Ok.\n")
    work = partial(request.app[ENGINE].answer, statement, data, params)
    try:
        answer, shape = await asyncio.get_running_loop().run_in_executor(request.app[THREADS], work)
    except Exception as error:  # the engine raises bare types of its own; the client learns what it says
        text = str(error)
        code = _CODE.search(text)
        headers = {"X-ClickHouse-Exception-Code": code[1] if code else "1002"}
        return web.Response(status=500, text=text, headers=headers)
    headers = {"X-ClickHouse-Summary": "{}", "X-ClickHouse-Timezone": "UTC"}
    return web.Response(body=answer, headers=headers | ({"X-ClickHouse-Format": shape} if shape else {}))


async def _ping(_: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


ENGINE = web.AppKey("engine", Engine)
THREADS: web.AppKey[Any] = web.AppKey("threads", ThreadPoolExecutor)


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8123)
    chosen = parser.parse_args()
    app = web.Application(client_max_size=_BODY)
    app[ENGINE] = Engine(chosen.path)
    app[THREADS] = ThreadPoolExecutor(_HANDLES)
    app.router.add_get("/ping", _ping)
    app.router.add_route("*", "/", _serve)
    web.run_app(app, host=chosen.host, port=chosen.port, print=None, handle_signals=True)


if __name__ == "__main__":
    main()
