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
from nytta.storage.errors import StoppedError, StoreError, answering
from nytta.surfaces.console.application import application as application_of
from nytta.surfaces.console.context import Console

# the client of the brokers is loaded by those who have brokers: without them it would only take memory
if TYPE_CHECKING:
    from nytta.ingest.stream.producer import Producer

_LEARNING_SECONDS: Final = 30.0
"""Between two looks at what other processes made."""

_log = logging.getLogger(__name__)

Host = Annotated[
    str, typer.Option(help="Address to listen on; others than loopback want TLS in front.")
]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)]


@commands.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8650,
    demo: Annotated[
        bool, typer.Option("--demo", help="Load an invented county with five stories first.")
    ] = False,
    data_folder: Data = None,
    registry_folder: Registry = None,
) -> None:
    """Run the service in one process: events over HTTP, figures kept up to date, the console for people."""
    if demo and registry_folder:
        fail("--demo brings its own registry: leave --registry out", code=2)
    if command_client.serving():
        fail("the service runs here already")
    with mendable():
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        if command_client.running(settings.data):
            fail(f"{settings.data}: a service runs here already")
        log_lines()
        if demo:
            registry_folder = demonstration.written(settings)
        with nytta.embedded(settings, registry_folder) as installation:
            if demo:
                demonstration.load(installation, settings)
            opening = partial(demonstration.play, installation, settings) if demo else None
            uvloop.run(
                _up(
                    installation,
                    settings,
                    host,
                    port,
                    registry_folder or settings.registry,
                    opening,
                )
            )
            installation.private.connection.look()
    stderr.print("stopped; everything acknowledged is stored")


async def _up(
    installation: nytta.App,
    settings: Settings,
    host: str,
    port: int,
    registry_folder: Path | None,
    opening: Callable[[], None] | None = None,
) -> None:
    token = secrets.token_urlsafe(32)
    # commands of whoever owns the data folder: by loopback, with a token that the folder alone tells
    command_socket = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{command_socket.getsockname()[1]}"
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(command_server.routed())

        def came() -> None:
            # made below, for rounds count beside groups; nothing is accepted before they are
            rounds.came()

        commits = _acceptance(installation, came)
        counters = Counters(lambda: commits.waiting, named_at(settings.metrics))
        ending = Ending(
            installation.private.connection, lambda: command_server.forget(settings.data)
        )
        rounds = Rounds(
            installation, counters.registry, lambda: ending.ask(signal.SIGTERM), opening
        )
        gateway = _gateway(installation, settings, commits, counters, registry_folder)
        gateway.batches = partial(batch_counts, installation.private)
        stack.callback(gateway.close)
        console = build_console(
            installation, settings, host, rounds.behind, rounds.came, registry_folder
        )
        stack.callback(console.close)
        outside = bind(host, port)
        # behind the place outside: a port that is taken ends the command before anything is computed
        await stack.enter_async_context(rounds.running())
        pulling = Pulling(
            installation,
            read_sources(registry_folder),
            registry_folder,
            rounds.came,
            SourceRounds(counters.registry),
        )
        assert installation.intake.backlog is not None
        stack.enter_context(installation.intake.backlog.draining())
        # left first: what waits is written, then the last round ends
        await stack.enter_async_context(commits)
        await stack.enter_async_context(pulling.running())
        servers = [
            (server(joined(fronted(gateway, application(gateway)), console)), outside),
            (server(command_server.command_server(installation, token, _run)), command_socket),
            *_measured(settings, counters),
        ]
        _heed(ending, lambda: _end(serving for serving, _ in servers))
        stack.enter_context(command_server.announced(settings.data, address, token))
        _say(gateway, host, outside)
        stack.enter_context(_inviting(installation, console, host, outside))
        await asyncio.gather(*(serving.listen(bound) for serving, bound in servers))


@contextlib.contextmanager
def _inviting(
    installation: nytta.App, console: Console, host: str, bound: socket.socket
) -> Iterator[None]:
    """While this is entered, the console's address is said as soon as it can be opened, and links are given out."""
    invitation = asyncio.create_task(
        _invite(installation, console, f"http://{host}:{bound.getsockname()[1]}")
    )
    try:
        yield
    finally:
        # no link is given out any more while the service ends
        installation.sign_in = None
        invitation.cancel()


def _acceptance(installation: nytta.App, on_arrival: Callable[[], None]) -> GroupCommit:
    """What accepts events in groups, durably; `on_arrival` is called after each."""

    def store(events: pa.Table, rejects: Sequence[Reject]) -> int:
        # a service that stops answers what it has begun
        with answering():
            try:
                batch_number = installation.intake.accept_group(events, rejects, datetime.now(UTC))
            except BacklogFullError as error:
                raise Busy(str(error), 5) from error
        on_arrival()
        return batch_number

    return GroupCommit(store)


