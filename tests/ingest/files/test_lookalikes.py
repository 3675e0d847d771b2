"""Ids that look alike are named by their rows, while those that differ are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.files import lookalikes
from nytta.ingest.files.lookalikes import Lookalikes, shape
from nytta.ingest.files.mapping_load import parse
from nytta.ingest.files.read import alike

SAME = [
    ("e.Akesson", "E.AKESSON"),
    ("anna@kommun.se", "anna"),
    ("b.lööf.", "B Lööf"),
    ("A1O3", "a103"),
    ("INC00l2", "INC0012"),
    ("2026/101", "2026-101"),
    ("007", "7"),
    ("Byggenheten", "byggenheten "),
]
APART = [("12", "21"), ("1-11", "11-1"), ("anna.l", "anna.i"), ("oil", "011"), ("A10", "A1"), ("2026-1", "2026-2")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_id_have_one_shape(one: str, other: str) -> None:
    assert shape(one) == shape(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_ids_have_another(one: str, other: str) -> None:
    assert shape(one) != shape(other)


@given(st.text(max_size=20))
def test_a_shape_is_that_of_its_capitals(text: str) -> None:
    assert shape(shape(text)) == shape(text) or not shape(text)
    if text.isascii():
        assert shape(text.upper()) == shape(text.lower())


LIST = "nr;who;unit\n1;anna@a.se;Bygg\n2;ANNA@A.SE;bygg.\n3;anna;Bygg\n4;bo;Miljö\n1;bo;Miljö\n01;bo;Miljö\n"
MAPPING = """
id: m
title: m
format: table
organisation: {id: org}
timezone: UTC
unit: unit
system: {constant: s}
ticket: nr
time: {constant: "2026-01-01"}
actor: who
events: [{type: ticket.opened}]
"""


def test_pairs_of_a_file_are_listed_with_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(LIST, "utf-8")
    noted = alike(path, parse(MAPPING, "m.yaml"))
    assert [(p.kind, p.first_row, p.second_row) for p in noted.pairs] == [
        ("unit", 1, 2),
        ("actor", 1, 3),
        ("ticket", 1, 6),
    ]
    warning = noted.warning()
    assert "3 ids look like another and count apart: see rows 1 and 2 (unit), 1 and 3 (actor)" in warning
    assert "anna" not in warning.lower()
    assert "bygg" not in warning.lower()


def test_what_is_compared_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookalikes, "_MOST", 3)
    noted = Lookalikes()
    for row, text in enumerate(["a", "b", "c", "A", "d"], 1):
        noted.add([{"data": {"actor": text}}], row)
    assert (noted.pairs, noted.is_full) == ([], True)
