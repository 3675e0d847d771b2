"""Builds an invented organisation from a short layout: departments, their units, sizes, managers."""

from __future__ import annotations

from dataclasses import dataclass

from nytta.demo.place import Group, Organisation, Person, Unit
from nytta.demo.randomness import stream

_FIRST = {
    "SE": "Anna Karin Maria Eva Lena Malin Sara Ulrika Jonas Per Lars Mats Erik Johan Anders Nils",
    "NO": "Ingrid Kari Anne Liv Marit Silje Tone Hilde Bjørn Ola Knut Geir Svein Tor Trond Magnus",
}
_LAST = {
    "SE": "Almström Bergvik Dahlqvist Ekhamn Forsrud Granlid Kvistberg Lundvall Mossfors Norrvik Åsgren",
    "NO": "Bakkerud Dalhaug Engvik Fjellstrand Grønnevik Haugmo Kvernberg Lyngstad Moenes Nordbotn Ødemark",
}
_COUNTRIES = {"SE": ("Europe/Stockholm", "sv", "SEK"), "NO": ("Europe/Oslo", "nb", "NOK")}


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its units as 'id: name'. Small ones (fewer than ten persons) form one reporting
    group."""

    id: str
    name: str
    large: tuple[str, ...]
    small: tuple[str, ...] = ()


def organisation(  # noqa: PLR0913 - what a story says of its organisation, by name
    seed: int,
    id: str,
    name: str,
    country: str,
    departments: tuple[Department, ...],
    *,
    type: str,
    largest: int = 30,
    managers: int = 1,
    english: tuple[str, ...] = (),
) -> Organisation:
    """The organisation; large units have 12 to `largest` persons and `managers` managers, small ones 5 to 9
    persons.

    Managers of the units in `english` get their messages in English, the others in the country's language.
    """
    timezone, language, currency = _COUNTRIES[country]

    def person(unit: str, spoken: str = language) -> Person:
        return Person(_name(seed, unit, country), f"{unit}@{id}.example", spoken)

    def large_unit(parent: str, unit_text: str) -> Unit:
        short, title = unit_text.split(": ")
        unit = f"{id}-{short}"
        spoken = "en" if short in english else language
        return Unit(
            unit,
            title,
            parent,
            "enhet",
            person(unit, spoken),
            _size(seed, unit, 12, largest),
            managers,
        )

    def small_unit(parent: str, unit_text: str, group: str, least: int) -> Unit:
        short, title = unit_text.split(": ")
        unit = f"{id}-{short}"
        return Unit(
            unit, title, parent, "enhet", person(unit), _size(seed, unit, least, 9), 1, group
        )

    units = [Unit(id, name, "", type, person(id))]
    groups = []
    group_label = "mindre enheter" if country == "SE" else "mindre enheter samlet"
    for department in departments:
        parent = f"{id}-{department.id}"
        units.append(Unit(parent, department.name, id, "avdelning", person(parent)))
        units += [large_unit(parent, unit_text) for unit_text in department.large]
        group = f"{parent}-grupp"
        # two small units need eight or nine persons each to make a group of fifteen
        least = 8 if len(department.small) < 3 else 5
        small = [small_unit(parent, unit_text, group, least) for unit_text in department.small]
        units += small
        if small:
            unit_ids = tuple(unit.id for unit in small)
            groups.append(
                Group(group, f"{department.name}, {group_label}", unit_ids, person(group))
            )
    lead, operations = person(f"{id}-programledning"), person(f"{id}-drift")
    return Organisation(
        id,
        name,
        country,
        timezone,
        language,
        currency,
        lead,
        operations,
        tuple(units),
        tuple(groups),
    )


def _size(seed: int, unit: str, least: int, most: int) -> int:
    """How many persons a unit has, between these."""
    return int(stream(seed, unit, "size").integers(least, most + 1))


def _name(seed: int, unit: str, country: str) -> str:
    """An invented name of whoever manages a unit."""
    rng = stream(seed, unit, "manager")
    given_name, family_name = (
        rng.choice(_FIRST[country].split()),
        rng.choice(_LAST[country].split()),
    )
    return f"{given_name} {family_name}"
