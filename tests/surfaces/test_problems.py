"""Every sentence that rejects a row is known in the languages of readers, with the same gaps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml

from nytta.ingest import files
from nytta.ingest.files.draft import drafted
from nytta.ingest.files.explain import explain
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of
from nytta.surfaces import problems
from nytta.surfaces.problems import in_language

LISTED = yaml.safe_load((Path(problems.__file__).parent / "problems.yaml").read_text("utf-8"))
FOLDER = Path(files.__file__).parent


@pytest.mark.parametrize("words", LISTED, ids=lambda words: words["en"][:40])
def test_each_language_has_the_gaps_of_english(words: dict[str, str]) -> None:
    assert set(words) == {"sv", "nb", "en"}
    gaps = [sorted(gap for _, gap, _, _ in Formatter().parse(text) if gap) for text in words.values()]
    assert gaps[0] == gaps[1] == gaps[2]


def texts(node: ast.expr) -> str:
    """A text of the code with something in each gap; "" for what is no text."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
    return ""


def said() -> Iterator[tuple[str, str]]:
    """Each sentence by which a row is rejected, with where it stands; those about times follow a field."""
    names = ("times", "tables", "records", "ocel", "draft", "beginning")
    places = [(name, FOLDER / f"{name}.py") for name in names]
    places += [("translation", path) for path in sorted((FOLDER / "translation").glob("*.py"))]
    for name, path in places:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id="RowError") if (text := texts(node.args[1])) not in ("", "7 7"):  # of times
                    yield name, text
                case ast.Name(id="ValueError") if name == "times" and (text := texts(node.args[0])):
                    yield name, f"field 'a' {text}"
                case ast.Name(id="Broken") if text := texts(node.args[0]):
                    yield name, text
                case ast.Name(id="Question") if (text := texts(node.args[1])) != "7: 7":  # of a list's draft
                    yield name, re.sub("^7: ", "list.csv: ", text)


def refused() -> Iterator[tuple[str, str]]:
    """Each sentence by which a file is refused, with where it stands."""
    for path in sorted(FOLDER.rglob("*.py")):
        if path.stem in ("cloudevents", "errors"):  # of programs that send
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="InputError") | ast.Attribute(attr="_error"), args=[*_, last]):
                    if (text := texts(last)) not in ("", "7; 7"):  # of parts that are known themselves
                        yield path.stem, text


SAID = sorted(set(said()) | set(refused()))


@pytest.mark.parametrize(("name", "text"), SAID)
def test_a_sentence_of_the_code_is_known(name: str, text: str) -> None:
    text = text.replace("is no number7", "is no number").replace("7seconds", "milliseconds")
    for language in ("sv", "nb"):
        assert in_language(text, language) != text


def test_all_ways_of_rejecting_were_seen() -> None:
    assert len(set(said())) > 24
    assert {name for name, _ in said()} == {"translation", "times", "tables", "records", "ocel", "draft", "beginning"}
    assert len(set(refused())) > 30
    assert {name for name, _ in refused()} > {"containers", "looks", "tables", "workbook", "xes", "xml_records"}


def test_a_row_says_what_is_wrong_in_the_language_of_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Ticket ID,Opened,Department\n1,01/02/2026 10:00,A\n2,03/04/2026 11:00,\n", "utf-8")
    made = drafted(look(path, path.name))
    (question,) = made.questions
    assert in_language(question.text, "sv") == (
        "datum som 01/02/2026 10:00, 03/04/2026 11:00 kan läsas på flera sätt "
        "(dagen först eller månaden först): vilket?"
    )
    rows = explain(path, mapping_of(made, "org", "UTC")).rows
    assert [in_language(problem, "nb") for problem in rows[0].problems] == [
        "invalid_field: feltet 'Opened' kan ha dagen eller måneden først; oppgi hvilken (dates: {order: day-first}) "
        "(her: 01/02/2026 10:00)"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("closed: field 'a' is not a whole number", "closed: fältet 'a' är inget heltal"),
        (
            "closed: field 'a' is no number; unit is empty: fields 'b', 'c' says nothing",
            "closed: fältet 'a' är inget tal; unit är tom: fälten 'b', 'c' säger ingenting",
        ),
        (
            "a.csv: the dates of 'b' are written in several orders, so that some would be read as another day; "
            "export the list anew as CSV, with dates such as 2026-03-31",
            "a.csv: datumen i 'b' är skrivna i flera ordningar, så att några skulle läsas som en annan dag; "
            "ta ut listan på nytt som CSV, med datum som 2026-03-31",
        ),
        (
            "var/log.csv, line 1: there is no column 'Opnd'; did you mean 'Opened'?. The columns are: Id, Opened",
            "var/log.csv, line 1: det finns ingen kolumn 'Opnd'; menade du 'Opened'?. Kolumnerna är: Id, Opened",
        ),
        (
            "log.parquet: the file is a Parquet file, whatever its name says; write it as CSV or as JSON lines",
            "log.parquet: filen är en Parquet-fil, vad den än heter; skriv den som CSV eller som JSON-rader",
        ),
        (
            "a.csv: no row can be read; of the first: 7 cells where the header has 9; "
            "put text that holds the delimiter or a line break in quotation marks",
            "a.csv: ingen rad kan läsas; om den första: 7 celler där rubriken har 9; sätt text som innehåller "
            "skiljetecknet eller en radbrytning inom citattecken",
        ),
        ("something that nobody wrote down", "something that nobody wrote down"),
        ("", ""),
    ],
)
def test_what_stands_around_a_sentence_stays(text: str, expected: str) -> None:
    assert in_language(text, "sv") == expected
    assert in_language(text, "en") == text
