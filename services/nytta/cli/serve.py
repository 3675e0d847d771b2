"""The commands that serve: up, the whole service in one process."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import pyarrow as pa
import typer

from nytta import app as nytta
from nytta.cli import loopback
from nytta.cli.common import Data, Registry, commands, fail, mendable, told
from nytta.cli.logs import log_lines
from nytta.cli.rounds import Rounds
from nytta.cli.tokens import tokens_of
from nytta.events.batch import Reject
from nytta.gateway.counters import Counters
from nytta.gateway.group import GroupCommit
from nytta.gateway.http import Gateway, application
from nytta.gateway.limits import Limits
from nytta.gateway.server import Server, bind, server
from nytta.settings import Settings

Host = Annotated[str, typer.Option(help="Address to listen on; others than loopback want TLS in front.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]


@commands.command()
def up(host: Host = "127.0.0.1", port: Port = 8650, data: Data = None, registry: Registry = None) -> None:
    """Run the service in one process: take events in over HTTP and keep the figures up to date."""
    if loopback.serving():
        fail("the service runs here already")
    with mendable():
        settings = Settings() if data is None else Settings(data=data)
        if loopback.running(settings.data):
            fail(f"{settings.data}: a service runs here already")
        log_lines()
        with nytta.embedded(settings, registry) as app:
            asyncio.run(_up(app, settings, host, port))
    told.print("stopped; everything acknowledged is stored")


async def _up(app: nytta.App, settings: Settings, host: str, port: int) -> None:
    token = secrets.token_urlsafe(32)
    inside = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{inside.getsockname()[1]}"
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(loopback.routed())
        rounds: Rounds | None = None

        def store(events: pa.Table, rejects: Sequence[Reject]) -> None:
            app.intake.store(events, rejects, datetime.now(UTC))
            if rounds:
                rounds.came()

        commits = GroupCommit(store)
        counters = Counters(lambda: commits.waiting)
        rounds = Rounds(app, counters.registry)
        gateway = Gateway(
            commits,
            pseudonymiser=app.keys.pseudonymiser(),
            registry=lambda: app.intake.registry,
            tokens=tokens_of(settings),
            limits=Limits(body=settings.body_limit, rate=settings.rate),
            counters=counters,
        )
        stack.callback(gateway.close)
        outside = bind(host, port)
        await stack.enter_async_context(rounds.running())
        await stack.enter_async_context(commits)  # left first: what waits is written, then the last round ends
        stack.enter_context(loopback.announced(settings.data, address, token))
        told.print(f"listening on http://{host}:{outside.getsockname()[1]}", highlight=False)
        if not gateway.tokens.all():
            told.print("no sender has a token yet: nytta token add NAME")
        await serve_until_stopped(
            (server(application(gateway)), outside),
            (server(loopback.door(app, token, _run)), inside),
        )


def _run(words: list[str]) -> None:
    typer.main.get_command(commands).main(words, prog_name="nytta")


async def serve_until_stopped(*places: tuple[Server, object]) -> None:
    """Serve until SIGTERM or SIGINT; then answer what is under way."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for one, _ in places:
            one.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await asyncio.gather(*(one.listen(bound) for one, bound in places))  # type: ignore[arg-type]
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
