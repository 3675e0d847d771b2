"""Commands about the tokens that senders show: add, list, revoke."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from nytta.cli.common import Data, Json, commands, fail, mendable, print_json, show, stderr
from nytta.ingest.http.tokens import TokenFileError, Tokens, sender_id
from nytta.service.settings import Settings

tokens_commands = typer.Typer(no_args_is_help=True, help="Tokens that senders show to the gateway.")
commands.add_typer(tokens_commands, name="token")


def tokens_of(settings: Settings) -> Tokens:
    """The tokens of an installation."""
    return Tokens(settings.token_place)


def _tokens(data_folder: Path | None) -> Tokens:
    with mendable():
        tokens = tokens_of(Settings() if data_folder is None else Settings(data=data_folder))
    try:
        tokens.all()
    except TokenFileError as error:
        fail(str(error))
    return tokens


@tokens_commands.command("add")
def token_add(
    source: Annotated[str, typer.Argument(help="Name of the sender, for counters and logs.")],
    unit: Annotated[
        list[str] | None, typer.Option(help="A unit it may send events of; repeatable.")
    ] = None,
    subtree: Annotated[
        list[str] | None, typer.Option(help="A unit with all units below it; repeatable.")
    ] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option("--type", help="Event types it may send, such as 'case.*'; repeatable."),
    ] = None,
    event_source: Annotated[
        list[str] | None,
        typer.Option(help="CloudEvents sources it may speak for, such as '/desk/*'; repeatable."),
    ] = None,
    days: Annotated[int | None, typer.Option(help="Days until it expires.", min=1)] = None,
    data_folder: Data = None,
    as_json: Json = False,
) -> None:
    """Make a token and print it, once. Without limits it may send everything. Running services know it at once."""
    current_time = datetime.now(UTC)
    tokens = _tokens(data_folder)
    if not 0 < len(source) <= 64:
        fail("the name of the sender has 1 to 64 characters", code=2)
    with mendable():
        token, token_text = tokens.add(
            source,
            current_time,
            expires=current_time + timedelta(days=days) if days else None,
            event_sources=event_source or (),
            types=event_type or (),
            units=unit or (),
            subtrees=subtree or (),
        )
    if as_json:
        print_json(
            {"id": token.id, "source": token.source, "token": token_text, "expires": token.expires}
        )
        return
    stderr.print(f"token {token.id} of {token.source}; it is shown only now:", markup=False)
    print(token_text)


@tokens_commands.command("list")
def token_list(data_folder: Data = None, as_json: Json = False) -> None:
    """List the tokens and what may be sent with them. Tokens themselves are not kept."""
    current_time = datetime.now(UTC)
    token_rows = []
    for token in _tokens(data_folder).all():
        token_row = {
            **token.model_dump(mode="json", exclude={"hash"}),
            "sender": sender_id(token.source),
        }
        token_row["state"] = "valid" if token.lives(current_time) else "expired"
        if not as_json:
            lists = {key: value for key, value in token_row.items() if isinstance(value, list)}
            token_row |= {key: ", ".join(value) for key, value in lists.items()}
        token_rows.append(token_row)
    columns = (
        "id",
        "source",
        "sender",
        "state",
        "units",
        "subtrees",
        "types",
        "event_sources",
        "created",
        "expires",
    )
    show(token_rows, as_json, columns)


@tokens_commands.command("revoke")
def token_revoke(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The token's id, as `nytta token list` shows it.")
    ],
    data_folder: Data = None,
) -> None:
    """Take a token back. Running services refuse it at once."""
    with mendable():
        if not _tokens(data_folder).revoke(name):
            fail(f"there is no token '{name}'; nytta token list")
    stderr.print(f"token {name} is revoked", markup=False)
