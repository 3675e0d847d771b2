"""The commands about systems that are asked: pull, and puller, which asks them beside workers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from nytta.cli.common import (
    Data,
    Json,
    Registry,
    commands,
    fail,
    mendable,
    opened,
    print_json,
    stderr,
)
from nytta.ingest.pull.declared import Declared, read
from nytta.ingest.store import pulls
from nytta.service.pulls import Puller, dark_indicators, puller
from nytta.service.settings import Settings
from nytta.service.stopping import Ending


@commands.command()
def pull(
    source: Annotated[str, typer.Argument(help="The source's id in sources.yaml.")],
    since: Annotated[
        str | None, typer.Option(help="A cursor to begin at, in the place of the last round's.")
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Only look at rights, clock, and what goes dark.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Begin from the beginning; what is known stays known.")
    ] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Look for what is gone at the source.")
    ] = False,
    gone_at_most: Annotated[
        int | None, typer.Option(help="Rows that may be taken back; else a third.", min=0)
    ] = None,
    data_folder: Data = None,
    registry_folder: Registry = None,
    as_json: Json = False,
) -> None:
    """Ask a system now for what happened in it. Interrupted, the same command goes on; repeated, it changes nothing."""
    registry_path = registry_folder or Settings().registry
    with opened(data_folder, registry_folder) as installation:
        declared = _declared(read(registry_path), source)
        if not declared.is_asked:
            fail(f"{source} is not asked: it sends to /hooks/{source} by itself")
        if not declared.runs(datetime.now(UTC).date()):
            fail(f"{source} ended on {declared.ended_on}: it is asked no more")
        system_puller = puller(installation, declared, registry_path)
        try:
            if probe:
                _probed(system_puller, as_json)
                return
            # the cursor alone: rows that come again are known by identity and revision
            if reset:
                pulls.save_cursor(installation.private, source, "", datetime.now(UTC))
            if reconcile or gone_at_most is not None:
                pulled = system_puller.reconcile(gone_at_most)
            else:
                pulled = system_puller.round(since)
        finally:
            system_puller.ask.close()
        installation.bring_up_to_date(datetime.now(UTC))
    if as_json:
        print_json(asdict(pulled))
    else:
        stderr.print(
            f"{source}: {pulled.state}, {pulled.rows} rows in {pulled.pages} pages, {pulled.events} events stored, "
            f"{pulled.retracted} taken back, {pulled.rejected} rejected"
        )
        if pulled.message:
            stderr.print(pulled.message, markup=False)
    if pulled.state in ("failed", "held"):
        raise typer.Exit(1)


@commands.command("puller")
def puller_(
    host: Annotated[
        str, typer.Option(help="Address of /healthz, /readyz and /metrics.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port of /healthz, /readyz and /metrics.", min=1, max=65535)
    ] = 8654,
    registry_folder: Registry = None,
    data_folder: Data = None,
) -> None:
    """Ask the sources of sources.yaml when they are due, and put what they say on Kafka. Needs a supervisor.

    Of several, one works and another takes over when it ends.
    """
    # Faust's import takes a second that no other command should wait
    from nytta.ingest.stream import faust_app
    from nytta.service import distributed
    from nytta.service.streams import pulling

    with mendable():
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        if not settings.kafka:
            fail(
                "a puller puts events on Kafka: name its brokers in NYTTA_KAFKA; without Kafka nytta up asks sources"
            )
        with distributed.asking(settings, registry_folder) as parts:
            if not any(declared.is_asked for declared in parts.sources):
                fail("there is no source to ask: declare it in sources.yaml of the registry")
            faust_app.run(pulling.build(parts, host=host, port=port), Ending().ask)


def _declared(sources: tuple[Declared, ...], source_id: str) -> Declared:
    for declared in sources:
        if declared.id == source_id:
            return declared
    known_names = ", ".join(declared.id for declared in sources)
    return fail(
        f"there is no source '{source_id}' in sources.yaml; it has {known_names or 'none: declare it there'}"
    )


def _probed(puller: Puller, as_json: bool) -> None:
    findings = puller.probe()
    dark = dark_indicators(findings, puller.app.definitions)
    if as_json:
        outcome: dict[str, Any] = {
            "found": [asdict(finding) for finding in findings.found],
            "clock": findings.clock,
            "dark": dark,
        }
        print_json(outcome)
        return
    for finding in findings.found:
        state = "can be read" if finding.fine else finding.detail or "cannot be read"
        stderr.print(f"{finding.what}: {state}", markup=False)
    for field, indicators in dark.items():
        stderr.print(
            f"without {field} these indicators stay dark: {', '.join(indicators) or 'none'}",
            markup=False,
        )
    if findings.clock is not None:
        stderr.print(f"its clock is {findings.clock:+.0f} seconds from ours")
