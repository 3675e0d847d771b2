"""Commands for somebody's first lists: a drafted mapping, and a guided way to the first figures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_current_context  # type: ignore[attr-defined]

from nytta.cli.common import Data, Json, Lang, Language, commands, fail, mendable, opened, print_json, stderr
from nytta.cli.intake import say_reach
from nytta.disclosure.published.reach import reach
from nytta.ingest.files import beginning
from nytta.ingest.files import mapping as mappings
from nytta.ingest.files.beginning import Beginning, Question
from nytta.ingest.files.draft import Draft, drafted, text
from nytta.ingest.files.explain import explain
from nytta.ingest.files.looks import look
from nytta.surfaces.problems import in_language

_PAPERS = {
    "legal_basis": "a legal basis (--legal-basis)",
    "dpia": "an impact assessment (--dpia)",
    "consulted_on": "a consultation of employees' representatives (--consulted-on)",
}


_OPEN = {Language.SV: "öppet", Language.NB: "åpent", Language.EN: "open"}


@commands.command()
def draft(
    file: Annotated[Path, typer.Argument(help="A list: CSV, a workbook, JSON, XES or OCEL.")],
    organisation: Annotated[str, typer.Option(help="Root unit under which its units are looked up.")] = "organisation",
    timezone: Annotated[str, typer.Option(help="Local time of that root unit (IANA name).")] = "UTC",
    language: Lang = Language.EN,
    as_json: Json = False,
) -> None:
    """Draft a mapping for a list: decided by its cells, with a question where they do not decide."""
    with mendable():
        draft = drafted(look(file, file.name))
        written = text(draft, organisation, timezone)
    if as_json:
        questions = [
            {"about": question.about, "text": question.text, "choices": question.choices}
            for question in draft.questions
        ]
        print_json({"kind": draft.kind, "fields": dict(draft.fields), "questions": questions, "mapping": written})
        return
    sys.stdout.write(written)
    for question in draft.questions:
        stderr.print(f"{_OPEN[language]}: {in_language(question.text, language)}", style="yellow", markup=False)
    for remark in draft.remarks:
        stderr.print(in_language(remark, language), style="yellow", markup=False)


@commands.command()
def start(
    files: Annotated[list[Path], typer.Argument(help="Lists of staff, tickets, cases, use or training.")],
    organisation: Annotated[str, typer.Option(help="What the organisation is called.")] = "",
    country: Annotated[str, typer.Option(help="Its country: SE, NO, DK or FI.")] = "",
    legal_basis: Annotated[str, typer.Option(help="On what figures rest, such as 'GDPR article 6(1)(e)'.")] = "",
    dpia: Annotated[str, typer.Option(help="The impact assessment that covers them.")] = "",
    consulted_on: Annotated[str, typer.Option(help="When employees' representatives were consulted.")] = "",
    answer: Annotated[
        list[str] | None, typer.Option(help="An answer to one of its questions, as 'QUESTION=ANSWER'; may be repeated.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the answers that it proposes.")] = False,
    into: Annotated[Path, typer.Option(help="Folder for the registry and the mappings that it writes.")] = Path(
        "nytta"
    ),
    data: Data = None,
) -> None:
    """From files to the first figures: say what each list is, ask what they do not say, import, and tell what shows."""
    current_time = datetime.now(UTC)
    options = {"name": organisation, "country": country, "legal_basis": legal_basis, "dpia": dpia}
    preset = options | {"consulted_on": consulted_on} | _given(answer or [])
    with mendable():
        lists = [(path, drafted(look(path, path.name))) for path in files]
        if len({path.name for path, _ in lists}) < len(lists):
            fail("two files have the same name: rename one, for answers are given by name", code=2)
        for path, draft in lists:
            _say_kind(path, draft)
            if problem := beginning.problem(draft):
                fail(f"{path.name}: {problem}")
        answers = _answered(
            lists, {key: value for key, value in preset.items() if value}, yes, f"{current_time:%Y-%m-%d}"
        )
        begun = beginning.begin(lists, answers)
        _write(begun, into)
        for path, place in begun.mappings:
            stderr.print(str(explain(path, mappings.load(into / place), 2)), markup=False)
    with _as_answered(answers), opened(data, into / "registry") as app:
        for path, place in begun.mappings:
            report = app.intake.import_file(path, mappings.load(into / place), current_time)
            stderr.print(
                f"{path.name}: {report.read} rows, {report.accepted} accepted, {report.duplicate} known, "
                f"{report.rejected} rejected, {report.left_out} left out",
                markup=False,
            )
            for warning in report.warnings:
                stderr.print(f"  {warning}", style="yellow", markup=False)
        stderr.print("computing …")
        app.bring_up_to_date(current_time)
        reached = reach(app.open.connection)
    if begun.papers:
        missing = " and ".join(_PAPERS[paper] for paper in begun.papers)
        stderr.print(
            f"no figure is approved: {missing} must be named; Nytta invents none. Write them under `approvals` in "
            f"{into / 'registry' / 'organisation.yaml'}, and give the command again",
            style="yellow",
            markup=False,
        )
    say_reach(reached)
    stderr.print(f"the console: nytta up --registry {into / 'registry'}", markup=False)


def _given(answers: Sequence[str]) -> dict[str, str]:
    parted = [answer.partition("=") for answer in answers]
    wrong = [key for key, sign, _ in parted if not sign]
    if wrong:
        fail(f"--answer '{wrong[0]}': write QUESTION=ANSWER", code=2)
    return {key.strip(): value.strip() for key, _, value in parted}


def _say_kind(path: Path, draft: Draft) -> None:
    columns = ", ".join(f"{field}: {column}" for field, column in draft.fields.items())
    stderr.print(f"{path.name}: {len(draft.look.rows)} rows or more of {draft.kind}; {columns}", markup=False)
    for remark in draft.remarks:
        stderr.print(f"  {remark}", style="yellow", markup=False)


def _answered(
    lists: Sequence[tuple[Path, Draft]], preset: dict[str, str], accept_proposed: bool, today: str
) -> dict[str, str]:
    """The answers to all questions, one by one: a later question may rest on an earlier answer."""
    answers = dict(preset)
    settled: set[str] = set()
    while open_ := [question for question in beginning.questions(lists, answers, today) if question.key not in settled]:
        question = open_[0]
        settled.add(question.key)
        reply = answers.get(question.key, "")
        if not reply:
            reply = question.proposed if accept_proposed else _ask(question)
        if question.choices and reply and reply not in question.choices:
            fail(f"{question.text} '{reply}' is none of {', '.join(question.choices)}", code=2)
        if not reply and question.key not in beginning.PAPERS:
            fail(f"{question.text} Say it with --answer '{question.key}=…'", code=2)
        answers[question.key] = reply
    return answers


def _ask(question: Question) -> str:
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    reply: str = typer.prompt(question.text + choices, default=question.proposed, err=True)
    return reply.strip()


@contextmanager
def _as_answered(answers: dict[str, str]) -> Iterator[None]:
    """A service that runs the command in this one's place asks nobody: it gets the answers."""
    parameters = get_current_context().params
    parameters["yes"] = True
    parameters["answer"] = [f"{key}={value}" for key, value in answers.items() if value]
    yield


def _write(begun: Beginning, into: Path) -> None:
    """The files, none of them over one that says something else."""
    places = {into / name: content for name, content in begun.files.items()}
    differing = [path for path, content in places.items() if path.exists() and path.read_text("utf-8") != content]
    if differing:
        fail(f"{differing[0]} is there and says something else: import with it, or name another folder with --into")
    for path, content in places.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
