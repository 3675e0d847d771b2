"""Commands about what comes in: import, sources, rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from nytta.cli.common import (
    Data,
    Json,
    Lang,
    Language,
    Registry,
    commands,
    error_console,
    fail,
    mendable,
    opened,
    print_json,
    show,
    stderr,
)
from nytta.cli.words import say
from nytta.disclosure.published.reach import REMEDIES, Reach, reach
from nytta.disclosure.rules import Reason
from nytta.indicators.store.supports import lacking
from nytta.indicators.store.supports import supports as supported_by
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.explain import explain
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.read import alike
from nytta.ingest.intake import ImportReport
from nytta.ingest.store import quality
from nytta.ingest.store.imports import all_imports
from nytta.ingest.store.pulls import latest_rounds
from nytta.ingest.store.rejects import latest_rejects
from nytta.ingest.store.sources import all_sources
from nytta.surfaces.problems import in_language

_COUNTS: Final = (
    "read",
    "accepted",
    "superseded",
    "retracted",
    "duplicate",
    "rejected",
    "conflict",
    "left_out",
)
"""What an import counts of rows, as reports name it."""


@commands.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(help="XES or CSV/TSV (with --mapping), or CloudEvents, one per line."),
    ],
    language: Lang,
    mapping: Annotated[str, typer.Option(help="A shipped mapping's name, or a mapping file.")] = "",
    data_folder: Data = None,
    registry_folder: Registry = None,
    organisation: Annotated[str, typer.Option(help="Root unit of a log without a registry.")] = "",
    timezone: Annotated[str, typer.Option(help="Local time of that root unit (IANA name).")] = "",
    snapshot_at: Annotated[
        datetime | None, typer.Option(help="When the list was exported; else the file's time.")
    ] = None,
    gone_at_most: Annotated[
        int | None,
        typer.Option(help="Rows that a complete list may take back; else a third.", min=0),
    ] = None,
    explain_rows: Annotated[
        bool, typer.Option("--explain", help="Only show how the first rows map.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Import event logs. Interrupted, the same command goes on; repeated, it changes nothing."""
    with mendable(language):
        loaded_mapping = mappings.load(mapping) if mapping else None
        if explain_rows:
            _explain(files, loaded_mapping, language, as_json)
            return
    current_time = datetime.now(UTC)
    with opened(data_folder, registry_folder, language) as installation:
        import_file = partial(
            installation.intake.import_file,
            mapping=loaded_mapping,
            current_time=current_time,
            organisation=organisation,
            timezone=timezone,
            # a moment without a zone is of this machine's clock, by which its user exported the list
            snapshot_at=snapshot_at and snapshot_at.astimezone(UTC),
            gone_at_most=gone_at_most,
        )
        reports = [_imported(import_file, path) for path in files]
        stderr.print("computing …")
        installation.bring_up_to_date(current_time)
        reached = reach(
            installation.open.connection,
            lacking=lambda: lacking(installation.private, installation.definitions),
        )
    total = {
        count_name: sum(getattr(report, count_name) for report in reports) for count_name in _COUNTS
    }
    _say_warnings(reports, language)
    if as_json:
        print_json(total | {"files": [report.as_dict() for report in reports]})
        _fail_without_rows(total)
        return
    _say_reports(reports)
    _fail_without_rows(total)
    say_reach(reached)


def _explain(paths: Sequence[Path], mapping: Mapping | None, language: str, as_json: bool) -> None:
    """How the first rows of files map, without storing any."""
    if mapping is None:
        fail("--explain needs --mapping", code=2)
    explanations = [explain(path, mapping) for path in paths]
    if as_json:
        print_json([explanation.as_dict() for explanation in explanations])
        return
    texts = [shown.text(lambda sentence: in_language(sentence, language)) for shown in explanations]
    print("\n\n".join(texts))


def _imported(import_file: Callable[..., ImportReport], path: Path) -> ImportReport:
    """Import one file, with a bar where somebody looks on. Ends the command where it is interrupted."""
    try:
        with _progress(path.name) as step:
            return import_file(path, progress=step)
    except KeyboardInterrupt:
        fail(
            f"{path}: interrupted; what was read is kept, the same command goes on from there",
            code=130,
        )


def _say_warnings(reports: Sequence[ImportReport], language: str) -> None:
    for report in reports:
        for warning in report.warnings:
            stderr.print(
                f"{report.file}: {in_language(warning, language)}", style="yellow", markup=False
            )


def _say_reports(reports: Sequence[ImportReport]) -> None:
    """What became of the rows of each file."""
    for report in reports:
        counts = ", ".join(
            f"{getattr(report, count_name)} {count_name.replace('_', ' ')}"
            for count_name in _COUNTS
        )
        stderr.print(f"{report.file}: {counts}")
        if report.units_created:
            stderr.print(f"  units made: {', '.join(report.units_created)}")
        if report.partly:
            stderr.print(f"  of {report.partly} rows a part was refused")
    if any(report.rejected or report.partly for report in reports):
        stderr.print("why: nytta rejects")


