"""The guided way for lists: several files, what each is, questions that they leave open, first rows, what shows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from nytta.disclosure.published.reach import Reach, reach
from nytta.ingest.files import beginning, listed_units
from nytta.ingest.files.draft import Draft, possible
from nytta.ingest.files.draft import Question as Asked
from nytta.ingest.files.explain import Explanation
from nytta.ingest.files.kinds import CASES, LOG, STAFF, TICKETS, USE
from nytta.ingest.files.mapping_text import text
from nytta.registry.dates import END
from nytta.registry.registry import Registry
from nytta.registry.systems import Protects
from nytta.registry.units import LANGUAGES, Unit
from nytta.surfaces.console.context import Console, PageRequest
from nytta.surfaces.console.parts import Answer, Refused, Speaker
from nytta.surfaces.console.routing.intake import drafted as place_of_draft
from nytta.surfaces.console.routing.intake import imports_for, kept
from nytta.surfaces.console.routing.table import add_routes
from nytta.surfaces.console.services import CannotDo, Job

_MOST: Final = 8
"""Files that are given at once at most."""
_WAITING: Final = 20
"""Sets of lists that wait for answers at most; the oldest goes."""
_ROWS: Final = 2
"""First rows of each list that are shown."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a list: the name of its field, the word of its sentence, and what fills that."""

    name: str
    about: str
    column: str
    shown: str
    choices: tuple[tuple[str, str], ...]
    """Values with what they are called; any text where there are none."""
    answer: str


@dataclass(frozen=True, slots=True)
class ListShown:
    """One list as it will be read."""

    file: str
    kind: str
    fields: tuple[tuple[str, str], ...]
    """Column and the field that it is."""
    unread: tuple[str, ...]
    remarks: tuple[str, ...]
    questions: tuple[Question, ...]
    unknown: tuple[str, ...]
    """Units that the registry does not know."""
    mapping: str
    explanation: Explanation | None
    problem: str
    """Why it cannot be read, as a sentence in English."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be imported."""
        return not self.problem and all(question.answer for question in self.questions)


@dataclass(frozen=True, slots=True)
class Shown:
    """The page: lists before they are imported, or their jobs and what shows."""

    id: str
    lists: tuple[ListShown, ...]
    jobs: tuple[Job, ...]
    reached: tuple[Reach, ...]
    missing: tuple[str, ...]
    """Papers without which no figure is approved."""
    titles: Mapping[str, str]
    """What indicators are called."""

    @property
    def is_ready(self) -> bool:
        """Whether all lists can be imported."""
        return all(listed.is_ready for listed in self.lists)

    @property
    def is_running(self) -> bool:
        """Whether an import is under way."""
        return any(job.state == "running" for job in self.jobs)


@dataclass(slots=True)
class _List:
    place: Path
    name: str
    draft: Draft | None
    problem: str = ""
    answers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Given:
    """Lists that somebody gave, with what they answered."""

    organisation: str
    lists: list[_List]
    jobs: list[Job] = field(default_factory=list)


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    lists = _ListRoutes(console)
    add_routes(
        app,
        ("POST", "/import/lists", lists.upload),
        ("GET", "/import/lists/{id_}", lists.show),
        ("POST", "/import/lists/{id_}", lists.answer),
    )


class _ListRoutes:
    """Lists that wait for answers, by id."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._waiting: dict[str, _Given] = {}

    async def upload(self, request: Request) -> Response:
        organisation = _home(
            self._console.services.registry(), imports_for(self._console.visitor(request))
        )
        async with self._console.upload(request, _MOST) as (_, uploads):
            if not uploads:
                raise Refused(422, "no_file")
            id_ = secrets.token_urlsafe(12)
            folder = self._console.services.uploads()
            waiting = [
                await kept(file, folder, f"{id_}-{number}") for number, file in enumerate(uploads)
            ]
        lists = [
            await self._console.run_on_file(partial(_looked_at, self._console, *upload))
            for upload in waiting
        ]
        self._waiting[id_] = _Given(organisation, lists)
        while len(self._waiting) > _WAITING:
            _forget(self._waiting.pop(next(iter(self._waiting))))
        return self._console.answered(f"/import/lists/{id_}")

    def _offer_of(self, request: Request, id_: str) -> _Given:
        allowed = imports_for(self._console.visitor(request))
        offer = self._waiting.get(id_)
        if offer is None or allowed not in ("", offer.organisation):
            raise Refused(404, "no_upload")
        return offer

    async def show(self, request: Request, id_: str) -> Response:
        offer = self._offer_of(request, id_)

        def model(page_request: PageRequest) -> Answer:
            registry, language = self._console.services.registry(), page_request.visitor.language
            if not offer.jobs:
                return Answer(
                    Shown(
                        id_, tuple(_shown(self._console, registry, offer, language)), (), (), (), {}
                    )
                )
            reached = reach(
                self._console.store.connection, offer.organisation, self._console.services.lacking
            )
            missing = _missing(self._console, registry, offer.organisation)
            titles = {
                definition.id: getattr(definition.title, language)
                for definition in self._console.services.definitions()
            }
            return Answer(Shown(id_, (), tuple(offer.jobs), tuple(reached), missing, titles))

        # answers change what is shown at the same address, so nothing of it is kept
        return await self._console.page(request, "lists.html", model, keep=False, of_file=True)

    async def answer(self, request: Request, id_: str) -> Response:
        _, fields = await self._console.posted(request)
        offer = self._offer_of(request, id_)
        if not offer.jobs:
            for list_number, listing in enumerate(offer.lists):
                prefix = f"{list_number}."
                answers = {
                    field_name.removeprefix(prefix): field_text
                    for field_name, field_text in fields.items()
                    if field_name.startswith(prefix)
                }
                await self._console.run_on_file(partial(_take, self._console, listing, answers))
        if fields.get("do") == "begin" and not offer.jobs:
            await self._console.run_on_file(lambda: _begin(self._console, offer))
        return self._console.answered(f"/import/lists/{id_}")


def _home(registry: Registry, organisation: str) -> str:
    """The organisation that lists are of: the visitor's, or the first of the registry. Refused where there is none."""
    organisation_ids = [organisation_known.id for organisation_known in registry.organisations]
    if not organisation_ids:
        raise Refused(409, "no_registry")
    return organisation if organisation in organisation_ids else organisation_ids[0]


