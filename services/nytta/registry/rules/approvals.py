"""Approvals: one per purpose, and none forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from nytta.registry.entries.contents import ORGANISATION, Contents
from nytta.registry.problems import Problem
from nytta.registry.units import ANY_PURPOSE, Approval


def approvals_are_single(contents: Contents) -> Iterator[Problem]:
    """One approval per purpose and organisation."""
    first: dict[tuple[str, str | None], int] = {}
    for each in contents.approvals:
        about = (each.entry.purpose, each.entry.organisation)
        if about in first:
            yield each.problem(f"the purpose '{about[0]}' has an approval already in line {first[about]}; keep one")
        first.setdefault(about, each.node.line)


def purposes_are_approved(contents: Contents, purposes: Collection[str]) -> Iterator[Problem]:
    """Without a legal basis, an impact assessment and a consultation, no figure of a purpose is made."""
    if ORGANISATION in contents.unreadable:
        return
    for home in contents.organisations:
        if home.entry.public_data:
            continue
        for purpose in sorted(purposes):
            about = [
                each
                for each in contents.approvals
                if each.entry.purpose in (purpose, ANY_PURPOSE) and each.entry.organisation in (None, home.entry.id)
            ]
            about.sort(key=lambda each: (each.entry.organisation is None, each.entry.purpose == ANY_PURPOSE))
            e = about[0].entry if about else None
            held = Approval(purpose, "", e.legal_basis or "", e.dpia or "", e.consulted_on) if e else Approval(purpose)
            missing = held.missing(date.max)
            if missing:
                words = ", ".join(f"`{name}`" for name in missing)
                yield (about[0] if about else home).problem(
                    f"figures of the purpose '{purpose}' are not made for '{home.entry.id}': {words} "
                    f"{'are' if len(missing) > 1 else 'is'} missing in `approvals`",
                    warning=True,
                )
