"""What counts as found, and what intervals decide."""

import numpy as np
import pytest

from annoaudit.findings import Scores
from annoaudit.reporting.blind_spot_records import Share
from annoaudit.simulation.bench import choose_others_best, judge_share, tell_mean, tell_share
from annoaudit.simulation.trials import Trial, _measure_margins, find_suspects, rank_labels, rank_people


def trial(flagged=None, margins=None, urgency=(0.0,)):
    groups = {name: tuple(np.array(one) for one in found) for name, found in (flagged or {}).items()}
    return Trial(groups, {k: np.array(v, dtype=float) for k, v in (margins or {}).items()}, np.array(urgency), {})


SUSPECTS = np.array([True, True, False, False, False])


@pytest.mark.parametrize(
    ("groups", "found"),
    [([[0]], True), ([[2]], False), ([[0, 1]], True), ([[0, 2]], False), ([[0, 1, 2]], True), ([], False)],
)
def test_found_means_that_a_finding_names_mostly_attackers(groups, found):
    assert bool(find_suspects(trial({"one": groups}), SUSPECTS)) is found


def test_people_are_counted_once_over_all_findings():
    assert trial({"a": [[0], [1]], "b": [[1, 2]]}).people.tolist() == [0, 1, 2]
    assert trial().people.tolist() == []


def test_each_detector_ranks_people():
    both = trial(margins={"right": [5, 4, 1, 1, 0], "wrong": [0, 0, 9, 9, 9]})
    assert rank_people(both, SUSPECTS) == {"right": 1.0, "wrong": 0.0}


def test_who_could_not_be_judged_ranks_last_and_nobody_judged_is_not_a_half():
    assert rank_people(trial(margins={"a": [np.nan, 3, 1, 1, 1]}), SUSPECTS) == {"a": 0.5}
    assert rank_people(trial(margins={"a": [np.nan] * 5}), SUSPECTS) == {}
    assert rank_people(trial(), SUSPECTS) == {}


def test_the_detector_is_chosen_by_the_other_runs():
    runs = [{"a": 0.9, "b": 0.2}, {"a": 0.8, "b": 0.3}, {"a": 0.1, "b": 1.0}]
    assert choose_others_best(runs, ()).tolist() == [0.2, 0.3, 0.1]  # the others favour b, b and a


def test_choosing_among_many_useless_detectors_does_not_flatter():
    rng = np.random.default_rng(0)
    runs = [{f"d{i}": rng.random() for i in range(12)} for _ in range(4000)]
    means = [choose_others_best(runs[at : at + 6], ()).mean() for at in range(0, 4000, 6)]
    assert np.mean(means) == pytest.approx(0.5, abs=0.03)


def test_ties_and_single_runs_go_to_the_expected_detectors():
    assert choose_others_best([{"a": 0.9, "z": 0.7}], ("z",)).tolist() == [0.7]
    assert np.isnan(choose_others_best([{}], ())).all()


def test_labels_rank_in_the_review_order_and_unflagged_ones_last():
    malicious = np.array([True, False, True, False])
    assert rank_labels(trial(urgency=[2.0, 1.0, 3.0, np.nan]), malicious) == 1.0
    assert rank_labels(trial(urgency=[np.nan] * 4), malicious) == 0.5  # ties: the base rate
    assert np.isnan(rank_labels(trial(urgency=[1.0, 1.0, 1.0, 1.0]), np.zeros(4, dtype=bool)))


def test_members_of_groups_get_the_margin_of_their_worst_group():
    scores = Scores(
        "copying", "1", "pair", "q", np.arange(3), np.array([0.9, 0.5, np.nan]), lambda at: [],
        members=[np.array([0, 1]), np.array([1, 2]), np.array([3, 4])],
    )  # fmt: skip
    margin = _measure_margins(scores, 0.5, 5)
    assert margin[0] == margin[1] == pytest.approx(np.log(9))
    assert margin[2] == pytest.approx(0.0)
    assert np.isnan(margin[3:]).all()


NONE = tell_share(0, 6)


@pytest.mark.parametrize(
    ("found", "chance", "verdict"),
    [
        (tell_share(6, 6), NONE, "detectable"),
        (tell_share(5, 6), NONE, "sometimes"),
        (tell_share(1, 6), NONE, "sometimes"),
        (tell_share(0, 6), NONE, "not detectable"),
        (tell_share(20, 20), tell_share(19, 20), "sometimes"),
        (tell_share(3, 20), NONE, "not detectable"),
        (tell_share(16, 20), NONE, "detectable"),
        (tell_share(0, 2), NONE, "undecided"),
        (tell_share(2, 2), NONE, "undecided"),
    ],
)
def test_only_intervals_decide(found, chance, verdict):
    assert judge_share(found, chance) == verdict


def test_shares_have_exact_intervals():
    share = tell_share(6, 6)
    assert (share.value, share.high) == (1.0, 1.0)
    assert share.low == pytest.approx(0.025 ** (1 / 6))  # Clopper-Pearson at k = n
    assert isinstance(share, Share)


def test_means_have_t_intervals_and_leave_out_what_was_not_measured():
    mean = tell_mean(np.array([0.4, 0.6, np.nan]))
    assert (mean.value, mean.n) == (0.5, 2)
    assert (mean.low, mean.high) == (0.0, 1.0)  # t with one degree of freedom reaches beyond
    assert np.isnan(tell_mean(np.array([np.nan])).value)
    assert np.isnan(tell_mean(np.array([0.7])).low)
