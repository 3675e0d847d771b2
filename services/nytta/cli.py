"""The commands. JSON alone goes to standard output; what is said to the person goes to standard error.

Exit codes: 0 in order, 1 a problem was found, 2 wrong use.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from nytta import app as nytta
from nytta import contracts
from nytta.connectors import mapping as mappings
from nytta.connectors.errors import InputError, MappingError
from nytta.connectors.explain import explain
from nytta.detection import SeriesError
from nytta.detection import detect as run_detection
from nytta.detection import load as load_series
from nytta.events import schemas as event_schemas
from nytta.intake import IntakeError
from nytta.keys import KeyFileError
from nytta.organisation.load import load as load_registry
from nytta.organisation.problems import check_text
from nytta.settings import Settings
from nytta.simulate import STORIES, simulate, write
from nytta.store.client import StoreError
from nytta.store.values import ValueQuery

commands = typer.Typer(
    name="nytta",
    help="See where a digital change is in use, unit by unit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
schemas_commands = typer.Typer(no_args_is_help=True, help="Generated declarations.")
commands.add_typer(schemas_commands, name="schemas")
told = Console(stderr=True, soft_wrap=True, highlight=False)

Data = Annotated[Path | None, typer.Option("--data", help="The store's folder (else NYTTA_DATA, else var/data).")]
Registry = Annotated[Path | None, typer.Option("--registry", help="Folder with organisation.yaml and its companions.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


class Zone(StrEnum):
    """Which figures: gated ones, or the exact ones that only an administrator reads."""

    OPEN = "open"
    PRIVATE = "private"


class Grain(StrEnum):
    """How long a period is. `window` is each indicator's own trailing window, `total` everything."""

    WEEK = "week"
    MONTH = "month"
    WINDOW = "window"
    TOTAL = "total"


@contextmanager
def opened(data: Path | None, registry: Path | None = None) -> Iterator[nytta.App]:
    """The installation; whatever a person can mend is said in a sentence, with exit code 1."""
    with _mendable():
        settings = Settings() if data is None else Settings(data=data)
        with nytta.embedded(settings, registry) as app:
            yield app


