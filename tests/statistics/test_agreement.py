"""Published tables and values restated as facts.

Sources: Krippendorff, Computing Krippendorff's alpha-reliability (3 observers, 15 units); Gwet, Handbook of
Inter-Rater Reliability, 4th ed., 2014, and the documentation of his package irrCAC 1.0 (the other tables and all
standard errors and intervals).
"""

import math

import numpy as np
import pytest

from annoaudit.errors import UsageError
from annoaudit.statistics.agreement.alpha import BangdiwalaSums, KrippendorffSums, OrdinalSums
from annoaudit.statistics.agreement.coefficients import (
    Interval,
    Votes,
    bangdiwala_b,
    brennan_prediger,
    cohen_kappa,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    measure_agreement,
    percent_agreement,
    scott_pi,
)
from annoaudit.statistics.agreement.estimate import item_influence
from annoaudit.statistics.agreement.pairs import pairwise_agreement
from annoaudit.statistics.agreement.sums import CongerSums, CountSums
from annoaudit.statistics.agreement.weights import class_weights

_ = None
PUBLISHED = Interval("published")


def from_items(rows, n_classes=None):
    """Items by annotators, labels from 1, None where missing."""
    found = [(i, a, k - 1) for i, row in enumerate(rows) for a, k in enumerate(row) if k is not None]
    item, annotator, label = np.array(found).T
    return Votes.of(item, annotator, label, n_classes or label.max() + 1)


def from_table(table):
    """Contingency table of two annotators."""
    return from_items([(a + 1, b + 1) for a, row in enumerate(table) for b, n in enumerate(row) for _i in range(n)])


def from_counts(counts):
    """Items by classes."""
    rows = [[k + 1 for k, n in enumerate(row) for _i in range(n)] for row in counts]
    return from_items(rows, len(counts[0]))


