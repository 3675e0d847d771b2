"""A registry and mappings for somebody's first lists: what their columns say, and what nobody but a person can say."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.draft import CASES, LOG, STAFF, TICKETS, USE, Draft
from nytta.ingest.files.mapping_text import text
from nytta.registry.texts import keyed

PAPERS: Final = ("legal_basis", "dpia", "consulted_on")
"""What stands behind an approval, by the names of the registry."""
_ALIKE: Final = 0.86
_COUNTRIES: Final = {
    "SE": ("Europe/Stockholm", "sv"),
    "NO": ("Europe/Oslo", "nb"),
    "DK": ("Europe/Copenhagen", "en"),
    "FI": ("Europe/Helsinki", "sv"),
}
_DESK: Final = {"sv": "IT-support", "nb": "IT-støtte", "en": "Service desk"}
_CASES: Final = {"sv": "Ärendesystem", "nb": "Sakssystem", "en": "Case system"}
_USED: Final = {"sv": "Verksamhetssystem", "nb": "Fagsystem", "en": "Business system"}


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the lists do not say."""

    key: str
    """By which its answer is given: `name`, `order personal.csv`, `unit Kulturskolan`."""
    text: str
    proposed: str
    """The answer that is taken where none is given; "" where none can be."""
    choices: tuple[str, ...] = ()
    """Answers that are possible; any text where there are none."""


@dataclass(frozen=True, slots=True)
class _Unit:
    id: str
    name: str
    parent: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is to be written: files by their path in the folder, and each list's mapping."""

    files: Mapping[str, str]
    mappings: tuple[tuple[Path, str], ...]
    """Each list with the path of its mapping in the folder, staff first."""
    papers: tuple[str, ...]
    """The papers that nobody has named: until they are there, figures are not approved."""


def questions(lists: Sequence[tuple[Path, Draft]], answers: Mapping[str, str], today: str) -> list[Question]:
    """What is to be asked of a person, in order, given what was answered so far. `today` is proposed as a day."""
    country = answers.get("country") or _country(lists)
    language = _COUNTRIES.get(country, ("", "en"))[1]
    asked_questions = [
        Question("name", "What is the organisation called?", ""),
        Question("country", "In which country is it?", country, tuple(_COUNTRIES)),
    ]
    for path, draft in lists:
        for question in draft.questions:
            proposed = {"since": today, "unit": answers.get("name", "")}.get(question.about, question.proposed)
            asked_questions.append(
                Question(f"{question.about} {path.name}", f"{path.name}: {question.text}", proposed, question.choices)
            )
        if draft.kind in (TICKETS, CASES, USE, LOG):
            proposed = _system(draft, lists, language)
            asked_questions.append(Question(f"system {path.name}", f"{path.name}: which system is it from?", proposed))
        if draft.kind == USE and has_untold_users(lists, answers.get(f"system {path.name}", "")):
            asked_questions.append(
                Question(
                    f"expected {path.name}",
                    f"{path.name}: is everybody on the staff list expected to use that system?",
                    "no",
                    ("yes", "no"),
                )
            )
    known_units = _tree(lists, "org", answers)
    for code in _strangers(lists, known_units):
        close_names = difflib.get_close_matches(code.lower(), [unit.name.lower() for unit in known_units], 1, _ALIKE)
        bearers = [unit.name for unit in known_units if close_names and unit.name.lower() == close_names[0]]
        proposed = bearers[0] if len(bearers) == 1 else "a unit of its own"
        asked_questions.append(
            Question(
                f"unit {code}",
                f"'{code}' is in no staff list: which unit is it? A name, or 'a unit of its own'",
                proposed,
            )
        )
    asked_questions += [
        Question("legal_basis", "On which legal basis are figures made? Empty: they are stored and not shown", ""),
        Question("dpia", "Which impact assessment (DPIA) covers them? Empty: they are stored and not shown", ""),
        Question("consulted_on", "On which day were employees' representatives consulted (YYYY-MM-DD)?", ""),
    ]
    return asked_questions


def problem(draft: Draft) -> str:
    """Why a list cannot be taken in as it is, with what to do; "" where it can."""
    if set(draft.fields) & {"at", "opened", "from"} or draft.kind == STAFF:
        return ""
    if draft.kind == LOG and not {"case", "activity"} & draft.fields.keys():
        return (
            "no column says of what its rows are; give the number of each person, ticket or case a name such as "
            "'Employee number', 'Ticket number' or 'Case number', or write a mapping yourself (nytta draft begins one) "
            "and import it with that"
        )
    return (
        "no column holds dates that are written in one way, so nothing says when; export the list anew with its dates, "
        "or write a mapping yourself (nytta draft begins one) and import it with that"
    )


