"""What all commands share: how they open an installation, say what went wrong, and print.

JSON alone goes to standard output; what is said to the person goes to standard error. Exit codes: 0 in order,
1 a problem was found, 2 wrong use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import orjson
import typer
from pydantic import ValidationError

from nytta import Mendable
from nytta import service as nytta
from nytta.cli.words import language_of_terminal
from nytta.registry.roles import Permission, Role
from nytta.service import command_client
from nytta.service.settings import Settings
from nytta.service.stopping import interruptible
from nytta.storage import permissions
from nytta.surfaces.access_log import AccessLog, Read
from nytta.surfaces.problems import in_language
from nytta.surfaces.spreadsheets import csv_text

if TYPE_CHECKING:
    from rich.console import Console

commands = typer.Typer(
    name="nytta",
    help="See where a digital change is in use, unit by unit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


_PUBLIC = frozenset({"dashboards", "schemas", "simulate"})
"""What these write holds no figure of anybody and is for others to read: containers, and whoever builds the project."""


@commands.callback()
def _several(context: typer.Context) -> None:
    """See where a digital change is in use, unit by unit."""
    # a program with a callback has commands even where only one of them was loaded
    if context.invoked_subcommand not in _PUBLIC:
        permissions.restrict()


@cache
def error_console() -> Console:
    """Standard error, for what is said to the person."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True, highlight=False)


class _ErrorConsole:
    """Stands for it until something is said: a command that says nothing loads no console."""

    def __getattr__(self, name: str) -> Any:
        return getattr(error_console(), name)


stderr = cast("Console", _ErrorConsole())

Data = Annotated[
    Path | None, typer.Option("--data", help="The store's folder (else NYTTA_DATA, else var/data).")
]
Registry = Annotated[
    Path | None,
    typer.Option("--registry", help="Folder with organisation.yaml and its companions."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


class Language(StrEnum):
    """Languages of people."""

    SV = "sv"
    NB = "nb"
    EN = "en"


@contextmanager
def opened(
    data_folder: Path | None, registry_folder: Path | None = None, language: Language = Language.EN
) -> Iterator[nytta.App]:
    """The installation; whatever a person can mend is said in a sentence of `language`, with exit code 1.

    While a service runs on the data folder, the whole command runs there instead, and this process ends with it.
    """
    with mendable(language):
        served = command_client.serving()
        if served:
            if registry_folder:
                served.declare(nytta.read_registry(registry_folder, served.definitions))
            served.private.settle()
            yield served
            return
        settings = Settings() if data_folder is None else Settings(data=data_folder)
        command_client.forward(settings.data)
        with (
            opening(settings)(settings, registry_folder) as installation,
            interruptible(installation.private.connection),
        ):
            yield installation


def opening(
    settings: Settings,
) -> Callable[[Settings, Path | None], AbstractContextManager[nytta.App]]:
    """The way to open an installation that the settings ask for."""
    if not settings.kafka:
        return nytta.embedded
    # who has no brokers does not wait for their client to load
    from nytta.service.distributed import distributed

    return distributed


@contextmanager
def mendable(language: Language = Language.EN) -> Iterator[None]:
    """Whatever a person can mend is said in a sentence, with exit code 1; wrong settings with 2, Ctrl-C with 130.

    What is wrong with a file is said in `language`, where its sentence is known in it.
    """
    try:
        yield
    except KeyboardInterrupt:
        fail("interrupted; what was complete stands, and the same command does the rest", code=130)
    except Mendable as error:
        fail(in_language(str(error), language))
    except ValidationError as error:
        problems = []
        for detail in error.errors():
            place = ".".join(map(str, detail["loc"]))
            problems.append(f"{place}: {detail['msg']}")
        fail("; ".join(problems), code=2)
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}")


Lang = Annotated[
    Language,
    typer.Option(
        "--lang",
        default_factory=lambda: Language(language_of_terminal()),
        show_default="that of LANG",
        help="Language of what is said about rows and lists.",
    ),
]


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong and end with `code`."""
    stderr.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.buffer.write(
        orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n"
    )
    sys.stdout.flush()


def show(
    listed_rows: Sequence[dict[str, Any]],
    as_json: bool,
    columns: Sequence[str] = (),
    as_csv: bool = False,
) -> None:
    """A list as JSON, CSV or a table for people."""
    if as_json:
        print_json(list(listed_rows))
        return
    column_names = list(columns) or (list(listed_rows[0]) if listed_rows else [])
    if as_csv:
        sys.stdout.write(
            csv_text(
                column_names,
                (
                    [listed_row.get(column_name) for column_name in column_names]
                    for listed_row in listed_rows
                ),
            )
        )
        return
    if not listed_rows:
        print("nothing")
        return
    # plainly: a year's figures of a county are half a million rows, for which a table of rich takes minutes
    cell_texts = [
        [
            "" if listed_row[column_name] is None else str(listed_row[column_name])
            for column_name in column_names
        ]
        for listed_row in listed_rows
    ]
    widths = [max(map(len, column)) for column in zip(column_names, *cell_texts, strict=True)]
    for line in (column_names, *cell_texts):
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        print("  ".join(padded).rstrip())


def log_private_read(installation: nytta.App, unit: str) -> None:
    """Write down that whoever gives the command reads exact figures; before they are shown."""
    reader = installation.keys.pseudonymiser().digest(f"user {os.getuid()}").hex()
    read = Read(reader, Role.ADMINISTRATOR, "", Permission.PRIVATE, unit or "*", "cli")
    AccessLog(installation.private.connection).write([read], datetime.now(UTC))
