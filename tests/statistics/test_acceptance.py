"""Acceptance against a team's beta-binomial."""

import numpy as np

from annoaudit.statistics.acceptance import compare_acceptance


def team(n_annotators, seed, dispersion=0.02, n=60):
    rng = np.random.default_rng(seed)
    strength = 1 / dispersion - 1
    rate = rng.beta(0.2 * strength, 0.8 * strength, n_annotators)
    size = np.full(n_annotators, n)
    return rng.binomial(size, rate), size


def test_p_values_are_not_too_small_where_the_model_holds():
    p = np.concatenate(
        [
            compare_acceptance(*(lambda a, n: (a, np.full(len(a), 0.2 * 60), n, n > 0))(*team(40, seed))).p
            for seed in range(50)
        ]
    )
    assert (p <= 0.05).mean() <= 0.06
    assert (p <= 0.01).mean() <= 0.015


def test_who_accepts_everything_stands_out():
    accepted, n = team(40, seed=1)
    accepted[3] = 58
    found = compare_acceptance(accepted, np.full(40, 12.0), n, n > 0)
    assert found.p.argmin() == 3
    assert found.p[3] < 1e-6
    assert np.isclose(found.rate[3], 58 / 60)


def test_the_teams_habit_is_the_measure():
    n = np.full(20, 50)
    accepted = np.random.default_rng(2).binomial(n, 0.6)
    found = compare_acceptance(accepted, np.full(20, 10.0), n, n > 0)
    assert np.allclose(found.usual, 0.6, atol=0.05)
    assert (found.p > 0.001).all()


def test_those_who_were_not_judged_have_no_p_and_no_say():
    accepted, n = team(20, seed=3)
    accepted[:5], n[:5] = 0, 0
    judged = n > 0
    found = compare_acceptance(accepted, np.where(judged, 12.0, 0.0), n, judged)
    alone = compare_acceptance(accepted[5:], np.full(15, 12.0), n[5:], judged[5:])
    assert np.isnan(found.p[:5]).all()
    assert np.allclose(found.p[5:], alone.p)
