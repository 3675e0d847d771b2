"""The attackers find what is there, on small worlds; what two figures do not tell, and all together do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import norm

from nytta.registry.protection import Noise, Protection
from tests.attack.attackers import Evidence, Observations, certain, narrowest, normal, small_parts
from tests.attack.chain import Telling, Unit, evidence, run
from tests.attack.likelihood import likelihoods, zeros
from tests.attack.published import ALL, Timing, case_tables, staff_tables
from tests.attack.suite import WIDTH, Result, chains, moves, rests, together
from tests.attack.world import World, world

RULES = Protection()
STAFF, CITIZEN = RULES.staff.noise, RULES.citizen.noise

OVERLAP = "not held: weeks, months and windows of all types, which must be shown, hold twice the bound by themselves"


@pytest.fixture(scope="module")
def place() -> World:
    """One organisation of sixteen units."""
    return world(3, units=16, case_units=8, case_weeks=8)


def test_a_world_follows_its_seed(place: World) -> None:
    again = world(3, units=16, case_units=8, case_weeks=8)
    assert (again.persons.key == place.persons.key).all()
    assert (again.cases.day == place.cases.day).all()


@pytest.mark.parametrize("size", [12, 60, 150])
def test_likelihoods_are_those_of_the_table(size: int) -> None:
    table = likelihoods(size, STAFF)
    assert table.sum(axis=1) == pytest.approx(1)
    counts = np.arange(size + 1)
    step = 5.0 if size < 100 else 1.0
    assert table @ np.arange(101) == pytest.approx(100 * counts / size, abs=step / 2)


def test_joint_evidence_is_that_of_the_exact_attacker() -> None:
    """Two sets that differ by one, many times: the normal posterior and the exact one agree about the mover."""
    size, draw = 20, np.random.default_rng(2)
    table = [likelihoods(n, STAFF) for n in (size, size + 1)]
    prior = np.array([np.prod([(size - n) / (n + 1) for n in range(k)]) for k in range(size + 1)]) / 2.0**size
    apart = []
    for _ in range(200):
        count, state = int(draw.binomial(size, 0.5)), int(draw.random() < 0.5)
        before = int(draw.choice(101, p=table[0][count]))
        after = int(draw.choice(101, p=table[1][count + state]))
        likely = [float(np.sum(prior * table[0][:, before] * table[1][x : size + 1 + x, after])) for x in (0, 1)]
        mean, variance = np.array([before * size, after * (size + 1)]) / 100, STAFF.variance + (size / 20) ** 2 / 12
        information = np.array([[2 / variance + 4 / size, 1 / variance], [1 / variance, 1 / variance + 4]])
        told = np.array([mean.sum() / variance + 2, mean[1] / variance + 2])
        covariance = np.linalg.inv(information)
        precision = 1 / covariance[1, 1] - 4
        middle = ((covariance @ told)[1] / covariance[1, 1] - 2) / precision
        chance = 1 / (1 + np.exp((0.5 - middle) * precision))
        apart.append(chance - likely[1] / sum(likely))
    assert np.abs(apart).max() < 0.15
    assert abs(np.mean(apart)) < 0.02


def test_the_joint_attacker_is_as_sure_as_he_may_be(place: World) -> None:
    """His 95 percent hold at least as often: what he holds is no artefact of the normal law."""
    tables = case_tables(place, RULES, Timing())
    parts = small_parts(tables["intended-use"], place.parents)[:150]
    seen = Observations()
    seen.add(tables["intended-use"], "adoption", RULES.handling.noise)
    known = Evidence.of(seen, place.cases.rates[2], parts)
    held = []
    for part in parts:
        chances = known.counts(part, len(part))
        held.append(chances[int(place.cases.intended[part].sum())] > 0.01)
    assert np.mean(held) > 0.97


@pytest.mark.parametrize(("variance", "none", "two"), [(1.5, 0.63, 0.09), (3.0, 0.27, 0.04), (9.0, 0.01, 0.0)])
def test_one_figure_of_nine_holds_none_of_them_unless_its_variance_is_nine(
    variance: float, none: float, two: float
) -> None:
    """Why (a) asks for so much: at the ends an interval is cut, so that one figure of nine alone may hold it."""
    chances = (np.arange(400) + 0.5) / 400
    for count, share in ((0, none), (2, two)):
        means = norm.ppf(chances, count, np.sqrt(variance))
        widths = [narrowest(normal(np.arange(10), float(mean), variance)) for mean in means]
        assert np.mean(np.array(widths) < WIDTH) == pytest.approx(share, abs=0.011)


def test_case_types_may_be_told_by_fewer_windows(place: World) -> None:
    windows: dict[int, set[int]] = {0: set(), 1: {3, 4, 5, 6, 7}, 4: {3, 7}}
    for sliding, last in windows.items():
        table = case_tables(place, RULES, Timing(sliding=sliding))["intended-use"]
        of_type = table.place[table.shown & (table.place[:, 0] != ALL)]
        assert set(of_type[:, 1]) <= {2}
        assert set(of_type[:, 2].tolist()) == last


# the four leaks of the gate before this one, by single figures and their neighbours


@pytest.mark.parametrize("noise", [CITIZEN, STAFF])
@pytest.mark.parametrize("size", [10, 12, 20, 40, 150])
def test_one_who_joins_or_leaves_is_not_told_by_two_figures(noise: Noise, size: int) -> None:
    """Of two sets that differ by one: certain in under 1 of 1,000 cases, over 95 percent in under 1 of 100."""
    smaller, larger = likelihoods(size, noise), likelihoods(size + 1, noise)
    held = beyond = 0.0
    prior = np.full(size + 1, 1 / (size + 1))
    # chances of both values, by state of who joined
    values = [np.einsum("c,cv,cw->vw", prior, smaller, larger[x : size + 1 + x]) for x in (0, 1)]
    whole = values[0] + values[1]
    for one, other in itertools.permutations(values):
        held += float(np.sum(one[one > 0.95 * whole]))
        beyond += float(np.sum(one[(other == 0) & (one > 0)]))
    assert held / 2 < 0.01
    assert beyond / 2 < 0.001


@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_shares_with_the_same_numerators_leave_a_hidden_unit_in_doubt(hidden: int) -> None:
    """Take-up is the rest of a mix: of few beside the shown eight, their number stays open in 99 of 100."""
    draw = np.random.default_rng(4)
    widths = []
    for _ in range(300):
        total = 8 + hidden
        count, rest = int(draw.binomial(8, 0.6)), int(draw.binomial(hidden, 0.6))
        value = int(draw.choice(101, p=likelihoods(8, CITIZEN)[count]))
        whole = int(draw.choice(101, p=likelihoods(total, CITIZEN)[count + rest]))
        # the opposite share has the same noise, so it tells nothing more: test_gate
        chances = _rest((value, 8), (whole, total))
        widths.append(narrowest(chances / chances.sum()))
    assert np.mean(np.array(widths) < 30) <= 0.01


def _rest(part: tuple[int, int], whole: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Likelihoods of the count that is left, by the published part and whole."""
    (value, size), (total, all_) = part, whole
    rest = np.arange(all_ - size + 1)
    by_part, by_whole = likelihoods(size, CITIZEN)[:, value], likelihoods(all_, CITIZEN)[:, total]
    return np.array([float(by_part @ by_whole[n : n + size + 1]) for n in rest])


