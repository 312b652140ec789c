"""Planted truth: a model never saw the labels it judges, and judging out of source finds what else hides."""

import numpy as np
import pyarrow as pa
import pytest

from annoaudit.evidence.features import build_features
from annoaudit.evidence.near_duplicates import cluster_near_duplicates
from annoaudit.evidence.probabilities import BY_ANNOTATOR, BY_ITEM, Probabilities, cross_validate

N_CLASSES = 3
WORDS = (
    ["invoice", "payment", "refund", "charge", "card", "money", "bill"],
    ["crash", "error", "screen", "freeze", "login", "bug", "update"],
    ["parcel", "delivery", "courier", "late", "address", "box", "track"],
)


def _texts(rng: np.random.Generator, n: int) -> tuple[pa.Table, np.ndarray]:
    truth = rng.integers(0, N_CLASSES, n)
    others = ["please", "hello", "the", "my", "is", "a", "with", "today", "order", "was", "again", "not"]
    texts = [
        " ".join([*rng.choice(WORDS[k], 3), *rng.choice(others, 5), *rng.choice(WORDS[rng.integers(3)], 1)])
        for k in truth
    ]
    return pa.table({"item_id": [str(i) for i in range(n)], "text": texts}), truth


def _points(rng: np.random.Generator, n: int) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    truth = rng.integers(0, N_CLASSES, n)
    points = rng.normal(size=(n, 6)) + 2.5 * np.eye(6)[truth]
    return pa.table({"item_id": [str(i) for i in range(n)]}), points, truth


def _judge(items, features, item, annotator, label, **how) -> Probabilities:
    clusters = how.pop("cluster", None)
    return cross_validate(
        features, item=item, annotator=annotator, label=label, n_items=items.num_rows,
        n_annotators=int(annotator.max()) + 1, n_classes=N_CLASSES,
        cluster=cluster_near_duplicates(items, features) if clusters is None else clusters, **how,
    )  # fmt: skip


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["text", "vectors"])
def test_no_label_of_an_annotator_reaches_the_model_that_judges_them(kind):
    rng = np.random.default_rng(1)
    if kind == "text":
        items, truth = _texts(rng, 160)
        features = build_features(items)
    else:
        items, points, truth = _points(rng, 160)
        features = build_features(items, supplied=points)
    annotator = rng.integers(0, 6, 160)
    before = _judge(items, features, np.arange(160), annotator, truth)
    assert before.source == BY_ANNOTATOR
    changed_somewhere = False
    for judged in (0, 4):
        theirs = annotator == judged
        changed = np.where(theirs, (truth + 1) % N_CLASSES, truth)
        after = _judge(items, features, np.arange(160), annotator, changed)
        np.testing.assert_array_equal(before.matrix[theirs], after.matrix[theirs])
        changed_somewhere |= bool((before.matrix[~theirs] != after.matrix[~theirs]).any())
    assert changed_somewhere


