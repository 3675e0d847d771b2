"""Who looks at a page: what they may see, in which language and light; and the tokens of their forms."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from nytta.registry.registry import Registry
from nytta.registry.roles import Grant, Permission, Role, grants, may, visible
from nytta.registry.units import Organisation
from nytta.surfaces.authentication.identity import Identity

LOCAL = "local"
"""What the person at the machine is called in the access log's pseudonyms and in forms."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who looks at a page on `day`. The person at the machine may sit in anybody's seat, to see as they do."""

    identity: Identity
    held: frozenset[Grant]
    registry: Registry
    day: date
    language: str
    seat: str = ""

    @property
    def name(self) -> str:
        """What tells this visitor from others."""
        return LOCAL if self.identity.local else self.identity.email

    @property
    def key(self) -> tuple[object, ...]:
        """All that a page may depend on."""
        return (self.held, self.day, self.language, self.seat, self.identity.local)

    @property
    def place(self) -> str:
        """The name of the unit or group for which a seat is taken; '' without a seat."""
        unit = self.seat.partition(":")[2]
        group = next((group for group in self.registry.groups if group.id == unit), None)
        named_place = group or self.registry.units_at(self.day).get(unit)
        return named_place.names.text(self.language) if named_place else ""

    def may(self, permission: Permission, unit: str) -> bool:
        """Whether the visitor may see or do `permission` about `unit`."""
        return permission is Permission.TRANSPARENCY or unit in self.visible(permission)

    def visible(self, permission: Permission) -> frozenset[str]:
        """The units and groups about which the visitor may see or do `permission`."""
        if permission not in self._seen:
            self._seen[permission] = visible(self.held, permission, self.registry, self.day)
        return self._seen[permission]

    def roots(self, permission: Permission) -> list[str]:
        """Organisations of which the visitor may see `permission` of some unit, in declared order."""
        visible_units = self.visible(permission)
        units = self.registry.units_at(self.day)
        visible_roots = {units[unit].root for unit in visible_units if unit in units}
        return [
            organisation.id
            for organisation in self.registry.organisations
            if organisation.id in visible_roots
        ]

    @property
    def organisations(self) -> frozenset[str]:
        """The organisations in which the visitor holds a role; all of them for somebody who holds none."""
        units = self.registry.units_at(self.day)
        # a group lies in one organisation, so any of its members says which
        first_members = {group.id: group.units[0] for group in self.registry.groups}
        held_units = (first_members.get(grant.unit, grant.unit) for grant in self.held)
        own_organisations = frozenset(units[unit].root for unit in held_units if unit in units)
        return own_organisations or frozenset(_all_organisations(self.registry))

    def grant(self, permission: Permission, unit: str) -> Grant:
        """One grant that lets the visitor see `permission` of `unit`, for the access log."""
        # sorted, so that the log names the same grant for the same page each time
        for grant in self._sorted_grants:
            if may({grant}, permission, unit, self.registry, self.day):
                return grant
        return self._sorted_grants[0]

    @property
    def _sorted_grants(self) -> list[Grant]:
        return sorted(self.held, key=lambda grant: (grant.role.value, grant.unit))

    @cached_property
    def _seen(self) -> dict[Permission, frozenset[str]]:
        return {}


def seats(registry: Registry, day: date) -> list[Grant]:
    """Roles that somebody bears on `day`, each once: for the person at the machine to look from."""
    central_seats = [
        grant for organisation in registry.organisations for grant in _central_seats(organisation)
    ]
    groups = [Grant(Role.MANAGER, group.id) for group in registry.groups if day in group.span]
    units = [Grant(Role.MANAGER, unit.id) for unit, _ in registry.tree(day) if unit.manager]
    return [*central_seats, *groups, *units]


def _central_seats(organisation: Organisation) -> Iterator[Grant]:
    """The roles that somebody bears for a whole organisation."""
    bearers = {
        Role.PROGRAMME_LEAD: organisation.programme_lead,
        Role.OPERATIONS: organisation.operations,
        Role.EMPLOYEE_REPRESENTATIVE: organisation.employee_representatives,
        Role.DPO: organisation.data_protection,
    }
    for role, bearer in bearers.items():
        if bearer:
            yield Grant(role, organisation.id)


def _all_organisations(registry: Registry) -> list[str]:
    return [organisation.id for organisation in registry.organisations]


def held_by(identity: Identity, seat: str, registry: Registry, day: date) -> frozenset[Grant]:
    """The grants of somebody: the registry's by address and group; at the machine an administrator's, or a seat's."""
    if not identity.local:
        return grants(identity.email, registry, day, identity.groups)
    # a seat that nobody bears any more is left for the administrator's view, not for an empty page
    seats_taken = [
        grant for grant in seats(registry, day) if f"{grant.role.value}:{grant.unit}" == seat
    ]
    administrator = [Grant(Role.ADMINISTRATOR, root) for root in _all_organisations(registry)]
    return frozenset(seats_taken or administrator)


def form_token(secret: bytes, cookie: str, name: str) -> str:
    """The token of a visitor's forms: it cannot be made without the secret, nor used with another cookie."""
    return hmac.new(secret, f"{cookie}\n{name}".encode(), hashlib.sha256).hexdigest()


def same_token(given_token: str, secrets: Iterable[str]) -> bool:
    """Whether a form's token is one of these."""
    # in constant time: how long a wrong token takes tells nothing of the right one
    return any(hmac.compare_digest(given_token.encode(), secret.encode()) for secret in secrets)
