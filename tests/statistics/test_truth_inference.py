from __future__ import annotations

import numpy as np
import pytest

from annoaudit.errors import UsageError
from annoaudit.statistics.dawid_skene import ModelSettings, expected_confusions, fit_votes
from annoaudit.statistics.model_choice import ChoiceRule, is_diagonally_dominant, leave_one_out_score
from annoaudit.statistics.truth_inference import TruthInference, accuracy_interval, infer_truth, majority_vote
from annoaudit.statistics.votes import Votes

MODELS = ["auto", "majority", "one_coin", "hierarchical", "dawid_skene"]


def infer(item, annotator, label, sizes, **options) -> TruthInference:
    arrays = (np.asarray(x, dtype=np.int64) for x in (item, annotator, label))
    n_items, n_annotators, n_classes = sizes
    return infer_truth(*arrays, n_items=n_items, n_annotators=n_annotators, n_classes=n_classes, **options)


def planted(n_items=200, per_item=4, n_annotators=12, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n_items)
    item = np.repeat(np.arange(n_items), per_item)
    annotator = np.argsort(rng.random((n_items, n_annotators)), axis=1)[:, :per_item].ravel()
    ability = rng.uniform(0.55, 0.95, n_annotators)
    right = rng.random(len(item)) < ability[annotator]
    wrong = (truth[item] + rng.integers(1, n_classes, len(item))) % n_classes
    return item, annotator, np.where(right, truth[item], wrong), (n_items, n_annotators, n_classes)


@pytest.mark.parametrize("model", MODELS)
def test_shapes_and_ranges(model):
    item, annotator, label, sizes = planted()
    result = infer(item, annotator, label, sizes, model=model)
    np.testing.assert_allclose(result.posterior.sum(axis=1), 1.0)
    np.testing.assert_allclose(result.class_prior.sum(), 1.0)
    np.testing.assert_array_equal(result.label_posterior, result.posterior[item, label])
    assert np.all((result.accuracy_low <= result.accuracy) & (result.accuracy <= result.accuracy_high))
    assert result.n_labels.sum() == len(item) == result.n_judged.sum()
    if result.confusion is not None:
        np.testing.assert_allclose(result.confusion.sum(axis=2), 1.0)


@pytest.mark.parametrize("model", MODELS)
def test_neither_order_nor_numbering_matters(model):
    item, annotator, label, sizes = planted()
    rng = np.random.default_rng(1)
    order = rng.permutation(len(item))
    items, annotators = rng.permutation(sizes[0]), rng.permutation(sizes[1])
    before = infer(item, annotator, label, sizes, model=model)
    after = infer(items[item[order]], annotators[annotator[order]], label[order], sizes, model=model)
    assert after.settings == before.settings
    np.testing.assert_allclose(after.posterior[items], before.posterior, atol=1e-9)
    np.testing.assert_allclose(after.accuracy[annotators], before.accuracy, atol=1e-9)
    np.testing.assert_allclose(after.label_posterior, before.label_posterior[order], atol=1e-9)


def test_renaming_classes_renames_the_answer():
    item, annotator, label, sizes = planted()
    before = infer(item, annotator, label, sizes)
    after = infer(item, annotator, (label + 1) % 3, sizes)
    np.testing.assert_allclose(np.roll(before.posterior, 1, axis=1), after.posterior, atol=1e-9)


def test_the_same_call_gives_the_same_answer():
    arguments = planted()
    first, second = infer(*arguments), infer(*arguments, seed=7)
    np.testing.assert_array_equal(first.posterior, second.posterior)
    np.testing.assert_array_equal(first.accuracy_low, second.accuracy_low)


@pytest.mark.parametrize("model", MODELS)
def test_an_item_without_labels_has_the_prior(model):
    item, annotator, label, (n_items, n_annotators, n_classes) = planted()
    result = infer(item, annotator, label, (n_items + 1, n_annotators + 1, n_classes), model=model)
    np.testing.assert_allclose(result.posterior[-1], result.class_prior, atol=1e-9)
    assert np.isnan(result.accuracy[-1])
    assert np.isnan(result.accuracy_low[-1])
    assert result.n_labels[-1] == 0


