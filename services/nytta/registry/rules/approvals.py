"""Approvals: one per purpose, and none forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from nytta.registry.entries.contents import ORGANISATION, Contents, Located
from nytta.registry.entries.organisation import ApprovalEntry
from nytta.registry.problems import Problem
from nytta.registry.units import ANY_PURPOSE, Approval


def approvals_are_single(contents: Contents) -> Iterator[Problem]:
    """One approval per purpose and organisation."""
    first_lines: dict[tuple[str, str | None], int] = {}
    for approval in contents.approvals:
        purpose = approval.entry.purpose
        scope = (purpose, approval.entry.organisation)
        if scope in first_lines:
            yield approval.problem(
                f"the purpose '{purpose}' has an approval already in line {first_lines[scope]}; keep one"
            )
        first_lines.setdefault(scope, approval.node.line)


def purposes_are_approved(contents: Contents, purposes: Collection[str]) -> Iterator[Problem]:
    """Without a legal basis, an impact assessment and a consultation, no figure of a purpose is made."""
    if ORGANISATION in contents.unreadable:
        return
    for organisation in contents.organisations:
        if organisation.entry.public_data:
            continue
        for purpose in sorted(purposes):
            applicable = [
                approval
                for approval in contents.approvals
                if approval.entry.purpose in {purpose, ANY_PURPOSE}
                and approval.entry.organisation in (None, organisation.entry.id)
            ]
            nearest_approval = min(applicable, key=_generality, default=None)
            # on the last day there is: what takes effect some time is not missing
            missing = _approval(purpose, nearest_approval).missing(date.max)
            if missing:
                missing_words = ", ".join(f"`{name}`" for name in missing)
                verb = "are" if len(missing) > 1 else "is"
                yield (nearest_approval or organisation).problem(
                    f"figures of the purpose '{purpose}' are not made for '{organisation.entry.id}': {missing_words} "
                    f"{verb} missing in `approvals`",
                    warning=True,
                )


def _generality(approval: Located[ApprovalEntry]) -> tuple[bool, bool]:
    """In which order approvals come, as in `Registry.approval`: what names the organisation, then the purpose."""
    return approval.entry.organisation is None, approval.entry.purpose == ANY_PURPOSE


def _approval(purpose: str, located: Located[ApprovalEntry] | None) -> Approval:
    if located is None:
        return Approval(purpose)
    entry = located.entry
    return Approval(purpose, "", entry.legal_basis or "", entry.dpia or "", entry.consulted_on)
