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
from nytta.ingest.files.draft import Draft, drafted, possible
from nytta.ingest.files.draft import Question as Asked
from nytta.ingest.files.errors import InputError
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
    waiting: dict[str, _Given] = {}

    @app.post("/import/lists", include_in_schema=False)
    async def upload(request: Request) -> Response:
        organisation = _home(console.services.registry(), imports_for(console.visitor(request)))
        places: list[tuple[Path, str]] = []
        async with console.upload(request, _MOST) as (_, uploads):
            if not uploads:
                raise Refused(422, "no_file")
            id_ = secrets.token_urlsafe(12)
            for number, file in enumerate(uploads):
                places.append(await kept(file, console.services.uploads(), f"{id_}-{number}"))
        lists = [await console.run_on_file(partial(_looked_at, console, *place)) for place in places]
        waiting[id_] = _Given(organisation, lists)
        while len(waiting) > _WAITING:
            _forget(waiting.pop(next(iter(waiting))))
        return console.answered(f"/import/lists/{id_}")

    def offer_of(request: Request, id_: str) -> _Given:
        allowed = imports_for(console.visitor(request))
        offer = waiting.get(id_)
        if offer is None or allowed not in ("", offer.organisation):
            raise Refused(404, "no_upload")
        return offer

    @app.get("/import/lists/{id_}", include_in_schema=False)
    async def show(request: Request, id_: str) -> Response:
        offer = offer_of(request, id_)

        def model(page_request: PageRequest) -> Answer:
            registry, language = console.services.registry(), page_request.visitor.language
            if not offer.jobs:
                return Answer(Shown(id_, tuple(_shown(console, registry, offer, language)), (), (), (), {}))
            reached = reach(console.store.connection, offer.organisation, console.services.lacking)
            missing = _missing(console, registry, offer.organisation)
            titles = {
                definition.id: getattr(definition.title, language) for definition in console.services.definitions()
            }
            return Answer(Shown(id_, (), tuple(offer.jobs), tuple(reached), missing, titles))

        # answers change what is shown at the same address, so nothing of it is kept
        return await console.page(request, "lists.html", model, keep=False, of_file=True)

    @app.post("/import/lists/{id_}", include_in_schema=False)
    async def answer(request: Request, id_: str) -> Response:
        _, fields = await console.posted(request)
        offer = offer_of(request, id_)
        if not offer.jobs:
            for number, listing in enumerate(offer.lists):
                prefix = f"{number}."
                answers = {name.removeprefix(prefix): text for name, text in fields.items() if name.startswith(prefix)}
                _take(listing, answers)
        if fields.get("do") == "begin" and not offer.jobs:
            await console.run_on_file(lambda: _begin(console, offer))
        return console.answered(f"/import/lists/{id_}")


def _home(registry: Registry, organisation: str) -> str:
    """The organisation that lists are of: the visitor's, or the first of the registry. Refused where there is none."""
    organisation_ids = [organisation_known.id for organisation_known in registry.organisations]
    if not organisation_ids:
        raise Refused(409, "no_registry")
    return organisation if organisation in organisation_ids else organisation_ids[0]


def _looked_at(console: Console, place: Path, name: str) -> _List:
    try:
        draft = console.services.drafted(place, name)
    except CannotDo as error:
        return _List(place, name, None, str(error))
    return _List(place, name, draft, beginning.problem(draft))


def _take(listing: _List, answers: Mapping[str, str]) -> None:
    """Keep what somebody answered of a list; another kind makes another draft."""
    listing.answers |= {key: answer.strip()[:200] for key, answer in answers.items()}
    kind = answers.get("kind", "")
    if listing.draft and kind != listing.draft.kind and kind in possible(listing.draft.look):
        try:
            listing.draft = drafted(listing.draft.look, kind)
        except InputError as error:
            listing.problem = str(error)
            return
        listing.problem = beginning.problem(listing.draft)


def _shown(console: Console, registry: Registry, offer: _Given, language: str) -> list[ListShown]:
    """The lists as they will be read, with what was answered so far."""
    rows = []
    texts = _mappings(registry, offer)
    for number, listing in enumerate(offer.lists):
        draft = listing.draft
        if draft is None:
            rows.append(ListShown(listing.name, "", (), (), (), (), (), "", None, listing.problem))
            continue
        questions = _asked(registry, offer, number, language)
        explanation, problem = None, listing.problem
        place = place_of_draft(listing.place)
        place.write_text(texts[number], "utf-8")
        try:
            explanation = console.services.preview(listing.place, str(place)) if not problem else None
        except CannotDo as error:
            # whoever gave the file knows it by its name, not by where it waits
            problem = str(error).replace(str(place), listing.name)
        if explanation:
            # a few rows show whether columns are read right; more would be a list of persons on a page
            explanation = replace(explanation, rows=explanation.rows[:_ROWS])
        read = set(draft.fields.values())
        rows.append(
            ListShown(
                listing.name,
                draft.kind,
                tuple((column, role) for role, column in draft.fields.items()),
                tuple(column for column in draft.look.columns if column not in read),
                draft.remarks,
                tuple(questions),
                _unknown(registry, draft, offer.organisation, console.now().date()),
                texts[number],
                explanation,
                problem,
            )
        )
    return rows


