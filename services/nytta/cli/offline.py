"""Commands that need no store: check, detect, simulate, schemas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from nytta import service as nytta
from nytta.cli.common import Json, commands, fail, mendable, print_json, show, stderr
from nytta.demo import STORIES, simulate, write
from nytta.indicators.detection import detect as run_detection
from nytta.indicators.detection import load as load_series
from nytta.indicators.detection.gates import Reason
from nytta.indicators.load import derived as read_derived
from nytta.indicators.load import purposes as read_purposes
from nytta.indicators.page import page as indicator_page
from nytta.ingest.events import schemas as event_schemas
from nytta.insight.alerts.kinds import Kind
from nytta.registry import declarations
from nytta.registry.load import load as load_registry
from nytta.registry.problems import check_text
from nytta.service.pulls import source_problems

schemas_commands = typer.Typer(no_args_is_help=True, help="Generated declarations.")
commands.add_typer(schemas_commands, name="schemas")


@commands.command()
def check(
    directory: Annotated[
        Path, typer.Argument(help="Folder with organisation.yaml, systems.yaml, sources.yaml, …")
    ],
    as_json: Json = False,
) -> None:
    """Check a registry: every problem at once, with file and line."""
    with mendable():
        definitions = nytta.read_definitions(declarations.schemas() / "indicators")
        loaded = load_registry(
            directory,
            {definition.id: definition.version for definition in definitions},
            read_purposes(nytta.PURPOSES),
            list(Kind),
        )
        of_sources = source_problems(directory, loaded.registry)
    problems = (*loaded.problems, *of_sources)
    is_usable = loaded.registry is not None and not of_sources
    if as_json:
        print_json(
            [
                {
                    "file": problem.file,
                    "line": problem.line,
                    "message": problem.message,
                    "warning": problem.warning,
                }
                for problem in problems
            ]
        )
    else:
        print(check_text(problems, str(directory)), end="")
        stderr.print("no problems" if is_usable else "the registry cannot be used")
    if not is_usable:
        raise typer.Exit(1)


@commands.command()
def detect(
    series: Annotated[
        Path,
        typer.Argument(
            help="CSV or workbook with unit, peer_group, system, indicator, week, numerator, …"
        ),
    ],
    as_json: Json = False,
) -> None:
    """Find units that lag in any weekly series; no store is needed."""
    with mendable():
        loaded = load_series(series)
        detection_result = run_detection(loaded).as_dict()
    if as_json:
        print_json(detection_result)
    else:
        show(
            detection_result["signals"],
            False,
            ("unit", "system", "indicator", "kind", "opened", "closed"),
        )
        _say_not_assessed(detection_result["not_assessed"])
    if loaded.encoding:
        stderr.print(f"read as {loaded.encoding}, which its letters suggest", markup=False)
    if loaded.ignored_columns:
        stderr.print(
            f"columns that are not read: {', '.join(loaded.ignored_columns)}", markup=False
        )
    if not loaded.rows:
        fail(f"{series}: no rows stand below the header")
    if not loaded.is_read:
        fail(f"{series}: none of {loaded.rows} rows can be read")


_REMEDIES: Final = {
    Reason.INVALID_WEEK: "write 2026-W07, or a day of the week as 2026-02-09",
    Reason.INVALID_NUMBER: "write a number without words; numerator and denominator are counts, no percentages",
    Reason.TOO_FEW_PEERS: "without three others in its peer_group, a unit's level is not judged",
    Reason.WARMING_UP: "a unit is judged once it has been seen for some months",
    Reason.INVALID_PLAN: "write a share and a week, as 0.8@2026-W40",
    Reason.DUPLICATE_WEEK: "add up the rows of a week",
}


def _say_not_assessed(not_assessed: Sequence[Mapping[str, str]]) -> None:
    """How many weeks of units could not be assessed, by reason, the first of each, and what to change in its row."""
    examples: dict[str, Mapping[str, str]] = {}
    for unassessed in not_assessed:
        examples.setdefault(unassessed["reason"], unassessed)
    reason_counts = Counter(unassessed["reason"] for unassessed in not_assessed)
    for reason, week_count in reason_counts.most_common():
        example, remedy = examples[reason], _REMEDIES.get(Reason(reason))
        words = reason.replace("_", " ")
        line = f"{week_count} unit-weeks not assessed, {words}: first {example['unit']} {example['week']}"
        if remedy:
            line += f"; {remedy}"
        stderr.print(line, markup=False, highlight=False)
    if not_assessed:
        stderr.print("--json names each")


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
        fail(str(error), code=2)
    with mendable():
        event_count = write(world, out)
    report = {"story": story, "seed": seed, "events": event_count, "out": str(out)}
    if as_json:
        print_json(report)
    else:
        stderr.print(f"{event_count} events in {out}")


@schemas_commands.command("build")
def schemas_build(
    check_only: Annotated[
        bool, typer.Option("--check", help="Only compare; exit code 1 where one differs.")
    ] = False,
) -> None:
    """Write schemas/events from the event models, and docs/indicators.md from the definitions."""
    folder = declarations.schemas() / "events"
    wanted_files = event_schemas.build()
    # everything beside the README is generated, so what nobody makes any more is removed
    generated = [path for path in folder.rglob("*") if path.is_file() and path.name != "README.md"]
    present = {str(path.relative_to(folder)): path for path in generated}
    docs = declarations.schemas().parent / "docs"
    if docs.is_dir():  # an installed package has none
        file_name = "../../docs/indicators.md"
        with mendable():
            definitions = nytta.read_definitions(declarations.schemas() / "indicators")
        wanted_files[file_name] = indicator_page(
            definitions, read_derived(declarations.schemas() / "derived.yaml")
        )
        if (docs / "indicators.md").is_file():
            present[file_name] = docs / "indicators.md"
    stale = sorted(file_name for file_name in present if file_name not in wanted_files)
    changed = sorted(
        file_name
        for file_name, text in wanted_files.items()
        if file_name not in present or present[file_name].read_text("utf-8") != text
    )
    if check_only:
        if stale or changed:
            fail(
                f"generated files differ from what they are made of: {', '.join(changed + stale)}; run `make schemas`"
            )
        return
    for file_name in changed:
        path = folder / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted_files[file_name], encoding="utf-8")
    for file_name in stale:
        present[file_name].unlink()
    stderr.print(
        f"{len(changed)} written, {len(stale)} removed, {len(wanted_files) - len(changed)} unchanged"
    )
