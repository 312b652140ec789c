"""The label error ranking and list: planted truth, equality with cleanlab, invariances, degenerate input."""

from __future__ import annotations

import numpy as np
import pytest

from annoaudit.statistics.confident_counts import anchor_counts, confident_joint, confident_thresholds
from annoaudit.statistics.label_errors import score_labels
from annoaudit.statistics.noise_matrix import estimate_noise

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)


def planted(n=4000, n_classes=5, error_rate=0.1, sureness=6.0, seed=0, dtype=np.float32):
    """Noisy logits around the true class; given labels wrong at a rate, uniformly."""
    rng = np.random.default_rng(seed)
    true = rng.integers(n_classes, size=n)
    logits = 1.5 * rng.standard_normal((n, n_classes))
    logits[np.arange(n), true] += sureness
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    wrong = rng.random(n) < error_rate
    given = np.where(wrong, (true + rng.integers(1, n_classes, n)) % n_classes, true)
    return given, p.astype(dtype), true


def precision_recall(flagged, wrong):
    return (flagged & wrong).sum() / flagged.sum(), (flagged & wrong).sum() / wrong.sum()


def assert_close(one, other, tolerance=1e-5):
    np.testing.assert_allclose(one.suspicion, other.suspicion, atol=tolerance)
    assert one.n_flagged == other.n_flagged


