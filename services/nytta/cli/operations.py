"""Commands for operations: dashboards."""

from __future__ import annotations

from typing import Annotated

import typer

from nytta import contracts
from nytta.cli.common import Json, commands, fail, mendable, print_json, told
from nytta.settings import Settings

dashboards_commands = typer.Typer(help="The Grafana dashboards.", no_args_is_help=True)
commands.add_typer(dashboards_commands, name="dashboards")


@dashboards_commands.command("build")
def dashboards_build(
    check_only: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 where one differs.")] = False,
) -> None:
    """Write dashboards/*.json from the code, for provisioning by file."""
    from nytta.grafana.catalogue import files  # the SDK takes a while that no other command should wait

    folder = contracts.dashboards()
    wanted = files()
    present = {path.name: path for path in folder.glob("*.json")}
    stale = sorted(set(present) - set(wanted))
    changed = sorted(n for n, body in wanted.items() if n not in present or present[n].read_bytes() != body)
    if check_only:
        if stale or changed:
            fail(f"dashboards differs from the code: {', '.join(changed + stale)}; run `make dashboards`")
        return
    with mendable():
        folder.mkdir(exist_ok=True)
        for name in changed:
            (folder / name).write_bytes(wanted[name])
        for name in stale:
            present[name].unlink()
    told.print(f"{len(changed)} written, {len(stale)} removed, {len(wanted) - len(changed)} unchanged")


@dashboards_commands.command("push")
def dashboards_push(
    address: Annotated[str, typer.Option(help="Grafana's address (else NYTTA_GRAFANA).")] = "",
    datasource: Annotated[str, typer.Option(help="Name of the ClickHouse data source, where there are several.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the dashboards of a Grafana up to date. Repeated, it changes nothing."""
    from nytta.grafana.catalogue import files
    from nytta.grafana.push import GrafanaError, push

    with mendable():
        settings = Settings()
    where, token = address or settings.grafana, settings.grafana_token.get_secret_value()
    if not where or not token:
        fail("name Grafana's address in NYTTA_GRAFANA (or --address) and a token in NYTTA_GRAFANA_TOKEN", code=2)
    try:
        done = push(where, token, files(), datasource=datasource, dry_run=dry_run)
    except GrafanaError as error:
        fail(str(error))
    if as_json:
        rows = [{"kind": p.kind, "title": p.title, "what": p.what, "address": p.address} for p in done]
        print_json({"dry_run": dry_run, "done": rows})
        return
    for one in done:
        told.print(f"{'would be ' if dry_run and one.what != 'unchanged' else ''}{one.what}: {one.title}", markup=False)
