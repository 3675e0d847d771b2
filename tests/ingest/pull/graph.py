"""A Microsoft Graph of a test: users who move between departments, and usage reports that come late and are completed.

Shapes are those of Microsoft's documentation: `users/delta` with nextLink, deltaLink and @removed, reports that answer
302 with a signed address on another host, in CSV whose last column holds commas without quotes, or in JSON (beta).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.ingest.pull.faults import Fake, Given

DAY = timedelta(days=1)
LAG = 2
"""Days after which there is a report of a day; a part of the acts is in it two days later only."""
LATE = 2
FORGOTTEN = 5
"""Days after which a deleted user is in no report any more, of earlier days neither."""
COLUMNS = (
    *("Report Refresh Date", "Tenant Display Name", "User Id", "User Principal Name", "Last Activity Date"),
    *("Is Deleted", "Team Chat Message Count", "Private Chat Message Count", "Call Count", "Meeting Count"),
    *("Post Messages", "Reply Messages", "Report Period", "Assigned Products"),
)


class Downloads(Fake):
    """Where reports are fetched from: a host of its own, which must be shown no credentials."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, Any] = {}

    def answer(self, path: str, query: dict[str, str]) -> Given:
        return Given(self.files[query["signature"]])


class FakeGraph(Fake):
    """One tenant. A test says what day it is, moves users, and lets them act."""

    def __init__(
        self, users: Mapping[str, str], today: date, *, page: int = 100, faults: Mapping[str, float] | None = None
    ) -> None:
        super().__init__(faults=faults)
        self.today = today
        self.page = page
        self.concealed = False
        self.refusals: dict[str, int] = {}
        """The status by the end of the path."""
        self.reports_left = 1000
        """Reports that are given out before the limit of ten minutes is reached; v1.0 documents 14."""
        self.minimal: set[str] = set()
        """Users of whom a change tells the department alone, as `Prefer: return=minimal` makes it."""
        self.downloads = Downloads()
        self.users: dict[str, dict[str, Any]] = {}
        self.acts: defaultdict[date, dict[str, int]] = defaultdict(dict)
        self.deleted: dict[str, date] = {}
        self._log: list[str] = []
        self._signatures = 0
        for name, department in users.items():
            self.add(name, department, date(2020, 1, 1))

    @property
    def now(self) -> datetime:
        """Noon of the day that it is."""
        return datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=UTC)

    def add(self, name: str, department: str, created: date) -> None:
        """A new user."""
        self.users[name] = {
            "id": f"id-{name}",
            "userPrincipalName": f"{name}@town.example",
            "department": department,
            "accountEnabled": True,
            "createdDateTime": f"{created}T08:00:00Z",
            "userType": "Member",
        }
        self._log.append(name)

    def change(self, name: str, **fields: Any) -> None:
        """A user is changed."""
        self.users[name].update(fields)
        self._log.append(name)

    def delete(self, name: str) -> None:
        """A user is deleted."""
        del self.users[name]
        self.deleted[name] = self.today
        self._log.append(name)

    def answer(self, path: str, query: dict[str, str]) -> Given:
        for end, status in self.refusals.items():
            if path.endswith(end):
                return Given({}, status)
        if path == "/v1.0/users/delta":
            return self._delta(query)
        if path == "/v1.0/users":
            return self._listing(query)
        if path.startswith("/v1.0/users/"):
            name = path.rpartition("/id-")[2]
            return Given(self.users[name]) if name in self.users else Given({}, 404)
        if path.endswith("/admin/reportSettings"):
            return Given({"displayConcealedNames": self.concealed})
        return self._report(path, date.fromisoformat(path.rpartition("date=")[2].rstrip(")")))

    def _delta(self, query: dict[str, str]) -> Given:
        since, first = (int(query.get(name, "0")) for name in ("$deltatoken", "$skiptoken"))
        until = int(query.get("until", len(self._log)))
        names = list(dict.fromkeys(self._log[since:until]))
        told = [self._told(name) for name in names[first : first + self.page]]
        base = f"{self.address}/v1.0/users/delta?"
        if first + self.page < len(names):
            link = {"@odata.nextLink": f"{base}$deltatoken={since}&until={until}&$skiptoken={first + self.page}"}
        else:
            link = {"@odata.deltaLink": f"{base}$deltatoken={until}"}
        return Given({"value": told, **link})

    def _told(self, name: str) -> dict[str, Any]:
        if name in self.minimal:
            return {"id": f"id-{name}", "department": self.users[name]["department"] if name in self.users else None}
        return self.users.get(name) or {"id": f"id-{name}", "@removed": {"reason": "changed"}}

    def _listing(self, query: dict[str, str]) -> Given:
        first = int(query.get("$skiptoken", "0"))
        told = list(self.users.values())[first : first + self.page]
        more = first + self.page < len(self.users)
        link = {"@odata.nextLink": f"{self.address}/v1.0/users?$skiptoken={first + self.page}"} if more else {}
        return Given({"value": told, **link})

    def _report(self, path: str, day: date) -> Given:
        self.reports_left -= 1
        if self.reports_left < 0:
            return Given({"error": {"code": "TooManyRequests"}}, 429, {"Retry-After": "600"})
        refreshed = self.today - LAG * DAY
        if day > refreshed:
            return Given({"error": {"code": "NotFound"}}, 404)
        rows = [
            self._row(name, actions, refreshed)
            for name, actions in sorted(self.acts[day].items())
            if self._is_named(name) and (actions > 1 or day <= refreshed - LATE * DAY)
        ]
        if path.startswith("/beta"):
            return Given({"value": rows})
        table = "\r\n".join([",".join(COLUMNS), *(",".join(map(str, row.values())) for row in rows), ""])
        self._signatures += 1
        self.downloads.files[str(self._signatures)] = table
        place = f"{self.downloads.address}/download?signature={self._signatures}"
        return Given("", 302, {"Location": place})

    def _is_named(self, name: str) -> bool:
        return name not in self.deleted or self.today < self.deleted[name] + FORGOTTEN * DAY

    def _row(self, name: str, actions: int, refreshed: date) -> dict[str, Any]:
        who = f"{hash(name):032X}"[:32] if self.concealed else f"{name}@town.example"
        values = (str(refreshed), "Town", "0", who, str(refreshed), "False", actions, 0, 0, 0, 0, 0, 1, "E3,F1")
        return dict(zip(COLUMNS, values, strict=True))

    @contextmanager
    def served(self) -> Iterator[str]:
        with ExitStack() as stack:
            self.downloads.address = stack.enter_context(self.downloads.served())
            self.address = stack.enter_context(super().served())
            yield self.address
