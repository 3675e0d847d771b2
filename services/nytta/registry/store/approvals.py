"""Approvals as tables of the open zone: whose figures may be computed, and for which purpose."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from nytta.registry.registry import Registry
from nytta.registry.units import ANY_PURPOSE, Approval
from nytta.storage.client import Connection

_APPROVALS = ["purpose", "root", "legal_basis", "dpia", "consulted_on", "missing"]


def approvals(registry: Registry, purposes: Collection[str], day: date) -> list[list[Any]]:
    """Rows of table `approvals` as they stand on `day`: every organisation with every purpose."""
    named_purposes = {approval.purpose for approval in registry.approvals}
    all_purposes = named_purposes | set(purposes) | {ANY_PURPOSE}
    approval_rows = []
    for organisation in registry.organisations:
        for purpose in sorted(all_purposes):
            approval = registry.approval(purpose, organisation.id)
            missing = list(registry.unapproved(purpose, organisation.id, day))
            approval_rows.append(
                [
                    purpose,
                    organisation.id,
                    approval.legal_basis,
                    approval.dpia,
                    approval.consulted_on,
                    missing,
                ]
            )
    return approval_rows


def save_approvals(connection: Connection, rows: list[list[Any]]) -> None:
    """Replace the table `approvals`."""
    connection.run("TRUNCATE TABLE {open}.approvals")
    connection.insert("{open}.approvals", _APPROVALS, rows)


def remember_approval(connection: Connection, root: str, approval: Approval) -> None:
    """Keep what the owner of a log without a registry says of its approval, unless it was said already."""
    # each import says it again: only what differs is another row
    if created_approvals(connection).get(root) == approval:
        return
    position = int(connection.value("SELECT max(place) + 1 FROM {open}.created_approvals"))
    connection.insert(
        "{open}.created_approvals",
        ["root", "legal_basis", "dpia", "consulted_on", "place"],
        [[root, approval.legal_basis, approval.dpia, approval.consulted_on, position]],
    )


def created_approvals(connection: Connection) -> dict[str, Approval]:
    """The approvals of organisations made for logs, by root."""
    rows = connection.rows(
        "SELECT root, argMax(tuple(legal_basis, dpia, consulted_on), place) FROM {open}.created_approvals GROUP BY root"
    )
    return {root: Approval(ANY_PURPOSE, root, *fields) for root, fields in rows}
