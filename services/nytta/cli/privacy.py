"""Commands for those who answer for the data: retention, erase, keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import yaml

from nytta import service as nytta
from nytta.cli.common import Data, Json, Registry, commands, fail, opened, print_json, show, stderr
from nytta.disclosure.published import outbound
from nytta.indicators.disposal import erase as erasing
from nytta.indicators.disposal.removal import purge
from nytta.indicators.disposal.retention import dispose, due
from nytta.indicators.load import purposes
from nytta.indicators.store.recompute import Round, recompute
from nytta.ingest.events.pseudonyms import Pseudonym, parse
from nytta.ingest.pull.declared import Declared
from nytta.ingest.pull.declared import read as read_sources
from nytta.ingest.store.sources import sources_of_events
from nytta.registry import declarations
from nytta.registry.units import LANGUAGES
from nytta.service import rotation
from nytta.service.settings import Settings
from nytta.surfaces import transparency as transparent
from nytta.surfaces.access_log import AccessLog

keys_commands = typer.Typer(
    no_args_is_help=True, help="Keys of pseudonyms: they change, and old ones are destroyed."
)
commands.add_typer(keys_commands, name="keys")


def _only_one(installation: nytta.App) -> None:
    """Refuse where other processes compute: rows must not go while they are being read."""
    if installation.workers:
        fail(
            "workers compute this installation's figures: stop them (nytta worker), give this command without "
            "NYTTA_KAFKA, and start them again"
        )


def _round(installation: nytta.App) -> Round:
    with installation.computing:
        return recompute(installation.private, installation.definitions)


@commands.command()
def retention(
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Dispose of it; else only say what is due.")
    ] = False,
    decision: Annotated[
        str, typer.Option(help="Decision for organisations whose registry names none.")
    ] = "",
    data_folder: Data = None,
    registry_folder: Registry = None,
    as_json: Json = False,
) -> None:
    """Dispose of what was kept as long as it may be, with a certificate. Exit code 1 where a decision is missing."""
    current_time = datetime.now(UTC)
    with opened(data_folder, registry_folder) as installation:
        if apply:
            _only_one(installation)
        all_due = due(installation.private, installation.intake.registry, current_time, decision)
        disposal_rows: list[dict[str, Any]] = []
        for removal in all_due:
            disposal_row = removal.as_dict() | {"done": False, "sealed": 0, "certificate": None}
            if apply and removal.decided:
                removed, number = dispose(
                    installation.private, installation.definitions, removal, current_time
                )
                disposal_row |= {
                    "rows": removed.rows,
                    "done": True,
                    "sealed": removed.sealed,
                    "certificate": number,
                }
            disposal_rows.append(disposal_row)
        # figures first: what is purged cannot be counted any more
        if any(disposal_row["done"] for disposal_row in disposal_rows):
            _round(installation)
            purge(installation.private)
    undecided = [removal for removal in all_due if not removal.decided]
    show(
        disposal_rows,
        as_json,
        ("rule", "organisation", "before", "decision", "rows", "done", "sealed", "certificate"),
    )
    for removal in undecided:
        stderr.print(
            f"{removal.rule.value} of {removal.organisation}: nothing may go without a decision. Name it under "
            f"`disposals` in organisation.yaml (rule: {removal.rule.value}), or with --decision",
            markup=False,
        )
    if undecided:
        raise typer.Exit(1)


@commands.command()
def erase(
    reference: Annotated[
        str, typer.Option(help="Reference of the request, for the proof; no name.")
    ],
    source_id: Annotated[
        str, typer.Option("--source-id", help="The person's id as sources send it.")
    ] = "",
    pseudonym: Annotated[str, typer.Option(help="key-id:32 hexadecimal digits.")] = "",
    organisation: Annotated[str, typer.Option(help="Root unit of the id at the source.")] = "",
    keep_counting: Annotated[
        bool, typer.Option("--keep-counting", help="Erase what is there; count what comes later.")
    ] = False,
    unheard_of: Annotated[
        bool, typer.Option("--unheard-of", help="Exclude somebody of whom nothing came yet.")
    ] = False,
    data_folder: Data = None,
    registry_folder: Registry = None,
    as_json: Json = False,
) -> None:
    """Erase a person and count them no longer, in numerators and denominators; the proof is the output."""
    if bool(source_id) == bool(pseudonym):
        fail("give either --source-id or --pseudonym", code=2)
    with opened(data_folder, registry_folder) as installation:
        _only_one(installation)
        try:
            erasure = erasing.erase(
                installation.private,
                _pseudonyms(installation, source_id, pseudonym, organisation),
                reference,
                datetime.now(UTC),
                lambda: _round(installation),
                definitions=installation.definitions,
                excluding=not keep_counting,
                unheard_of=unheard_of,
            )
        except erasing.UnknownPerson as error:
            fail(str(error))
        # whoever is not counted any more
        installation.declare(installation.intake.declared)
    if as_json:
        print_json(erasure.as_dict())
        return
    for name, rows in erasure.removed.items():
        stderr.print(f"{rows} {name}")
    stderr.print(
        f"{erasure.cells} cells computed anew, {erasure.sealed} sealed ones stay; certificate {erasure.certificate}"
    )
    stderr.print(f"rows left: {sum(erasure.left.values())}; public at the next restatement")


@cache
def _statement() -> Any:
    """What is stated beside what the installation tells of itself."""
    return yaml.safe_load((declarations.schemas() / "transparency.yaml").read_bytes())


def _pseudonyms(
    installation: nytta.App, source_id: str, pseudonym: str, organisation: str
) -> list[Pseudonym]:
    """Everything that stands for the person: with every key there is, and with the lasting one."""
    if pseudonym:
        read = parse(pseudonym)
        if read is None:
            fail("a pseudonym is written key-id:32 hexadecimal digits", code=2)
        return [read]
    declared_roots = [declared.id for declared in installation.intake.registry.organisations]
    roots = [organisation] if organisation else declared_roots
    pseudonyms = []
    for root in roots:
        pseudonyms.append(Pseudonym("", installation.keys.lasting(root).digest(source_id)))
        pseudonyms += [
            Pseudonym(person_key.id, person_key.pseudonymiser().digest(source_id))
            for person_key in installation.keys.persons.get(root, ())
        ]
    return pseudonyms


@commands.command()
def access(
    unit: Annotated[str, typer.Option(help="One unit's id.")] = "",
    days: Annotated[int, typer.Option(help="So many days back.", min=1)] = 365,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Who read figures of which unit: roles, and readers told apart without their names."""
    with opened(data_folder) as installation:
        units = frozenset({unit}) if unit else None
        access_rows = AccessLog(installation.private.connection, installation.journal).read(
            units, datetime.now(UTC) - timedelta(days=days)
        )
    show(access_rows, as_json, ("at", "reader", "role", "role_unit", "what", "unit", "surface"))


