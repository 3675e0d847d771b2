import numpy as np
import pytest

from nytta.statistics import c_chart, moving_ranges, nhs_rules, p_chart, p_prime, u_chart, xmr

#: NHS emergency attendances seen within four hours, 20 weeks (Mohammed et al. 2013, BMJ Qual Saf 22:362).
SEEN = [266501, 264225, 276532, 281461, 269071, 261215, 270409, 279778, 270483, 270320]
SEEN += [267923, 271478, 255353, 256820, 261835, 259144, 255910, 260863, 264465, 260989]
CAME = [280443, 276823, 291681, 296155, 282343, 275888, 283867, 295251, 284468, 282529]
CAME += [279618, 283932, 266629, 268091, 276803, 271578, 266005, 273520, 278574, 273772]


def test_p_prime_on_nhs_emergency_attendances() -> None:
    limits, sigma_z = p_prime(SEEN, CAME)
    share = np.array(SEEN) / np.array(CAME)
    assert limits.centre[0] == pytest.approx(0.9528997, abs=5e-8)
    assert float(sigma_z) == pytest.approx(10.64042, abs=5e-6)
    assert limits.lower[0] == pytest.approx(0.940130, abs=5e-7)
    assert limits.upper[0] == pytest.approx(0.965670, abs=5e-7)
    plain = p_chart(SEEN, CAME)
    assert int(((share < plain.lower) | (share > plain.upper)).sum()) == 16
    assert int(((share < limits.lower) | (share > limits.upper)).sum()) == 0


def test_xmr_of_the_vignette_screened_and_unscreened() -> None:
    series = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    screened, whole = xmr(series), xmr(series, screen=False)
    assert [round(float(v), 2) for v in (screened.lower, screened.centre, screened.upper)] == [
        -0.72,
        1.94,
        4.6,
    ]
    assert [round(float(v), 2) for v in (whole.lower, whole.centre, whole.upper)] == [-3.06, 1.94, 6.95]


def test_individuals_chart_of_montgomery() -> None:
    # Loan processing costs, Introduction to Statistical Quality Control, 6th ed., table 6.6
    costs = [
        310,
        288,
        297,
        298,
        307,
        303,
        294,
        297,
        308,
        306,
        294,
        299,
        297,
        299,
        314,
        295,
        293,
        306,
        301,
        304,
    ]
    limits = xmr(costs, screen=False)
    assert float(limits.centre) == 300.5
    assert float(np.nanmean(moving_ranges(costs))) == pytest.approx(7.79, abs=0.005)


def test_p_and_c_charts_of_montgomery() -> None:
    # Orange juice cans, 30 samples of 50 (example 7.1): centre 0.2313, limits 0.0524 and 0.4102
    cans = [
        12,
        15,
        8,
        10,
        4,
        7,
        16,
        9,
        14,
        10,
        5,
        6,
        17,
        12,
        22,
        8,
        10,
        5,
        13,
        11,
        20,
        18,
        24,
        15,
        9,
        12,
        7,
        13,
    ]
    cans += [9, 6]
    limits = p_chart(cans, [50] * 30)
    assert round(float(limits.centre[0]), 4) == 0.2313
    assert round(float(limits.lower[0]), 4) == 0.0524
    assert round(float(limits.upper[0]), 4) == 0.4102
    # Printed circuit boards, 26 samples of 100 (example 7.3): 19.85, limits 6.48 and 33.22
    boards = [
        21,
        24,
        16,
        12,
        15,
        5,
        28,
        20,
        31,
        25,
        20,
        24,
        16,
        19,
        10,
        17,
        13,
        22,
        18,
        39,
        30,
        24,
        16,
        19,
        17,
        15,
    ]
    count = c_chart(boards)
    assert round(float(count.centre[0]), 2) == 19.85
    assert round(float(count.lower[0]), 2) == 6.48
    assert round(float(count.upper[0]), 2) == 33.21
    rate = u_chart(boards, [1] * 26)
    assert np.allclose(rate.upper, count.upper)


def test_a_gap_is_passed_over_and_rows_are_charted_at_once() -> None:
    one = [3.0, 5.0, 4.0, 6.0]
    gap = [3.0, np.nan, 5.0, 4.0, 6.0]
    assert float(xmr(one).upper) == float(xmr(gap).upper)
    both = xmr([gap, [np.nan] * 5])
    assert both.centre.tolist()[0] == 4.5
    assert np.isnan(both.upper[1])


def test_each_nhs_rule_is_met_at_its_last_point_only_looking_back() -> None:
    flat = [10.0, 11.0] * 8
    limits = xmr(flat)
    falling = [*flat, 10.4, 10.3, 10.2, 10.1, 10.05, 10.0, 9.9]
    found = nhs_rules(falling, limits)
    assert found.trend.tolist().index(-1) == len(flat) + 5  # 11 > 10.4 > ... : seven points, six steps
    low = flat + [10.2] * 7
    assert nhs_rules(low, limits).shift[-1] == -1
    assert nhs_rules(low, limits).shift[-2] == 0
    assert nhs_rules([*flat, 0.0], limits).outside[-1] == -1
    near = float(limits.near_lower) - 0.01
    assert nhs_rules([*flat, near, 10.4, near], limits).near[-1] == -1
    assert nhs_rules([*flat, near, 10.6, near], limits).near[-1] == 0  # the third on the other side
    for cut in range(1, len(falling)):
        assert nhs_rules(falling[:cut], limits).low().tolist() == found.low()[:cut].tolist()


def test_a_tie_breaks_a_trend_and_its_length_is_a_parameter() -> None:
    limits = xmr([0.0, 20.0] * 6)
    assert nhs_rules([6, 5, 4, 3, 3, 2, 1], limits).trend.any() == np.False_
    assert nhs_rules([6, 5, 4, 3, 2, 1], limits, trend=6).trend[-1] == -1
    assert nhs_rules([6, 5, 4, 3, 2, 1], limits).trend[-1] == 0
