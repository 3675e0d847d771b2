"""What is collected, why, for how long, and who sees it: from the event models, the registry and the rules as they are.

A core: texts, registry and definitions are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any

from nytta.indicators.definition import Definition, Protects, Texts
from nytta.ingest.events.fields import PSEUDONYMISED
from nytta.ingest.events.models import TYPES, Data
from nytta.registry.dates import BEGINNING
from nytta.registry.protection import Protection
from nytta.registry.registry import Registry
from nytta.registry.retention import KEPT, Rule
from nytta.registry.roles import Permission, Role, matrix
from nytta.registry.systems import System
from nytta.registry.units import Organisation

Translations = Mapping[str, Mapping[str, str]]
"""English text → language → text."""

_KEPT = {
    Rule.PERSONS: "Acts, eligibility, presence and training of persons, and who handled a case or ticket: "
    "26 weeks after receipt.",
    Rule.CASES: "Cases, tickets and workplaces, without persons: five years after the last event.",
    Rule.REJECTS: "Refused input, encrypted: 14 days.",
    Rule.KEYS: "Keys of persons' pseudonyms: destroyed after 46 weeks.",
    Rule.ACCESS_LOG: "Who read figures of which unit: twelve months.",
}
_PROGRAMME = "Facts of the programme, without persons: as long as the programme is followed."
_SIGN_IN = (
    "Whoever signs in: the e-mail address and groups are kept while they are signed in, twelve hours at most. Which "
    "account of the organisation's sign-in an address belongs to is kept, encoded, with the day of the first time, "
    "until an administrator releases it: so a role does not pass to whoever gets the address next."
)
_ROLES = {
    Role.OPERATIONS: "IT operations",
    Role.MANAGER: "Manager of a unit, and delegate",
    Role.PROGRAMME_LEAD: "Programme lead",
    Role.EMPLOYEE_REPRESENTATIVE: "Employee representative",
    Role.DPO: "Data protection officer",
    Role.ADMINISTRATOR: "Administrator",
}
_CLASSES = {
    Protects.CITIZEN: "Who turned to the body, and how: shown of {k} cases and more, of sensitive case types from "
    "{k_sensitive}; counts are changed by up to {most}.",
    Protects.HANDLING: "How work was done: shown of {k} cases and more that {persons} persons or more handled, none "
    "with more than {share} percent of them; counts are changed by up to {most}.",
    Protects.STAFF: "What employees are or do: shown of {k} persons and more, of smaller units together with their "
    "reporting group; counts are changed by up to {most}.",
    Protects.OFFICIAL_ACT: "What the body itself decided or delivered: always shown.",
}
_CHANGED = (
    "Figures are changed a little so that nobody can be worked out from them, and sums may differ. What is told "
    "twice of the same cases or persons is changed alike both times, but each month anew where it is told once a "
    "month. Cases that come late change a figure from three on, and single case types are told of windows alone. "
    "Where too few stand behind a figure, it reads the same whether there are none or a few."
)
_WHAT = {
    Permission.PLATFORM: "Sources and their state; nothing about units",
    Permission.FIGURES: "Figures of the unit and of units below it, as far as its rules show them",
    Permission.PEER_BAND: "The anonymous band of similar units",
    Permission.ACT: "Answers to messages about the unit",
    Permission.PROGRAMME: "Benefits, decisions and reports",
    Permission.TRANSPARENCY: "This page",
    Permission.ACCESS_LOG: "Who read figures of which unit",
    Permission.DISPOSALS: "What was disposed of",
    Permission.PRIVATE: "Exact figures, by commands that are logged",
    Permission.IMPORT: "Import of the organisation's files",
    Permission.MAINTAIN: "Keys, erasures and disposals",
}
_PERSON_KINDS = {"session", "eligibility", "presence", "training"}
_CASE_KINDS = {"case", "ticket", "client"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event: its meaning, whether it must be there, and whether it is made a pseudonym."""

    name: str
    meaning: str
    required: bool
    pseudonym: bool


