"""Which account at the provider an e-mail address belongs to: the one that signed in with it first.

Roles stand in the registry by address, and addresses are given to others once somebody has left. So the account
decides, an address only the first time; after that an administrator releases it. The file holds keyed digests and days,
nothing else: whoever lacks the key of the pseudonyms learns nothing from it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from nytta import Mendable
from nytta.storage import permissions
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal

FILE: Final = "accounts.json"


class AccountsError(Mendable):
    """The file of accounts cannot be used: what to do."""


class Account(BaseModel):
    """An account that signed in, the address with which it did so first, and the day; both as digests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    address: str
    since: date

    @property
    def id(self) -> str:
        """What it is called in lists and logs."""
        return self.address[:8]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accounts: tuple[Account, ...] = ()


class Accounts:
    """The accounts of a file, which any process may change. `digest` is keyed, and lasts."""

    def __init__(self, path: Path, digest: Callable[[str], bytes]) -> None:
        self.path = path
        self._digest = digest

    def all(self) -> tuple[Account, ...]:
        """Every account, the latest last. AccountsError where the file cannot be read."""
        try:
            return _File.model_validate_json(self.path.read_bytes()).accounts
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise AccountsError(
                f"{self.path}: is no file of accounts, or cannot be read; restore it, or remove it: then each address "
                "belongs to the account that signs in with it next"
            ) from error

    def admit(self, issuer: str, subject: str, email: str, day: date) -> None:
        """Let an account sign in with an address; the first time it is on disk before this returns.

        Refusal where the address belongs to another account, or the account to another address; AccountsError where the
        file cannot be read or written.
        """
        wanted_account = Account(
            account=self._of_account(issuer, subject), address=self._of_address(email), since=day
        )
        if self._known(wanted_account):
            return
        with self._alone():
            if not self._known(wanted_account):
                permissions.replace(self.path, _written((*self.all(), wanted_account)))

    def release(self, address_or_id: str) -> int:
        """Forget whose an address is, by the address or its id: how many accounts were forgotten."""
        digest = self._of_address(address_or_id.strip().lower()) if "@" in address_or_id else ""
        with self._alone():
            earlier = self.all()
            remaining = tuple(
                account
                for account in earlier
                if not (account.address == digest or account.id == address_or_id)
            )
            if len(remaining) < len(earlier):
                permissions.replace(self.path, _written(remaining))
        return len(earlier) - len(remaining)

    def _known(self, wanted_account: Account) -> bool:
        for account in self.all():
            if (account.account, account.address) == (
                wanted_account.account,
                wanted_account.address,
            ):
                return True
            # in both directions: an account that could change its address could take over another's roles
            if account.address == wanted_account.address:
                raise Refusal(
                    Reason.ACCOUNT,
                    f"another account signed in first with this address: {_release(account)}",
                )
            if account.account == wanted_account.account:
                raise Refusal(
                    Reason.ACCOUNT,
                    f"this account signed in first with another address: {_release(account)}",
                )
        return False

    def _of_account(self, issuer: str, subject: str) -> str:
        return self._digest(f"sign-in account {issuer}\n{subject}").hex()

    def _of_address(self, email: str) -> str:
        return self._digest(f"sign-in address {email}").hex()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Held by the one process, and the one thread of it, that changes the file."""
        try:
            permissions.make_folder(self.path.parent)
            # beside the file, which is replaced whole: a lock on the file itself would be on the one that went
            with permissions.create(
                self.path.with_name(f"{self.path.name}.lock"), anew=True
            ) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise AccountsError(
                f"{self.path} cannot be written: {error.strerror or error}"
            ) from error


def _written(accounts: tuple[Account, ...]) -> bytes:
    return _File(accounts=accounts).model_dump_json(indent=1).encode()


def _release(account: Account) -> str:
    return f"where both are one person's, nytta accounts release {account.id}"
