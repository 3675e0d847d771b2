"""Commands for the one who looks after an installation: verify, rebuild, migrate."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from nytta.cli.common import Data, Json, Registry, commands, mendable, opened, print_json, stderr
from nytta.indicators.store import seals
from nytta.service.settings import Settings


@commands.command()
def verify(data: Data = None, as_json: Json = False) -> None:
    """Compute every cell from the raw events alone, and compare. Exit code 1 where one differs."""
    with opened(data) as app:
        app.bring_up_to_date(datetime.now(UTC))
        found = app.verify()
    if as_json:
        print_json(
            {
                "equal": found.equal,
                "compared": found.compared,
                "missing": found.missing,
                "different": found.different,
                "sealed": found.sealed,
                "examples": [{k: str(v) for k, v in e.items()} for e in found.examples],
            }
        )
    else:
        stderr.print(f"{found.compared} cells compared: {'equal' if found.equal else 'NOT equal'}")
        if found.sealed:
            stderr.print(f"{found.sealed} sealed cells left out: their raw rows were disposed of")
        for example in found.examples:
            stderr.print(str(example), markup=False)
    if not found.equal:
        raise typer.Exit(1)


@commands.command()
def rebuild(data: Data = None, registry: Registry = None, as_json: Json = False) -> None:
    """Compute everything anew from the raw events."""
    with opened(data, registry) as app:
        written, sealed = app.rebuild(datetime.now(UTC)), seals.count(app.private.connection)
    print_json({"cells": written, "sealed": sealed}) if as_json else stderr.print(
        f"{written} cells written" + (f", {sealed} sealed ones left as they are" if sealed else "")
    )


@commands.command()
def migrate(data: Data = None, as_json: Json = False) -> None:
    """Bring the store's tables up to date; with Kafka, make the topics that are missing and check the others."""
    with mendable():
        settings = Settings() if data is None else Settings(data=data)
        if settings.kafka:
            from nytta.service import distributed

            done = distributed.migrate_distributed(settings)
            print_json({"done": done}) if as_json else stderr.print("up to date" + "".join(f"\nmade {n}" for n in done))
            return
    with opened(data) as app:
        applied = app.private.connection.rows(
            "SELECT name FROM (SELECT concat('open/', name) AS name FROM {open}.migrations "
            "UNION ALL SELECT concat('private/', name) FROM {private}.migrations) ORDER BY name"
        )
    names = [name for (name,) in applied]
    print_json({"applied": names}) if as_json else stderr.print("up to date: " + ", ".join(names))