async def _invite(installation: nytta.App, console: Console, default_address: str) -> None:
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
    installation.sign_in = lambda: (
        f"{default_address}/sign-in/{console.links.issue(datetime.now(UTC))}"
    )
    stderr.print(
        f"the console: {console.address if console.oidc else installation.sign_in()}",
        highlight=False,
    )


@commands.command("gateway")
def gateway_(
    host: Host = "127.0.0.1",
    port: Port = 8650,
    data_folder: Data = None,
    registry_folder: Registry = None,
) -> None:
    """Take events in over HTTP and put them on Kafka, for workers to store and compute."""
    with mendable():
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        if not settings.kafka:
            fail(
                "a gateway puts events on Kafka: name its brokers in NYTTA_KAFKA; without Kafka there is nytta up"
            )
        from nytta.service.distributed import distributed

        log_lines()
        with distributed(settings, registry_folder) as installation:
            uvloop.run(
                _forward(installation, settings, host, port, registry_folder or settings.registry)
            )
    stderr.print("stopped; everything acknowledged is with the brokers")


async def _forward(
    installation: nytta.App, settings: Settings, host: str, port: int, registry_folder: Path | None
) -> None:
    from nytta.ingest.stream.producer import Producer
    from nytta.service.brokers import cluster_of

    async with Producer(cluster_of(settings), installation.keys.seal) as producer:
        acceptance = Bounded(_Brokers(producer, installation.intake.notes))
        counters = Counters(lambda: acceptance.waiting, named_at(settings.metrics))
        gateway = _gateway(installation, settings, acceptance, counters, registry_folder)
        outside = bind(host, port)
        _say(gateway, host, outside)
        learning = asyncio.create_task(_learn(installation, settings.key_place))
        servers = [
            (server(fronted(gateway, application(gateway))), outside),
            *_measured(settings, counters),
        ]
        _heed(
            Ending(installation.private.connection), lambda: _end(serving for serving, _ in servers)
        )
        try:
            await asyncio.gather(*(serving.listen(bound) for serving, bound in servers))
        finally:
            learning.cancel()
            gateway.close()


@commands.command("console")
def console_(
    host: Host = "127.0.0.1",
    port: Port = 8651,
    data_folder: Data = None,
    registry_folder: Registry = None,
) -> None:
    """Serve the console beside gateway and workers, from the ClickHouse server that they share."""
    with mendable():
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        if not settings.kafka:
            fail(
                "beside workers the console tells their topics what people answer: name the brokers in NYTTA_KAFKA; "
                "without Kafka nytta up has the console"
            )
        from nytta.service.distributed import distributed

        log_lines()
        with distributed(settings, registry_folder) as installation:
            uvloop.run(
                _show(installation, settings, host, port, registry_folder or settings.registry)
            )
            installation.private.connection.look()
    stderr.print("stopped")


async def _show(
    installation: nytta.App, settings: Settings, host: str, port: int, registry_folder: Path | None
) -> None:
    console = build_console(
        installation, settings, host, lambda: 0.0, lambda: None, registry_folder
    )
    outside = bind(host, port)
    serving = server(ready(installation, application_of(console)))
    _heed(Ending(installation.private.connection), lambda: _end([serving]))
    learning = asyncio.create_task(_learn(installation, settings.key_place))
    inviting = asyncio.create_task(
        _invite(installation, console, f"http://{host}:{outside.getsockname()[1]}")
    )
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


async def _learn(installation: nytta.App, key_path: Path) -> None:
    """Learn of the units that other processes made, of persons excluded, and of keys."""
    while True:
        await asyncio.sleep(_LEARNING_SECONDS)
        try:
            await asyncio.to_thread(installation.declare, installation.intake.declared)
            installation.intake.rekey(await asyncio.to_thread(load_or_make, key_path))
        except (StoreError, KeyFileError) as error:
            _log.warning("units and keys could not be read again: %s", error)


def _gateway(
    installation: nytta.App,
    settings: Settings,
    acceptance: Acceptance,
    counters: Counters,
    registry_folder: Path | None,
) -> Gateway:
    sources = read_sources(registry_folder)
    homes = {declared.id: declared.organisation for declared in sources if declared.organisation}
    installation.intake.homes = homes
    return Gateway(
        acceptance,
        pseudonymise=installation.intake.choice,
        # asked for each request: registry and keys change while the gateway serves
        registry=lambda: installation.intake.registry,
        tokens=tokens_of(settings),
        limits=Limits(body=settings.body_limit, rate=settings.rate),
        counters=counters,
        hooks=hooks(
            sources,
            registry_folder,
            datetime.now(UTC).date(),
            has_several=len(installation.intake.registry.organisations) > 1,
        ),
        conceal=lambda key: installation.keys.pseudonymiser().wire(key),
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
