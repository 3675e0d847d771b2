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

from nytta.cli.common import (
    Data,
    Json,
    Lang,
    Language,
    commands,
    fail,
    mendable,
    opened,
    print_json,
    stderr,
)
from nytta.cli.intake import say_reach
from nytta.cli.words import say
from nytta.disclosure.published.reach import reach
from nytta.indicators.store.supports import lacking
from nytta.ingest.files import beginning
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.beginning import Beginning, Question
from nytta.ingest.files.draft import Draft, drafted_file
from nytta.ingest.files.explain import explain
from nytta.ingest.files.mapping_text import text, unread
from nytta.ingest.files.registry_text import PAPERS
from nytta.ingest.intake import ImportReport
from nytta.surfaces.problems import in_language

_WORDS = {"day-first": "day first", "month-first": "month first", "year-first": "year first"}
"""Answers that are no names, as sentences have them."""
_OPEN = {Language.SV: "öppet", Language.NB: "åpent", Language.EN: "open"}


@commands.command()
def draft(
    file: Annotated[Path, typer.Argument(help="A list: CSV, a workbook, JSON, XES or OCEL.")],
    language: Lang,
    organisation: Annotated[
        str, typer.Option(help="Root unit under which its units are looked up.")
    ] = "organisation",
    timezone: Annotated[
        str, typer.Option(help="Local time of that root unit (IANA name).")
    ] = "UTC",
    as_json: Json = False,
) -> None:
    """Draft a mapping for a list: decided by its cells, with a question where they do not decide."""
    with mendable(language):
        draft = drafted_file(file, file.name)
        mapping_text = text(draft, organisation, timezone)
    if as_json:
        questions = [
            {"about": question.about, "text": question.text, "choices": question.choices}
            for question in draft.questions
        ]
        print_json(
            {
                "kind": draft.kind,
                "fields": dict(draft.fields),
                "questions": questions,
                "mapping": mapping_text,
            }
        )
        return
    sys.stdout.write(mapping_text)
    for question in draft.questions:
        stderr.print(
            f"{_OPEN[language]}: {in_language(question.text, language)}",
            style="yellow",
            markup=False,
        )
    for remark in draft.remarks:
        stderr.print(in_language(remark, language), style="yellow", markup=False)


@commands.command()
def start(
    files: Annotated[
        list[Path], typer.Argument(help="Lists of staff, tickets, cases, use or training.")
    ],
    language: Lang,
    organisation: Annotated[str, typer.Option(help="What the organisation is called.")] = "",
    country: Annotated[str, typer.Option(help="Its country: SE, NO, DK or FI.")] = "",
    legal_basis: Annotated[
        str, typer.Option(help="On what figures rest, such as 'GDPR article 6(1)(e)'.")
    ] = "",
    dpia: Annotated[str, typer.Option(help="The impact assessment that covers them.")] = "",
    consulted_on: Annotated[
        str, typer.Option(help="When employees' representatives were consulted.")
    ] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(
            help="An answer to one of its questions, as 'QUESTION=ANSWER'; may be repeated."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: take the answers that it proposes.")
    ] = False,
    into: Annotated[
        Path, typer.Option(help="Folder for the registry and the mappings that it writes.")
    ] = Path("nytta"),
    data_folder: Data = None,
) -> None:
    """From files to the first figures: say what each list is, ask what they do not say, import, and tell what shows."""
    current_time = datetime.now(UTC)
    options = {"name": organisation, "country": country, "legal_basis": legal_basis, "dpia": dpia}
    preset = options | {"consulted_on": consulted_on} | _answers(answer or [])
    with mendable(language):
        lists = _drafted(files, language)
        preset_answers = {key: option_value for key, option_value in preset.items() if option_value}
        answers = _answered(lists, preset_answers, yes, f"{current_time:%Y-%m-%d}", language)
        begun = beginning.begin(lists, answers)
        _write(begun, into, language)
        for path, mapping_path in begun.mappings:
            explanation = explain(path, mappings.load(into / mapping_path), 2)
            stderr.print(
                explanation.text(lambda sentence: in_language(sentence, language)), markup=False
            )
    with (
        _as_answered(answers, language),
        opened(data_folder, into / "registry", language) as installation,
    ):
        for path, mapping_path in begun.mappings:
            report = installation.intake.import_file(
                path, mappings.load(into / mapping_path), current_time
            )
            _say_import(path, report, language)
        stderr.print(say("computing", language))
        installation.bring_up_to_date(current_time)
        reached = reach(
            installation.open.connection,
            lacking=lambda: lacking(installation.private, installation.definitions),
        )
    if begun.papers:
        *others, last = (say(f"paper_{paper}", language) for paper in begun.papers)
        missing = say("and", language).join([", ".join(others), last]) if others else last
        approvals = into / "registry" / "organisation.yaml"
        stderr.print(
            say("not_approved", language, papers=missing, file=approvals),
            style="yellow",
            markup=False,
        )
    else:
        say_reach(reached, language)
    stderr.print(say("console", language, folder=into / "registry"), markup=False)