def _looked_at(console: Console, upload_path: Path, file_name: str) -> _List:
    try:
        draft = console.services.drafted(upload_path, file_name)
    except CannotDo as error:
        return _List(upload_path, file_name, None, str(error))
    return _List(upload_path, file_name, draft, beginning.problem(draft))


def _take(console: Console, listing: _List, answers: Mapping[str, str]) -> None:
    """Keep what somebody answered of a list; another kind makes another draft."""
    listing.answers |= {
        question_key: answer_text.strip()[:200] for question_key, answer_text in answers.items()
    }
    kind = answers.get("kind", "")
    if listing.draft and kind != listing.draft.kind and kind in possible(listing.draft.look):
        try:
            listing.draft = console.services.drafted_as(listing.place, listing.draft, kind)
        except CannotDo as error:
            listing.problem = str(error)
            return
        listing.problem = beginning.problem(listing.draft)


def _shown(console: Console, registry: Registry, offer: _Given, language: str) -> list[ListShown]:
    """The lists as they will be read, with what was answered so far."""
    shown_lists = []
    mapping_texts = _mappings(registry, offer)
    for list_number, listing in enumerate(offer.lists):
        draft = listing.draft
        if draft is None:
            shown_lists.append(
                ListShown(listing.name, "", (), (), (), (), (), "", None, listing.problem)
            )
            continue
        questions = _asked(registry, offer, list_number, language)
        explanation, problem = None, listing.problem
        draft_path = place_of_draft(listing.place)
        draft_path.write_text(mapping_texts[list_number], "utf-8")
        try:
            explanation = (
                console.services.preview(listing.place, str(draft_path)) if not problem else None
            )
        except CannotDo as error:
            # whoever gave the file knows it by its name, not by where it waits
            problem = str(error).replace(str(draft_path), listing.name)
        if explanation:
            # a few rows show whether columns are read right; more would be a list of persons on a page
            explanation = replace(explanation, rows=explanation.rows[:_ROWS])
        read_columns = set(draft.fields.values())
        shown_lists.append(
            ListShown(
                listing.name,
                draft.kind,
                tuple((column, role) for role, column in draft.fields.items()),
                tuple(column for column in draft.look.columns if column not in read_columns),
                draft.remarks,
                tuple(questions),
                _unknown(registry, draft, offer.organisation, console.now().date()),
                mapping_texts[list_number],
                explanation,
                problem,
            )
        )
    return shown_lists


def _asked(registry: Registry, offer: _Given, list_number: int, language: str) -> list[Question]:
    """The questions of one list, with the answers as they stand: those given, else those proposed."""
    listing, organisation = offer.lists[list_number], offer.organisation
    draft = listing.draft
    assert draft is not None
    kinds = tuple((kind, Speaker(language)(f"list_{kind}")) for kind in possible(draft.look))
    questions = [Question(f"{list_number}.kind", "kind", "", "", kinds, draft.kind)]
    for question in draft.questions:
        choices = tuple(
            (choice, _choice(question, choice, language)) for choice in question.choices
        )
        proposed = question.proposed if question.about == "case" else ""
        if question.about == "unit":
            proposed = organisation
            choices = tuple(
                (unit.id, unit.names.text(language)) for unit in _units(registry, organisation)
            )
        chosen_answer = listing.answers.get(question.about, proposed)
        question_name = f"{list_number}.{question.about}"
        questions.append(
            Question(
                question_name,
                question.about,
                question.column,
                question.shown,
                choices,
                chosen_answer,
            )
        )
    if draft.kind in (TICKETS, CASES, USE, LOG):
        systems = tuple((system.id, system.names.text(language)) for system in registry.systems)
        chosen_answer = listing.answers.get("system", _system(registry, draft))
        questions.append(
            Question(f"{list_number}.system", "system", "", "", systems, chosen_answer)
        )
        drafts = [(other.place, other.draft) for other in offer.lists if other.draft]
        if draft.kind == USE and beginning.has_untold_users(
            drafts, dict(systems).get(chosen_answer, "")
        ):
            either = tuple((word, Speaker(language)(f"answer_{word}")) for word in ("no", "yes"))
            questions.append(
                Question(
                    f"{list_number}.expected",
                    "expected",
                    "",
                    "",
                    either,
                    listing.answers.get("expected", "no"),
                )
            )
    return questions


