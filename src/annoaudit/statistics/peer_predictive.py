"""What a typical other annotator would say about an item, given its features and the others' labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from annoaudit.errors import UsageError

__all__ = ["PeerPredictive", "predict_peers"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

BUCKETS = (0, 1, 2, 3, 4, 5, 7, 10)
FEWEST_ROWS = 300
MOST_ROWS = 100_000
RIDGE = 1e-3
SMALLEST = 1e-4


@dataclass(frozen=True, eq=False)
class PeerPredictive:
    """Class probabilities of a typical other annotator, for each label given.

    Parameters
    ----------
    q
        (L, K) float32, rows of sum 1: what others would say about the item of each label.
    expected
        (L,) the most probable class.
    n_others
        (L,) number of independent other sources on the item.
    informed
        (L,) whether anything is known of the item: another source, or probabilities. Where nothing is, q is the
        team's class frequency, and no label may be held against it.
    """

    q: Singles
    expected: Ints
    n_others: Floats
    informed: npt.NDArray[np.bool_]

    def of_given(self, label: Ints) -> Floats:
        """Return (L,) the probability of each label that was given."""
        return np.asarray(self.q[np.arange(len(label)), label], dtype=np.float64)

    @cached_property
    def confidence(self) -> Floats:
        """(L,) the probability of the most probable class."""
        return self.of_given(self.expected)


def predict_peers(
    item: Ints,
    annotator: Ints,
    label: Ints,
    *,
    n_items: int,
    n_annotators: int,
    n_classes: int,
    probabilities: npt.NDArray[np.floating] | None = None,
    group: Ints | None = None,
    trusted: npt.NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> PeerPredictive:
    """Predict each label from everything but its own source.

    A conditional logit over the classes, ``softmax_k(b_k + w1 log p_k + w2 n_k + w3 share_k^2 + w4 log C_ak)``:
    p are the item's class probabilities from features, n the labels of the others, a their leading class and
    C how often the team says k where the others lead with a. It is fitted on the labels themselves, apart for
    each number of others, because it must be fitted under the conditioning it is used with.

    Parameters
    ----------
    item, annotator, label
        (L,) codes, one label for an item and annotator.
    n_items, n_annotators, n_classes
        N, A, K.
    probabilities
        (L, K) from a model that saw no label of the annotator who is judged; NaN rows where unknown.
    group
        (A,) source of each annotator. Sources are never their own peers, and count once on an item.
        By default each annotator is a source.
    trusted
        (A,) who counts as a peer; all by default. The labels of the others are predicted, but teach nothing.
    seed
        Of the sample that is fitted on, where there are more than 100,000 labels of one kind.

    Returns
    -------
    PeerPredictive
        Where there are neither others nor probabilities, q is the team's class frequency.

    Raises
    ------
    UsageError
        ``probabilities`` is not (L, K).

    References
    ----------
    McFadden (1974). Conditional logit analysis of qualitative choice behavior. Miller, Resnick, Zeckhauser
    (2005). Eliciting informative feedback: the peer-prediction method. Management Science 51.
    """
    n_labels = len(item)
    if probabilities is not None and probabilities.shape != (n_labels, n_classes):
        raise UsageError(f"probabilities have shape {probabilities.shape}, expected {(n_labels, n_classes)}")
    teaches = np.ones(n_labels, dtype=bool) if trusted is None else trusted[annotator]
    share = np.bincount(label[teaches], minlength=n_classes) + 0.5
    share = share / share.sum()
    others = _count_others(item, annotator, label, teaches, n_items, n_classes, group)
    n_others = others.sum(axis=1)
    log_p = (
        np.log(np.broadcast_to(share, (n_labels, n_classes))) if probabilities is None else _log(probabilities, share)
    )
    informed = n_others > 0
    if probabilities is not None:
        informed |= np.isfinite(probabilities).all(axis=1)
    lead = np.asarray((others + np.exp(log_p)).argmax(axis=1), dtype=np.int64)
    inputs = np.stack(
        [
            log_p,
            others,
            (others / np.maximum(n_others, 1)[:, None]) ** 2,
            np.log(_confusion(lead[teaches & informed], label[teaches & informed], n_classes, share))[lead],
        ]
    ).astype(np.float32)
    q = np.empty((n_labels, n_classes), dtype=np.float32)
    rng = np.random.default_rng([seed, 11])
    for rows in _bucket(n_others):
        fitted = rows[teaches[rows]] if teaches[rows].any() else rows
        fitted = fitted if len(fitted) <= MOST_ROWS else np.sort(rng.choice(fitted, MOST_ROWS, replace=False))
        weights, offsets = _fit(inputs[:, fitted], label[fitted])
        q[rows] = _softmax(np.tensordot(weights, inputs[:, rows], axes=1) + offsets)
    return PeerPredictive(q, np.asarray(q.argmax(axis=1), dtype=np.int64), n_others, informed)


def _count_others(
    item: Ints,
    annotator: Ints,
    label: Ints,
    teaches: npt.NDArray[np.bool_],
    n_items: int,
    n_classes: int,
    group: Ints | None,
) -> Floats:
    """(L, K) labels of other sources on the item of each label; a source's labels on one item sum to one."""
    size = n_items * n_classes
    if group is None:
        weight = teaches.astype(np.float64)
        counts = np.bincount(item * n_classes + label, weight, size).reshape(n_items, n_classes)[item]
        counts[np.arange(len(item)), label] -= weight
        return np.asarray(counts, dtype=np.float64)
    _, source = np.unique(item * (int(group.max(initial=0)) + 1) + group[annotator], return_inverse=True)
    weight = teaches / np.bincount(source)[source]
    weighted = np.bincount(item * n_classes + label, weight, size).reshape(n_items, n_classes)[item]
    n_sources = int(source.max(initial=-1)) + 1
    own = np.bincount(source * n_classes + label, weight, n_sources * n_classes).reshape(n_sources, n_classes)
    return np.asarray(np.maximum(weighted - own[source], 0.0), dtype=np.float64)


