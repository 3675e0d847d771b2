"""Entra ID: who belongs to which department, from Microsoft Graph's list of users and what changed in it.

Entra tells how things stand today. A change of department counts from the day on which it was seen, and whoever is
deleted or disabled belongs to the unit until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from pydantic import Field

from nytta.ingest.pull.ask import Ask, ForbiddenError, GoneError, InvalidRequestError
from nytta.ingest.pull.source import Finding, Findings, Page, SourceSettings

_USERS: Final = "v1.0/users"
_FEWEST: Final = 5
"""Users that a probe looks at for a department."""


class EntraSettings(SourceSettings):
    """`more` are further fields to fetch, for a mapping of your own; `guests` counts accounts of guests too."""

    more: tuple[str, ...] = ()
    guests: bool = False
    page: int = Field(default=500, ge=1, le=999)


class Entra:
    """The users of one tenant."""

    mappings: ClassVar = ("entra",)
    observed: ClassVar = True
    fetched: ClassVar = (
        "id",
        "userPrincipalName",
        "department",
        "accountEnabled",
        "createdDateTime",
        "userType",
    )
    not_fetched: ClassVar = (
        *(
            "displayName",
            "givenName",
            "surname",
            "mail",
            "mobilePhone",
            "businessPhones",
            "jobTitle",
            "manager",
        ),
        *(
            "employeeId",
            "officeLocation",
            "streetAddress",
            "city",
            "birthday",
            "signInActivity",
            "assignedLicenses",
        ),
    )

    def __init__(self, settings: EntraSettings) -> None:
        self._settings = settings
        self._fields = ",".join(dict.fromkeys((*self.fetched, *settings.more)))

    def pull(self, ask: Ask, cursor: str) -> Iterator[Page]:
        """All users, and from then on those who changed since `cursor`, a link that Graph gives out."""
        try:
            yield from self._changes(ask, cursor)
        except (GoneError, InvalidRequestError):
            # Graph forgets after a week how things stood, and says so by one of several statuses
            yield from self._changes(ask, "")

    def _changes(self, ask: Ask, page_link: str) -> Iterator[Page]:
        params = None if page_link else {"$select": self._fields}
        page_link = page_link or f"{_USERS}/delta"
        for page_body in ask.linked(page_link, params):
            accounts = [
                self._whole(ask, account)
                for account in page_body["value"]
                if "@removed" not in account
            ]
            kept_users = self._kept(accounts, ask.clock())
            removed_accounts = [
                {"id": account["id"]}
                for account in (*page_body["value"], *accounts)
                if "@removed" in account
            ]
            removed_accounts += [
                {"id": account["id"]} for account in accounts if self._is_guest(account)
            ]
            yield Page(
                {"entra": kept_users},
                ask.below(page_body.get("@odata.nextLink") or page_body["@odata.deltaLink"]),
                gone=removed_accounts,
            )

    def listing(self, ask: Ask) -> Iterator[Sequence[dict[str, Any]]]:
        """All users as they stand."""
        for body in ask.linked(_USERS, {"$select": self._fields, "$top": str(self._settings.page)}):
            yield self._kept(body["value"], ask.clock())

    def _whole(self, ask: Ask, account: dict[str, Any]) -> dict[str, Any]:
        """An account with all its fields. A change may come with what changed alone, which is no word of the rest."""
        if "userPrincipalName" in account or not account["id"]:
            return account
        try:
            whole_account: dict[str, Any] = ask.get(
                f"{_USERS}/{account['id']}", {"$select": self._fields}
            ).body
        except GoneError:
            return {"id": account["id"], "@removed": {"reason": "changed"}}
        return whole_account

    def _kept(
        self, accounts: Sequence[dict[str, Any]], current_time: datetime
    ) -> list[dict[str, Any]]:
        """The users who count, with the moment at which they were seen."""
        return [
            {**account, "seenDateTime": current_time.isoformat()}
            for account in accounts
            if "@removed" not in account and not self._is_guest(account)
        ]

    def _is_guest(self, account: dict[str, Any]) -> bool:
        return account.get("userType") == "Guest" and not self._settings.guests

    def probe(self, ask: Ask, current_time: datetime) -> Findings:
        """Whether users can be read, and whether they have departments."""
        try:
            response = ask.get(_USERS, {"$select": self._fields, "$top": str(_FEWEST)})
        except ForbiddenError as error:
            return Findings(
                (
                    Finding(
                        "users",
                        False,
                        f"{error} (User.Read.All)",
                        ("eligible", "entitled"),
                        "person",
                    ),
                )
            )
        has_units = any(account.get("department") for account in response.body["value"])
        clock = (response.clock - current_time).total_seconds() if response.clock else None
        detail = "" if has_units else f"the first {_FEWEST} users have no department"
        return Findings((Finding("users", True), Finding("departments", has_units, detail)), clock)
