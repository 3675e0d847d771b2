"""Commands of the streaming parts: worker, alerter, replay."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nytta.cli.common import (
    Data,
    Json,
    Registry,
    commands,
    fail,
    log_private_read,
    mendable,
    opened,
    print_json,
    stderr,
)
from nytta.ingest.events import Reason
from nytta.ingest.store.rejects import RejectQuery
from nytta.service import distributed
from nytta.service.settings import Settings
from nytta.service.stopping import Ending


@commands.command()
def worker(
    host: Annotated[
        str, typer.Option(help="Address of /healthz, /readyz and /metrics.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port of /healthz, /readyz and /metrics.", min=1, max=65535)
    ] = 8651,
    publish_every: Annotated[
        float, typer.Option(help="Seconds between publications of closed weeks.", min=0.1)
    ] = 60.0,
    compute_every: Annotated[
        float, typer.Option(help="Seconds between rounds of computation.", min=0.1)
    ] = 1.0,
    registry_folder: Registry = None,
    data_folder: Data = None,
) -> None:
    """Take events from Kafka, store them and compute figures, beside other workers. Needs a supervisor.

    It ends with exit code 1 when it cannot go on without losing events, and is to be started anew.
    """
    # Faust's import takes a second that no other command should wait
    from nytta.ingest.stream import faust_app
    from nytta.service.streams import worker as process

    with mendable():
        settings = _settings(data_folder)
        if not settings.kafka:
            fail(
                "a worker takes events from Kafka: name its brokers in NYTTA_KAFKA; without Kafka there is nytta up"
            )
        with distributed.working(settings, registry_folder) as parts:
            app = process.build(
                parts,
                host=host,
                port=port,
                publish_every=publish_every,
                compute_every=compute_every,
            )
            faust_app.run(app, Ending().ask)


@commands.command()
def alerter(
    host: Annotated[
        str, typer.Option(help="Address of /healthz, /readyz and /metrics.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port of /healthz, /readyz and /metrics.", min=1, max=65535)
    ] = 8652,
    every: Annotated[
        float, typer.Option(help="Seconds between evaluations by the clock.", min=0.1)
    ] = 600.0,
    registry_folder: Registry = None,
    data_folder: Data = None,
) -> None:
    """Keep the alerts beside workers: open and close them, send messages, take answers. Needs a supervisor.

    Of several, one works and another takes over when it ends.
    """
    from nytta.ingest.stream import faust_app
    from nytta.service.streams import alerter as process

    with mendable():
        settings = _settings(data_folder)
        if not settings.kafka:
            fail(
                "an alerter hears of signals from Kafka: name its brokers in NYTTA_KAFKA; without there is nytta up"
            )
        with distributed.alerting(settings, registry_folder) as parts:
            app = process.build(parts, host=host, port=port, evaluate_every=every)
            faust_app.run(app, Ending().ask)


@commands.command()
def replay(
    reason: Annotated[Reason | None, typer.Option(help="Rejects of one reason only.")] = None,
    source: Annotated[str, typer.Option(help="Rejects of one source only.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Received from then on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Received before then (UTC).")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which would pass now.")
    ] = False,
    data_folder: Data = None,
    registry_folder: Registry = None,
    as_json: Json = False,
) -> None:
    """Validate rejects again, after a fix. Repeated, it changes nothing.

    It opens what was sealed, so the access log has it.
    """
    query = RejectQuery(reason.value if reason else "", source)
    query = RejectQuery(
        query.reason,
        query.source,
        # a moment on the command line has no zone, and help says that it is UTC
        since.replace(tzinfo=UTC) if since else query.since,
        until.replace(tzinfo=UTC) if until else query.until,
    )
    with opened(data_folder, registry_folder) as installation:
        log_private_read(installation, "")
        replayed = installation.replay(query, datetime.now(UTC), dry_run=dry_run)
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "tried": replayed.tried,
                "passed": replayed.passed,
                "still_rejected": replayed.still,
            }
        )
        return
    would = "would pass" if dry_run else "passed"
    stderr.print(f"{replayed.tried} rejects tried, {replayed.passed} {would}")
    for name, count in replayed.still.items():
        stderr.print(f"  {count} still {name}", markup=False)


def _settings(data_folder: Path | None) -> Settings:
    return Settings() if data_folder is None else Settings(data=data_folder)
