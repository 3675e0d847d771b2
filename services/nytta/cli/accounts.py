"""Commands about the accounts that sign in with the organisation's provider: list, release."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nytta.cli.common import Data, Json, commands, fail, mendable, show, stderr
from nytta.ingest.keys import Keys, load_or_make
from nytta.service.settings import Settings
from nytta.surfaces.authentication.oidc.accounts import FILE, Accounts
from nytta.surfaces.authentication.oidc.client import Client

accounts_commands = typer.Typer(
    no_args_is_help=True, help="Which account each address belongs to that signed in."
)
commands.add_typer(accounts_commands, name="accounts")


def client_of(settings: Settings) -> Client | None:
    """What is registered at the provider; None where no provider signs people in. ValueError says what to change."""
    return Client.of(
        settings.oidc_issuer,
        settings.oidc_client,
        settings.oidc_secret.get_secret_value(),
        settings.address,
        settings.oidc_domains,
        settings.oidc_groups,
        settings.oidc_hours,
    )


def accounts_of(settings: Settings, keys: Keys) -> Accounts:
    """The accounts that signed in to an installation."""
    return Accounts(settings.data / FILE, keys.pseudonymiser().digest)


def _accounts(data_folder: Path | None) -> Accounts:
    settings = Settings() if data_folder is None else Settings(data=data_folder)
    if not settings.key_place.exists():
        fail(
            f"{settings.key_place} is missing: without the key nobody can tell whose an account is"
        )
    return accounts_of(settings, load_or_make(settings.key_place))


@accounts_commands.command("list")
def accounts_list(data_folder: Data = None, as_json: Json = False) -> None:
    """List the accounts that signed in, as pseudonyms, with the day of the first time."""
    with mendable():
        rows = [
            {"id": account.id, "since": str(account.since)}
            for account in _accounts(data_folder).all()
        ]
    show(rows, as_json, ("id", "since"))


@accounts_commands.command("release")
def accounts_release(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ADDRESS", help="The e-mail address, or its id from the list or log."
        ),
    ],
    data_folder: Data = None,
) -> None:
    """Forget whose an address is: it belongs to the account that signs in next. Running services know at once."""
    with mendable():
        if not _accounts(data_folder).release(name):
            fail("no account signed in with this address; nytta accounts list")
    stderr.print("released: the address belongs to the account that signs in with it next")
