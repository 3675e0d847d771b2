"""Usage reports of Microsoft Graph: CSV in v1.0, JSON in beta, and what a row of them says of one day."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from nytta.ingest.pull.ask import PullError, decoded

TEAMS: Final = (
    *(
        "teamChatMessageCount",
        "privateChatMessageCount",
        "callCount",
        "meetingCount",
        "postMessages",
        "replyMessages",
    ),
)
"""What persons do in Teams, counted in a day."""
_PRODUCTS: Final = "assignedProducts"
PRODUCTS: Final[Mapping[str, str]] = {
    name: f"{name}LastActivityDate" for name in ("exchange", "oneDrive", "sharePoint", "teams")
}
"""Products, each with the column of the day on which a person used it last."""
CONCEALED: Final = (
    "Microsoft conceals the names in its reports (displayConcealedNames), so nothing can be counted by units. An "
    "administrator can show them under Settings, Org settings, Reports, once that is decided and consulted on"
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Rows of a report, their fields as JSON has them, and where it goes on; '' at its end."""

    rows: Sequence[Row]
    next_link: str

    @property
    def refreshed(self) -> date:
        """The day up to which the report goes. PullError where a row does not say it."""
        return max(
            (
                date.fromisoformat(_said(report_row, "reportRefreshDate"))
                for report_row in self.rows
            ),
            default=date.min,
        )

    @property
    def is_concealed(self) -> bool:
        """Whether it names nobody: what stands for a person then has no domain."""
        return bool(self.rows) and not any(
            "@" in str(_said(report_row, "userPrincipalName")) for report_row in self.rows
        )


def read_report(body: bytes) -> Report:
    """A report in CSV or JSON. ValueError where it is cut off, or is neither."""
    text = decoded(body).removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        document = orjson.loads(text)
        rows = document["value"] if isinstance(document, dict) else document
        link = document.get("@odata.nextLink", "") if isinstance(document, dict) else ""
        return Report(
            [
                {_field(field_name): field_value for field_name, field_value in report_row.items()}
                for report_row in rows
            ],
            link,
        )
    header, *lines = csv.reader(io.StringIO(text))
    fields = [_field(field_name) for field_name in header]
    if "reportRefreshDate" not in fields:
        raise ValueError("this is no report")
    return Report([_row(fields, cells) for cells in lines if cells], "")


def acts_in_teams(report_row: Row, day: date) -> Iterator[Row]:
    """What a person did in Teams on the day of the report, as one act with their number; nothing where nothing."""
    actions = sum(int(_said(report_row, field_name) or 0) for field_name in TEAMS)
    if actions:
        yield {
            "userPrincipalName": _said(report_row, "userPrincipalName"),
            "date": day.isoformat(),
            "product": "teams",
            "actions": actions,
        }


def used_products(report_row: Row, day: date) -> Iterator[Row]:
    """The products that a person used on a day; one that was used later too is not among them."""
    for product, column in PRODUCTS.items():
        if _said(report_row, column) == day.isoformat():
            yield {
                "userPrincipalName": _said(report_row, "userPrincipalName"),
                "date": day.isoformat(),
                "product": product,
                "actions": 1,
            }


def _said(report_row: Row, field_name: str) -> Any:
    if field_name not in report_row:
        raise PullError(
            f"the report has no column {field_name} any more: nothing of that day is taken"
        )
    return report_row[field_name]


def _row(fields: Sequence[str], cells: Sequence[str]) -> Row:
    """A row of a table. Lists of products hold the delimiter without quotes, wherever their column stands.

    ValueError where a row is cut off, or has more cells than columns for another reason.
    """
    extra = len(cells) - len(fields)
    if extra < 0 or (extra and _PRODUCTS not in fields):
        raise ValueError("a row has not the cells of its table")
    first = fields.index(_PRODUCTS) if extra else len(fields)
    products = (",".join(cells[first : first + extra + 1]),) if extra else ()
    return dict(zip(fields, (*cells[:first], *products, *cells[first + extra + 1 :]), strict=True))


def _field(column: str) -> str:
    """The name that a column of a table has in JSON: "User Principal Name" is userPrincipalName."""
    joined = "".join(column.split())
    return joined[:1].lower() + joined[1:]
