"""Commands that need no store."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import nytta

_HEAD = "unit,peer_group,system,indicator,week,numerator,denominator,note\n"


def _file(folder: Path, weeks: list[str]) -> Path:
    path = folder / "series.csv"
    path.write_text(_HEAD + "".join(f"A,g,s,u,{week},1,20,x\n" for week in weeks))
    return path


def test_detect_says_why_weeks_are_not_assessed_and_what_to_change(tmp_path: Path) -> None:
    done = nytta("detect", _file(tmp_path, ["2026-02-09", "2026-02-16", "16/02/2026"]))
    assert done.stdout == "nothing\n"
    assert "1 unit-weeks not assessed, invalid week: first A 16/02/2026; write 2026-W07" in done.stderr
    assert "first A 2026-W07" in done.stderr
    assert "columns that are not read: note" in done.stderr


def test_detect_of_rows_that_nobody_can_read_is_a_fault(tmp_path: Path) -> None:
    done = nytta("detect", _file(tmp_path, ["09/02/2026", "16/02/2026"]), code=1)
    assert "none of 2 rows can be read" in done.stderr


def test_detect_of_percentages_in_place_of_counts_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text(_HEAD + "A,g,s,u,2026-W07,75%,20,x\n")
    done = nytta("detect", path, code=1)
    assert "numerator and denominator are counts, no percentages" in done.stderr
    assert "none of 1 rows can be read" in done.stderr


def test_detect_of_a_header_alone_is_a_fault_and_a_guessed_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_text(_HEAD)
    assert "no rows stand below the header" in nytta("detect", path, code=1).stderr
    path.write_bytes((_HEAD + "Förskolan,g,s,u,2026-W07,15,20,x\n").encode("cp1252"))
    assert "read as cp1252" in nytta("detect", path).stderr
