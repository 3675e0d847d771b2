"""Comparing organisations: only what means the same, and limits instead of a ranking."""

from __future__ import annotations

import json
from datetime import date

import pytest

from nytta import service as nytta
from nytta.insight.benefits.benchmark import (
    WHOLE,
    Benchmark,
    BenchmarkError,
    Figure,
    Meaning,
    by_level,
    fingerprint,
    funnel,
    take,
    write,
)
from nytta.registry import declarations

DEFINITIONS = nytta.read_definitions(declarations.schemas() / "indicators")
USE = next(d for d in DEFINITIONS if d.id == "intended-use")


def handed_out(**changed: object) -> Benchmark:
    figure = Figure(
        indicator="intended-use", unit="other", unit_name="Other", system="s", period=date(2026, 6, 1), value=70,
        low=61, high=78, n_band="100-299",
    )  # fmt: skip
    plain = {
        "organisation": "other",
        "name": "Other",
        "definitions": {"intended-use": Meaning(version=USE.version, digest=fingerprint(USE))},
        "figures": (figure,),
    }
    return Benchmark.model_validate(plain | changed)


def test_what_is_handed_out_comes_in_whole() -> None:
    assert take(write(handed_out()), DEFINITIONS, ["mine"]) == handed_out()


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        (
            {"intended-use": Meaning(version=7, digest=fingerprint(USE))},
            "'intended-use' has version 7 there and 1",
        ),
        ({"intended-use": Meaning(version=1, digest="0" * 32)}, "defined otherwise there under the same version 1"),
        ({}, "'intended-use' comes without its definition's version"),
    ],
)
def test_other_definitions_are_refused(definitions: dict[str, Meaning], message: str) -> None:
    with pytest.raises(BenchmarkError, match="do not mean the same") as refused:
        take(write(handed_out(definitions=definitions)), DEFINITIONS, [])
    assert message in str(refused.value)


def test_unknown_indicators_own_organisations_and_other_files_are_refused() -> None:
    with pytest.raises(BenchmarkError, match="'intended-use' is not known here"):
        take(write(handed_out()), [], [])
    with pytest.raises(BenchmarkError, match="an organisation of this installation"):
        take(write(handed_out()), DEFINITIONS, ["other"])
    with pytest.raises(BenchmarkError, match="no export of `nytta benchmark export`: format"):
        take(b'{"format": "other"}', DEFINITIONS, [])
    body = json.loads(write(handed_out()))
    body["figures"][0]["numerator"] = 12
    with pytest.raises(BenchmarkError, match=r"figures\.0\.numerator"):
        take(json.dumps(body).encode(), DEFINITIONS, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_band", "9" * 5000),
        ("n_band", "٣"),
        ("period", "9999-12-31"),
        ("period", "0001-01-01"),
        ("value", float("inf")),
        ("value", float("nan")),
        ("low", float("-inf")),
    ],
)
def test_figures_that_nothing_could_draw_are_refused(name: str, value: object) -> None:
    body = json.loads(write(handed_out()))
    body["figures"][0][name] = value
    with pytest.raises(BenchmarkError, match=rf"figures\.0\.{name}"):
        take(json.dumps(body).encode(), DEFINITIONS, [])


def test_a_fingerprint_is_of_what_decides_a_figure() -> None:
    renamed = USE.model_copy(update={"title": USE.title.model_copy(update={"en": "Other title"})})
    assert fingerprint(renamed) == fingerprint(USE)
    assert fingerprint(USE.model_copy(update={"scale": 100})) != fingerprint(USE)


def row(organisation: str, value: float, n_band: str) -> dict[str, object]:
    return {"organisation": organisation, "unit": organisation, "name": organisation, "value": value, "n_band": n_band}


def test_a_funnel_by_hand() -> None:
    # Two places of 100: centre 60 %; the limits at n = 100 are sin²(asin √.6 ± 1.96 / 20): 50.2 % and 69.3 %.
    found = funnel([row("a", 62, "100-299"), row("b", 58, "100-299")])
    assert found is not None
    assert found.centre == 60
    assert [p.word for p in found.points] == ["inside", "inside"]
    at_hundred = next(each for each in found.limits if each[0] >= 100)
    assert at_hundred[1] == pytest.approx(50.2, abs=0.3)
    assert at_hundred[2] == pytest.approx(69.3, abs=0.3)


def test_a_place_far_from_many_alike_lies_outside() -> None:
    alike = [row(f"u{n}", 60 + n % 5 - 2, "300-999") for n in range(20)]
    found = funnel([*alike, row("far", 25, "300-999")])
    assert found is not None
    assert [p.word for p in found.points if p.unit == "far"] == ["far_below"]
    assert all(p.word == "inside" for p in found.points if p.unit != "far")


def test_a_third_that_lags_does_not_hide_itself() -> None:
    found = funnel([row(f"u{n}", share, "30-99") for n, share in enumerate((84, 83, 84, 89, 87, 86, 27, 25, 23))])
    assert found is not None
    assert found.centre == 84
    assert [p.word for p in found.points] == ["inside"] * 6 + ["far_below"] * 3


def test_units_are_compared_with_their_like_and_wholes_with_wholes() -> None:
    rows = [
        row("a", 62, "100-299") | {"type": "county"},
        row("a", 58, "30-99") | {"unit": "a1", "type": "office"},
        row("b", 55, "30-99") | {"unit": "b1", "type": "office"},
        row("b", 57, "100-299") | {"type": "town"},
        row("a", 60, "30-99") | {"unit": "a2", "type": "#2"},
    ]
    levels = by_level(rows)
    assert {level: [r["unit"] for r in same] for level, same in levels.items()} == {
        WHOLE: ["a", "b"],
        "office": ["a1", "b1"],
        "#2": ["a2"],
    }
    assert by_level([]) == {}


def test_one_figure_is_no_funnel() -> None:
    assert funnel([row("a", 62, "100-299"), row("b", 58, "<10")]) is None