def begin(lists: Sequence[tuple[Path, Draft]], answers: Mapping[str, str]) -> Beginning:
    """The registry and the mappings, with every question answered but the papers, which may be missing."""
    name, country = answers["name"], answers["country"]
    root = slug(name)
    zone, language = _COUNTRIES.get(country, ("UTC", "en"))
    systems: dict[str, tuple[str, str]] = {}
    for path, draft in lists:
        if called := answers.get(f"system {path.name}"):
            systems.setdefault(slug(called), (called, draft.kind))
    staff_system = _system_of_staff(lists, systems)
    support = [slug(answers[f"system {path.name}"]) for path, draft in lists if draft.kind == TICKETS]
    expected = [
        slug(answers[f"system {path.name}"]) for path, _ in lists if answers.get(f"expected {path.name}") == "yes"
    ]
    first_date = first_day(lists)
    written: dict[str, str] = {}
    mappings: list[tuple[Path, str]] = []
    names: set[str] = set()
    for path, draft in sorted(lists, key=lambda listed: listed[1].kind != STAFF):
        mapping_id = free(slug(draft.kind if draft.kind != LOG else path.stem), names)
        answered = {
            "id": mapping_id,
            "order": answers.get(f"order {path.name}", ""),
            "since": answers.get(f"since {path.name}", ""),
            "unit": root if answers.get(f"unit {path.name}") == name else answers.get(f"unit {path.name}", ""),
            "system": slug(answers.get(f"system {path.name}", "")) or (staff_system if draft.kind == STAFF else ""),
            "not_before": first_date,
            "support": " ".join(support) if draft.kind == STAFF else "",
            "expected": " ".join(expected) if draft.kind == STAFF else "",
        }
        place = f"mappings/{mapping_id}.yaml"
        written[place] = text(draft, root, zone, {key: answer for key, answer in answered.items() if answer})
        mappings.append((path, place))
    units = [*_tree(lists, root, answers), *_own(lists, root, answers)]
    written["registry/organisation.yaml"] = "\n".join(
        _organisation(root, name, zone, country, language, units, answers)
    )
    written["registry/systems.yaml"] = "\n".join(_systems(systems, language))
    return Beginning(written, tuple(mappings), tuple(paper for paper in PAPERS if not answers.get(paper)))


def slug(name: str) -> str:
    """An id made of a name: small letters, digits and hyphens."""
    plain = name.translate(str.maketrans("åäöæøÅÄÖÆØ", "aaoaoaaoao"))
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]


def free(wished: str, taken: set[str]) -> str:
    """The id, with a number behind it where it is taken; it is taken from then on."""
    name, number = wished or "list", 2
    while name in taken:
        name, number = f"{wished}-{number}", number + 1
    taken.add(name)
    return name


def _country(lists: Sequence[tuple[Path, Draft]]) -> str:
    """The country that the names of columns and units suggest."""
    wording = " ".join(column for _, draft in lists for column in draft.look.columns).lower()
    wording += " ".join(code.lower() for _, draft in lists for code in codes(draft))
    if re.search(r"[æø]|avdeling|saks|stilling|ansatt|opprettet|enhetsnavn", wording):
        return "NO"
    if re.search(r"[äö]|avdelning|ärende|enhets|skapad|registrerad", wording):
        return "SE"
    return ""


def codes(draft: Draft) -> list[str]:
    """The units that a list names, as it writes them."""
    column = draft.fields.get("unit")
    return sorted({keyed(text) for text in cells.said(draft.look.cells(column))}) if column else []


def _system(draft: Draft, lists: Sequence[tuple[Path, Draft]], language: str) -> str:
    """The likeliest name of the system that a list is from."""
    if draft.kind == TICKETS:
        return _DESK[language]
    applications = set(cells.said(draft.look.cells(draft.fields.get("app", ""))))
    if draft.kind == USE and len(applications) == 1:
        return applications.pop()
    for _, other in lists:
        if other.kind == STAFF and (column := other.fields.get("access")):
            named = re.sub(
                r"(?i)\b(behörighet|tilgang|adgang|access|konto|account|licen[sc]e?|lisens|till?|to)\b", "", column
            )
            if named.strip(" :-()"):
                return named.strip(" :-()")
    return _USED[language] if draft.kind == USE else _CASES[language]


def _system_of_staff(lists: Sequence[tuple[Path, Draft]], systems: Mapping[str, tuple[str, str]]) -> str:
    """The system of which a staff list says who has access; "" for all systems."""
    names = [(system_id, name) for system_id, (name, _) in systems.items()]
    return next((system_id for _, draft in lists if (system_id := system_of_access(draft, names))), "")


def system_of_access(draft: Draft, names: Iterable[tuple[str, str]]) -> str:
    """The system, of ids with a name, of which a staff list says who has access; "" for all systems."""
    column = draft.fields.get("access", "") if draft.kind == STAFF else ""
    return next((system_id for system_id, name in names if column and name.lower() in column.lower()), "")


def has_untold_users(lists: Sequence[tuple[Path, Draft]], name: str) -> bool:
    """Whether there is a staff list, and none says who is to use the system of that name."""
    staff = [draft for _, draft in lists if draft.kind == STAFF]
    return bool(staff) and not any(system_of_access(draft, [(name, name)]) for draft in staff if name)