KRIPPENDORFF = from_items(
    zip(
        [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
        [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
        [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
        strict=True,
    )
)
FOUR_RATERS = from_items(
    [
        (1, 1, _, 1),
        (2, 2, 3, 2),
        (3, 3, 3, 3),
        (3, 3, 3, 3),
        (2, 2, 2, 2),
        (1, 2, 3, 4),
        (4, 4, 4, 4),
        (1, 1, 2, 1),
        (2, 2, 2, 2),
        (_, 5, 5, 5),
        (_, _, 1, 1),
        (_, _, 3, _),
    ]
)
ABSTRACTORS = from_table([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
DIAGNOSES = [
    [0, 0, 0, 6, 0],
    [0, 3, 0, 0, 3],
    [0, 1, 4, 0, 1],
    [0, 0, 0, 0, 6],
    [0, 3, 0, 3, 0],
    [2, 0, 4, 0, 0],
    [0, 0, 4, 0, 2],
    [2, 0, 3, 1, 0],
    [2, 0, 0, 4, 0],
    [0, 0, 0, 0, 6],
    [1, 0, 0, 5, 0],
    [1, 1, 0, 4, 0],
    [0, 3, 3, 0, 0],
    [1, 0, 0, 5, 0],
    [0, 2, 0, 3, 1],
]
SIX_RATERS = from_counts(DIAGNOSES)
FOUR_CATEGORIES = from_counts(
    [
        *([3, 0, 1], [2, 1, 1], [2, 1, 1], [2, 0, 2], [3, 1, 0], [3, 1, 0], [0, 4, 0], [0, 3, 1]),
        *([0, 0, 4], [3, 1, 0], [0, 4, 0], [0, 3, 1], [0, 2, 2], [0, 0, 4], [3, 1, 0]),
    ]
)


@pytest.mark.parametrize(
    ("metric", "value"),
    [("nominal", 0.691358), ("ordinal", 0.806721), ("interval", 0.810845), ("ratio", 0.808944)],
)
def test_krippendorff_published(metric, value):
    assert krippendorff_alpha(KRIPPENDORFF, metric, [1, 2, 3, 4]).value == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize(
    ("votes", "coefficient", "value", "se", "ends"),
    [
        (FOUR_RATERS, percent_agreement, 0.8181818, 0.12561, (0.542, 1)),
        (FOUR_RATERS, gwet_ac, 0.77544, 0.14295, (0.461, 1)),
        (FOUR_RATERS, fleiss_kappa, 0.76117, 0.15302, (0.424, 1)),
        (FOUR_RATERS, krippendorff_alpha, 0.74342, 0.14548, (0.423, 1)),
        (FOUR_RATERS, conger_kappa, 0.76282, 0.14917, (0.435, 1)),
        (FOUR_RATERS, brennan_prediger, 0.77273, 0.14472, (0.454, 1)),
        (ABSTRACTORS, cohen_kappa, 0.7964094, 0.05891072, (0.68, 0.913)),
        (ABSTRACTORS, scott_pi, 0.7962397, 0.05905473, (0.679, 0.913)),
        (ABSTRACTORS, gwet_ac, 0.8493305, 0.04321747, (0.764, 0.935)),
        (ABSTRACTORS, brennan_prediger, 0.835, 0.04693346, (0.742, 0.928)),
        (ABSTRACTORS, krippendorff_alpha, 0.7972585, 0.05905473, (0.68, 0.914)),
        (ABSTRACTORS, bangdiwala_b, 0.8059604, 0.05449465, (0.698, 0.914)),
        (ABSTRACTORS, percent_agreement, 0.89, 0.03128898, (0.828, 0.952)),
        (SIX_RATERS, gwet_ac, 0.4448007, 0.08418757, (0.264, 0.625)),
        (SIX_RATERS, fleiss_kappa, 0.4139265, 0.08119291, (0.24, 0.588)),
        (SIX_RATERS, krippendorff_alpha, 0.4204384, None, None),
        (SIX_RATERS, brennan_prediger, 0.4388889, 0.08312142, (0.261, 0.617)),
        (SIX_RATERS, percent_agreement, 0.5511111, None, None),
        (FOUR_CATEGORIES, gwet_ac, 0.3518903, None, None),
    ],
)
def test_gwet_published(votes, coefficient, value, se, ends):
    found = coefficient(votes, interval=PUBLISHED)
    assert found.value == pytest.approx(value, abs=5.1e-6)
    if se is not None:
        assert found.se == pytest.approx(se, abs=5.1e-6)
        assert (found.low, found.high) == pytest.approx(ends, abs=5.1e-4)


def test_one_published_standard_error_halves_the_chance_term():
    """For tables of counts irrCAC prints .08243228, .244 and .597 for alpha, where its own formula for raw labels
    (met above for four raters) gives .08119291: the slope of chance agreement enters once instead of twice."""
    counts = np.array(DIAGNOSES, dtype=float)
    n, r = len(counts), 6
    epsilon = 1 / (n * r)
    share = counts.sum(0) / counts.sum()
    chance = share @ share
    observed = (1 - epsilon) * ((counts**2).sum(1) - r) / (r * (r - 1)) + epsilon
    alpha = (observed.mean() - chance) / (1 - chance)

    def se(times):
        item = (observed - chance - times * (1 - alpha) * (counts @ share / r - chance)) / (1 - chance)
        return math.sqrt(((item - item.mean()) ** 2).sum() / (n * (n - 1)))

    assert se(1) == pytest.approx(0.08243228, abs=5e-8)
    found = krippendorff_alpha(SIX_RATERS, interval=PUBLISHED)
    assert found.se == pytest.approx(0.08119291, abs=5e-8)
    assert found.se * (1 - epsilon) == pytest.approx(se(2), rel=1e-3)


def every_sum(votes, order):
    quadratic = class_weights("quadratic", votes.n_classes)
    for weights in (None, quadratic):
        for chance in ("none", "fleiss", "gwet", "uniform"):
            yield CountSums.of(votes, weights, chance)
        yield CongerSums.of(votes, weights)
        yield KrippendorffSums.of(votes, weights)
    yield OrdinalSums.of(votes, np.array(order))


@pytest.mark.parametrize(
    "sums",
    [*every_sum(KRIPPENDORFF, [0, 1, 2, 3]), *every_sum(FOUR_RATERS, [4, 0, 2, 1, 3]), BangdiwalaSums.of(ABSTRACTORS)],
    ids=lambda sums: type(sums).__name__,
)
def test_gradients_equal_finite_differences(sums):
    scale = 1e6  # large sums take the small-sample term away, which the gradient leaves out
    totals = scale * np.asarray(sums.rows.sum(axis=0))
    steps = 1e-4 * scale * np.eye(len(totals))
    slopes = (sums.value(totals + steps) - sums.value(totals - steps)) / (2e-4 * scale)
    np.testing.assert_allclose(sums.gradient(totals) * scale, slopes * scale, atol=2e-6)
    assert abs(item_influence(sums, totals / scale).mean()) < 1e-12
    batch = np.stack([totals, totals + steps[0]])
    np.testing.assert_allclose(sums.gradient(batch)[1], sums.gradient(batch[1]))


@pytest.mark.parametrize("kind", ["analytic", "published", "bootstrap"])
def test_analytic_and_bootstrap_agree_on_many_items(kind):
    votes = crowd(np.random.default_rng(5), n_items=2000)
    by_kind = by_name(votes, kind)
    for name, reference in by_name(votes, "analytic").items():
        found = by_kind[name]
        assert found.value == reference.value
        assert found.se == pytest.approx(reference.se, rel=0.12), name
        assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.25 * reference.se * 4)


def crowd(rng, n_items=300, n_annotators=9, n_classes=4, redundancy=4):
    annotator = np.argsort(rng.random((n_items, n_annotators)), axis=1)[:, :redundancy]
    truth = rng.integers(0, n_classes, (n_items, 1))
    label = np.where(rng.random(annotator.shape) < 0.7, truth, rng.integers(0, n_classes, annotator.shape))
    item = np.repeat(np.arange(n_items), redundancy)
    return Votes.of(item, annotator.ravel(), label.ravel(), n_classes)


def by_name(votes, kind="analytic", values=(1.0, 2.0, 4.0, 8.0), n_bootstrap=400):
    codes = (votes.item, votes.annotator, votes.label, votes.n_classes)
    found = measure_agreement(*codes, values=values, kind=kind, n_bootstrap=n_bootstrap)
    return {c.name: c for c in found}


def test_identities_between_coefficients():
    votes = crowd(np.random.default_rng(2))
    found = by_name(votes)
    n = len(votes.item)
    fleiss, alpha = found["fleiss_kappa"].value, found["krippendorff_alpha"].value
    assert 1 - alpha == pytest.approx((1 - fleiss) * (1 - 1 / n))  # all items have the same number of labels
    two = Votes.of(ABSTRACTORS.item, ABSTRACTORS.annotator, ABSTRACTORS.label, 3)
    assert cohen_kappa(two).value == pytest.approx(conger_kappa(two).value)
    assert scott_pi(two).value == pytest.approx(fleiss_kappa(two).value)
    for weighting in ("linear", "quadratic", "ordinal", "ratio"):
        binary = crowd(np.random.default_rng(3), n_classes=2)
        assert fleiss_kappa(binary, weighting).value == pytest.approx(fleiss_kappa(binary).value)


def test_relabelling_annotators_items_and_batches_changes_nothing():
    votes = crowd(np.random.default_rng(4))
    rng = np.random.default_rng(0)
    order = rng.permutation(len(votes.item))
    items, annotators = rng.permutation(votes.n_items), rng.permutation(votes.n_annotators)
    moved = Votes.of(items[votes.item[order]], annotators[votes.annotator[order]], votes.label[order], 4)
    by_codes = by_name(votes)
    for name, found in by_name(moved).items():
        reference = by_codes[name]
        assert (found.value, found.low) == pytest.approx((reference.value, reference.low)), name


def test_sums_of_batches_add_up():
    votes = crowd(np.random.default_rng(6))
    first = votes.item < 100
    whole = CountSums.of(votes, None, "fleiss")
    parts = [
        CountSums.of(Votes.of(votes.item[m], votes.annotator[m], votes.label[m], 4), None, "fleiss").rows.sum(axis=0)
        for m in (first, ~first)
    ]
    assert float(whole.value(sum(parts))) == pytest.approx(fleiss_kappa(votes).value)


def test_weights_of_named_schemes():
    np.testing.assert_allclose(class_weights("linear", 3)[0], [1, 0.5, 0])
    np.testing.assert_allclose(class_weights("quadratic", 3)[0], [1, 0.75, 0])
    np.testing.assert_allclose(class_weights("ordinal", 3)[0], [1, 2 / 3, 0])
    np.testing.assert_allclose(class_weights("ratio", 3, [1, 2, 3])[0], [1, 1 - (1 / 9) / (1 / 4), 0])
    np.testing.assert_allclose(class_weights("ordinal", 3, [5, 1, 3])[1], [0, 1, 2 / 3])
    np.testing.assert_allclose(class_weights("identity", 2), np.eye(2))


@pytest.mark.parametrize("k", [2, 5])
def test_weighted_cohen_equals_scikit_learn(k):
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(k)
    a = rng.integers(0, k, 200)
    b = np.where(rng.random(200) < 0.6, a, rng.integers(0, k, 200))
    votes = Votes.of(np.tile(np.arange(200), 2), np.repeat([0, 1], 200), np.concatenate([a, b]), k)
    for weighting, theirs in (("identity", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = cohen_kappa_score(a, b, weights=theirs)
        assert cohen_kappa(votes, weighting).value == pytest.approx(expected, abs=1e-12)


def test_pairs_equal_cohen_on_shared_items():
    votes = crowd(np.random.default_rng(7), n_items=120)
    pairs = pairwise_agreement(votes)
    assert len(pairs.first) == 9 * 8 // 2
    for j in range(0, len(pairs.first), 5):
        both = np.isin(votes.annotator, [pairs.first[j], pairs.second[j]])
        two = Votes.of(votes.item[both], votes.annotator[both], votes.label[both], 4).shared
        kappa, percent = cohen_kappa(two, interval=PUBLISHED), percent_agreement(two)
        assert pairs.n_shared[j] == kappa.n_items
        assert pairs.percent[j] == pytest.approx(percent.value)
        assert pairs.kappa[j] == pytest.approx(kappa.value)
        assert pairs.kappa_se[j] == pytest.approx(kappa.se)
    dense = pairs.matrix("kappa")
    np.testing.assert_array_equal(dense, dense.T)
    assert np.isnan(np.diag(dense)).all()


def test_pairs_are_the_same_in_small_chunks(monkeypatch):
    votes = crowd(np.random.default_rng(8), n_items=50)
    whole = pairwise_agreement(votes)
    monkeypatch.setattr("annoaudit.statistics.agreement.pairs.CHUNK", 60)
    parts = pairwise_agreement(votes)
    for field in ("first", "second", "n_shared", "kappa", "kappa_low", "percent_high"):
        np.testing.assert_array_equal(getattr(whole, field), getattr(parts, field))


def test_pairs_without_shared_items_are_absent():
    pairs = pairwise_agreement(from_items([(1, _, 2), (2, _, 2), (_, 1, _)]))
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.n_shared.tolist()) == ([0], [2], [2])
    alone = pairwise_agreement(from_items([(1, _), (_, 2)]))
    assert alone.first.size == 0
    assert np.isnan(alone.matrix("percent")).all()


def test_no_repeated_labels_is_said():
    for found in measure_agreement([0, 1, 2], [0, 1, 0], [0, 1, 1], 2, values=[0, 1]):
        assert math.isnan(found.value)
        assert found.why == "no item has labels of two annotators"
        assert (found.n_items, found.n_labels) == (0, 0)


def test_no_labels_at_all():
    none = np.zeros(0, dtype=int)
    assert all(math.isnan(c.value) and c.why for c in measure_agreement(none, none, none, 3))
    assert pairwise_agreement(Votes.of(none, none, none, 3)).first.size == 0


@pytest.mark.parametrize("n_annotators", [2, 4])
def test_one_class_used_leaves_percent_agreement(n_annotators):
    votes = from_items([[1] * n_annotators] * 30, n_classes=2)
    found = by_name(votes, values=None)
    assert found["percent_agreement"].value == 1
    assert 0.85 < found["percent_agreement"].low < 0.9  # .025 ** (1 / 30)
    for name in ("fleiss_kappa", "conger_kappa", "krippendorff_alpha"):
        assert math.isnan(found[name].value)
        assert "one class" in found[name].why
    assert found["gwet_ac1"].value == found["brennan_prediger"].value == 1
    only = by_name(from_items([[1] * n_annotators] * 30, n_classes=1), values=None)
    assert math.isnan(only["gwet_ac1"].value)
    assert only["percent_agreement"].value == 1


@pytest.mark.parametrize("kind", ["analytic", "published", "bootstrap"])
def test_perfect_agreement_is_not_certain(kind):
    found = by_name(from_items([(1, 1, 1), (2, 2, 2)] * 20), kind, values=(0.0, 1.0), n_bootstrap=200)
    for c in found.values():
        assert (c.value, c.high) == pytest.approx((1, 1))
        assert 0 < c.low < 0.95
        assert "no disagreement seen" in c.why


def test_one_shared_item_has_no_interval():
    found = percent_agreement(from_items([(1, 2), (1, _)]))
    assert found.value == 0
    assert math.isnan(found.low)
    assert "one item" in found.why


def test_items_with_one_label_do_not_widen_the_default_interval():
    votes = crowd(np.random.default_rng(9), n_items=200)
    extra = np.arange(200, 2200)
    more = Votes.of(
        np.concatenate([votes.item, extra]),
        np.concatenate([votes.annotator, extra % 9]),
        np.concatenate([votes.label, extra % 4]),
        4,
    )
    assert percent_agreement(more).se == pytest.approx(percent_agreement(votes).se)
    assert percent_agreement(more, interval=PUBLISHED).se > 2 * percent_agreement(votes).se


def test_two_annotators_without_a_common_class():
    found = by_name(from_items([(1, 2), (1, 2), (1, 2)]), values=None)
    assert found["percent_agreement"].value == 0
    assert "no class in common" in found["bangdiwala_b"].why
    assert found["cohen_kappa"].value == 0


def test_bootstrap_is_seeded():
    votes = crowd(np.random.default_rng(1), n_items=60)
    one, same, other = (fleiss_kappa(votes, interval=Interval("bootstrap", seed=s)) for s in (1, 1, 2))
    assert one == same
    assert one.low != other.low


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Votes.of([0, 0], [1, 1], [0, 1], 2), "twice"),
        (lambda: Votes.of([0], [1], [2], 2), "label codes"),
        (lambda: Votes.of([-1], [1], [0], 2), "item codes"),
        (lambda: Votes.of([0], [1, 2], [0], 2), "equal length"),
        (lambda: Votes.of([0.5], [1], [0], 2), "integer"),
        (lambda: cohen_kappa(FOUR_RATERS), "two annotators"),
        (lambda: krippendorff_alpha(FOUR_RATERS, "cubic"), "unknown metric"),
        (lambda: krippendorff_alpha(FOUR_RATERS, "ratio", [-1, 0, 1, 2, 3]), "negative"),
        (lambda: krippendorff_alpha(FOUR_RATERS, "interval", [1, 1, 2, 3, 4]), "distinct"),
        (lambda: fleiss_kappa(FOUR_RATERS, "cubic"), "unknown weighting"),
        (lambda: fleiss_kappa(FOUR_RATERS, np.ones((2, 2))), "symmetric"),
        (lambda: fleiss_kappa(from_items([(1, 2)], 3000), "linear"), "at most"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()


def test_thousands_of_classes_are_fine_without_weights():
    rng = np.random.default_rng(1)
    item, annotator = np.repeat(np.arange(500), 3), np.tile(np.arange(3), 500)
    votes = Votes.of(item, annotator, rng.integers(0, 9000, 1500), 9000)
    assert abs(fleiss_kappa(votes).value) < 0.01
    assert "classes" in krippendorff_alpha(votes, "ordinal").why