@pytest.mark.statistical
@pytest.mark.parametrize("by", ["item", "annotator"])
@pytest.mark.parametrize("copies", [1, 6])
def test_no_label_of_a_near_duplicate_reaches_the_model(by, copies):
    rng = np.random.default_rng(2)
    originals, truth = _texts(rng, 300 // (copies + 1))
    texts = [text.upper() if c % 2 else f"{text} " for c in range(copies + 1) for text in originals["text"].to_pylist()]
    items = pa.table({"item_id": [str(i) for i in range(len(texts))], "text": texts})
    label = np.tile(truth, copies + 1)
    features = build_features(items)
    cluster = cluster_near_duplicates(items, features)
    annotator = rng.integers(0, 6, len(texts))
    item = np.arange(len(texts))
    before = _judge(items, features, item, annotator, label, by=by, cluster=cluster)
    for c in (0, 5, 11):
        mates = cluster == c
        assert mates.sum() >= copies + 1
        after = _judge(
            items, features, item, annotator, np.where(mates, (label + 1) % 3, label), by=by, cluster=cluster
        )
        np.testing.assert_array_equal(before.matrix[mates], after.matrix[mates])
    assert before.accuracy > 0.8


@pytest.mark.statistical
def test_labels_of_repeated_items_each_get_a_model_without_their_annotator():
    rng = np.random.default_rng(3)
    items, truth = _texts(rng, 150)
    features = build_features(items)
    item = np.repeat(np.arange(150), 2)
    annotator = np.stack([rng.permutation(8)[:2] for _ in range(150)]).ravel()
    label = truth[item]
    by_item = _judge(items, features, item, annotator, label)
    assert by_item.source == BY_ITEM
    assert by_item.of_labels is None
    before = _judge(items, features, item, annotator, label, by="annotator")
    assert before.of_labels is not None
    assert before.of_labels.shape == (300, N_CLASSES)
    theirs = annotator == 3
    after = _judge(items, features, item, annotator, np.where(theirs, (label + 1) % 3, label), by="annotator")
    np.testing.assert_array_equal(before.of_labels[theirs], after.of_labels[theirs])


@pytest.mark.statistical
def test_folds_by_annotator_find_one_annotator_who_owns_a_slice():
    """Methods note, finding 3: by item, the model learns a poison that one annotator puts into a slice."""
    found = {"item": [], "annotator": []}
    for seed in range(2):
        rng = np.random.default_rng(seed)
        items, points, truth = _points(rng, 900)
        in_slice = (truth == 0) & (points[:, 5] > 0.4)
        annotator = rng.integers(1, 10, 900)
        annotator[in_slice & (rng.random(900) < 0.9)] = 0
        label = np.where(in_slice & (annotator == 0), 1, truth)
        wrong = label != truth
        features = build_features(items, supplied=points)
        for by, precisions in found.items():
            says = _judge(items, features, np.arange(900), annotator, label, by=by, seed=seed).matrix
            suspicion = -says[np.arange(900), label]
            worst = np.argsort(suspicion, kind="stable")[::-1][: wrong.sum()]
            precisions.append(wrong[worst].mean())
    by_item, by_annotator = np.mean(found["item"]), np.mean(found["annotator"])
    assert by_annotator > 0.6
    assert by_annotator > by_item + 0.3


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["digits", "text", "noise"])
def test_the_ensemble_is_not_worse_than_its_best_member(kind):
    rng = np.random.default_rng(4)
    if kind == "digits":
        from sklearn.datasets import load_digits

        points, truth = load_digits(return_X_y=True)
        points, truth = points[truth < 3], truth[truth < 3]
        items = pa.table({"item_id": [str(i) for i in range(len(truth))]})
        features = build_features(items, supplied=points)
    else:
        items, truth = _texts(rng, 500)
        features = build_features(items)
    label = rng.integers(0, 3, len(truth)) if kind == "noise" else truth
    says = _judge(items, features, np.arange(len(truth)), np.zeros(len(truth), int), label, by="item")
    assert says.log_loss <= min(loss for _, _, loss in says.members) + 0.01
    assert sum(weight for _, weight, _ in says.members) == pytest.approx(1)
    if kind == "noise":
        assert says.log_loss < np.log(3) + 0.02
    else:
        assert says.accuracy > 0.95


@pytest.mark.statistical
def test_probabilities_of_given_labels_are_calibrated_on_noisy_labels():
    rng = np.random.default_rng(5)
    items, points, truth = _points(rng, 1500)
    wrong = rng.random(1500) < 0.2
    label = np.where(wrong, (truth + rng.integers(1, 3, 1500)) % 3, truth)
    says = _judge(items, build_features(items, supplied=points), np.arange(1500), np.zeros(1500, int), label, by="item")
    surest = says.matrix.max(axis=1)
    for low, high in ((0.0, 0.6), (0.6, 0.8), (0.8, 1.01)):
        chosen = (surest >= low) & (surest < high)
        if chosen.sum() >= 50:
            right = (says.matrix.argmax(axis=1) == label)[chosen]
            error = 3 * np.sqrt(right.mean() * (1 - right.mean()) / len(right))
            assert abs(right.mean() - surest[chosen].mean()) < 0.03 + error