@pytest.mark.parametrize("error_rate", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("n_classes", [2, 5, 20])
def test_planted_errors_are_flagged_and_their_true_class_suggested(n_classes, error_rate):
    given, p, true = planted(n_classes=n_classes, error_rate=error_rate, sureness=9)
    found = score_labels(given, p)
    precision, recall = precision_recall(found.suspicion >= 0.5, given != true)
    assert precision > 0.9
    assert recall > 0.9
    assert (found.suggested[given != true] == true[given != true]).mean() > 0.95


def test_asymmetric_noise_is_ranked_better_than_by_self_confidence():
    given, p, true = planted(error_rate=0, sureness=3, n=20_000)
    rng = np.random.default_rng(1)
    given = np.where((true == 0) & (rng.random(true.size) < 0.4), 1, given)
    mixing = np.eye(5)
    mixing[0, :2] = 0.6, 0.4
    p = (p @ mixing).astype(np.float32)
    wrong, k = given != true, (given != true).sum()
    ours = np.argsort(-score_labels(given, p).suspicion)[:k]
    theirs = np.argsort(p[np.arange(given.size), given])[:k]
    assert wrong[ours].mean() > wrong[theirs].mean() + 0.05


def test_noise_matrix_recovers_the_planted_one():
    rng = np.random.default_rng(0)
    matrix = np.array([[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [0.1, 0.1, 0.8]])
    counts = np.stack([rng.multinomial(5000, row) for row in matrix])
    np.testing.assert_allclose(estimate_noise(counts).dense, matrix, atol=0.03)
    np.testing.assert_allclose(estimate_noise(counts).dense.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("n_classes", [5, 200])
def test_noise_products_are_those_of_the_dense_matrix(n_classes):
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.3, (n_classes, n_classes)) + np.diag(rng.poisson(20, n_classes))
    noise = estimate_noise(counts)
    belief = rng.dirichlet(np.ones(n_classes), 50).T.astype(np.float32)
    given = rng.integers(n_classes, size=50)
    pushed = noise.dense.T @ belief
    np.testing.assert_allclose(noise.dense.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(noise.push(belief), pushed, rtol=1e-4)
    np.testing.assert_allclose(noise.pull(belief), noise.dense @ belief, rtol=1e-4)
    np.testing.assert_allclose(noise.likelihood(belief, given), pushed[given, np.arange(50)], rtol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 7, 40])
@pytest.mark.parametrize("sureness", [0.5, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_joint_and_thresholds_equal_those_of_cleanlab(n_classes, sureness, dtype):
    from cleanlab.count import compute_confident_joint, get_confident_thresholds

    given, p, _ = planted(3000, n_classes, 0.2, sureness, dtype=dtype)
    thresholds = confident_thresholds(given, p)
    np.testing.assert_allclose(thresholds, get_confident_thresholds(given, p), rtol=1e-5)
    theirs = compute_confident_joint(given, p, calibrate=False)
    np.testing.assert_array_equal(confident_joint(given, p, thresholds), theirs)
    np.testing.assert_array_equal(score_labels(given, p).joint, theirs)


def test_joint_equals_that_of_cleanlab_when_a_class_has_no_labels_and_probabilities_tie():
    from cleanlab.count import compute_confident_joint

    given, p, _ = planted(2000, 6)
    p = np.round(p[given != 3], 1)
    given = given[given != 3]
    joint = confident_joint(given, p, confident_thresholds(given, p))
    np.testing.assert_array_equal(joint, compute_confident_joint(given, p, calibrate=False))


def test_row_order_does_not_matter():
    given, p, _ = planted(n=30_000, n_classes=50, sureness=4)
    order = np.random.default_rng(3).permutation(given.size)
    one, other = score_labels(given, p), score_labels(given[order], p[order])
    np.testing.assert_allclose(other.suspicion, one.suspicion[order], atol=1e-5)
    np.testing.assert_array_equal(other.suggested, one.suggested[order])


def test_class_names_do_not_matter():
    given, p, _ = planted(sureness=4)
    new = np.array([3, 0, 4, 1, 2])
    renamed = np.empty_like(p)
    renamed[:, new] = p
    one, other = score_labels(given, p), score_labels(new[given], renamed)
    assert_close(one, other)
    np.testing.assert_array_equal(other.suggested, new[one.suggested])


def test_float32_and_float64_agree_and_the_input_is_left_alone():
    given, p, _ = planted(dtype=np.float64)
    before = p.copy()
    assert_close(score_labels(given, p), score_labels(given, p.astype(np.float32)), 1e-3)
    np.testing.assert_array_equal(p, before)


def test_equal_items_get_equal_suspicion():
    given = np.repeat([0, 1, 0], [50, 50, 4])
    p = np.repeat(np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9]], dtype=np.float32), [50, 50, 4], axis=0)
    found = score_labels(given, p)
    for start, end in ((0, 50), (50, 100), (100, 104)):
        assert np.ptp(found.suspicion[start:end]) < 1e-12
    assert found.n_flagged in (0, 4)
    assert found.suspicion[-1] > found.suspicion[0]


def test_a_probability_that_decides_nothing_flags_nothing():
    given = np.tile([0, 1], 50)
    assert score_labels(given, np.full((100, 2), 0.5)).n_flagged == 0


@pytest.mark.parametrize("n_classes", [2, 4, 10])
def test_a_model_that_knows_nothing_ranks_and_flags_nothing(n_classes):
    rng = np.random.default_rng(5)
    given, p = rng.integers(n_classes, size=600), rng.dirichlet(np.full(n_classes, 20.0), 600)
    found = score_labels(given, p)
    assert not found.can_judge
    assert found.n_flagged == 0
    assert found.suspicion.max() < 0.5
    assert "knows too little" in found.why


def test_forty_percent_of_wrong_labels_are_still_judged_by_a_good_model():
    given, p, wrong = planted(error_rate=0.4)
    found = score_labels(given, p)
    assert found.can_judge
    assert wrong[found.suspicion >= 0.5].mean() > 0.9


def test_flags_are_the_head_of_the_ranking():
    given, p, _ = planted(error_rate=0.2)
    found = score_labels(given, p)
    assert found.n_flagged == (found.suspicion >= 0.5).sum() > 0
    assert np.isfinite(found.suspicion).all()
    assert found.suspicion.min() >= 0
    assert found.suspicion.max() <= 1


def test_missing_labels_are_not_judged_and_change_nothing():
    given, p, _ = planted()
    gaps = np.insert(given, [0, 100, given.size], -1)
    holes = np.insert(p, [0, 100, given.size], np.float32(0.2), axis=0)
    found, known = score_labels(gaps, holes), gaps >= 0
    assert np.isnan(found.suspicion[~known]).all()
    assert (found.suggested[~known] == -1).all()
    np.testing.assert_array_equal(found.suspicion[known], score_labels(given, p).suspicion)


@pytest.mark.parametrize(
    ("label", "n_classes"), [([], 3), ([], 0), ([0, 0, 0], 1), ([-1, -1], 3)], ids=["empty", "void", "one", "none"]
)
def test_nothing_to_judge_gives_nan_and_says_why(label, n_classes):
    found = score_labels(np.array(label, dtype=int), np.ones((len(label), n_classes), dtype=np.float32))
    assert np.isnan(found.suspicion).all()
    assert found.suspicion.shape == (len(label),)
    assert found.n_flagged == 0
    assert found.why


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_few_items_give_finite_scores(n):
    rng = np.random.default_rng(n)
    found = score_labels(rng.integers(3, size=n), rng.dirichlet(np.ones(3), n))
    assert np.isfinite(found.suspicion).all()


def test_probabilities_of_zero_and_one_give_finite_scores():
    true = np.tile(np.arange(4), 50)
    given = true.copy()
    given[:10] = (given[:10] + 1) % 4
    found = score_labels(given, np.eye(4, dtype=np.float16)[true])
    assert np.isfinite(found.suspicion).all()
    assert set(np.argsort(-found.suspicion, kind="stable")[:10]) == set(range(10))


def test_a_class_without_labels_and_one_never_predicted():
    given, p, true = planted(n_classes=5)
    given[given == 4] = 0
    p[:, 3] = 0
    p /= p.sum(axis=1, keepdims=True)
    found = score_labels(given, p)
    assert np.isfinite(found.suspicion).all()
    assert np.isnan(found.thresholds[4])
    assert (true[found.suspicion >= 0.5] == 4).any()


def test_anchors_are_the_surest_share_of_each_predicted_class_with_ties():
    top = np.array([0.9, 0.8, 0.8, 0.6, 0.7])
    guess = np.array([0, 0, 0, 0, 2])
    counts = anchor_counts(np.array([0, 1, 0, 0, 2]), guess, top, 3, 0.5)
    np.testing.assert_array_equal(counts, [[2, 1, 0], [0, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize(("label", "shape"), [([0, 3], (2, 3)), ([-2, 0], (2, 3)), ([0], (2, 3)), ([0, 1], (2,))])
def test_labels_that_do_not_fit_the_probabilities_are_refused(label, shape):
    with pytest.raises(ValueError, match="label"):
        score_labels(np.array(label), np.ones(shape))


def test_nothing_is_an_estimate_of_the_number_of_errors():
    assert not any("error" in field for field in score_labels(*planted()[:2]).__dict__)


@pytest.mark.statistical
def test_on_clean_digits_the_list_is_no_longer_than_the_shortest_of_cleanlab():
    from cleanlab.filter import find_label_issues
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    x, y = load_digits(return_X_y=True)
    p = cross_val_predict(LogisticRegression(max_iter=300), x / 16, y, cv=3, method="predict_proba")
    shortest = min(find_label_issues(y, p, filter_by=name, n_jobs=1).sum() for name in FILTERS)
    assert score_labels(y, p).n_flagged <= shortest


@pytest.mark.statistical
@pytest.mark.parametrize("radius", [1.0, 2.0, 3.0])
def test_on_clean_overlapping_classes_the_list_is_no_longer_than_the_shortest_of_cleanlab(radius):
    from cleanlab.filter import find_label_issues

    rng = np.random.default_rng(0)
    y = rng.integers(3, size=3000)
    means = radius * np.c_[np.cos(2 * np.pi * np.arange(3) / 3), np.sin(2 * np.pi * np.arange(3) / 3)]
    x = means[y] + rng.standard_normal((y.size, 2))
    logits = x @ means.T
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    shortest = min(find_label_issues(y, p, filter_by=name, n_jobs=1).sum() for name in FILTERS)
    assert score_labels(y, p).n_flagged <= shortest