def transparency_page(
    installation: nytta.App,
    language: str,
    current_time: datetime,
    declared: Sequence[Declared] = (),
) -> dict[str, Any]:
    """What is collected, why, for how long, and who sees it, as things stand at `current_time`, in sv, nb or en."""
    asked = []
    for declared_source in declared:
        if declared_source.is_asked and declared_source.runs(current_time.date()):
            source = declared_source.source()
            fetched, not_fetched = tuple(source.fetched), tuple(source.not_fetched)
            asked.append(
                transparent.Asked(declared_source.id, declared_source.kind, fetched, not_fetched)
            )
    return transparent.page(
        language,
        installation.intake.registry,
        installation.definitions,
        purposes(nytta.PURPOSES),
        _statement(),
        current_time.date(),
        sources_of_events(installation.private.connection),
        asked,
    )


@commands.command()
def transparency(
    lang: Annotated[str, typer.Option(help="sv, nb or en.")] = "en",
    data_folder: Data = None,
    registry_folder: Registry = None,
    as_json: Json = False,
) -> None:
    """What is collected, why, for how long, and who sees it: from models, registry and rules as they are."""
    if lang not in LANGUAGES:
        fail(f"--lang is one of {', '.join(LANGUAGES)}", code=2)
    with opened(data_folder, registry_folder) as installation:
        page = transparency_page(
            installation,
            lang,
            datetime.now(UTC),
            read_sources(registry_folder or Settings().registry),
        )
    if as_json:
        print_json(page)
        return
    for collected in page["collected"]:
        stderr.print(
            f"{collected['event']}: {collected['meaning']} {' '.join(collected['kept'])}",
            markup=False,
        )
        for field in collected["fields"]:
            stderr.print(f"    {field['name']}: {field['meaning']}", markup=False)
    for asked in page["asked"]:
        stderr.print(f"{asked['source']} is asked for {', '.join(asked['fetched'])}", markup=False)
        stderr.print(f"    and not for {', '.join(asked['not_fetched'])}", markup=False)
    for purpose in page["purposes"]:
        stderr.print(
            f"{purpose['text']}: {', '.join(indicator['indicator'] for indicator in purpose['indicators'])}",
            markup=False,
        )
    stderr.print(page["sign_in"], markup=False)
    for reader in page["seen_by"]:
        stderr.print(f"{reader['name']}: {'; '.join(reader['sees'])}", markup=False)