def test_no_mover_is_beyond_doubt(place: World) -> None:
    tables = staff_tables(place, RULES, Timing(every=1, grains=True))
    asked, held = certain(tables["entitlement"], STAFF)
    assert len(asked) > 10
    assert not held


# everything together


def test_a_tree_of_slow_figures_told_once_a_month_is_held(place: World) -> None:
    """Weeks alone, every fourth one, unless fewer than three records changed."""
    timing = Timing(least=3)
    found = {result.attack: result for result in together([*moves(place, RULES, timing)])}
    assert found["(b) movers: entitled"].held <= 1
    assert found["(b) movers: certain"].held == 0


def test_movers_are_held(place: World) -> None:
    assert not broken([*moves(place, RULES, Timing())])


@pytest.mark.xfail(strict=True, reason=OVERLAP)
def test_rests_are_held(place: World) -> None:
    assert not broken([*rests(place, RULES, Timing())])


def test_changes_one_at_a_time_are_held() -> None:
    assert not broken([*chains(5, Telling(every=4, clock=True), 16)])


@pytest.mark.parametrize("telling", [Telling(), Telling(1, 3), Telling(4), Telling(4, 3), Telling(4, clock=True)])
def test_the_chains_attacker_finds_what_happened_possible(telling: Telling) -> None:
    draw = np.random.default_rng(6)
    unit = Unit(20, 0.5, 0.01)
    for state in (0, 1):
        course = run(draw, unit, telling, 26, 0.8, "course", 12, state)
        assert np.isfinite(evidence(unit, telling, course, "course", 12, state))


def test_a_figure_that_moves_in_a_unit_where_nothing_else_does_tells_of_the_course() -> None:
    """Why what stands must not depend on the set alone: the leak that a noise of each month closes."""
    unit, draw = Unit(20, 0.0), np.random.default_rng(8)
    for telling, sure in ((Telling(4), True), (Telling(4, clock=True), False)):
        found = []
        for _ in range(20):
            course = run(draw, unit, telling, 52, 1.0, "course", 26, 1)
            found.append(evidence(unit, telling, course, "course", 26, 0) == -np.inf)
        assert any(found) == sure


@pytest.mark.parametrize(("noise", "sets"), [(STAFF, 9), (CITIZEN, 7)])
def test_so_many_sets_that_read_0_prove_a_true_zero(noise: Noise, sets: int) -> None:
    """A true zero has no noise: that nobody counts is held after this many sets, not after fewer."""
    assert zeros(12, noise) == sets


def broken(results: list[Result]) -> list[str]:
    return [result.attack for result in together(results) if result.broken]
