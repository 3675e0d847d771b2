"""Approvals: one per purpose, and none forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from nytta.registry.entries.contents import ORGANISATION, Contents
from nytta.registry.problems import Problem
from nytta.registry.units import ANY_PURPOSE, Approval


def approvals_are_single(contents: Contents) -> Iterator[Problem]:
    """One approval per purpose and organisation."""
    first_lines: dict[tuple[str, str | None], int] = {}
    for approval in contents.approvals:
        about = (approval.entry.purpose, approval.entry.organisation)
        if about in first_lines:
            yield approval.problem(
                f"the purpose '{about[0]}' has an approval already in line {first_lines[about]}; keep one"
            )
        first_lines.setdefault(about, approval.node.line)


def purposes_are_approved(contents: Contents, purposes: Collection[str]) -> Iterator[Problem]:
    """Without a legal basis, an impact assessment and a consultation, no figure of a purpose is made."""
    if ORGANISATION in contents.unreadable:
        return
    for home in contents.organisations:
        if home.entry.public_data:
            continue
        for purpose in sorted(purposes):
            about = [
                approval
                for approval in contents.approvals
                if approval.entry.purpose in (purpose, ANY_PURPOSE)
                and approval.entry.organisation in (None, home.entry.id)
            ]
            about.sort(
                key=lambda approval: (approval.entry.organisation is None, approval.entry.purpose == ANY_PURPOSE)
            )
            entry = about[0].entry if about else None
            approval = (
                Approval(purpose, "", entry.legal_basis or "", entry.dpia or "", entry.consulted_on)
                if entry
                else Approval(purpose)
            )
            missing = approval.missing(date.max)
            if missing:
                words = ", ".join(f"`{name}`" for name in missing)
                yield (about[0] if about else home).problem(
                    f"figures of the purpose '{purpose}' are not made for '{home.entry.id}': {words} "
                    f"{'are' if len(missing) > 1 else 'is'} missing in `approvals`",
                    warning=True,
                )