@commands.command()
def forward(
    out: Annotated[Path, typer.Argument(help="File to add to, one CloudEvent per line.")],
    source: Annotated[
        str, typer.Option(help="How the receiver knows this installation.")
    ] = "nytta",
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Edge mode: hand on the published figures that have not been handed on yet; nothing else ever leaves."""
    with opened(data_folder) as installation:
        start = installation.private.counter("forwarded")
        position, figure_count = start, 0
        with out.open("ab") as file:
            for publication, event in outbound.published(
                installation.private.connection, source, start
            ):
                file.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
                position, figure_count = publication, figure_count + 1
            # the counter moves only once the receiver's file is on the disk: a crash repeats, it never skips
            file.flush()
            os.fsync(file.fileno())
        installation.private.raise_counter("forwarded", position)
    if as_json:
        print_json({"figures": figure_count, "publication": position})
    else:
        stderr.print(f"{figure_count} figures to {out}")


@keys_commands.command("list")
def keys_list(
    data_folder: Data = None, registry_folder: Registry = None, as_json: Json = False
) -> None:
    """The keys of persons, how old they are, and what is to be done; never a secret."""
    today = datetime.now(UTC).date()
    with opened(data_folder, registry_folder) as installation:
        key_rows = []
        for organisation in installation.intake.registry.organisations:
            # once for all keys of an organisation: it is about the pair of them
            next_step = installation.keys.step(organisation.id, today).value
            root_keys = installation.keys.persons.get(organisation.id, ())
            # an organisation has two keys at most, and one in most weeks
            for key, state in zip(root_keys, ("used", "coming"), strict=False):
                key_rows.append(
                    {
                        "organisation": organisation.id,
                        "key": key.id,
                        "made": key.made.isoformat(),
                        "state": state,
                        "next": next_step,
                    }
                )
    show(key_rows, as_json, ("organisation", "key", "made", "state", "next"))


@keys_commands.command("rotate")
def keys_rotate(
    data_folder: Data = None, registry_folder: Registry = None, as_json: Json = False
) -> None:
    """Make and change keys where the calendar says so; destroy the old ones. `nytta up` does it by itself."""
    with opened(data_folder, registry_folder) as installation:
        _only_one(installation)
        rotation_rows = [
            {
                "organisation": rotated.organisation,
                "done": rotated.done.value,
                "renamed": rotated.renamed,
                "destroyed": rotated.destroyed,
            }
            for rotated in rotation.rotate(installation, datetime.now(UTC))
        ]
    show(rotation_rows, as_json, ("organisation", "done", "renamed", "destroyed"))
    if any(rotation_row["destroyed"] for rotation_row in rotation_rows):
        stderr.print(
            f"destroy copies of {installation.intake.key_file} that were made before now: they still hold the old keys",
            markup=False,
        )