def first_day(lists: Sequence[tuple[Path, Draft]]) -> str:
    """The first day of the year in which the lists of work begin; "" where there is none.

    Staff lists go back decades, and shares of staff are of no use before anything else is known.
    """
    days = [
        day
        for _, draft in lists
        if draft.kind != STAFF
        for role in ("opened", "at")
        if (column := draft.fields.get(role))
        for notation in draft.others.get(column, draft.dates)[:1]
        for text in cells.said(draft.look.cells(column))
        if (day := cells.moment(notation, text))
    ]
    return f"{min(days).year}-01-01" if days else ""


def _tree(lists: Sequence[tuple[Path, Draft]], root: str, answers: Mapping[str, str]) -> list[_Unit]:
    """The units that staff lists name, those above first; without a staff list, those that the others name."""
    staff = [draft for _, draft in lists if draft.kind == STAFF and "unit" in draft.fields]
    above: dict[str, _Unit] = {}
    units: dict[str, _Unit] = {}
    taken_ids: set[str] = set()
    for draft in staff:
        column, name_column, above_column = (
            draft.fields.get(field, "") for field in ("unit", "unit_name", "unit_above")
        )
        for row in draft.look.rows:
            code, upper = keyed(row.get(column, "")), keyed(row.get(above_column, ""))
            name = keyed(row.get(name_column, "")) or code
            if not code or code in units:
                continue
            if upper and upper not in above and upper.lower() != name.lower():
                above[upper] = _Unit(free(f"{root}.{slug(upper)}", taken_ids), upper, root, (upper,))
            parent = above[upper].id if upper in above else root
            units[code] = _Unit(
                free(f"{root}.{slug(name)}", taken_ids), name, parent, tuple(dict.fromkeys((code, name)))
            )
    if not staff:
        for _, draft in lists:
            for code in codes(draft):
                if code.lower() not in {unit.lower() for unit in units}:
                    units[code] = _Unit(free(f"{root}.{slug(code)}", taken_ids), code, root, (code,))
    all_units = _without_shared_names([*above.values(), *units.values()])
    moved: dict[str, list[str]] = {unit.id: [] for unit in all_units}
    for code in _strangers(lists, all_units):
        answer = answers.get(f"unit {code}", "").lower()
        home = next((unit for unit in all_units if answer and answer in (unit.name.lower(), unit.id.lower())), None)
        if home:
            moved[home.id].append(code)
    return [replace(unit, codes=(*unit.codes, *moved[unit.id])) for unit in all_units]


def _without_shared_names(units: Sequence[_Unit]) -> list[_Unit]:
    """The units without the names that several have, such as "Administration": only their codes tell them apart."""
    bearers = Counter(code.lower() for unit in units for code in unit.codes)
    return [
        replace(unit, codes=(unit.codes[0], *(code for code in unit.codes[1:] if bearers[code.lower()] == 1)))
        for unit in units
    ]


def _strangers(lists: Sequence[tuple[Path, Draft]], known_units: Sequence[_Unit]) -> list[str]:
    """Codes of units in the lists that no unit has, whatever its capitals."""
    homes = {code for unit in known_units for code in unit.codes}
    return sorted({code for _, draft in lists for code in codes(draft)} - homes)


def _own(lists: Sequence[tuple[Path, Draft]], root: str, answers: Mapping[str, str]) -> list[_Unit]:
    """Units of codes that belong to no unit of the staff lists."""
    known_units = _tree(lists, root, answers)
    taken_ids = {unit.id for unit in known_units}
    return [
        _Unit(free(f"{root}.{slug(code)}", taken_ids), code, root, (code,)) for code in _strangers(lists, known_units)
    ]


def _organisation(
    root: str, name: str, zone: str, country: str, language: str, units: Sequence[_Unit], answers: Mapping[str, str]
) -> Iterator[str]:
    yield "# Written from the first lists: names, managers and dates are to be filled in as they become known."
    yield "organisations:"
    yield f"  - id: {root}"
    yield f"    names: {{{language}: {_text(name)}}}"
    yield f"    timezone: {zone}"
    yield f"    country: {country}"
    yield f"    language: {language}"
    if units:
        yield "units:"
        for unit in units:
            yield f"  - {{id: {unit.id}, name: {_text(unit.name)}, parent: {unit.parent}}}"
        yield "code_maps:"
        yield '  - source: "*"'
        yield "    codes:"
        for unit in units:
            yield from (f"      - {{code: {_text(code)}, unit: {unit.id}}}" for code in unit.codes)
    if all(answers.get(paper) for paper in PAPERS):
        yield "approvals:"
        yield '  - purpose: "*"'
        yield f"    legal_basis: {_text(answers['legal_basis'])}"
        yield f"    dpia: {_text(answers['dpia'])}"
        yield f"    consulted_on: {answers['consulted_on']}"
    yield ""


def _systems(systems: Mapping[str, tuple[str, str]], language: str) -> Iterator[str]:
    yield "systems:" if systems else "systems: []"
    for system_id, (name, kind) in systems.items():
        yield f"  - id: {system_id}"
        yield f"    names: {{{language}: {_text(name)}}}"
        if kind in (CASES, LOG):
            yield "    protects: public"
    yield ""


def _text(content: str) -> str:
    return json.dumps(content, ensure_ascii=False)