def _fail_without_rows(total: dict[str, int]) -> None:
    """Exit code 1 where there were rows and nothing of them is stored or known."""
    if total["read"] and not total["accepted"] + total["duplicate"] + total["conflict"]:
        fail("nothing was accepted: nytta rejects says why, and --explain how the first rows map")


def say_reach(reached: Sequence[Reach], language: str = Language.EN) -> None:
    """Which indicators are shown, which are not, and what would show them."""
    published = [indicator for indicator in reached if indicator.shown]
    if published:
        figures = sum(indicator.shown for indicator in published)
        names = ", ".join(indicator.indicator for indicator in published)
        key = "shown_one" if len(published) == 1 else "shown"
        stderr.print(
            say(key, language, count=len(published), figures=figures, names=names), markup=False
        )
    for indicator in reached:
        if not indicator.shown:
            remedy = in_language(REMEDIES[Reason(indicator.reason)], language)
            stderr.print(
                say("not_shown", language, name=indicator.indicator, why=remedy), markup=False
            )
    stderr.print(say("others", language))


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=error_console(), transient=True, disable=not stderr.is_terminal
    ) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@commands.command()
def sources(
    supports: Annotated[
        bool,
        typer.Option(
            "--supports", help="Which indicators each source supports, and what the others lack."
        ),
    ] = False,
    alike_in: Annotated[
        Path | None,
        typer.Option(
            "--alike", help="A file of which ids that look alike are listed; needs --mapping."
        ),
    ] = None,
    mapping: Annotated[str, typer.Option(help="The mapping of that file.")] = "",
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """What came from where: events, first and last time, rejects; and the imports.

    Ids that look alike are those of a file at hand: the store has pseudonyms, which do not tell.
    """
    if alike_in:
        _list_alike(alike_in, mapping, as_json)
        return
    if supports:
        _list_supported(data_folder, as_json)
        return
    _list_sources(data_folder, as_json)


def _list_supported(data_folder: Path | None, as_json: bool) -> None:
    """Which indicators each source supports, and which evidence the others lack."""
    with opened(data_folder) as installation:
        supported = supported_by(installation.private, installation.definitions)
    support_rows = []
    for source_support in supported:
        for indicator_support in source_support.indicators:
            missing = indicator_support.missing
            support_rows.append(
                {
                    "source": source_support.source,
                    "system": source_support.system,
                    "indicator": indicator_support.indicator,
                    "supported": not missing,
                    "missing": list(missing) if as_json else "; ".join(missing),
                }
            )
    show(support_rows, as_json, ("source", "system", "indicator", "supported", "missing"))


def _list_sources(data_folder: Path | None, as_json: bool) -> None:
    """What came from where, units that nobody knows, imports, and rounds of sources that are asked."""
    with opened(data_folder) as installation:
        source_rows = all_sources(installation.private)
        jobs = all_imports(installation.private)
        rounds = latest_rounds(installation.private)
        unknown = quality.unknown_units(installation.private.connection, datetime.now(UTC))
    if as_json:
        print_json(
            {"sources": source_rows, "imports": jobs, "unknown_units": unknown, "rounds": rounds}
        )
        return
    show(source_rows, False)
    for source, share in unknown.items():
        _say_unknown_units(source, share)
    if jobs:
        Console().print()
        show(jobs, False)
    if rounds:
        Console().print()
        show(
            rounds,
            False,
            (
                "source",
                "what",
                "state",
                "ended",
                "last_good",
                "rows",
                "events",
                "rejected",
                "message",
            ),
        )


def _say_unknown_units(source: str, share: float) -> None:
    waits = "; figures of units wait for it" if share > quality.MOST_UNKNOWN else ""
    stderr.print(
        f"{share:.0%} of what {source} sent in two weeks names units that nobody knows{waits}: map its codes under "
        "`code_maps` in organisation.yaml, then nytta replay --reason unknown_unit",
        markup=False,
    )


def _list_alike(path: Path, mapping: str, as_json: bool) -> None:
    """Ids of a file that look like another of it, with the rows in which each stands first."""
    if not mapping:
        fail("--alike needs --mapping: it says which columns hold ids", code=2)
    with mendable():
        noted = alike(path, mappings.load(mapping))
    pairs = [asdict(pair) for pair in noted.pairs]
    show(pairs, as_json, ("kind", "first", "first_row", "second", "second_row"))
    if noted.is_full:
        stderr.print(
            "there are more ids than are compared: those of the last rows were not", style="yellow"
        )


@commands.command()
def rejects(
    language: Lang,
    reason: Annotated[str, typer.Option(help="One reason only.")] = "",
    source: Annotated[str, typer.Option(help="One source only.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 1000,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """What was refused, where it stood and what to change. Bodies stay sealed."""
    with opened(data_folder) as installation:
        reject_rows = latest_rejects(installation.private, reason, source, limit)
    if not as_json:
        reject_rows = [
            row | {"detail": in_language(str(row["detail"]), language)} for row in reject_rows
        ]
    show(reject_rows, as_json, ("source", "position", "reason", "detail"))
