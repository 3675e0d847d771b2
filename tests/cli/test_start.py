"""From files to the first figures in one command: what is asked, what is written, and what is never invented."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from string import Formatter

import pytest
import yaml
from typer import Exit
from typer.main import get_current_context  # type: ignore[attr-defined]
from typer.testing import CliRunner

from nytta.cli import start, words
from nytta.cli.common import commands
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.beginning import begin, questions
from nytta.ingest.files.column_names import names_of_fields
from nytta.ingest.files.draft import Draft, drafted
from nytta.ingest.files.explain import explain
from nytta.ingest.files.listed_units import slug
from nytta.ingest.files.looks import look
from nytta.ingest.files.registry_text import PAPERS
from nytta.registry.load import load
from nytta.service import command_client
from nytta.surfaces import console
from tests.support.commands import answer, nytta

NAMES = ("personal_2026-11.csv", "arenden_itsm.csv", "arendelista.csv")
DAY = "2026-11-29"


@pytest.fixture
def lists(shared_data: Path) -> list[tuple[Path, Draft]]:
    """The three lists of a municipality, looked at."""
    return [(path, drafted(look(path, path.name))) for path in (shared_data / "lists" / name for name in NAMES)]


def proposed(lists: list[tuple[Path, Draft]], **given: str) -> dict[str, str]:
    """The answers that are proposed, beside those given."""
    answers = dict(given)
    for question in questions(lists, answers, DAY):
        answers.setdefault(question.key, question.proposed)
    return answers


def test_only_what_the_lists_do_not_say_is_asked(lists: list[tuple[Path, Draft]]) -> None:
    asked = questions(lists, {}, DAY)
    assert [question.key for question in asked] == [
        "name",
        "country",
        "system arenden_itsm.csv",
        "system arendelista.csv",
        *PAPERS,
    ]
    assert {q.key: q.proposed for q in asked if q.proposed} == {
        "country": "SE",
        "system arenden_itsm.csv": "IT-support",
        "system arendelista.csv": "Ärendeflöde",
    }


def test_what_is_written_is_an_ordinary_registry_with_ordinary_mappings(
    lists: list[tuple[Path, Draft]], tmp_path: Path
) -> None:
    begun = begin(lists, proposed(lists, name="Björkviks kommun"))
    for name, said in begun.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(said, "utf-8")
    loaded = load(tmp_path / "registry")
    assert loaded.registry is not None, loaded.problems
    assert {unit.id for unit in loaded.registry.units} >= {"bjorkviks-kommun.bygglovsenheten"}
    for code in ("4110", "Bygglovsenheten"):
        assert loaded.registry.resolve_one(code, "tickets", date(2026, 11, 1)) == "bjorkviks-kommun.bygglovsenheten"
    for path, place in begun.mappings:
        assert not [p for row in explain(path, mappings.load(tmp_path / place)).rows for p in row.problems]


def test_a_paper_that_nobody_named_is_not_invented(lists: list[tuple[Path, Draft]]) -> None:
    papers = {"legal_basis": "GDPR 6.1 e", "dpia": "DPIA 1", "consulted_on": "2026-05-01"}
    whole = begin(lists, proposed(lists, name="X", **papers))
    assert whole.papers == ()
    assert yaml.safe_load(whole.files["registry/organisation.yaml"])["approvals"][0]["dpia"] == "DPIA 1"
    for missing in PAPERS:
        begun = begin(lists, proposed(lists, name="X", **{k: v for k, v in papers.items() if k != missing}))
        assert begun.papers == (missing,)
        assert "approvals" not in yaml.safe_load(begun.files["registry/organisation.yaml"])


def listed(folder: Path, name: str, text: str) -> tuple[Path, Draft]:
    path = folder / name
    path.write_text(text, "utf-8")
    return path, drafted(look(path, name))


def test_the_tree_comes_from_the_staff_list_and_other_codes_are_matched_by_name(tmp_path: Path) -> None:
    staff = listed(
        tmp_path,
        "ansatte.csv",
        "Ansattnummer;Avdelingskode;Avdeling;Sektor;Stilling;Ansatt fra\n"
        "1;310;Byggesak;Plan;Rådgiver;01.08.2024\n2;320;Miljø;Plan;Enhetsleder;15.08.2024\n3;410;Skole;Oppvekst;Lærer;31.01.2020\n",
    )
    tickets = listed(
        tmp_path,
        "saker.csv",
        "Ticket ID,Opened,Department,Source,Group\n"
        "1,2026-03-02 10:00,byggesak,Phone,A\n2,2026-03-03 10:00,Kulturskolen,Email,A\n",
    )
    lists = [staff, tickets]
    keys = {question.key: question for question in questions(lists, {}, DAY)}
    assert keys["country"].proposed == "NO"
    assert keys["unit byggesak"].proposed == "Byggesak"
    assert keys["unit Kulturskolen"].proposed == "a unit of its own"
    written = yaml.safe_load(begin(lists, proposed(lists, name="Lia")).files["registry/organisation.yaml"])
    tree = {unit["id"]: unit["parent"] for unit in written["units"]}
    assert tree == {
        "lia.plan": "lia",
        "lia.oppvekst": "lia",
        "lia.byggesak": "lia.plan",
        "lia.miljo": "lia.plan",
        "lia.skole": "lia.oppvekst",
        "lia.kulturskolen": "lia",
    }
    codes = {each["code"]: each["unit"] for each in written["code_maps"][0]["codes"]}
    assert (codes["310"], codes["byggesak"], codes["Kulturskolen"]) == (
        "lia.byggesak",
        "lia.byggesak",
        "lia.kulturskolen",
    )


def test_a_name_that_several_units_have_is_the_code_of_none(tmp_path: Path) -> None:
    staff = listed(
        tmp_path,
        "ansatte.csv",
        "Ansattnummer;Avdelingskode;Avdeling;Sektor;Stilling;Ansatt fra\n"
        "1;310;Administrasjon;Plan;Rådgiver;01.08.2024\n2;320;Administrasjon;Oppvekst;Enhetsleder;15.08.2024\n"
        "3;410;Skole;Oppvekst;Lærer;31.01.2020\n",
    )
    cases = listed(
        tmp_path,
        "saker.csv",
        "Saksnr;Sakstype;Mottatt;Ansvarlig enhet\n1;Klage;02.03.2026;Administrasjon\n2;Klage;13.03.2026;Skole\n",
    )
    lists = [staff, cases]
    # nobody knows which of the two it is: a person may say, by the unit's id
    asked = {question.key: question.proposed for question in questions(lists, {}, DAY)}
    assert asked["unit Administrasjon"] == "a unit of its own"
    begun = begin(lists, proposed(lists, name="Lia", **{"unit Administrasjon": "lia.administrasjon-2"}))
    for name, said in begun.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(said, "utf-8")
    loaded = load(tmp_path / "registry")
    assert loaded.registry is not None, loaded.problems
    for code, unit in (("310", "administrasjon"), ("320", "administrasjon-2"), ("Administrasjon", "administrasjon-2")):
        assert loaded.registry.resolve_one(code, "cases", date(2026, 11, 1)) == f"lia.{unit}"


def test_who_is_to_use_a_system_is_asked_and_never_taken_for_granted(tmp_path: Path) -> None:
    staff = listed(tmp_path, "staff.csv", "Employee ID;Department;Job title;Hire date\n1;A;Head;2020-01-31\n")
    use = listed(tmp_path, "signins.csv", "Username;Application;Logged in\n1;Payroll;2026-03-31 08:00\n")
    asked = {question.key: question.proposed for question in questions([staff, use], {}, DAY)}
    assert (asked["system signins.csv"], asked["expected signins.csv"]) == ("Payroll", "no")
    for said, systems in (("no", []), ("yes", ["payroll"])):
        answers = proposed([staff, use], name="Town", country="SE", **{"expected signins.csv": said})
        written = yaml.safe_load(begin([staff, use], answers).files["mappings/staff.yaml"])
        assert [event["system"]["constant"] for event in written["events"] if "system" in event] == systems
    # a list that says who has access says who is to use it, and a list of use alone has nobody to ask about
    access = listed(tmp_path, "access.csv", "Employee ID;Department;Hire date;Access Payroll\n1;A;2020-01-31;Yes\n")
    for lists in ([access, use], [use]):
        assert "expected signins.csv" not in [q.key for q in questions(lists, {"system signins.csv": "Payroll"}, DAY)]


def test_a_list_without_days_of_employment_asks_since_when(tmp_path: Path) -> None:
    staff = listed(tmp_path, "staff.csv", "Employee ID,Department,Job title,FTE\n1,A,Head,1.0\n2,B,Officer,0.8\n")
    asked = {question.key: question.proposed for question in questions([staff], {}, DAY)}
    assert asked["since staff.csv"] == DAY
    begun = begin([staff], proposed([staff], name="Town", country="SE"))
    (tmp_path / "m.yaml").write_text(begun.files["mappings/staff.yaml"], "utf-8")
    rows = explain(staff[0], mappings.load(tmp_path / "m.yaml")).rows
    assert not any(row.problems for row in rows)
    assert {shown.value for row in rows for shown in row.events[0].fields if shown.name == "valid_from"} == {DAY}


def test_staff_may_ask_for_support_in_the_system_of_the_tickets(
    lists: list[tuple[Path, Draft]], tmp_path: Path
) -> None:
    begun = begin(lists, proposed(lists, name="Björkviks kommun"))
    for number, (staff, tickets) in enumerate(((True, True), (True, False))):
        chosen = [one for one, wanted in zip(lists, (staff, tickets, not tickets), strict=True) if wanted]
        begun = begin(chosen, proposed(chosen, name="Björkviks kommun"))
        place = tmp_path / f"{number}.yaml"
        place.write_text(begun.files["mappings/staff.yaml"], "utf-8")
        rows = explain(lists[0][0], mappings.load(place)).rows
        systems = [
            [shown.value for event in row.events for shown in event.fields if shown.name == "system"] for row in rows
        ]
        # access is said of the system of cases; where it has no list here, the list is of all systems
        assert systems == [[*(["it-support"] if tickets else ["arendeflode"])]] * len(rows)
        assert [len(row.events) for row in rows] == [2 if tickets else 1] * len(rows)


def test_names_become_ids() -> None:
    assert [slug(name) for name in ("Björkviks kommun", "Øvre Årdal", "IT-støtte", "Straße 1")] == [
        "bjorkviks-kommun",
        "ovre-ardal",
        "it-stotte",
        "strae-1",
    ]


def test_a_draft_is_printed_with_its_questions(tmp_path: Path) -> None:
    path, _ = listed(tmp_path, "list.csv", "Ticket ID,Opened,Group\n1,01/02/2026,A\n2,03/04/2026,A\n3,03/05/2026,B\n")
    done = nytta("draft", path)
    assert "# dates: {order: day-first}" in done.stdout
    assert "may be day first or month first" in done.stderr
    assert answer("draft", path)["kind"] == "tickets"


@pytest.mark.slow
def test_three_lists_show_their_first_figures_in_one_command(shared_data: Path, tmp_path: Path) -> None:
    files = [shared_data / "lists" / name for name in NAMES]
    words: list[str | Path] = [
        "start",
        *files,
        "--yes",
        "--organisation",
        "Björkviks kommun",
        "--data",
        tmp_path / "data",
    ]
    papers = ("--legal-basis", "GDPR 6.1 e", "--dpia", "DPIA 2026-1", "--consulted-on", "2026-05-01")
    done = nytta(*words, *papers, "--into", tmp_path / "b").stderr
    (shown,) = [line for line in done.splitlines() if line.startswith("shown: ")]
    assert int(shown.split()[1]) >= 12
    assert "tickets-per-100" in shown
    assert "reassignment" in shown  # the list counts how often a ticket was passed on
    # a row a case or ticket tells of no use, no handover, no return but by law, nothing solved without a ticket
    for untold in ("weekly-breadth", "handovers", "rework", "self-service"):
        assert untold not in shown
    assert "not shown: self-service: no row of any source names what it counts" in done.replace("\n", " ")
    assert "not shown: weekly-breadth: no source tells who works in the system of the staff list" in done.replace(
        "\n", " "
    )


@pytest.mark.parametrize(
    ("environment", "question", "choice"),
    [
        ({"LANG": "sv_SE.UTF-8"}, "Vad heter organisationen?", "månaden först"),
        ({"LANG": "nn_NO.UTF-8"}, "Hva heter organisasjonen?", "måneden først"),
        ({"LANG": "sv_SE.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "What is the organisation called?", "month-first"),
    ],
)
def test_questions_are_asked_and_answered_in_the_language_of_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], question: str, choice: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path, _ = listed(tmp_path, "list.csv", "Ticket ID,Opened,Group\n1,01/02/2026,A\n2,03/04/2026,A\n3,03/05/2026,B\n")
    replies = f"Lia\nNO\n{choice}\nlia\nDesk\nArtikel 6\nDPIA\nno day\n"
    words = ["start", str(path), "--into", str(tmp_path / "made"), "--data", str(tmp_path / "data")]
    done = CliRunner().invoke(commands, words, input=replies)
    assert question in done.stderr
    assert choice in done.stderr
    assert "order: month-first" in (tmp_path / "made" / "mappings" / "tickets.yaml").read_text("utf-8")


def test_every_line_of_the_guided_way_has_its_gaps_in_every_language() -> None:
    lines = yaml.safe_load((Path(words.__file__).parent / "words.yaml").read_text("utf-8"))
    for line in lines.values():
        gaps = [sorted(gap for _, gap, _, _ in Formatter().parse(text) if gap) for text in line.values()]
        assert (set(line), gaps[1:]) == ({"sv", "nb", "en"}, gaps[:-1])


def test_a_service_that_runs_it_in_this_place_gets_the_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = listed(tmp_path, "list.csv", "Ticket ID,Opened,Group\n1,2026-01-02,A\n2,2026-03-04,A\n3,2026-03-05,B\n")
    forwarded: list[str] = []

    @contextmanager
    def opened(data: Path | None, registry: Path, language: str) -> Iterator[None]:
        forwarded.extend(command_client.words(get_current_context(), tmp_path))
        raise Exit
        yield

    monkeypatch.setattr(start, "opened", opened)
    arguments = ["start", str(path), "--lang", "sv", "--into", str(tmp_path / "made")]
    CliRunner().invoke(commands, arguments, input="Lia\nSE\nlia\nDesk\n\n\n\n")
    assert {"--yes", "--lang=sv", "--answer=name=Lia", "--answer=system list.csv=Desk"} <= set(forwarded)


def test_what_a_column_may_hold_has_words_in_the_terminal_and_in_the_console() -> None:
    roles = {role for kind in names_of_fields().values() for role in kind}
    lines = yaml.safe_load((Path(words.__file__).parent / "words.yaml").read_text("utf-8"))
    pages = yaml.safe_load((Path(console.__file__).parent / "words.yaml").read_text("utf-8"))
    assert [role for role in sorted(roles) if f"column_{role}" not in lines or f"holds_{role}" not in pages] == []


@pytest.mark.slow
@pytest.mark.parametrize("last_step", ["Avslutad", "Skickad"])
def test_a_log_of_steps_tells_of_what_its_steps_name_alone(tmp_path: Path, last_step: str) -> None:
    """Lead times where a step ends a case; where none does, nothing is said to be too few of what no row names."""
    log = tmp_path / "händelselogg.csv"
    steps = ("Inkommen", "Tilldelad", last_step)
    rows = [
        f"D-{case};{step};{date(2026, 1, 5) + timedelta(days=case // 2 + number)} 09:00;h{case % 5};Enhet"
        for case in range(80)
        for number, step in enumerate(steps)
    ]
    log.write_text("\n".join(["Diarienr;Händelse;Tidpunkt;Handläggare;Enhet", *rows]), "utf-8")
    papers = ("--legal-basis", "GDPR 6.1 e", "--dpia", "DPIA 2026-1", "--consulted-on", "2026-05-01")
    options = ("--yes", "--lang", "en", "--organisation", "Lia", "--country", "SE")
    done = nytta("start", log, *options, *papers, "--data", tmp_path / "data", "--into", tmp_path / "b").stderr
    assert "240 rows, 240 accepted" in done
    lines = done.splitlines()
    shown = [line for line in lines if line.startswith("shown: ") and "lead-time" in line]
    assert len(shown) == (last_step == "Avslutad")
    assert not any(line.startswith("not shown: lead-time") for line in lines)
    assert "all others lack evidence" in done
