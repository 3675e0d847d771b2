"""Definitions that cannot be used: every problem with file and line, and nothing is computed from such a folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from nytta import service as nytta
from nytta.indicators.load import load, purposes
from nytta.registry import declarations

INDICATORS = declarations.schemas() / "indicators"


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


WRONG = [
    (
        "unknown-column",
        "rework",
        "returns > 0",
        "retours > 0",
        "numerator",
        "column 'retours' is unknown to subject 'case'",
    ),
    (
        "too-large-numerator",
        "rework",
        "period: {at: closed_at}",
        "period: {at: opened_at}",
        "id: ",
        "numerator can exceed",
    ),
    (
        "window-of-a-level",
        "enrolment",
        "window: 1",
        "window: 4",
        "id: ",
        "which no window sums: say `display: {window: 1}`",
    ),
    ("window-of-persons", "habit", "window: 20", "window: 26", "id: ", "shorten the window"),
    ("window-out-of-reach", "rework", "window: 13", "window: 53", "display", "less than or equal to 52"),
    (
        "unknown-purpose",
        "rework",
        "purpose: case-process",
        "purpose: case-proces",
        "purpose: ",
        "did you mean 'case-process'",
    ),
]


@pytest.mark.parametrize(("name", "of", "good", "bad", "where", "told"), WRONG, ids=[each[0] for each in WRONG])
def test_a_wrong_definition_is_told_with_file_and_line(
    name: str, of: str, good: str, bad: str, where: str, told: str, tmp_path: Path
) -> None:
    text = (INDICATORS / f"{of}.yaml").read_text("utf-8")
    assert good in text
    (tmp_path / f"{of}.yaml").write_text(text.replace(good, bad, 1), "utf-8")
    found = load(tmp_path, purposes(declarations.schemas() / "purposes.yaml"))
    assert found.definitions == ()
    (problem,) = found.problems
    assert problem.file == f"{of}.yaml"
    assert problem.line == line_of(text, where)
    assert told in problem.message


def test_all_problems_come_at_once_and_nothing_is_computed(tmp_path: Path) -> None:
    folder = tmp_path / "indicators"
    shutil.copytree(INDICATORS, folder)
    for name, good, bad in (("rework", "returns > 0", "retours > 0"), ("habit", "window: 20", "window: 26")):
        path = folder / f"{name}.yaml"
        path.write_text(path.read_text("utf-8").replace(good, bad, 1), "utf-8")
    with pytest.raises(nytta.AppError) as told:
        nytta.read_definitions(folder)
    assert re.search(r"rework\.yaml:\d+", str(told.value))
    assert re.search(r"habit\.yaml:\d+", str(told.value))
