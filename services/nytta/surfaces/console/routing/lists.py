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
from nytta.ingest.files import beginning
from nytta.ingest.files.draft import CASES, LOG, STAFF, TICKETS, USE, Draft, drafted, possible, text
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.explain import Explanation
from nytta.registry.dates import END
from nytta.registry.registry import Registry
from nytta.registry.systems import Protects
from nytta.registry.units import Unit
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
        return all(each.is_ready for each in self.lists)

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
        async with console.upload(request, _MOST) as (_, sent):
            if not sent:
                raise Refused(422, "no_file")
            id_ = secrets.token_urlsafe(12)
            for number, file in enumerate(sent):
                places.append(await kept(file, console.services.uploads(), f"{id_}-{number}"))
        lists = [await console.run_on_file(partial(_looked_at, console, *given)) for given in places]
        waiting[id_] = _Given(organisation, lists)
        while len(waiting) > _WAITING:
            _forget(waiting.pop(next(iter(waiting))))
        return console.answered(f"/import/lists/{id_}")

    def given(request: Request, id_: str) -> _Given:
        may = imports_for(console.visitor(request))
        found = waiting.get(id_)
        if found is None or may not in ("", found.organisation):
            raise Refused(404, "no_upload")
        return found

    @app.get("/import/lists/{id_}", include_in_schema=False)
    async def show(request: Request, id_: str) -> Response:
        found = given(request, id_)

        def model(page_request: PageRequest) -> Answer:
            registry, language = console.services.registry(), page_request.visitor.language
            if not found.jobs:
                return Answer(Shown(id_, tuple(_shown(console, registry, found, language)), (), (), (), {}))
            reached = reach(console.store.connection, found.organisation)
            missing = _missing(console, registry, found.organisation)
            titles = {each.id: getattr(each.title, language) for each in console.services.definitions()}
            return Answer(Shown(id_, (), tuple(found.jobs), tuple(reached), missing, titles))

        return await console.page(request, "lists.html", model, keep=False, of_file=True)

    @app.post("/import/lists/{id_}", include_in_schema=False)
    async def answer(request: Request, id_: str) -> Response:
        _, fields = await console.posted(request)
        found = given(request, id_)
        if not found.jobs:
            for number, each in enumerate(found.lists):
                own = {name: said for name, said in fields.items() if name.startswith(f"{number}.")}
                _take(each, {name.partition(".")[2]: said for name, said in own.items()})
        if fields.get("do") == "begin" and not found.jobs:
            await console.run_on_file(lambda: _begin(console, found))
        return console.answered(f"/import/lists/{id_}")


def _home(registry: Registry, organisation: str) -> str:
    """The organisation that lists are of: the visitor's, or the first of the registry. Refused where there is none."""
    known = [each.id for each in registry.organisations]
    if not known:
        raise Refused(409, "no_registry")
    return organisation if organisation in known else known[0]


def _looked_at(console: Console, place: Path, name: str) -> _List:
    try:
        found = console.services.drafted(place, name)
    except CannotDo as error:
        return _List(place, name, None, str(error))
    return _List(place, name, found, beginning.problem(found))


def _take(each: _List, said: Mapping[str, str]) -> None:
    """Keep what somebody answered of a list; another kind makes another draft."""
    each.answers |= {key: answer.strip()[:200] for key, answer in said.items()}
    kind = said.get("kind", "")
    if each.draft and kind != each.draft.kind and kind in possible(each.draft.look):
        try:
            each.draft = drafted(each.draft.look, kind)
        except InputError as error:
            each.problem = str(error)
            return
        each.problem = beginning.problem(each.draft)


def _shown(console: Console, registry: Registry, found: _Given, language: str) -> list[ListShown]:
    """The lists as they will be read, with what was answered so far."""
    shown = []
    texts = _mappings(registry, found)
    for number, each in enumerate(found.lists):
        draft = each.draft
        if draft is None:
            shown.append(ListShown(each.name, "", (), (), (), (), (), "", None, each.problem))
            continue
        asked = _asked(registry, number, each, found.organisation, language)
        explanation, problem = None, each.problem
        place = place_of_draft(each.place)
        place.write_text(texts[number], "utf-8")
        try:
            explanation = console.services.preview(each.place, str(place)) if not problem else None
        except CannotDo as error:
            problem = str(error).replace(str(place), each.name)
        if explanation:
            explanation = replace(explanation, rows=explanation.rows[:_ROWS])
        read = set(draft.fields.values())
        shown.append(
            ListShown(
                each.name,
                draft.kind,
                tuple((column, role) for role, column in draft.fields.items()),
                tuple(column for column in draft.look.columns if column not in read),
                draft.remarks,
                tuple(asked),
                _unknown(registry, draft, found.organisation, console.now().date()),
                texts[number],
                explanation,
                problem,
            )
        )
    return shown