@dataclass(frozen=True, slots=True)
class Collected:
    """One type of event: what it tells, its fields, how long it is kept, and from which sources it came."""

    event: str
    meaning: str
    person: bool
    kept: tuple[str, ...]
    fields: tuple[Field, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A system that is asked: the fields that are fetched from it, and those beside them that are not."""

    source: str
    kind: str
    fetched: tuple[str, ...]
    not_fetched: tuple[str, ...]


def texts_needed() -> list[str]:
    """Every English text that a page shows, in order, each once."""
    model_texts = [
        text for model in TYPES.values() for text in (_about(model), *_meanings(model).values())
    ]
    return list(
        dict.fromkeys(
            [
                *model_texts,
                *_KEPT.values(),
                _PROGRAMME,
                _SIGN_IN,
                *_ROLES.values(),
                *_WHAT.values(),
                *_CLASSES.values(),
                _CHANGED,
            ]
        )
    )


def page(
    language: str,
    registry: Registry,
    definitions: Sequence[Definition],
    purposes: Mapping[str, Texts],
    translations: Translations,
    day: date,
    sources: Mapping[str, Sequence[str]] | None = None,
    asked_sources: Sequence[Asked] = (),
) -> dict[str, Any]:
    """The page in `language` (sv, nb or en) as plain JSON, as things stand on `day`.

    `sources` tells which event types came from which source, `asked_sources` which fields of it are fetched.
    KeyError for a text without a translation.
    """

    def say(text: str) -> str:
        return text if language == "en" else translations[text][language]

    return {
        "language": language,
        "collected": _all_collected(sources or {}, say),
        "asked": [asdict(source) for source in asked_sources],
        "systems": [_processed(system, registry, language, day) for system in registry.systems],
        "purposes": [
            _purpose(purpose, purposes, definitions, registry, language, day)
            for purpose in purposes
        ],
        "kept": [_retention(rule, registry, say) for rule in KEPT],
        "shown": {
            "text": say(_CHANGED),
            "organisations": [
                _disclosure(organisation, say) for organisation in registry.organisations
            ],
        },
        "sign_in": say(_SIGN_IN),
        "seen_by": [_seen_by(role, permissions, say) for role, permissions in matrix().items()],
    }


def _all_collected(
    sources: Mapping[str, Sequence[str]], say: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Every type of event, whether any source tells of it or none."""
    sources_by_type: dict[str, list[str]] = {}
    for source, types in sorted(sources.items()):
        for type_name in types:
            sources_by_type.setdefault(type_name, []).append(source)
    return [asdict(_collected(model, say, sources_by_type)) for model in TYPES.values()]


def _processed(system: System, registry: Registry, language: str, day: date) -> dict[str, Any]:
    """Whether a system's events are processed on `day`, and when they were not."""
    return {
        "system": system.id,
        "name": system.names.text(language),
        "processed": registry.processes(system.id, day),
        "stops": [
            {"from": str(span.valid_from), "until": str(span.valid_to)} for span in system.stops
        ],
    }


def _purpose(
    purpose: str,
    purposes: Mapping[str, Texts],
    definitions: Sequence[Definition],
    registry: Registry,
    language: str,
    day: date,
) -> dict[str, Any]:
    """What a purpose is, which indicators serve it, and whether each organisation approved it."""
    indicators = [
        {
            "indicator": definition.id,
            "version": definition.version,
            "question": getattr(definition.question, language),
        }
        for definition in definitions
        if definition.purpose == purpose
    ]
    return {
        "purpose": purpose,
        "text": getattr(purposes[purpose], language),
        "indicators": indicators,
        "organisations": [
            _approval(registry, purpose, organisation.id, day)
            for organisation in registry.organisations
        ],
    }


def _retention(rule: Rule, registry: Registry, say: Callable[[str], str]) -> dict[str, Any]:
    """How long a rule keeps what it is about, and by which decisions organisations dispose of it."""
    # an organisation that has decided nothing disposes of nothing
    decisions = {
        organisation.id: disposal.decision
        for organisation in registry.organisations
        if (disposal := registry.disposal(rule, organisation.id))
    }
    return {
        "rule": rule.value,
        "text": say(_KEPT[rule]),
        "days": KEPT[rule].days,
        "decisions": decisions,
    }


def _disclosure(organisation: Organisation, say: Callable[[str], str]) -> dict[str, Any]:
    """The rules by which figures of an organisation are shown; those that hold without any where it has set none."""
    rules = organisation.disclosure or (Protection(),)
    return {"organisation": organisation.id, "rules": [_rules(version, say) for version in rules]}


def _seen_by(
    role: Role, permissions: Mapping[Permission, bool], say: Callable[[str], str]
) -> dict[str, Any]:
    return {
        "role": role.value,
        "name": say(_ROLES[role]),
        "sees": [
            say(_WHAT[permission]) for permission, is_allowed in permissions.items() if is_allowed
        ],
    }


def _rules(rules: Protection, say: Callable[[str], str]) -> dict[str, Any]:
    """Who must stand behind a figure, in words, since when and by which decision."""
    figures = {
        Protects.CITIZEN: {
            "k": rules.citizen.k,
            "k_sensitive": rules.citizen.k_sensitive,
            "most": rules.citizen.noise.most,
        },
        Protects.HANDLING: {
            "k": rules.handling.k,
            "persons": rules.handling.persons,
            "share": round(100 * rules.handling.most_by_one),
            "most": rules.handling.noise.most,
        },
        Protects.STAFF: {"k": rules.staff.k, "most": rules.staff.noise.most},
        Protects.OFFICIAL_ACT: {},
    }
    return {
        "reference": rules.reference,
        "from": "" if rules.valid_from == BEGINNING else str(rules.valid_from),
        "classes": [
            say(_CLASSES[protects]).format(**numbers) for protects, numbers in figures.items()
        ],
    }


def _collected(
    model: type[Data], say: Any, sources_by_name: Mapping[str, Sequence[str]]
) -> Collected:
    meanings = _meanings(model)
    fields = tuple(
        Field(
            field_name,
            say(meanings[field_name]),
            field_info.is_required(),
            _is_pseudonym(model, field_name),
        )
        for field_name, field_info in model.model_fields.items()
    )
    person = model.kind in _PERSON_KINDS or "actor" in model.model_fields
    # a case's event loses its handler first and stands without one until the case itself goes
    rules = [Rule.PERSONS] * person + [Rule.CASES] * (model.kind in _CASE_KINDS)
    # of the programme's facts only who caused one is disposed of
    of_programme = model.kind not in _PERSON_KINDS | _CASE_KINDS
    retention_texts = (
        *(say(_KEPT[rule]) for rule in rules),
        *([say(_PROGRAMME)] if of_programme else []),
    )
    return Collected(
        model.type_name(),
        say(_about(model)),
        person,
        retention_texts,
        fields,
        tuple(sources_by_name.get(model.name, ())),
    )


def _about(model: type[Data]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def _meanings(model: type[Data]) -> dict[str, str]:
    return {
        field_name: " ".join((field_info.description or "").split())
        for field_name, field_info in model.model_fields.items()
    }


def _is_pseudonym(model: type[Data], name: str) -> bool:
    return PSEUDONYMISED in str(_properties(model)[name])


@cache
def _properties(model: type[Data]) -> Mapping[str, Any]:
    """The fields of a model in its JSON Schema."""
    properties: dict[str, Any] = model.model_json_schema()["properties"]
    return properties


def _approval(registry: Registry, purpose: str, root: str, day: date) -> dict[str, Any]:
    approval = registry.approval(purpose, root)
    return {
        "organisation": root,
        "public_data": registry.organisation(root).public_data,
        "legal_basis": approval.legal_basis,
        "dpia": approval.dpia,
        "consulted_on": approval.consulted_on and str(approval.consulted_on),
        "missing": list(registry.unapproved(purpose, root, day)),
    }