def _log(probabilities: npt.NDArray[np.floating], share: Floats) -> Floats:
    known = np.isfinite(probabilities).all(axis=1)
    filled = np.where(known[:, None], probabilities, share)
    return np.asarray(np.log(np.clip(filled, SMALLEST, 1.0)), dtype=np.float64)


def _confusion(lead: Ints, label: Ints, n_classes: int, share: Floats) -> Floats:
    """(K, K) how often the team says k (columns) where the others lead with a (rows)."""
    counts = np.bincount(lead * n_classes + label, minlength=n_classes**2).reshape(n_classes, n_classes) + share
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _bucket(n_others: Floats) -> list[Ints]:
    """Rows with like numbers of others; small groups join the next smaller one."""
    place = np.searchsorted(np.array(BUCKETS), np.floor(n_others + 1e-9), side="right") - 1
    groups: list[Ints] = []
    for number in range(len(BUCKETS)):
        rows = np.flatnonzero(place == number)
        if not len(rows):
            continue
        # Labels without others are never fitted together with labels that have some.
        alone = not groups or n_others[groups[-1][0]] < 1 or number == 0
        if alone or min(len(rows), len(groups[-1])) >= FEWEST_ROWS:
            groups.append(rows)
        else:
            groups[-1] = np.sort(np.r_[groups[-1], rows])
    return groups


def _fit(inputs: Singles, label: Ints) -> tuple[Floats, Floats]:
    """Weights of the inputs and class offsets, by ridge-penalised maximum likelihood."""
    n_inputs, n_rows, n_classes = inputs.shape
    start = np.zeros(n_inputs + n_classes)
    start[0] = 1.0
    given = inputs[:, np.arange(n_rows), label].sum(axis=1, dtype=np.float64)
    counts = np.bincount(label, minlength=n_classes).astype(np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, offsets = parameters[:n_inputs], parameters[n_inputs:]
        scores = np.tensordot(weights.astype(np.float32), inputs, axes=1) + offsets.astype(np.float32)
        top = scores.max(axis=1, keepdims=True)
        expected = np.exp(scores - top)
        total = expected.sum(axis=1, keepdims=True)
        expected /= total
        value = float((top[:, 0] + np.log(total[:, 0])).sum(dtype=np.float64))
        value -= float(weights @ given + offsets @ counts)
        slope = np.r_[
            np.array([(one * expected).sum(dtype=np.float64) for one in inputs]) - given,
            expected.sum(axis=0, dtype=np.float64) - counts,
        ]
        penalty = RIDGE * n_rows**0.5
        return (value + penalty * float(parameters @ parameters)) / n_rows, (slope + 2 * penalty * parameters) / n_rows

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60, "ftol": 1e-9})
    return found.x[:n_inputs], found.x[n_inputs:]


def _softmax(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    scores = scores - scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))
