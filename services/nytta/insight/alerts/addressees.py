"""Who bears a role for a unit on a day, as the registry says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from nytta.insight.alerts.kinds import Role
from nytta.registry.registry import Registry
from nytta.registry.units import Contact, Unit


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who gets messages, without a name.

    `id` is the same for the same contact of one organisation (`root`), whatever names it. `place` is the unit or
    reporting group that names the contact, `language` the contact's. Not `reachable` are contacts without any address.
    """

    id: str
    root: str
    place: str
    language: str
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Directory:
    """Questions to the registry about one organisation's recipients."""

    registry: Registry

    def contact(self, role: Role, unit: str, system: str, day: date) -> tuple[Contact, str] | None:
        """The contact and what names it; None where nobody is named or the unit does not exist on `day`.

        `unit` may be a reporting group. A benefit owner is that of the nearest benefit of the system, at the unit or
        above it; without one, the unit's manager answers.
        """
        group = self.registry.reporting_group(unit, day)
        if group is not None and role is Role.MANAGER:
            return group.manager, group.id
        try:
            place = self.registry.unit(group.units[0] if group else unit, day)
        except KeyError:
            return None
        if role in (Role.PROGRAMME_LEAD, Role.OPERATIONS):
            organisation = self.registry.organisation(place.root)
            contact = (
                organisation.programme_lead
                if role is Role.PROGRAMME_LEAD
                else organisation.operations
            )
            return (contact, place.root) if contact else None
        if role is Role.BENEFIT_OWNER and (owner := self._owner(place, system, day)):
            return owner
        if group is not None:
            return group.manager, group.id
        addressee = self.registry.addressee(unit, day)
        return (addressee.contact, addressee.named_by) if addressee else None

    def recipient(self, role: Role, unit: str, system: str, day: date) -> Recipient | None:
        """The bearer of the role without a name; None as in `contact`."""
        addressee = self.contact(role, unit, system, day)
        root = self.root(unit, day)
        if addressee is None or root is None:
            return None
        contact, place = addressee
        address = (contact.email or contact.teams or contact.name).strip().casefold()
        digest = blake2b(f"{root}\n{address}".encode(), digest_size=8).hexdigest()
        return Recipient(
            digest, root, place, contact.language, bool(contact.email or contact.teams)
        )

    def root(self, unit: str, day: date) -> str | None:
        """The organisation of a unit or reporting group; None where it does not exist on `day`."""
        group = self.registry.reporting_group(unit, day)
        try:
            return self.registry.unit(group.units[0] if group else unit, day).root
        except KeyError:
            return None

    def _owner(self, place: Unit, system: str, day: date) -> tuple[Contact, str] | None:
        for unit in (place, *self.registry.ancestors(place.id, day)):
            for benefit in self.registry.benefits:
                if (benefit.unit, benefit.system) == (
                    unit.id,
                    system,
                ) and benefit.owner is not None:
                    return benefit.owner, unit.id
        return None
