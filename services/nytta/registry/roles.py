"""Who may see what. Every surface asks here, and nowhere else.

A role is held for a unit and everything below it. Nobody's role shows a person, and none but an administrator's shows
an exact figure: what is seen has passed the gate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nytta.registry.registry import Registry
from nytta.registry.units import Contact, Organisation


class Role(StrEnum):
    """What somebody is here for."""

    OPERATIONS = "operations"
    MANAGER = "manager"
    PROGRAMME_LEAD = "programme_lead"
    EMPLOYEE_REPRESENTATIVE = "employee_representative"
    DPO = "dpo"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What there is to see or to do."""

    PLATFORM = "platform"
    """Sources, lag, counts of rejects: facts about systems, not about units."""
    FIGURES = "figures"
    """Gated figures, signals and alerts of a unit."""
    PEER_BAND = "peer_band"
    """The anonymous band of the other units of a peer group."""
    ACT = "act"
    """Answer an alert of a unit: acknowledge, plan, snooze, disagree."""
    PROGRAMME = "programme"
    """Benefits, decisions, reports of an organisation, and which units are furthest behind."""
    TRANSPARENCY = "transparency"
    """What is collected, why, for how long and who sees it."""
    ACCESS_LOG = "access_log"
    """Who read figures of which unit."""
    DISPOSALS = "disposals"
    """Certificates of what was disposed of."""
    PRIVATE = "private"
    """Exact figures and bodies of rejects: audited commands, on no surface."""
    IMPORT = "import"
    """Import files of an organisation."""
    MAINTAIN = "maintain"
    """Keys, erasures, disposals, replays."""


OF_UNITS = frozenset({Permission.FIGURES, Permission.PEER_BAND, Permission.ACT})
"""What is about one unit; reading it is logged."""

_MAY: dict[Role, frozenset[Permission]] = {
    Role.OPERATIONS: frozenset({Permission.PLATFORM, Permission.IMPORT, Permission.TRANSPARENCY}),
    Role.MANAGER: frozenset(
        {Permission.FIGURES, Permission.PEER_BAND, Permission.ACT, Permission.TRANSPARENCY}
    ),
    Role.PROGRAMME_LEAD: frozenset(
        {
            Permission.FIGURES,
            Permission.PEER_BAND,
            Permission.PROGRAMME,
            Permission.PLATFORM,
            Permission.TRANSPARENCY,
        }
    ),
    Role.EMPLOYEE_REPRESENTATIVE: frozenset(
        {Permission.FIGURES, Permission.ACCESS_LOG, Permission.DISPOSALS, Permission.TRANSPARENCY}
    ),
    Role.DPO: frozenset({Permission.ACCESS_LOG, Permission.DISPOSALS, Permission.TRANSPARENCY}),
    Role.ADMINISTRATOR: frozenset(Permission) - {Permission.ACT},
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held for a unit, or for a reporting group, and what is below it."""

    role: Role
    unit: str


def grants(
    email: str, registry: Registry, day: date, groups: Collection[str] = ()
) -> frozenset[Grant]:
    """The roles that the registry gives on `day` to whoever has this e-mail address; none to a stranger.

    So it does to whoever belongs to the `sign_in_group` of a contact: `groups` are those of which the organisation's
    sign-in says so. A delegate has the manager's role on the days of the delegation, and the manager keeps it.
    """
    address = email.strip().casefold()
    # contacts without an e-mail address have '', which must not be everybody's who has none
    if not address:
        return frozenset()

    def holds_address(contact: Contact) -> bool:
        if contact.email.casefold() == address:
            return True
        # a contact without a group is not everybody's
        return bool(contact.sign_in_group) and contact.sign_in_group in groups

    roles = _all_roles(registry, day)
    return frozenset(Grant(role, place) for role, place, contact in roles if holds_address(contact))


def _all_roles(registry: Registry, day: date) -> Iterator[tuple[Role, str, Contact]]:
    """Every role on `day`, with its unit, group or organisation and whoever has it."""
    for organisation in registry.organisations:
        yield from (
            (role, organisation.id, contact) for role, contact in _organisation_roles(organisation)
        )
    for unit in registry.units_at(day).values():
        if unit.manager:
            yield Role.MANAGER, unit.id, unit.manager
        if unit.delegate and day in unit.delegate.span:
            yield Role.MANAGER, unit.id, unit.delegate.contact
    for group in registry.groups:
        if day in group.span:
            yield Role.MANAGER, group.id, group.manager


def _organisation_roles(organisation: Organisation) -> Iterator[tuple[Role, Contact]]:
    if organisation.programme_lead:
        yield Role.PROGRAMME_LEAD, organisation.programme_lead
    if organisation.operations:
        yield Role.OPERATIONS, organisation.operations
    for representative in organisation.employee_representatives:
        yield Role.EMPLOYEE_REPRESENTATIVE, representative
    for officer in organisation.data_protection:
        yield Role.DPO, officer
    for administrator in organisation.administrators:
        yield Role.ADMINISTRATOR, administrator


def may(
    grants: Collection[Grant], permission: Permission, unit: str, registry: Registry, day: date
) -> bool:
    """Whether somebody with these roles may see or do `permission` about `unit` (or a reporting group) on `day`.

    What is not about a unit is asked with the organisation's id. Everybody may see TRANSPARENCY, without any role.
    """
    if permission is Permission.TRANSPARENCY:
        return True
    return unit in visible(grants, permission, registry, day)


def visible(
    grants: Collection[Grant], permission: Permission, registry: Registry, day: date
) -> frozenset[str]:
    """The units and reporting groups about which somebody with these roles may see or do `permission` on `day`.

    A unit that is shown through its reporting group lets its manager see the group; the group's manager sees the
    members too. Surfaces use this as their filter: an empty set is an empty list, never everything.
    """
    visible_ids: set[str] = set()
    # roles of a unit or group that does not exist on that day show nothing
    units = registry.units_at(day)
    groups = {group.id: group for group in registry.groups if day in group.span}
    for grant in grants:
        if permission not in _MAY[grant.role]:
            continue
        if grant.unit in groups:
            members = [member for member in groups[grant.unit].units if member in units]
            visible_ids |= {grant.unit, *members}
        elif grant.unit in units:
            descendants = registry.descendants(grant.unit, day)
            own_units = {grant.unit, *(descendant.id for descendant in descendants)}
            # through its group alone a small unit is shown: who may see the unit must see the group
            own_groups = {group.id for group in groups.values() if own_units & set(group.units)}
            visible_ids |= own_units | own_groups
    # of a group's messages, its manager answers
    if permission is Permission.ACT:
        visible_ids -= {group for group in groups if Grant(Role.MANAGER, group) not in grants}
    return frozenset(visible_ids)


def matrix() -> dict[Role, dict[Permission, bool]]:
    """What each role may see or do at all, within its units."""
    return {
        role: {permission: permission in _MAY[role] for permission in Permission} for role in Role
    }
