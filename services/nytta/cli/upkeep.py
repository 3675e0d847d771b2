"""Commands for the one who looks after an installation: verify, rebuild, migrate."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from nytta.cli.common import Data, Json, Registry, commands, mendable, opened, print_json, stderr
from nytta.indicators.store import seals
from nytta.service.logs import log_lines
from nytta.service.settings import Settings
from nytta.storage.migrate import recorded


@commands.command()
def verify(data_folder: Data = None, as_json: Json = False) -> None:
    """Compute every cell from the raw events alone, and compare. Exit code 1 where one differs."""
    with opened(data_folder) as installation:
        # what no round has read yet would differ, and be no fault
        installation.bring_up_to_date(datetime.now(UTC))
        verification = installation.verify()
    if as_json:
        print_json(
            {
                "equal": verification.equal,
                "compared": verification.compared,
                "missing": verification.missing,
                "different": verification.different,
                "sealed": verification.sealed,
                "examples": [
                    {key: str(value) for key, value in example.items()}
                    for example in verification.examples
                ],
            }
        )
    else:
        stderr.print(
            f"{verification.compared} cells compared: {'equal' if verification.equal else 'NOT equal'}"
        )
        if verification.sealed:
            stderr.print(
                f"{verification.sealed} sealed cells left out: their raw rows were disposed of"
            )
        for example in verification.examples:
            stderr.print(str(example), markup=False)
    if not verification.equal:
        raise typer.Exit(1)


@commands.command()
def rebuild(
    data_folder: Data = None, registry_folder: Registry = None, as_json: Json = False
) -> None:
    """Compute everything anew from the raw events."""
    with opened(data_folder, registry_folder) as installation:
        written = installation.rebuild(datetime.now(UTC))
        sealed = seals.count(installation.private.connection)
    if as_json:
        print_json({"cells": written, "sealed": sealed})
        return
    left = f", {sealed} sealed ones left as they are" if sealed else ""
    stderr.print(f"{written} cells written{left}")


@commands.command()
def migrate(data_folder: Data = None, as_json: Json = False) -> None:
    """Bring the store's tables up to date; with Kafka, make the topics that are missing and check the others."""
    log_lines()  # a large store takes its time, and says how far it is
    with mendable():
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        if settings.kafka:
            from nytta.service import distributed

            changes = distributed.migrate_distributed(settings)
            print_json({"done": changes}) if as_json else stderr.print(
                "up to date" + "".join(f"\nmade {name}" for name in changes)
            )
            return
    with opened(data_folder) as installation:
        names = recorded(installation.private.connection)
    print_json({"applied": names}) if as_json else stderr.print("up to date: " + ", ".join(names))