def _asked(registry: Registry, offer: _Given, number: int, language: str) -> list[Question]:
    """The questions of one list, with the answers as they stand: those given, else those proposed."""
    listing, organisation = offer.lists[number], offer.organisation
    draft = listing.draft
    assert draft is not None
    kinds = tuple((kind, Speaker(language)(f"list_{kind}")) for kind in possible(draft.look))
    questions = [Question(f"{number}.kind", "kind", "", "", kinds, draft.kind)]
    for question in draft.questions:
        choices = tuple((choice, _choice(question, choice, language)) for choice in question.choices)
        proposed = question.proposed if question.about == "case" else ""
        if question.about == "unit":
            proposed = organisation
            choices = tuple((unit.id, unit.names.text(language)) for unit in _units(registry, organisation))
        answer = listing.answers.get(question.about, proposed)
        name = f"{number}.{question.about}"
        questions.append(Question(name, question.about, question.column, question.shown, choices, answer))
    if draft.kind in (TICKETS, CASES, USE, LOG):
        systems = tuple((system.id, system.names.text(language)) for system in registry.systems)
        answer = listing.answers.get("system", _system(registry, draft))
        questions.append(Question(f"{number}.system", "system", "", "", systems, answer))
        drafts = [(other.place, other.draft) for other in offer.lists if other.draft]
        if draft.kind == USE and beginning.has_untold_users(drafts, dict(systems).get(answer, "")):
            either = tuple((word, Speaker(language)(f"answer_{word}")) for word in ("no", "yes"))
            questions.append(
                Question(f"{number}.expected", "expected", "", "", either, listing.answers.get("expected", "no"))
            )
    return questions


def _choice(question: Asked, choice: str, language: str) -> str:
    """An answer in words; sorts of objects are called as the file has them."""
    return choice if question.about == "case" else Speaker(language)(f"dates_{choice}")


def _units(registry: Registry, organisation: str) -> list[Unit]:
    return [unit for unit in registry.units if unit.root == organisation and unit.span.valid_to == END]


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
    names: set[str] = set()
    texts = []
    asked = [
        (listing.draft, _asked(registry, offer, number, "en"))
        for number, listing in enumerate(offer.lists)
        if listing.draft
    ]
    support = [
        question.answer
        for draft, questions in asked
        for question in questions
        if draft.kind == TICKETS and question.about == "system"
    ]
    expected = [
        question.answer
        for _, questions in asked
        if {(question.about, question.answer) for question in questions} >= {("expected", "yes")}
        for question in questions
        if question.about == "system"
    ]
    for number, listing in enumerate(offer.lists):
        if listing.draft is None:
            texts.append("")
            continue
        questions = _asked(registry, offer, number, "en")
        name = listed_units.free(listing.draft.kind, names)
        answers = {
            question.about: question.answer for question in questions if question.answer and question.about != "kind"
        }
        answers |= {"id": name, "source": f"{offer.organisation}/{name}"}
        if listing.draft.kind == STAFF and (begins := beginning.first_day(drafts)):
            answers["not_before"] = begins
        if listing.draft.kind == STAFF:
            systems = [(system.id, system.names.text(code)) for system in registry.systems for code in LANGUAGES]
            answers["system"] = beginning.system_of_access(listing.draft, systems)
            answers["support"] = " ".join(filter(None, support))
            answers["expected"] = " ".join(filter(None, expected))
        texts.append(text(listing.draft, offer.organisation, zone, answers))
    return texts


def _unknown(registry: Registry, draft: Draft, organisation: str, today: date) -> tuple[str, ...]:
    """Units of a list that no code of the registry leads to."""
    source = f"{organisation}/{draft.kind}"
    return tuple(code for code in listed_units.codes(draft) if registry.resolve_one(code, source, today) is None)


def _missing(console: Console, registry: Registry, organisation: str) -> tuple[str, ...]:
    """Papers without which nothing of the organisation is approved, by the names of the registry."""
    today = console.now().date()
    missing = [
        registry.unapproved(definition.purpose, organisation, today) for definition in console.services.definitions()
    ]
    return tuple(dict.fromkeys(paper for papers in missing for paper in papers)) if all(missing) else ()


def _begin(console: Console, offer: _Given) -> None:
    """Begin the import of every list, staff first. CannotDo where one is not ready."""
    rows = _shown(console, console.services.registry(), offer, "en")
    if not all(listing.is_ready for listing in rows):
        return
    # staff first: persons must have a unit before tickets and cases name them
    order = sorted(offer.lists, key=lambda listing: listing.draft is None or listing.draft.kind != STAFF)
    for listing in order:
        mapping = str(place_of_draft(listing.place))
        offer.jobs.append(console.services.begin_import(listing.place, listing.name, mapping, offer.organisation))


def _forget(offer: _Given) -> None:
    """Remove files that nobody went on with."""
    for listing in offer.lists if not offer.jobs else ():
        listing.place.unlink(missing_ok=True)
        place_of_draft(listing.place).unlink(missing_ok=True)