@pytest.mark.parametrize("model", MODELS)
def test_an_annotator_with_one_label_gets_a_wide_interval(model):
    item, annotator, label, (n_items, n_annotators, n_classes) = planted()
    item, annotator, label = np.append(item, 0), np.append(annotator, n_annotators), np.append(label, 0)
    result = infer(item, annotator, label, (n_items, n_annotators + 1, n_classes), model=model)
    assert result.n_judged[-1] == 1
    assert result.accuracy_high[-1] - result.accuracy_low[-1] > 0.6


@pytest.mark.parametrize("model", MODELS)
def test_one_class(model):
    result = infer([0, 0, 1], [0, 1, 0], [0, 0, 0], (2, 2, 1), model=model)
    np.testing.assert_allclose(result.posterior, 1.0)
    np.testing.assert_allclose(result.accuracy, 1.0)


@pytest.mark.parametrize("model", MODELS)
def test_one_annotator_cannot_be_judged(model):
    result = infer([0, 1, 2], [0, 0, 0], [0, 1, 1], (3, 1, 2), model=model)
    assert np.isnan(result.accuracy).all()
    assert np.isnan(result.accuracy_high).all()
    assert result.n_judged.tolist() == [0]
    assert result.posterior.shape == (3, 2)


def test_no_repeats_leave_the_labels_as_they_are():
    result = infer([0, 1, 2], [0, 1, 2], [0, 1, 1], (3, 3, 2))
    assert result.model == "majority"
    np.testing.assert_array_equal(result.posterior, [[1, 0], [0, 1], [0, 1]])


@pytest.mark.parametrize("model", MODELS)
def test_no_labels_at_all(model):
    result = infer([], [], [], (2, 1, 2), model=model)
    np.testing.assert_allclose(result.posterior, 0.5)
    assert np.isnan(result.accuracy).all()


@pytest.mark.parametrize("model", MODELS)
def test_perfect_agreement(model):
    item, annotator = (x.ravel() for x in np.meshgrid(np.arange(60), np.arange(4), indexing="ij"))
    result = infer(item, annotator, item % 3, (60, 4, 3), model=model)
    np.testing.assert_array_equal(result.posterior.argmax(axis=1), np.arange(60) % 3)
    assert result.accuracy.min() > 0.99
    assert result.accuracy_low.min() > 0.9


