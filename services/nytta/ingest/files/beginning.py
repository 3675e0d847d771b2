"""A registry and mappings for somebody's first lists: what their columns say, and what nobody but a person can say."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from nytta.ingest.files import cells, mapping_text
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.kinds import CASES, LOG, STAFF, TICKETS, USE
from nytta.ingest.files.list_kind import is_of_devices, is_of_letters
from nytta.ingest.files.listed_units import (
    Lists,
    codes,
    free,
    listed_units,
    own_units,
    slug,
    unknown_codes,
)
from nytta.ingest.files.registry_text import (
    PAPERS,
    Organisation,
    System,
    organisation_text,
    systems_text,
)

_ALIKE: Final = 0.86
"""How like two names are, from 0 to 1, for one to be proposed for the other."""
_ACCESS_WORDS: Final = re.compile(
    r"(?i)\b(behörighet|tilgang|adgang|access|konto|account|licen[sc]e?|lisens|till?|to)\b"
)
"""Words of a column of access that name no system."""
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


_PAPER_QUESTIONS: Final = (
    Question(
        "legal_basis",
        "On which legal basis are figures made? Empty: they are stored and not shown",
        "",
    ),
    Question(
        "dpia",
        "Which impact assessment (DPIA) covers them? Empty: they are stored and not shown",
        "",
    ),
    Question(
        "consulted_on", "On which day were employees' representatives consulted (YYYY-MM-DD)?", ""
    ),
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is to be written: files by their path in the folder, and each list's mapping."""

    files: Mapping[str, str]
    mappings: tuple[tuple[Path, str], ...]
    """Each list with the path of its mapping in the folder, staff first."""
    papers: tuple[str, ...]
    """The papers that nobody has named: until they are there, figures are not approved."""


def questions(lists: Lists, answers: Mapping[str, str], today: str) -> list[Question]:
    """What is to be asked of a person, in order, given what was answered so far. `today` is proposed as a day."""
    country = answers.get("country") or _country(lists)
    language = _COUNTRIES.get(country, ("", "en"))[1]
    all_questions = [
        Question("name", "What is the organisation called?", ""),
        Question("country", "In which country is it?", country, tuple(_COUNTRIES)),
    ]
    for path, draft in lists:
        all_questions += _list_questions(path, draft, lists, answers, today, language)
    all_questions += _unit_questions(lists, answers)
    return [*all_questions, *_PAPER_QUESTIONS]


def _list_questions(
    path: Path, draft: Draft, lists: Lists, answers: Mapping[str, str], today: str, language: str
) -> Iterator[Question]:
    """What neither the columns of a list nor the other lists say."""
    proposals = {"since": today, "unit": answers.get("name", "")}
    for question in draft.questions:
        proposed = proposals.get(question.about, question.proposed)
        yield Question(
            f"{question.about} {path.name}",
            f"{path.name}: {question.text}",
            proposed,
            question.choices,
        )
    if draft.kind in (TICKETS, CASES, USE, LOG):
        proposed = _system(draft, lists, language)
        yield Question(f"system {path.name}", f"{path.name}: which system is it from?", proposed)
    # proposed is no: that all of a list are expected would be an invention
    if draft.kind == USE and has_untold_users(lists, answers.get(f"system {path.name}", "")):
        yield Question(
            f"expected {path.name}",
            f"{path.name}: is everybody on the staff list expected to use that system?",
            "no",
            ("yes", "no"),
        )


def _unit_questions(lists: Lists, answers: Mapping[str, str]) -> Iterator[Question]:
    """Which unit a code means that no staff list has; proposed is the one unit whose name is nearly the same."""
    units = listed_units(lists, "org", answers)
    unit_names = [unit.name.lower() for unit in units]
    for unit_code in unknown_codes(lists, units):
        close_names = difflib.get_close_matches(unit_code.lower(), unit_names, 1, _ALIKE)
        bearers = [unit.name for unit in units if unit.name.lower() in close_names]
        proposed = bearers[0] if len(bearers) == 1 else "a unit of its own"
        yield Question(
            f"unit {unit_code}",
            f"'{unit_code}' is in no staff list: which unit is it? A name, or 'a unit of its own'",
            proposed,
        )