def _asked(registry: Registry, number: int, each: _List, organisation: str, language: str) -> list[Question]:
    """The questions of one list, with the answers as they stand: those given, else those proposed."""
    draft = each.draft
    assert draft is not None
    kinds = tuple((kind, Speaker(language)(f"list_{kind}")) for kind in possible(draft.look))
    asked = [Question(f"{number}.kind", "kind", "", "", kinds, draft.kind)]
    for question in draft.questions:
        choices = tuple((choice, Speaker(language)(f"dates_{choice}")) for choice in question.choices)
        proposed = ""
        if question.about == "unit":
            proposed = organisation
            choices = tuple((unit.id, unit.names.text(language)) for unit in _units(registry, organisation))
        said = each.answers.get(question.about, proposed)
        name = f"{number}.{question.about}"
        asked.append(Question(name, question.about, question.column, question.shown, choices, said))
    if draft.kind in (TICKETS, CASES, USE, LOG):
        systems = tuple((system.id, system.names.text(language)) for system in registry.systems)
        said = each.answers.get("system", _system(registry, draft))
        asked.append(Question(f"{number}.system", "system", "", "", systems, said))
    return asked


def _units(registry: Registry, organisation: str) -> list[Unit]:
    return [unit for unit in registry.units if unit.root == organisation and unit.span.valid_to == END]


def _system(registry: Registry, draft: Draft) -> str:
    """The system that a list is from, where there is one such: employees ask for support, the public for cases."""
    wanted = Protects.STAFF if draft.kind == TICKETS else Protects.PUBLIC
    alike = [system.id for system in registry.systems if system.protects is wanted]
    every = [system.id for system in registry.systems]
    return alike[0] if len(alike) == 1 else every[0] if len(every) == 1 else ""


def _mappings(registry: Registry, found: _Given) -> list[str]:
    """The mapping of each list, with what was answered so far; "" for one that cannot be read."""
    zone = registry.organisation(found.organisation).timezone
    drafts = [(each.place, each.draft) for each in found.lists if each.draft]
    names: set[str] = set()
    texts = []
    for number, each in enumerate(found.lists):
        if each.draft is None:
            texts.append("")
            continue
        asked = _asked(registry, number, each, found.organisation, "en")
        name = beginning.free(each.draft.kind, names)
        said = {question.about: question.answer for question in asked if question.answer and question.about != "kind"}
        said |= {"id": name, "source": f"{found.organisation}/{name}"}
        if each.draft.kind == STAFF and (first := beginning.first_day(drafts)):
            said["not_before"] = first
        texts.append(text(each.draft, found.organisation, zone, said))
    return texts


def _unknown(registry: Registry, draft: Draft, organisation: str, today: date) -> tuple[str, ...]:
    """Units of a list that no code of the registry leads to."""
    source = f"{organisation}/{draft.kind}"
    return tuple(code for code in beginning.codes(draft) if registry.resolve_one(code, source, today) is None)


def _missing(console: Console, registry: Registry, organisation: str) -> tuple[str, ...]:
    """Papers without which nothing of the organisation is approved, by the names of the registry."""
    today = console.now().date()
    missing = [registry.unapproved(d.purpose, organisation, today) for d in console.services.definitions()]
    return tuple(dict.fromkeys(paper for papers in missing for paper in papers)) if all(missing) else ()


def _begin(console: Console, found: _Given) -> None:
    """Begin the import of every list, staff first. CannotDo where one is not ready."""
    shown = _shown(console, console.services.registry(), found, "en")
    if not all(each.is_ready for each in shown):
        return
    order = sorted(found.lists, key=lambda each: each.draft is None or each.draft.kind != STAFF)
    for each in order:
        mapping = str(place_of_draft(each.place))
        found.jobs.append(console.services.begin_import(each.place, each.name, mapping, found.organisation))


def _forget(found: _Given) -> None:
    """Remove files that nobody went on with."""
    for each in found.lists if not found.jobs else ():
        each.place.unlink(missing_ok=True)
        place_of_draft(each.place).unlink(missing_ok=True)
