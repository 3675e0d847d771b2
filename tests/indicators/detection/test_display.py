import numpy as np

from nytta.indicators.detection import p_prime_chart, standardised, xmr_chart


def test_the_chart_is_rebased_at_declared_milestones_only() -> None:
    low, high = [50.0, 52.0] * 8, [80.0, 82.0] * 8
    plain, rebased = xmr_chart(low + high), xmr_chart(low + high, rebase=(16,))
    assert plain.centre[-1] == 51
    assert (plain.signals.outside[16:] == 1).all()
    assert (rebased.centre[0], rebased.centre[-1]) == (51, 81)
    assert not rebased.signals.outside.any()


def test_fewer_points_than_the_baseline_give_trial_limits() -> None:
    chart = xmr_chart([50.0, 52.0] * 8 + [60.0, 61.0, 62.0], rebase=(16,))
    assert chart.trial.tolist() == [False] * 16 + [True] * 3
    assert not xmr_chart([]).trial.any()


def test_assurance_compares_the_target_with_the_last_limits() -> None:
    series = [50.0, 52.0] * 8
    assert xmr_chart(series, target=30).assurance == "reached"
    assert xmr_chart(series, target=51).assurance == "hit_or_miss"
    assert xmr_chart(series, target=80).assurance == "missed"
    assert xmr_chart(series, target=80, higher_is_better=False).assurance == "reached"
    assert xmr_chart(series).assurance == "unknown"


def test_p_prime_limits_follow_the_denominator() -> None:
    n = np.array([100, 400] * 10)
    x = np.random.default_rng(2).binomial(n, 0.8)
    chart = p_prime_chart(x, n)
    assert chart.upper[0] - chart.centre[0] > chart.upper[1] - chart.centre[1]
    later = p_prime_chart([*x, 150], [*n, 400])
    assert later.signals.outside[-1] == -1
    assert later.signals.outside[:-1].tolist() == chart.signals.outside.tolist()


def test_standardised_counts_stay_put_when_only_the_mix_changes() -> None:
    one = np.full((1, 60), 80)
    one[:, 40:] = 20
    n = np.stack([one, 100 - one], -1)
    x = np.stack([one * 0.9, (100 - one) * 0.5], -1)
    count, worth = standardised(x, n)
    assert np.allclose(count / worth, 0.82)
    assert (worth <= 100).all()
    assert worth[0, 50] < worth[0, 10]
    early, _ = standardised(x[:, :45], n[:, :45])
    assert np.allclose(early, count[:, :45])


def test_a_week_without_anybody_is_no_observation() -> None:
    _, worth = standardised(np.zeros((1, 3, 2)), np.zeros((1, 3, 2)))
    assert np.isnan(worth).all()
