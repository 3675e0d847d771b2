"""Organisations, units with their history, reporting groups, contacts, codes of units, and approvals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nytta.registry.calendars import Calendar
from nytta.registry.dates import ALWAYS, BEGINNING, END, Span
from nytta.registry.protection import Protection

LANGUAGES = ("sv", "nb", "en")
"""Languages of texts and messages."""


FALSE_PER_UNIT_YEAR = 0.05
"""False alarms of lag detection per unit and year, where an organisation states no other budget."""


@dataclass(frozen=True, slots=True)
class Names:
    """One thing's name in the three languages."""

    sv: str
    nb: str
    en: str

    @classmethod
    def of(cls, name: str) -> Names:
        """The same name in every language."""
        return cls(name, name, name)

    def text(self, language: str) -> str:
        """The name in `language`; the English one for a language that is not kept."""
        return {"sv": self.sv, "nb": self.nb}.get(language, self.en)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or function that messages go to.

    `email` and `teams` (an address that takes posts) are '' when absent, so is `sign_in_group`: the group whose
    members, as the organisation's sign-in names them, hold the role of this contact too.
    """

    name: str
    email: str
    teams: str
    language: str
    sign_in_group: str = ""


@dataclass(frozen=True, slots=True)
class Delegate:
    """Who takes a manager's messages in their stead, on the days of `span`."""

    contact: Contact
    span: Span = ALWAYS


@dataclass(frozen=True, slots=True)
class Organisation:
    """What belongs to a root unit: time zone (IANA name), key id of its pseudonyms, calendar, currency.

    `public_data` marks a log of public data, whose figures need no approval of their purpose and are
    labelled. `disclosure` are the rules that its figures are published under, by the day that each begins.
    `false_per_unit_year` is how many false alarms lag detection may raise of a unit in a year.
    """

    id: str
    timezone: str
    key: str
    country: str
    language: str
    currency: str
    calendar: Calendar
    programme_lead: Contact | None = None
    operations: Contact | None = None
    employee_representatives: tuple[Contact, ...] = ()
    data_protection: tuple[Contact, ...] = ()
    administrators: tuple[Contact, ...] = ()
    public_data: bool = False
    disclosure: tuple[Protection, ...] = ()
    false_per_unit_year: float = FALSE_PER_UNIT_YEAR


@dataclass(frozen=True, slots=True)
class Unit:
    """One dated version of a unit. Versions of one id never overlap; a root unit has no parent.

    `root`, `country` and `language` are filled in, inherited where the file does not say them.
    `declared_size` is the number of persons as somebody stated it, for logs without a register of persons;
    None when nobody did.
    """

    id: str
    names: Names
    parent: str | None
    root: str
    type: str = ""
    peer_group: str = ""
    country: str = ""
    language: str = "en"
    valid_from: date = BEGINNING
    valid_to: date = END
    manager: Contact | None = None
    delegate: Delegate | None = None
    declared_size: int | None = None

    @property
    def span(self) -> Span:
        """The days on which this version holds."""
        return Span(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class ReportingGroup:
    """Small sibling units that are shown as one, and the manager who gets the group's messages."""

    id: str
    names: Names
    units: tuple[str, ...]
    manager: Contact
    span: Span = ALWAYS


@dataclass(frozen=True, slots=True)
class UnitCode:
    """What a source calls a unit.

    `source` is a pattern in which `*` stands for any text, the empty one included.
    """

    source: str
    code: str
    unit: str
    span: Span = ALWAYS


ANY_PURPOSE = "*"
"""The purpose of an approval that holds for all: what the owner of a log without a registry gives."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What is in place before indicators of one purpose may be computed; '' and None where missing.

    `purpose` is the id of a purpose, or ANY_PURPOSE. `dpia` is the reference of the impact assessment,
    `consulted_on` the day of the consultation with the staff's representatives.
    """

    purpose: str
    organisation: str = ""
    legal_basis: str = ""
    dpia: str = ""
    consulted_on: date | None = None

    def missing(self, day: date) -> tuple[str, ...]:
        """What is not in place on `day`, by the words of the registry; a consultation to come is missing."""
        was_consulted = self.consulted_on is not None and self.consulted_on <= day
        in_place = {
            "legal_basis": bool(self.legal_basis),
            "dpia": bool(self.dpia),
            "consulted_on": was_consulted,
        }
        return tuple(name for name, is_there in in_place.items() if not is_there)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets a message about a unit: the contact, the unit or group that named it, and in which role.

    `role` is manager, delegate, group_manager, or inherited (a manager further up, because none is named
    nearer).
    """

    contact: Contact
    named_by: str
    role: str
