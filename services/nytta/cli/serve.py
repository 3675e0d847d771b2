"""The commands that serve: up, the whole service in one process; gateway, one of several before Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import pyarrow as pa
import typer
import uvloop

from nytta import service as nytta
from nytta.cli import demonstration, load
from nytta.cli.common import Data, Registry, commands, fail, mendable, stderr
from nytta.cli.console import build_console, joined, ready
from nytta.cli.tokens import tokens_of
from nytta.ingest.events.batch import Reject
from nytta.ingest.http.acceptance import Acceptance, Bounded, Busy, Unavailable
from nytta.ingest.http.counters import Counters, named_at
from nytta.ingest.http.group import GroupCommit
from nytta.ingest.http.limits import Limits
from nytta.ingest.http.routes import Gateway, application, fronted
from nytta.ingest.http.server import Server, bind, server
from nytta.ingest.keys import KeyFileError, Notes, load_or_make
from nytta.ingest.pull.declared import read as read_sources
from nytta.ingest.store.backlog import BacklogFullError
from nytta.ingest.store.outcomes import batch_counts
from nytta.service import command_client, command_server
from nytta.service.logs import log_lines
from nytta.service.metrics import SourceRounds
from nytta.service.pull_schedule import Pulling
from nytta.service.pulls import hooks
from nytta.service.schedule import Rounds
from nytta.service.settings import Settings
from nytta.service.stopping import Ending
from nytta.storage.client import StoppedError, StoreError, answering
from nytta.surfaces.console.application import application as application_of
from nytta.surfaces.console.context import Console

# the client of the brokers is loaded by those who have brokers: without them it would only take memory
if TYPE_CHECKING:
    from nytta.ingest.stream.producer import Producer

_LEARNING_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)

Host = Annotated[str, typer.Option(help="Address to listen on; others than loopback want TLS in front.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]


@commands.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8650,
    demo: Annotated[bool, typer.Option("--demo", help="Load an invented county with five stories first.")] = False,
    data: Data = None,
    registry: Registry = None,
) -> None:
    """Run the service in one process: events over HTTP, figures kept up to date, the console for people."""
    if demo and registry:
        fail("--demo brings its own registry: leave --registry out", code=2)
    if command_client.serving():
        fail("the service runs here already")
    with mendable():
        settings = Settings() if data is None else Settings(data=data)
        if command_client.running(settings.data):
            fail(f"{settings.data}: a service runs here already")
        log_lines()
        if demo:
            registry = demonstration.written(settings)
        with nytta.embedded(settings, registry) as app:
            if demo:
                demonstration.load(app, settings)
            opening = partial(demonstration.play, app, settings) if demo else None
            uvloop.run(_up(app, settings, host, port, registry or settings.registry, opening))
            app.private.connection.look()
    stderr.print("stopped; everything acknowledged is stored")


async def _up(
    app: nytta.App,
    settings: Settings,
    host: str,
    port: int,
    place: Path | None,
    opening: Callable[[], None] | None = None,
) -> None:
    token = secrets.token_urlsafe(32)
    # commands of whoever owns the data folder: by loopback, with a token that the folder alone tells
    inside = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{inside.getsockname()[1]}"
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(command_server.routed())

        def came() -> None:
            # made below, for rounds count beside groups; nothing is accepted before they are
            rounds.came()

        commits = _acceptance(app, came)
        counters = Counters(lambda: commits.waiting, named_at(settings.metrics))
        ending = Ending(app.private.connection, lambda: command_server.forget(settings.data))
        rounds = Rounds(app, counters.registry, lambda: ending.ask(signal.SIGTERM), opening)
        gateway = _gateway(app, settings, commits, counters, place)
        gateway.batches = partial(batch_counts, app.private)
        stack.callback(gateway.close)
        console = build_console(app, settings, host, rounds.behind, rounds.came, place)
        stack.callback(console.close)
        outside = bind(host, port)
        # behind the place outside: a port that is taken ends the command before anything is computed
        await stack.enter_async_context(rounds.running())
        pulling = Pulling(app, read_sources(place), place, rounds.came, SourceRounds(counters.registry))
        assert app.intake.backlog is not None
        stack.enter_context(app.intake.backlog.draining())
        await stack.enter_async_context(commits)  # left first: what waits is written, then the last round ends
        await stack.enter_async_context(pulling.running())
        places = [
            (server(joined(fronted(gateway, application(gateway)), console)), outside),
            (server(command_server.command_server(app, token, _run)), inside),
            *_measured(settings, counters),
        ]
        _heed(ending, lambda: _end(serving for serving, _ in places))
        stack.enter_context(command_server.announced(settings.data, address, token))
        _say(gateway, host, outside)
        inviting = asyncio.create_task(_invite(app, console, f"http://{host}:{outside.getsockname()[1]}"))
        stack.callback(inviting.cancel)
        # no link is given out any more while the service ends
        stack.callback(setattr, app, "sign_in", None)
        await asyncio.gather(*(serving.listen(bound) for serving, bound in places))


def _acceptance(app: nytta.App, on_arrival: Callable[[], None]) -> GroupCommit:
    """What accepts events in groups, durably; `on_arrival` is called after each."""

    def store(events: pa.Table, rejects: Sequence[Reject]) -> int:
        # a service that stops answers what it has begun
        with answering():
            try:
                number = app.intake.accept_group(events, rejects, datetime.now(UTC))
            except BacklogFullError as error:
                raise Busy(str(error), 5) from error
        on_arrival()
        return number

    return GroupCommit(store)


async def _invite(app: nytta.App, console: Console, default_address: str) -> None:
    """Say where the console is when its first charts are drawn."""
    try:
        await console.warm()
    except StoppedError:
        return
    except Exception as error:  # a page that cannot be drawn says so itself
        _log.warning("no chart could be drawn yet: %s", type(error).__name__)
    if console.proxy:
        stderr.print(f"the console: {console.address or default_address}", highlight=False)
        return
    app.sign_in = lambda: f"{default_address}/sign-in/{console.links.issue(datetime.now(UTC))}"
    stderr.print(f"the console: {console.address if console.oidc else app.sign_in()}", highlight=False)


@commands.command("gateway")
def gateway_(host: Host = "127.0.0.1", port: Port = 8650, data: Data = None, registry: Registry = None) -> None:
    """Take events in over HTTP and put them on Kafka, for workers to store and compute."""
    with mendable():
        settings = Settings() if data is None else Settings(data=data)
        if not settings.kafka:
            fail("a gateway puts events on Kafka: name its brokers in NYTTA_KAFKA; without Kafka there is nytta up")
        from nytta.service.distributed import distributed

        log_lines()
        with distributed(settings, registry) as app:
            uvloop.run(_forward(app, settings, host, port, registry or settings.registry))
    stderr.print("stopped; everything acknowledged is with the brokers")


async def _forward(app: nytta.App, settings: Settings, host: str, port: int, place: Path | None) -> None:
    from nytta.ingest.stream.producer import Producer
    from nytta.service.brokers import cluster_of

    async with Producer(cluster_of(settings), app.keys.seal) as producer:
        acceptance = Bounded(_Brokers(producer, app.intake.notes))
        counters = Counters(lambda: acceptance.waiting, named_at(settings.metrics))
        gateway = _gateway(app, settings, acceptance, counters, place)
        outside = bind(host, port)
        _say(gateway, host, outside)
        learning = asyncio.create_task(_learn(app, settings.key_place))
        places = [(server(fronted(gateway, application(gateway))), outside), *_measured(settings, counters)]
        _heed(Ending(app.private.connection), lambda: _end(serving for serving, _ in places))
        try:
            await asyncio.gather(*(serving.listen(bound) for serving, bound in places))
        finally:
            learning.cancel()
            gateway.close()


@commands.command("console")
def console_(host: Host = "127.0.0.1", port: Port = 8651, data: Data = None, registry: Registry = None) -> None:
    """Serve the console beside gateway and workers, from the ClickHouse server that they share."""
    with mendable():
        settings = Settings() if data is None else Settings(data=data)
        if not settings.kafka:
            fail(
                "beside workers the console tells their topics what people answer: name the brokers in NYTTA_KAFKA; "
                "without Kafka nytta up has the console"
            )
        from nytta.service.distributed import distributed

        log_lines()
        with distributed(settings, registry) as app:
            uvloop.run(_show(app, settings, host, port, registry or settings.registry))
            app.private.connection.look()
    stderr.print("stopped")


async def _show(app: nytta.App, settings: Settings, host: str, port: int, registry: Path | None) -> None:
    console = build_console(app, settings, host, lambda: 0.0, lambda: None, registry)
    outside = bind(host, port)
    serving = server(ready(app, application_of(console)))
    _heed(Ending(app.private.connection), lambda: _end([serving]))
    learning = asyncio.create_task(_learn(app, settings.key_place))
    inviting = asyncio.create_task(_invite(app, console, f"http://{host}:{outside.getsockname()[1]}"))
    try:
        await serving.listen(outside)
    finally:
        learning.cancel()
        inviting.cancel()
        console.close()


class _Brokers:
    """Kafka as an acceptance: a broker's refusal is one of the gateway's."""

    def __init__(self, producer: Producer, notes: Notes) -> None:
        self._producer = producer
        self._notes = notes
        self._noting = asyncio.Lock()

    async def put(self, events: pa.Table, rejects: Sequence[Reject]) -> None:
        from nytta.ingest.stream.producer import Unavailable as BrokersAway

        try:
            # one at a time: what is noted stands at the beginning of the list until it is stored
            async with self._noting:
                await self._producer.note(notes := self._notes.waiting())
                self._notes.stored(notes)
            await self._producer.put(events, rejects)
        except BrokersAway as error:
            raise Unavailable(str(error), 5) from error

    async def ready(self) -> None:
        from nytta.ingest.stream.producer import Unavailable as BrokersAway

        try:
            await self._producer.ready()
        except BrokersAway as error:
            raise Unavailable(str(error), 5) from error


async def _learn(app: nytta.App, keys: Path) -> None:
    """Learn of the units that other processes made, of persons excluded, and of keys."""
    while True:
        await asyncio.sleep(_LEARNING_SECONDS)
        try:
            await asyncio.to_thread(app.declare, app.intake.declared)
            app.intake.rekey(await asyncio.to_thread(load_or_make, keys))
        except (StoreError, KeyFileError) as error:
            _log.warning("units and keys could not be read again: %s", error)


def _gateway(
    app: nytta.App, settings: Settings, acceptance: Acceptance, counters: Counters, place: Path | None
) -> Gateway:
    sources = read_sources(place)
    homes = {declared.id: declared.organisation for declared in sources if declared.organisation}
    app.intake.homes = homes
    return Gateway(
        acceptance,
        pseudonymise=app.intake.choice,
        # asked for each request: registry and keys change while the gateway serves
        registry=lambda: app.intake.registry,
        tokens=tokens_of(settings),
        limits=Limits(body=settings.body_limit, rate=settings.rate),
        counters=counters,
        hooks=hooks(sources, place, datetime.now(UTC).date(), several=len(app.intake.registry.organisations) > 1),
        conceal=lambda key: app.keys.pseudonymiser().wire(key),
        homes=homes,
    )


def _measured(settings: Settings, counters: Counters) -> Iterator[tuple[Server, socket.socket]]:
    """The place where counters are read, where the settings name one. Raises OSError where it is taken."""
    if settings.metrics:
        # from the right, for an IPv6 address has colons of its own
        host, _, port = settings.metrics.rpartition(":")
        yield server(counters.application()), bind(host.strip("[]"), int(port))


def _say(gateway: Gateway, host: str, bound: socket.socket) -> None:
    stderr.print(f"listening on http://{host}:{bound.getsockname()[1]}", highlight=False)
    if not gateway.tokens.all():
        stderr.print("no sender has a token yet: nytta token add NAME")


def _run(words: list[str]) -> None:
    load(words[0] if words else "")
    typer.main.get_command(commands).main(words, prog_name="nytta")


def _end(servers: Iterable[Server]) -> None:
    """Have servers answer what is under way and take nothing more."""
    for serving in servers:
        serving.should_exit = True


def _heed(ending: Ending, tell: Callable[[], None]) -> None:
    """From now until the loop is closed, SIGTERM and SIGINT ask for the end, of which `tell` tells those who serve."""
    loop = asyncio.get_running_loop()
    # from any thread: a round that cannot go on asks for the end too
    ending.tell = lambda: loop.call_soon_threadsafe(tell)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.ask, number)
