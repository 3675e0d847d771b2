"""Scores and levels worked by hand, their order, and that surveys and gaps change nothing they should not."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.indicators.load import load
from nytta.insight.benefits.maturity import (
    LEVELS,
    Anchors,
    Axis,
    Dimension,
    Figure,
    Member,
    Missing,
    Model,
    Survey,
    bounds,
    least_of,
    maturity,
)
from nytta.insight.benefits.model_file import read_model
from nytta.registry import declarations

UP, DOWN = Anchors((0, 10, 25, 50, 70, 85)), Anchors((50, 40, 30, 20, 12, 6))
MODEL = Model(
    1,
    (
        Member("use", 1, Dimension.USE, UP, weight=2, gate=1, axis=Axis.CAPABILITY),
        Member("breadth", 1, Dimension.USE, UP, axis=Axis.CAPABILITY),
        Member("rework", 1, Dimension.PROCESS, DOWN, gate=1),
        Member("realised", 1, Dimension.BENEFIT, UP, gate=4),
    ),
)
#: An interval of 95 %, four points on each side, is 1.717 points on the side that holds with 80 %.
FIGURES = {
    "use": Figure(72, 68, 76, 300),
    "breadth": Figure(60, 56, 64, 300),
    "rework": Figure(16, 14, 18, 300),
    "realised": Figure(40, 40, 40, 300),
}


def test_scores_are_linear_between_the_anchors() -> None:
    assert UP.score([-5, 0, 5, 10, 60, 85, 99]).tolist() == [0, 0, 10, 20, 70, 100, 100]
    assert DOWN.score([60, 50, 45, 16, 6, 0]).tolist() == [0, 0, 10, 70, 100, 100]
    assert [UP.level(value) for value in (9, 10, 84, 85)] == [0, 1, 4, 5]
    assert [DOWN.level(value) for value in (41, 40, 7, 6)] == [0, 1, 4, 5]


def test_a_dimension_is_the_weighted_mean_of_its_members() -> None:
    # use 72 → 80 + 20·2/15, breadth 60 → 70; weights 2 and 1
    found = maturity(MODEL, FIGURES)
    assert found.dimensions[Dimension.USE].score == pytest.approx((2 * (80 + 40 / 15) + 70) / 3)
    assert found.dimensions[Dimension.PROCESS].score == pytest.approx(70)
    assert found.axes[Axis.CAPABILITY].score == found.dimensions[Dimension.USE].score
    assert Axis.HERITAGE not in found.axes
    assert Dimension.SUPPORT not in found.dimensions


def test_a_gate_holds_on_its_lower_bound() -> None:
    low, high = bounds(FIGURES["use"])
    assert (low, high) == pytest.approx((70.28, 73.72), abs=0.005)
    # use 70.3 reaches level 4, rework 16.9 level 3, realised 40 guards from level 4 on: 3, held by rework and realised
    found = maturity(MODEL, FIGURES).level
    assert (found.text, found.held_by) == ("3", ("rework", "realised"))
    assert LEVELS[3].sv == "Etablerad"
    weaker = FIGURES | {"use": Figure(51, 47, 55, 300)}
    assert maturity(MODEL, weaker).level.text == "2"


def test_few_people_make_a_range() -> None:
    few = FIGURES | {"use": Figure(45, 25, 65, 10)}
    assert maturity(MODEL, few).level.text == "2–3"
    assert maturity(MODEL, FIGURES | {"use": Figure(45, 25, 65, 30)}).level.text == "2"


def test_a_good_mean_does_not_lift_a_weak_gate() -> None:
    strong = {name: Figure(99, 99, 99, 300) for name in FIGURES} | {"rework": Figure(60, 60, 60, 300)}
    assert maturity(MODEL, strong).level.text == "0"


def test_what_is_missing_is_not_nothing() -> None:
    without = {name: figure for name, figure in FIGURES.items() if name != "breadth"}
    score = maturity(MODEL, without).dimensions[Dimension.USE]
    assert score.score == pytest.approx(80 + 40 / 15)
    assert score.covered == pytest.approx(200 / 3)
    assert [(part.member.indicator, part.missing) for part in score.parts] == [
        ("use", None),
        ("breadth", Missing.NO_FIGURE),
    ]


def test_half_the_weight_must_be_there() -> None:
    without = {name: figure for name, figure in FIGURES.items() if name != "use"}
    found = maturity(MODEL, without)
    assert found.dimensions[Dimension.USE].score is None
    assert (found.level.low, found.level.text) == (None, "")
    assert [part.member.indicator for part in found.level.missing] == ["use"]


def test_a_missing_gate_of_high_levels_leaves_a_range() -> None:
    strong = {"use": Figure(95, 95, 95, 300), "rework": Figure(2, 2, 2, 300)}
    found = maturity(MODEL, strong).level
    assert (found.text, found.held_by) == ("3–5", ("realised",))
    unsure = maturity(MODEL, strong | {"realised": Figure(90, math.nan, math.nan, 300)}).level
    assert [part.missing for part in unsure.missing] == [Missing.NO_INTERVAL]


def test_another_version_of_a_definition_does_not_count() -> None:
    found = maturity(MODEL, FIGURES | {"rework": replace(FIGURES["rework"], version=2)})
    assert found.dimensions[Dimension.PROCESS].parts[0].missing is Missing.OTHER_VERSION
    assert found.level.low is None


def test_surveys_stand_beside_and_change_nothing() -> None:
    survey = Survey("DiMiOS", 2026, {"capability": 48.0, "heritage": 41.0}, "export of March")
    with_survey = maturity(MODEL, FIGURES, [survey])
    assert with_survey.surveys == (survey,)
    assert replace(with_survey, surveys=()) == maturity(MODEL, FIGURES)


VALUE = st.floats(0, 100)


@given(VALUE, VALUE, st.floats(0, 20), st.integers(5, 100))
def test_better_figures_never_lower_score_or_level(one: float, other: float, half: float, n: int) -> None:
    low, high = sorted((one, other))
    for name, (worse, better) in {"use": (low, high), "rework": (high, low)}.items():
        before = maturity(MODEL, FIGURES | {name: Figure(worse, worse - half, worse + half, n)})
        after = maturity(MODEL, FIGURES | {name: Figure(better, better - half, better + half, n)})
        for dimension, score in before.dimensions.items():
            assert 0 <= (score.score or 0) <= (after.dimensions[dimension].score or 0) + 1e-9 <= 100 + 1e-9
        assert before.level.low is not None
        assert after.level.low is not None
        assert after.level.high is not None
        assert before.level.low <= after.level.low <= after.level.high


def test_models_that_cannot_be() -> None:
    one = MODEL.members[0]
    with pytest.raises(ValueError, match="named twice"):
        Model(1, (one, one))
    with pytest.raises(ValueError, match="weight"):
        Model(1, (replace(one, weight=0),))
    with pytest.raises(ValueError, match="needs gates"):
        Model(1, (replace(one, gate=0),))
    with pytest.raises(ValueError, match="all rise or all fall"):
        Anchors((0, 10, 10, 50, 70, 85))


def test_bands_of_n() -> None:
    assert [least_of(band) for band in ("<10", "10-29", "300-999", "1000+")] == [0, 10, 300, 1000]


@pytest.fixture
def stored() -> Path:
    return declarations.schemas() / "maturity" / "default.yaml"


def test_the_stored_model_names_indicators_that_exist(stored: Path) -> None:
    model, problems = read_model(stored.name, stored.read_bytes())
    assert problems == []
    assert model is not None
    known = {each.id: each.version for each in load(declarations.schemas() / "indicators").definitions}
    derived = {"plan-coverage": 1, "realised-share": 1}
    for member in model.members:
        assert (known | derived)[member.indicator] == member.version


def test_what_is_wrong_in_a_model_is_told_with_its_line() -> None:
    body = b"""version: 1
members:
  - {indicator: use, version: 1, dimension: use, gate: 1, anchors: [0, 10, 9, 50, 70, 85]}
  - {indicator: rework, version: 1, dimension: procces, anchors: [50, 40, 30, 20, 12, 6]}
"""
    model, problems = read_model("m.yaml", body)
    assert model is None
    assert [(problem.line, "dimension" in problem.message) for problem in problems] == [(4, True)]
    model, problems = read_model("m.yaml", body.replace(b"procces", b"process"))
    assert model is None
    assert [(problem.line, "all rise or all fall" in problem.message) for problem in problems] == [(3, True)]