def _choice(question: Asked, choice: str, language: str) -> str:
    """An answer in words; sorts of objects are called as the file has them."""
    return choice if question.about == "case" else Speaker(language)(f"dates_{choice}")


def _units(registry: Registry, organisation: str) -> list[Unit]:
    return [
        unit for unit in registry.units if unit.root == organisation and unit.span.valid_to == END
    ]


def _system(registry: Registry, draft: Draft) -> str:
    """The system that a list is from, where there is one such: employees ask for support, the public for cases."""
    wanted = Protects.STAFF if draft.kind == TICKETS else Protects.PUBLIC
    fitting = [system.id for system in registry.systems if system.protects is wanted]
    every = [system.id for system in registry.systems]
    return fitting[0] if len(fitting) == 1 else every[0] if len(every) == 1 else ""


def _mappings(registry: Registry, offer: _Given) -> list[str]:
    """The mapping of each list, with what was answered so far; "" for one that cannot be read."""
    zone = registry.organisation(offer.organisation).timezone
    drafts = [(listing.place, listing.draft) for listing in offer.lists if listing.draft]
    taken_names: set[str] = set()
    mapping_texts = []
    asked_lists = [
        (listing.draft, _asked(registry, offer, list_number, "en"))
        for list_number, listing in enumerate(offer.lists)
        if listing.draft
    ]
    support = [
        question.answer
        for draft, questions in asked_lists
        for question in questions
        if draft.kind == TICKETS and question.about == "system"
    ]
    expected = [
        question.answer
        for _, questions in asked_lists
        if {(question.about, question.answer) for question in questions} >= {("expected", "yes")}
        for question in questions
        if question.about == "system"
    ]
    for list_number, listing in enumerate(offer.lists):
        if listing.draft is None:
            mapping_texts.append("")
            continue
        questions = _asked(registry, offer, list_number, "en")
        mapping_name = listed_units.free(listing.draft.kind, taken_names)
        answers = {
            question.about: question.answer
            for question in questions
            if question.answer and question.about != "kind"
        }
        answers |= {"id": mapping_name, "source": f"{offer.organisation}/{mapping_name}"}
        if listing.draft.kind == STAFF and (begins := beginning.first_day(drafts)):
            answers["not_before"] = begins
        if listing.draft.kind == STAFF:
            systems = [
                (system.id, system.names.text(code))
                for system in registry.systems
                for code in LANGUAGES
            ]
            answers["system"] = beginning.system_of_access(listing.draft, systems)
            answers["support"] = " ".join(filter(None, support))
            answers["expected"] = " ".join(filter(None, expected))
        mapping_texts.append(text(listing.draft, offer.organisation, zone, answers))
    return mapping_texts


def _unknown(registry: Registry, draft: Draft, organisation: str, today: date) -> tuple[str, ...]:
    """Units of a list that no code of the registry leads to."""
    source = f"{organisation}/{draft.kind}"
    return tuple(
        code
        for code in listed_units.codes(draft)
        if registry.resolve_one(code, source, today) is None
    )


def _missing(console: Console, registry: Registry, organisation: str) -> tuple[str, ...]:
    """Papers without which nothing of the organisation is approved, by the names of the registry."""
    today = console.now().date()
    missing = [
        registry.unapproved(definition.purpose, organisation, today)
        for definition in console.services.definitions()
    ]
    return (
        tuple(dict.fromkeys(paper for papers in missing for paper in papers))
        if all(missing)
        else ()
    )


def _begin(console: Console, offer: _Given) -> None:
    """Begin the import of every list, staff first. CannotDo where one is not ready."""
    shown_lists = _shown(console, console.services.registry(), offer, "en")
    if not all(listing.is_ready for listing in shown_lists):
        return
    # staff first: persons must have a unit before tickets and cases name them
    staff_first = sorted(
        offer.lists, key=lambda listing: listing.draft is None or listing.draft.kind != STAFF
    )
    for listing in staff_first:
        mapping = str(place_of_draft(listing.place))
        offer.jobs.append(
            console.services.begin_import(listing.place, listing.name, mapping, offer.organisation)
        )


def _forget(offer: _Given) -> None:
    """Remove files that nobody went on with."""
    for listing in offer.lists if not offer.jobs else ():
        listing.place.unlink(missing_ok=True)
        place_of_draft(listing.place).unlink(missing_ok=True)
