import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp

from annoaudit.errors import Unavailable, UsageError
from annoaudit.evidence.features import build_features
from annoaudit.evidence.probabilities import BY_ANNOTATOR, BY_ITEM, Probabilities, cross_validate
from annoaudit.evidence.softmax_regression import apply_softmax, fit_softmax
from annoaudit.evidence.stacking import Calibration, calibrate, weigh_members

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 3, 120)
WORDS = np.array(["red apple", "blue ocean", "green forest"])
FILLER = np.array(["today", "again", "maybe", "often", "never", "here"])
TEXTS = [f"{WORDS[k]} {RNG.choice(FILLER)} {RNG.choice(FILLER)} {i}" for i, k in enumerate(TRUTH)]


def _judge(texts=TEXTS, label=TRUTH, annotator=None, item=None, n_classes=3, **how):
    items = pa.table({"item_id": [str(i) for i in range(len(texts))], "text": pa.array(texts, pa.string())})
    item = np.arange(len(texts)) if item is None else item
    annotator = np.zeros(len(item), dtype=int) if annotator is None else annotator
    return cross_validate(
        build_features(items), item=item, annotator=annotator, label=np.asarray(label), n_items=len(texts),
        n_annotators=int(annotator.max()) + 1, n_classes=n_classes, cluster=np.arange(len(texts)), **how,
    )  # fmt: skip


def test_rows_sum_to_one_and_the_same_seed_gives_the_same():
    first, again = _judge(), _judge()
    np.testing.assert_allclose(first.matrix.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(first.matrix, again.matrix)
    assert first.members == again.members
    assert sum(weight for _, weight, _ in first.members) == pytest.approx(1)
    assert first.accuracy > 0.9
    assert first.source == BY_ITEM


def test_sources_are_chosen_from_who_labelled_what():
    many = np.arange(120) % 6
    assert _judge(annotator=many).source == BY_ANNOTATOR
    assert "each item has one label" in _judge(annotator=many).note
    assert _judge(annotator=many % 2).source == BY_ITEM
    assert "too few annotators" in _judge(annotator=many % 2).note
    twice = np.r_[np.arange(120), 0]
    says = _judge(item=twice, label=TRUTH[twice], annotator=np.r_[many, 5])
    assert says.source == BY_ITEM
    assert "several labels" in says.note
    assert "as asked" in _judge(annotator=many, by="item").note


def test_items_without_content_or_label_are_not_judged():
    texts = [*TEXTS, "", "red apple unlabelled"]
    says = _judge(texts, item=np.arange(121), label=np.r_[TRUTH, 0])
    assert np.isnan(says.matrix[120:]).all()
    assert np.isfinite(says.matrix[:120]).all()


def test_a_class_nobody_used_keeps_a_small_mass():
    says = _judge(n_classes=5)
    assert ((says.matrix[:, 3:] > 0) & (says.matrix[:, 3:] < 0.05)).all()


def test_a_class_with_one_label_is_judged_and_said_to_be_unknown():
    label = TRUTH.copy()
    label[7] = 3
    says = _judge(label=label, n_classes=4)
    assert np.isfinite(says.matrix).all()
    assert "1 class has labels of too few sources" in says.note


def test_a_soft_consensus_is_learned_from_where_given():
    noisy = np.where(np.random.default_rng(1).random(120) < 0.3, (TRUTH + 1) % 3, TRUTH)
    target = np.full((120, 3), 0.02)
    target[np.arange(120), TRUTH] = 0.96
    with_it, without = _judge(label=noisy, target=target), _judge(label=noisy)
    right = [(says.matrix.argmax(axis=1) == TRUTH).mean() for says in (with_it, without)]
    assert right[0] >= max(0.9, right[1])


def test_what_cannot_be_judged_is_said():
    with pytest.raises(Unavailable, match="only 10 labels"):
        _judge(TEXTS[:10], TRUTH[:10])
    with pytest.raises(Unavailable, match="one class"):
        _judge(label=np.ones(120, dtype=int))
    with pytest.raises(Unavailable, match="come from one annotator"):
        _judge(by="annotator")
    with pytest.raises(UsageError, match="'source'"):
        _judge(by="source")
    with pytest.raises(Unavailable, match="all of one class"):
        _judge(annotator=(TRUTH > 0).astype(int), label=(TRUTH > 0).astype(int), by="annotator")


def test_vectors_given_by_the_user_have_no_members():
    given = Probabilities(matrix=np.full((2, 2), 0.5), source="supplied")
    assert given.members == ()
    assert np.isnan(given.log_loss)
    assert given.rows_for(np.array([1, 1, 0])).shape == (3, 2)


def test_softmax_regression_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    points = np.hstack([RNG.normal(size=(120, 4)) + np.eye(4)[TRUTH], np.ones((120, 1))]).astype(np.float32)
    weights = fit_softmax(points, np.eye(3, dtype=np.float32)[TRUTH], strength=1.0, steps=500)
    peer = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(points[:, :4], TRUTH)
    np.testing.assert_allclose(apply_softmax(points @ weights), peer.predict_proba(points[:, :4]), atol=0.02)
    sparse = fit_softmax(sp.csr_matrix(points), np.eye(3, dtype=np.float32)[TRUTH], strength=1.0, steps=500)
    np.testing.assert_allclose(sparse, weights, atol=0.01)


def test_calibration_undoes_over_confidence_and_finds_random_errors():
    truth = RNG.dirichlet(np.ones(3), 4000).astype(np.float32)
    label = (truth.cumsum(axis=1) > RNG.random((4000, 1))).argmax(axis=1)
    undone = calibrate(Calibration(3.0, 0.001).apply(truth), np.arange(4000), label)
    assert undone.power == pytest.approx(1 / 3, abs=0.08)
    assert undone.floor < 0.1
    wrong = RNG.random(4000) < 0.3
    noisy = np.where(wrong, RNG.integers(0, 3, 4000), label)
    assert calibrate(truth, np.arange(4000), noisy).floor == pytest.approx(0.3, abs=0.1)


def test_weights_minimise_log_loss_on_the_simplex():
    good, bad = RNG.uniform(0.5, 0.9, 500), RNG.uniform(0.05, 0.3, 500)
    weights = weigh_members([good, bad])
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > 0.95
    one, other = np.tile([0.9, 0.1], 250), np.tile([0.1, 0.9], 250)
    np.testing.assert_allclose(weigh_members([one, other]), [0.5, 0.5], atol=0.01)