def problem(draft: Draft) -> str:
    """Why a list cannot be taken in as it is, with what to do; "" where it can."""
    if draft.kind == LOG and "case" not in draft.fields and is_of_devices(draft.look.columns):
        return (
            "its rows are devices, which are no cases and nobody's use; write a mapping yourself (nytta draft begins "
            "one), with platform.enrolled on the day of enrolment and platform.heartbeat at the last contact"
        )
    if (
        draft.kind == LOG
        and "case" not in draft.fields
        and is_of_letters(draft.look, draft.look.columns)
    ):
        return "its rows are letters of a journal, of which a case has several; export a list of cases, one row a case"
    if draft.kind == LOG and "case" not in draft.fields:
        return (
            "no column says of what its rows are; give the number of each person, ticket or case a name such as "
            "'Employee number', 'Ticket number' or 'Case number', or write a mapping yourself (nytta draft begins one) "
            "and import it with that"
        )
    if set(draft.fields) & {"at", "opened", "from"} or draft.kind == STAFF:
        return ""
    if any(cells.notations(draft.look.cells(column_name)) for column_name in draft.look.columns):
        return (
            "no column is called like the day on which something came in or was done; call the right one 'Opened' or "
            "'Date', or write a mapping yourself (nytta draft begins one) and import it with that"
        )
    return (
        "no column holds dates that are written in one way, so nothing says when; export the list anew with its dates, "
        "or write a mapping yourself (nytta draft begins one) and import it with that"
    )


def begin(lists: Lists, answers: Mapping[str, str]) -> Beginning:
    """The registry and the mappings, with every question answered but the papers, which may be missing."""
    zone, language = _COUNTRIES.get(answers["country"], ("UTC", "en"))
    organisation = Organisation(
        slug(answers["name"]), answers["name"], zone, answers["country"], language
    )
    systems = _systems(lists, answers)
    units = listed_units(lists, organisation.id, answers)
    units += own_units(lists, units, organisation.id)
    files: dict[str, str] = {}
    mappings: list[tuple[Path, str]] = []
    ids: set[str] = set()
    # staff first: whoever imports the lists in this order knows persons before their acts
    for path, draft in sorted(lists, key=lambda listed: listed[1].kind != STAFF):
        mapping_id = free(slug(path.stem if draft.kind == LOG else draft.kind), ids)
        answered = {
            "id": mapping_id,
            **_answered(path, draft, lists, answers, organisation, systems),
        }
        place = f"mappings/{mapping_id}.yaml"
        given_answers = {key: answer for key, answer in answered.items() if answer}
        files[place] = mapping_text.text(draft, organisation.id, zone, given_answers)
        mappings.append((path, place))
    files["registry/organisation.yaml"] = organisation_text(organisation, units, answers)
    files["registry/systems.yaml"] = systems_text(systems, language)
    missing_papers = tuple(paper for paper in PAPERS if not answers.get(paper))
    return Beginning(files, tuple(mappings), missing_papers)


def _systems(lists: Lists, answers: Mapping[str, str]) -> list[System]:
    """The systems that lists are from; of several lists of one, the first says what it is of."""
    systems: dict[str, System] = {}
    for path, draft in lists:
        if system_name := answers.get(f"system {path.name}"):
            systems.setdefault(
                slug(system_name), System(slug(system_name), system_name, draft.kind)
            )
    return list(systems.values())