def _drafted(files: Sequence[Path], language: Language) -> list[tuple[Path, Draft]]:
    """The lists with what each looks like, which is said. Ends the command where one cannot begin anything."""
    lists = [(path, drafted_file(path, path.name)) for path in files]
    # questions and their answers are known by the name of the file
    if len({path.name for path, _ in lists}) < len(lists):
        fail(say("same_name", language), code=2)
    for path, draft in lists:
        _say_kind(path, draft, language)
        if problem := beginning.problem(draft):
            fail(f"{path.name}: {in_language(problem, language)}")
    return lists


def _answers(answers: Sequence[str]) -> dict[str, str]:
    """The options `--answer`, by question."""
    parted = [answer.partition("=") for answer in answers]
    wrong = [key for key, sign, _ in parted if not sign]
    if wrong:
        fail(f"--answer '{wrong[0]}': write QUESTION=ANSWER", code=2)
    return {key.strip(): option_value.strip() for key, _, option_value in parted}


def _say_kind(path: Path, draft: Draft, language: Language) -> None:
    not_read = unread(draft)
    fields = {role: column for role, column in draft.fields.items() if column not in not_read}
    columns = [f"{say(f'column_{role}', language)}: {column}" for role, column in fields.items()]
    rows, kind = len(draft.look.rows), say(f"kind_{draft.kind}", language)
    line = say(
        "looks_like", language, file=path.name, kind=kind, rows=rows, columns=", ".join(columns)
    )
    stderr.print(line, markup=False)
    for remark in draft.remarks:
        stderr.print(f"  {in_language(remark, language)}", style="yellow", markup=False)


def _say_import(path: Path, report: ImportReport, language: Language) -> None:
    counts = {"read": report.read, "accepted": report.accepted, "known": report.duplicate}
    counts |= {"rejected": report.rejected, "left_out": report.left_out}
    stderr.print(say("imported", language, file=path.name, **counts), markup=False)
    for warning in report.warnings:
        stderr.print(f"  {in_language(warning, language)}", style="yellow", markup=False)


def _answered(
    lists: Sequence[tuple[Path, Draft]],
    preset: dict[str, str],
    accept_proposed: bool,
    today: str,
    language: Language,
) -> dict[str, str]:
    """The answers to all questions, one by one: a later question may rest on an earlier answer."""
    answers = dict(preset)
    settled: set[str] = set()
    while open_ := [
        question
        for question in beginning.questions(lists, answers, today)
        if question.key not in settled
    ]:
        question = open_[0]
        settled.add(question.key)
        reply = answers.get(question.key, "")
        if not reply:
            reply = question.proposed if accept_proposed else _ask(question, language)
        question_text = in_language(question.text, language)
        if question.choices and reply and reply not in question.choices:
            choices = ", ".join(question.choices)
            fail(
                say("wrong_choice", language, question=question_text, reply=reply, choices=choices),
                code=2,
            )
        if not reply and question.key not in PAPERS:
            fail(say("no_reply", language, question=question_text, key=question.key), code=2)
        answers[question.key] = reply
    return answers


def _ask(question: Question, language: Language) -> str:
    """The reply of a person, who may choose by the words of their language."""
    by_words = {_choice(choice, language): choice for choice in question.choices}
    choices = f" ({', '.join(by_words)})" if by_words else ""
    asked = in_language(question.text, language) + choices
    reply: str = typer.prompt(asked, default=_choice(question.proposed, language), err=True)
    return by_words.get(reply.strip(), reply.strip())


def _choice(choice: str, language: Language) -> str:
    """An answer in the words of a language; names stay as they are."""
    return (
        in_language(_WORDS.get(choice, choice), language) if language is not Language.EN else choice
    )


@contextmanager
def _as_answered(answers: dict[str, str], language: Language) -> Iterator[None]:
    """A service that runs the command in this one's place asks nobody: it gets the answers."""
    context = get_current_context()
    replies = [f"{key}={option_value}" for key, option_value in answers.items() if option_value]
    # only what a command line gave is handed on, so these count as given by the one that gave the files
    command_line = context.get_parameter_source("files")
    assert command_line is not None  # there is no command without files
    for name, option_value in (("yes", True), ("answer", replies), ("language", language)):
        context.params[name] = option_value
        context.set_parameter_source(name, command_line)
    yield


def _write(begun: Beginning, into: Path, language: Language) -> None:
    """The files, none of them over one that says something else."""
    contents_by_path = {into / name: file_content for name, file_content in begun.files.items()}
    # a second start after corrections by hand must not undo them
    differing = [
        path
        for path, file_content in contents_by_path.items()
        if path.exists() and path.read_text("utf-8") != file_content
    ]
    if differing:
        fail(say("differs", language, file=differing[0]))
    for path, file_content in contents_by_path.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file_content, "utf-8")