@contextmanager
def _mendable() -> Iterator[None]:
    try:
        yield
    except (nytta.AppError, IntakeError, SeriesError, StoreError, InputError, MappingError, KeyFileError) as error:
        _fail(str(error))
    except ValidationError as error:
        _fail("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()), code=2)
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")


def _fail(message: str, code: int = 1) -> NoReturn:
    told.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def _print_json(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.flush()


def _show(rows: Sequence[dict[str, Any]], as_json: bool, columns: Sequence[str] = (), as_csv: bool = False) -> None:
    """A list as JSON, CSV or a table for people."""
    if as_json:
        _print_json(list(rows))
        return
    names = list(columns) or (list(rows[0]) if rows else [])
    if as_csv:
        writer = csv.DictWriter(sys.stdout, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    table = Table(*names, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*("" if row[n] is None else str(row[n]) for n in names))
    console = Console()
    Console(width=console.width if console.is_terminal else 200).print(table if rows else "nothing")


@commands.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="XES or CSV/TSV (with --mapping), or CloudEvents, one per line.")],
    mapping: Annotated[str, typer.Option(help="A shipped mapping's name, or a mapping file.")] = "",
    data: Data = None,
    registry: Registry = None,
    organisation: Annotated[str, typer.Option(help="Root unit of a log without a registry.")] = "",
    timezone: Annotated[str, typer.Option(help="Local time of that root unit (IANA name).")] = "",
    snapshot_at: Annotated[
        datetime | None, typer.Option(help="When the list was exported; else the file's time.")
    ] = None,
    explain_rows: Annotated[bool, typer.Option("--explain", help="Only show how the first rows map.")] = False,
    as_json: Json = False,
) -> None:
    """Import event logs. Interrupted, the same command goes on; repeated, it changes nothing."""
    with _mendable():
        chosen = mappings.load(mapping) if mapping else None
        if explain_rows:
            if chosen is None:
                _fail("--explain needs --mapping", code=2)
            shown = [explain(path, chosen) for path in files]
            _print_json([e.as_dict() for e in shown]) if as_json else print("\n\n".join(map(str, shown)))
            return
    now = datetime.now(UTC)
    reports = []
    with opened(data, registry) as app:
        for path in files:
            try:
                with _progress(path.name) as step:
                    reports.append(
                        app.intake.import_file(
                            path,
                            chosen,
                            now,
                            organisation=organisation,
                            timezone=timezone,
                            snapshot_at=snapshot_at and snapshot_at.astimezone(UTC),
                            progress=step,
                        )
                    )
            except KeyboardInterrupt:
                _fail(
                    f"{path}: interrupted; what was read is kept, the same command goes on from there",
                    code=130,
                )
        told.print("computing …")
        app.bring_up_to_date(now)
    counts = ("read", "accepted", "duplicate", "rejected", "conflict", "left_out")
    total = {name: sum(getattr(r, name) for r in reports) for name in counts}
    if as_json:
        _print_json(total | {"files": [r.as_dict() for r in reports]})
        return
    for report in reports:
        told.print(f"{report.file}: " + ", ".join(f"{getattr(report, n)} {n.replace('_', ' ')}" for n in counts))
        if report.units_created:
            told.print(f"  units made: {', '.join(report.units_created)}")
    if total["rejected"]:
        told.print("why: nytta rejects")


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=told, transient=True, disable=not told.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@commands.command()
def values(
    zone: Annotated[Zone, typer.Option(help="Gated figures, or exact ones for an administrator.")] = Zone.OPEN,
    by: Annotated[Grain, typer.Option(help="Length of the periods.")] = Grain.WINDOW,
    indicator: Annotated[str, typer.Option(help="One indicator's id.")] = "",
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    tree: Annotated[bool, typer.Option("--tree", help="Private zone: every level, not only the lowest.")] = False,
    case_types: Annotated[bool, typer.Option("--case-types", help="Each case type beside all ('*').")] = False,
    timezone: Annotated[str, typer.Option(help="Private zone: periods in this time zone.")] = "",
    definitions: Annotated[Path | None, typer.Option(help="Private zone: definitions of this folder.")] = None,
    data: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """List values per unit, system, indicator and period."""
    private = zone is Zone.PRIVATE
    if not private and (timezone or definitions or tree or by is Grain.TOTAL):
        _fail("--timezone, --definitions, --tree and --by total are for --zone private", code=2)
    with opened(data) as app:
        known = {d.id for d in app.definitions}
        extra = nytta.read_definitions(definitions) if definitions else None
        if indicator and indicator not in known | {d.id for d in extra or ()}:
            _fail(f"there is no indicator '{indicator}'; there are {', '.join(sorted(known))}", code=2)
        if private:
            query = ValueQuery(by.value, indicator, unit, tree, case_types)
            rows = app.values(query, timezone or None, extra)
            columns: tuple[str, ...] = (
                *("unit", "system", "indicator", "part", "period"),
                *("numerator", "denominator", "value"),
            )
        else:
            rows = app.open.values(grain=by.value, indicator=indicator, unit=unit, case_types=case_types)
            columns = (
                "unit",
                "system",
                "indicator",
                "part",
                "period",
                "value",
                "low",
                "high",
                "n_band",
                "status",
            )
    _show(rows, as_json, columns, as_csv)


@commands.command()
def overview(data: Data = None, as_json: Json = False) -> None:
    """The latest published figure of each unit, system and indicator, in tree order."""
    with opened(data) as app:
        units, latest = app.open.units(), app.open.latest()
    if as_json:
        _print_json(latest)
        return
    figures: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for row in latest:
        figures.setdefault(row["unit"], {}).setdefault(row["system"], {})[row["indicator"]] = row
    names = sorted({row["indicator"] for row in latest})
    table = Table("unit", "system", *names, box=None, pad_edge=False, header_style="bold")
    for unit in units:
        for number, (system, row) in enumerate(sorted(figures.get(unit["unit"], {}).items())):
            name = "  " * unit["depth"] + (unit["name_en"] if number == 0 else "")
            table.add_row(name, system, *(_figure(row.get(indicator)) for indicator in names))
    console = Console(width=max(40 + 20 * len(names), Console().width))
    console.print(table)
    console.print(
        "\nLatest closed window of each indicator. ≤ and ≥ are bands; ~ is rounded to five; · too few to show; "
        "→ shown with its reporting group; … too little yet.",
        highlight=False,
    )


def _figure(row: dict[str, Any] | None) -> str:
    """A published figure in a few characters."""
    if row is None:
        return ""
    if row["value"] is None:
        return {"suppressed": "·", "grouped": "→"}.get(row["status"], "…")
    unit = {"percent": " %", "days": " d"}.get(row["unit_of_measure"], "")
    sign = ""
    if row["status"] == "banded":
        sign = "≤" if row["low"] == 0 else "≥"
    elif row["status"] == "rounded":
        sign = "~"
    return f"{sign}{row['value']:.0f}{unit}"


@commands.command()
def sources(data: Data = None, as_json: Json = False) -> None:
    """What came from where: events, first and last time, rejects; and the imports."""
    with opened(data) as app:
        rows, jobs = app.private.sources(), app.private.imports()
    if as_json:
        _print_json({"sources": rows, "imports": jobs})
        return
    _show(rows, False)
    if jobs:
        Console().print()
        _show(jobs, False)


@commands.command()
def rejects(
    reason: Annotated[str, typer.Option(help="One reason only.")] = "",
    source: Annotated[str, typer.Option(help="One source only.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What was refused, where it stood and what to change. Bodies stay sealed."""
    with opened(data) as app:
        rows = app.private.rejects(reason, source, limit)
    _show(rows, as_json, ("source", "position", "reason", "detail"))


@commands.command()
def verify(data: Data = None, as_json: Json = False) -> None:
    """Compute every cell from the raw events alone, and compare. Exit code 1 where one differs."""
    with opened(data) as app:
        app.bring_up_to_date(datetime.now(UTC))
        found = app.verify()
    if as_json:
        _print_json(
            {
                "equal": found.equal,
                "compared": found.compared,
                "missing": found.missing,
                "different": found.different,
                "examples": [{k: str(v) for k, v in e.items()} for e in found.examples],
            }
        )
    else:
        told.print(f"{found.compared} cells compared: {'equal' if found.equal else 'NOT equal'}")
        for example in found.examples:
            told.print(str(example), markup=False)
    if not found.equal:
        raise typer.Exit(1)


@commands.command()
def rebuild(data: Data = None, registry: Registry = None, as_json: Json = False) -> None:
    """Compute everything anew from the raw events."""
    with opened(data, registry) as app:
        written = app.rebuild(datetime.now(UTC))
    _print_json({"cells": written}) if as_json else told.print(f"{written} cells written")


@commands.command()
def migrate(data: Data = None, as_json: Json = False) -> None:
    """Bring the store's tables up to date."""
    with opened(data) as app:
        applied = app.private.connection.rows(
            "SELECT name FROM (SELECT concat('open/', name) AS name FROM {open}.migrations "
            "UNION ALL SELECT concat('private/', name) FROM {private}.migrations) ORDER BY name"
        )
    names = [name for (name,) in applied]
    _print_json({"applied": names}) if as_json else told.print("up to date: " + ", ".join(names))


@commands.command()
def check(
    directory: Annotated[Path, typer.Argument(help="Folder with organisation.yaml, systems.yaml, programme.yaml.")],
    as_json: Json = False,
) -> None:
    """Check a registry: every problem at once, with file and line."""
    with _mendable():
        known = nytta.read_definitions(contracts.schemas() / "indicators")
        loaded = load_registry(directory, {d.id for d in known})
    if as_json:
        _print_json(
            [{"file": p.file, "line": p.line, "message": p.message, "warning": p.warning} for p in loaded.problems]
        )
    else:
        print(check_text(loaded.problems, str(directory)), end="")
        told.print("no problems" if loaded.registry else "the registry cannot be used")
    if loaded.registry is None:
        raise typer.Exit(1)


@commands.command()
def detect(
    series: Annotated[Path, typer.Argument(help="CSV with unit, peer_group, system, indicator, week, numerator, …")],
    as_json: Json = False,
) -> None:
    """Find units that lag in any weekly series; no store is needed."""
    with _mendable():
        found = run_detection(load_series(series)).as_dict()
    if as_json:
        _print_json(found)
        return
    _show(found["signals"], False, ("unit", "system", "indicator", "kind", "opened", "closed"))
    if found["not_assessed"]:
        told.print(f"{len(found['not_assessed'])} unit-weeks could not be assessed; --json says why")


@commands.command("simulate")
def simulate_(
    out: Annotated[Path, typer.Option(help="Folder for registry/, events.ndjson and truth.json.")],
    story: Annotated[str, typer.Option(help=f"One of {', '.join(STORIES)}.")] = "all",
    seed: Annotated[int, typer.Option(min=0)] = 1,
    until: Annotated[str, typer.Option(help="Last ISO week.")] = "2026-W46",
    weeks: Annotated[int, typer.Option(min=60)] = 80,
    scale: Annotated[float, typer.Option(help="Multiplies cases, tickets and sessions.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Make an invented organisation and its story as CloudEvents."""
    try:
        world = simulate(story, seed, until=until, weeks=weeks, scale=scale)
    except ValueError as error:
        _fail(str(error), code=2)
    with _mendable():
        count = write(world, out)
    report = {"story": story, "seed": seed, "events": count, "out": str(out)}
    _print_json(report) if as_json else told.print(f"{count} events in {out}")


@schemas_commands.command("build")
def schemas_build(
    check_only: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 where one differs.")] = False,
) -> None:
    """Write schemas/events from the event models."""
    folder = contracts.schemas() / "events"
    wanted = event_schemas.build()
    present = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file() and p.name != "README.md"}
    stale = sorted(name for name in present if name not in wanted)
    changed = sorted(n for n, text in wanted.items() if n not in present or present[n].read_text("utf-8") != text)
    if check_only:
        if stale or changed:
            _fail(f"schemas/events differs from the models: {', '.join(changed + stale)}; run `make schemas`")
        return
    for name in changed:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    for name in stale:
        present[name].unlink()
    told.print(f"{len(changed)} written, {len(stale)} removed, {len(wanted) - len(changed)} unchanged")


def main() -> None:
    """Run a command."""
    commands()