def test_majority_splits_ties_and_counts_shares():
    item, label = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 2, 2, 0])
    shares, winners = majority_vote(item, label, n_items=3, n_classes=3)
    np.testing.assert_allclose(shares, [[0.5, 0.5, 0], [1 / 3, 0, 2 / 3], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(winners, [[0.5, 0.5, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]])


def test_item_prior_settles_what_votes_leave_open():
    item, annotator, label, sizes = planted(per_item=2)
    prior = np.full((sizes[0], 3), 0.1)
    prior[:, 2] = 0.8
    tied = np.flatnonzero(np.bincount(item, label != 2, sizes[0]) == 1)
    plain = infer(item, annotator, label, sizes)
    informed = infer(item, annotator, label, sizes, item_prior=prior)
    assert informed.posterior[tied, 2].mean() > plain.posterior[tied, 2].mean()


def test_item_prior_makes_single_labels_judgeable():
    item, annotator, label, sizes = planted(per_item=1)
    prior = np.full((sizes[0], 3), 0.05)
    prior[item, label] = 0.9
    result = infer(item, annotator, label, sizes, item_prior=prior)
    assert result.model != "majority"
    assert result.n_judged.sum() == len(item)
    assert result.accuracy.min() > 0.9


def test_em_never_lowers_the_likelihood():
    item, annotator, label, sizes = planted()
    votes = Votes(item, annotator, label, *sizes)
    settings = ModelSettings("uniform", 1e-9)
    climb = [fit_votes(votes, settings, n_iterations=n, tolerance=-1).log_likelihood for n in range(1, 30)]
    assert np.diff(climb).min() > -1e-3


def test_resuming_is_the_same_as_going_on():
    item, annotator, label, sizes = planted()
    votes, settings = Votes(item, annotator, label, *sizes), ModelSettings("pooled", 4.0)
    half = fit_votes(votes, settings, n_iterations=3)
    whole, resumed = fit_votes(votes, settings), fit_votes(votes, settings, resume=half)
    np.testing.assert_array_equal(whole.posterior, resumed.posterior)
    assert whole.n_iterations == resumed.n_iterations


def test_expected_confusions_of_disjoint_items_add_up():
    item, annotator, label, sizes = planted()
    votes = Votes(item, annotator, label, *sizes)
    posterior = votes.shares()
    parts = [Votes(item[k], annotator[k], label[k], *sizes) for k in (item < 80, item >= 80)]
    total = sum(expected_confusions(part, posterior) for part in parts)
    np.testing.assert_allclose(total, expected_confusions(votes, posterior))


def test_leave_one_out_score_against_a_plain_loop():
    item, annotator, label, sizes = planted(n_items=30)
    votes = Votes(item, annotator, label, *sizes)
    fit = fit_votes(votes, ModelSettings("pooled", 4.0))
    counts = expected_confusions(votes, fit.posterior)
    total = 0.0
    for i, u, y in zip(item, annotator, label, strict=True):
        own = fit.posterior[i]
        others = own / fit.confusion[u, :, y]
        pooled = counts.sum(axis=0) + 1 / 3
        prior = (pooled[:, y] - own) / (pooled.sum(axis=1) - own)
        rate = (counts[u, :, y] - own + 4 * prior) / (counts[u].sum(axis=1) - own + 4)
        total += np.log((others / others.sum()) @ rate)
    assert leave_one_out_score(votes, fit) == pytest.approx(total / len(item), abs=1e-9)


def test_drifted_classes_are_not_eligible():
    assert is_diagonally_dominant(np.array([[5.0, 1, 0], [2, 3, 1], [0, 0, 0.5]]))
    assert not is_diagonally_dominant(np.array([[5.0, 1, 0], [4, 3, 1], [0, 0, 5]]))


def test_candidates_are_reported_and_the_best_eligible_one_is_kept():
    item, annotator, label, sizes = planted()
    result = infer(item, annotator, label, sizes)
    eligible = [c for c in result.candidates if c.eligible]
    assert len(result.candidates) == len(ChoiceRule().candidates())
    assert max(eligible, key=lambda c: c.score).settings == result.settings


def test_accuracy_interval_shrinks_with_labels_and_grows_with_doubt():
    sure = accuracy_interval(np.zeros(100, int), np.repeat([1.0, 0.0], [80, 20]), n_annotators=1)
    doubtful = accuracy_interval(np.zeros(100, int), np.repeat([0.95, 0.2], [80, 20]), n_annotators=1)
    assert sure[0][0] == pytest.approx(0.8)
    assert 0.14 < sure[2][0] - sure[1][0] < 0.17
    assert doubtful[2][0] - doubtful[1][0] > 1.1 * (sure[2][0] - sure[1][0])


@pytest.mark.parametrize(
    ("item", "annotator", "label", "place"),
    [
        ([0, 2], [0, 0], [0, 1], "item"),
        ([0, 1], [0, -1], [0, 1], "annotator"),
        ([0, 1], [0, 0], [0, 2], "label"),
        ([0], [0, 0], [0, 1], "length"),
    ],
)
def test_bad_codes_are_refused_by_name(item, annotator, label, place):
    with pytest.raises(UsageError, match=place):
        infer(item, annotator, label, (2, 1, 2))


def test_codes_that_are_no_integers_are_refused():
    with pytest.raises(UsageError, match="item"):
        Votes(np.array([0.0]), np.array([0]), np.array([0]), 1, 1, 1)


@pytest.mark.parametrize("prior", [np.ones((2, 2)), np.full((2, 2), np.nan), np.ones((1, 2)) / 2])
def test_bad_item_priors_are_refused(prior):
    with pytest.raises(UsageError, match="item prior"):
        infer([0, 1], [0, 0], [0, 1], (2, 1, 2), item_prior=prior)


def test_no_iterations_are_refused():
    with pytest.raises(UsageError, match="iteration"):
        infer([0, 0], [0, 1], [0, 1], (1, 2, 2), n_iterations=0)