def _answered(
    path: Path,
    draft: Draft,
    lists: Lists,
    answers: Mapping[str, str],
    organisation: Organisation,
    systems: Sequence[System],
) -> dict[str, str]:
    """The answers about one list, as its mapping takes them; "" where there is none."""

    def answer(about: str, listed: Path = path) -> str:
        return answers.get(f"{about} {listed.name}", "")

    unit = answer("unit")
    of_list = {
        "order": answer("order"),
        "since": answer("since"),
        "case": answer("case"),
        "unit": organisation.id if unit == organisation.name else unit,
        "system": slug(answer("system")),
        "not_before": first_day(lists),
    }
    if draft.kind != STAFF:
        return of_list
    support = [slug(answer("system", listed)) for listed, other in lists if other.kind == TICKETS]
    expected = [
        slug(answer("system", listed)) for listed, _ in lists if answer("expected", listed) == "yes"
    ]
    return of_list | {
        "system": slug(answer("system")) or _system_of_staff(lists, systems),
        "support": " ".join(support),
        "expected": " ".join(expected),
    }


def _country(lists: Lists) -> str:
    """The country that the names of columns and units suggest."""
    wording = " ".join(
        column_name for _, draft in lists for column_name in draft.look.columns
    ).lower()
    wording += " ".join(unit_code.lower() for _, draft in lists for unit_code in codes(draft))
    if re.search(r"[æø]|avdeling|saks|stilling|ansatt|opprettet|enhetsnavn", wording):
        return "NO"
    if re.search(r"[äö]|avdelning|ärende|enhets|skapad|registrerad", wording):
        return "SE"
    return ""


def _system(draft: Draft, lists: Lists, language: str) -> str:
    """The likeliest name of the system that a list is from."""
    if draft.kind == TICKETS:
        return _DESK[language]
    applications = set(cells.filled(draft.look.cells(draft.fields.get("app", ""))))
    if draft.kind == USE and len(applications) == 1:
        return applications.pop()
    for _, other in lists:
        access_column = other.fields.get("access") if other.kind == STAFF else None
        # a column of access is called by the system: "Behörighet Lex", "Lex access"
        system_name = _ACCESS_WORDS.sub("", access_column).strip(" :-()") if access_column else ""
        if system_name:
            return system_name
    return _USED[language] if draft.kind == USE else _CASES[language]


def _system_of_staff(lists: Lists, systems: Sequence[System]) -> str:
    """The system of which a staff list says who has access; "" for all systems."""
    system_names = [(system.id, system.name) for system in systems]
    accessed = (system_of_access(draft, system_names) for _, draft in lists)
    return next(filter(None, accessed), "")


def system_of_access(draft: Draft, system_names: Iterable[tuple[str, str]]) -> str:
    """The system, of ids with a name, of which a staff list says who has access; "" for all systems."""
    access_column = draft.fields.get("access", "") if draft.kind == STAFF else ""
    return next(
        (
            system_id
            for system_id, system_name in system_names
            if access_column and system_name.lower() in access_column.lower()
        ),
        "",
    )


def has_untold_users(lists: Lists, system_name: str) -> bool:
    """Whether there is a staff list, and none says who is to use the system of that name."""
    staff = [draft for _, draft in lists if draft.kind == STAFF]
    return bool(staff) and not any(
        system_of_access(draft, [(system_name, system_name)]) for draft in staff if system_name
    )


def first_day(lists: Lists) -> str:
    """The first day of the year in which the lists of work begin; "" where there is none.

    Staff lists go back decades, and shares of staff are of no use before anything else is known.
    """
    days = [day for _, draft in lists if draft.kind != STAFF for day in _days(draft)]
    return f"{min(days).year}-01-01" if days else ""


def _days(draft: Draft) -> Iterator[datetime]:
    """The days of a list of work on which something came in or was done."""
    for role in ("opened", "at"):
        column_name = draft.fields.get(role)
        if not column_name:
            continue
        # where several notations are possible, the first is as good for the year
        for notation in draft.others.get(column_name, draft.dates)[:1]:
            for text in cells.filled(draft.look.cells(column_name)):
                if day := cells.moment(notation, text):
                    yield day
