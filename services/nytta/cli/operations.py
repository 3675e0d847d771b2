"""Commands for operations: dashboards, backup, restore, doctor."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nytta.cli import doctor as examination
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
from nytta.ingest.store.sources import all_sources
from nytta.registry import declarations
from nytta.service import keeping
from nytta.service.settings import Settings
from nytta.storage import backup as backups
from nytta.storage import permissions
from nytta.storage import portable as portable_rows

dashboards_commands = typer.Typer(help="The Grafana dashboards.", no_args_is_help=True)
commands.add_typer(dashboards_commands, name="dashboards")


@dashboards_commands.command("build")
def dashboards_build(
    check_only: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 where one differs.")
    ] = False,
) -> None:
    """Write dashboards/*.json from the code, for provisioning by file."""
    # the SDK takes a while that no other command should wait
    from nytta.surfaces.grafana.catalogue import files

    folder = declarations.dashboards()
    wanted_files = files()
    present = {path.name: path for path in folder.glob("*.json")}
    stale_names = sorted(set(present) - set(wanted_files))
    changed_names = sorted(
        board_name
        for board_name, body in wanted_files.items()
        if board_name not in present or present[board_name].read_bytes() != body
    )
    if check_only:
        if stale_names or changed_names:
            fail(
                f"dashboards differs from the code: {', '.join(changed_names + stale_names)}; run `make dashboards`"
            )
        return
    with mendable():
        folder.mkdir(exist_ok=True)
        for board_name in changed_names:
            (folder / board_name).write_bytes(wanted_files[board_name])
        for board_name in stale_names:
            present[board_name].unlink()
    stderr.print(
        f"{len(changed_names)} written, {len(stale_names)} removed, {len(wanted_files) - len(changed_names)} unchanged"
    )


@dashboards_commands.command("push")
def dashboards_push(
    address: Annotated[str, typer.Option(help="Grafana's address (else NYTTA_GRAFANA).")] = "",
    datasource: Annotated[
        str, typer.Option(help="Name of the ClickHouse data source, where there are several.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the dashboards of a Grafana up to date. Repeated, it changes nothing."""
    from nytta.surfaces.grafana.catalogue import files
    from nytta.surfaces.grafana.push import push

    with mendable():
        settings = Settings()
    grafana_address, token = address or settings.grafana, settings.grafana_token.get_secret_value()
    if not grafana_address or not token:
        fail(
            "name Grafana's address in NYTTA_GRAFANA (or --address) and a token in NYTTA_GRAFANA_TOKEN",
            code=2,
        )
    with mendable():
        changes = push(
            grafana_address,
            token,
            files(),
            datasource=datasource,
            console=settings.address,
            shards=bool(settings.clickhouse_shards),
            dry_run=dry_run,
        )
    if as_json:
        pushed_rows = [
            {
                "kind": pushed.kind,
                "title": pushed.title,
                "what": pushed.what,
                "address": pushed.address,
            }
            for pushed in changes
        ]
        print_json({"dry_run": dry_run, "done": pushed_rows})
        return
    for change in changes:
        would = "would be " if dry_run and change.what != "unchanged" else ""
        stderr.print(f"{would}{change.what}: {change.title}", markup=False)


@commands.command()
def backup(
    target: Annotated[
        Path, typer.Argument(help="The file to write; with a server, the name on its backup disk.")
    ],
    disk: Annotated[str, typer.Option(help="With a server: its disk for backups.")] = "backups",
    portable: Annotated[
        bool,
        typer.Option(
            "--portable",
            help="Rows, which a store of either kind takes: to move to a server, or back.",
        ),
    ] = False,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Copy the store as it stands at one moment. The keys are not in it: back up their file in another place."""
    target = target.absolute()
    with opened(data_folder) as installation:
        if Settings().clickhouse and not portable:
            outcome = {
                "state": backups.on_server(installation.private.connection, disk, target.name),
                "disk": disk,
            }
            line = target.name
        else:
            copy = keeping.copy_rows if portable else keeping.copy
            manifest = copy(installation, target, datetime.now(UTC))
            size = target.stat().st_size
            outcome = asdict(manifest) | {"file": str(target), "bytes": size}
            line = f"{target}: {size} bytes"
    if as_json:
        print_json(outcome)
        return
    stderr.print(line, markup=False)
    stderr.print(
        "the key file is not in it: without that file persons would count twice. Keep it in another place"
    )


@commands.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that nytta backup wrote.")],
    keys: Annotated[
        Path | None, typer.Option(help="The key file; copied to its place in the data folder.")
    ] = None,
    data_folder: Data = None,
    registry_folder: Registry = None,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty data folder, a portable one into an empty server. `nytta verify` proves it."""
    with mendable():
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        holds_rows = backups.read(source).format == portable_rows.FORMAT
        if settings.clickhouse and not holds_rows:
            fail(
                f"{source} holds files of the embedded engine, which no server takes: make one with nytta backup "
                "--portable. What the server backed up itself, its own RESTORE brings back: docs/operations.md",
                code=2,
            )
        key_path = settings.key_place
        if keys is None and not key_path.exists():
            fail(f"the key file is missing: give it with --keys, or put it at {key_path} first")
        # another key file would make every person a second one; taking it over would lose the first
        if keys is not None and key_path.exists() and key_path.read_bytes() != keys.read_bytes():
            fail(f"{key_path} is there already and differs from {keys}: take one of them away")
        copied = keys is not None and not key_path.exists()
        manifest = keeping.check(source, keys or key_path)
        if holds_rows:
            keeping.load_rows(source, settings)
        else:
            backups.unpack(source, settings.data / "store")
        if copied and keys is not None:
            permissions.make_folder(key_path.parent)
            with permissions.create(key_path) as file:
                file.write(keys.read_bytes())
    # brings an older store's tables up to date
    with opened(data_folder, registry_folder) as installation:
        events = sum(source_row["events"] for source_row in all_sources(installation.private))
    if as_json:
        print_json(asdict(manifest) | {"events": events})
        return
    stderr.print(
        f"restored as of {manifest.taken}: {events} events. Prove it: nytta verify", markup=False
    )


@commands.command()
def doctor(
    data_folder: Data = None, registry_folder: Registry = None, as_json: Json = False
) -> None:
    """Look at settings, registry, keys, files, store, broker, mail, clock and disk, and say what to mend."""
    findings = examination.examine(data_folder, registry_folder)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            stderr.print(f"{finding.state:5} {finding.what}: {finding.found}", markup=False)
            if finding.mend:
                stderr.print(f"      → {finding.mend}", markup=False)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
