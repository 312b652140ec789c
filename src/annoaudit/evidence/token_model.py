"""Out-of-source probabilities of tokens: which class a model gives each that never saw the labels it judges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from annoaudit.errors import Unavailable
from annoaudit.evidence.softmax_regression import apply_softmax, fit_softmax
from annoaudit.evidence.token_features import describe_tokens
from annoaudit.evidence.tokens import Tokens
from annoaudit.labels import Spans
from annoaudit.statistics.spans.flattening import flatten_spans, label_pieces

__all__ = ["TokenModel", "fit_token_model"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]

STRENGTH = 0.3
STEPS, FEW_STEPS = 60, 30
N_FOLDS, FEW_FOLDS = 5, 3
MANY_TOKENS = 300_000
MOST_LEARNED = 60_000
FEWEST_MARKS = 50
FEWEST_ITEMS = 20
GAIN = 0.97
"""The model's log-loss must be below this share of that of the class shares alone."""


@dataclass(frozen=True, eq=False)
class TokenModel:
    """Class probabilities of T tokens, "none" in the last of K + 1 columns, from models that did not see their labels.

    ``log_loss`` is the mean of -log p of what is marked, ``base_loss`` that of the class shares.
    """

    matrix: Floats
    source: str
    log_loss: float
    base_loss: float


def fit_token_model(texts: pa.ChunkedArray, spans: Spans, tokens: Tokens, seed: int = 0) -> TokenModel:
    """Learn from each token's word, shape and context which class people give it; judge items that were held out.

    Multinomial logistic regression, cross-fitted by text (equal texts together), or by annotator where each item has
    one submission and three annotators have ten each. With over 60,000 tokens to learn from, that many are drawn.

    Raises
    ------
    Unavailable
        There are too few marked spans, or what is marked does not follow from the words.
    """
    if len(spans) < FEWEST_MARKS or len(np.unique(spans.given.item)) < FEWEST_ITEMS:
        raise Unavailable(
            f"{len(spans)} spans on {len(np.unique(spans.given.item))} items are too few to learn from",
            hint=f"A model needs {FEWEST_MARKS} spans on {FEWEST_ITEMS} items.",
        )
    soft = _soft_labels(spans, tokens)
    fold, by = _fold(texts, spans, seed)
    matrix = _cross_fit(describe_tokens(tokens), soft, fold[tokens.item], seed)
    judged = np.flatnonzero(np.isfinite(matrix[:, 0]) & (soft.sum(axis=1) > 0))
    if not len(judged):
        raise Unavailable("all labelled texts are equal: a model cannot be checked on one that it did not see")
    share = soft[judged].mean(axis=0)
    base = -float((share * np.log(np.maximum(share, 1e-12))).sum())
    loss = -float((soft[judged] * np.log(np.maximum(matrix[judged], 1e-9))).sum(axis=1).mean())
    if not loss < GAIN * base:
        raise Unavailable(
            "what is marked does not follow from the words: a model of tokens tells no more than chance",
            hint="Masked or few texts say nothing; predictions of a model of yours would.",
        )
    return TokenModel(matrix, f"cross-validated by {by}", loss, base)


def _soft_labels(spans: Spans, tokens: Tokens) -> npt.NDArray[np.float32]:
    """(T, K + 1) share of the item's submissions that gave each class; rows of 0 where the item has none."""
    runs = flatten_spans(spans.place, spans.start, spans.end, spans.label)
    if runs is None:
        raise Unavailable("too many overlapping spans to learn from")
    n_classes, given = len(spans.classes), spans.given
    _, piece, label = label_pieces(runs, given.item, tokens.item, tokens.start, tokens.end)
    counts = sp.coo_array((np.ones(len(piece)), (piece, label)), shape=(len(tokens), n_classes)).toarray()
    n = np.bincount(given.item, minlength=len(given.item_ids))[tokens.item]
    none = n - counts.sum(axis=1)
    return np.asarray(np.column_stack([counts, none]) / np.maximum(n, 1)[:, None], dtype=np.float32)


def _fold(texts: pa.ChunkedArray, spans: Spans, seed: int) -> tuple[Ints, str]:
    """Return the fold of each item, -1 where nobody labelled it, and what the folds keep together."""
    given = spans.given
    n_items = len(given.item_ids)
    rng = np.random.default_rng(seed)
    per_item = np.bincount(given.item, minlength=n_items)
    per_annotator = np.bincount(given.annotator)
    group: Ints = np.full(n_items, -1, dtype=np.int64)
    alone = bool((per_item <= 1).all()) and int((per_annotator >= 10).sum()) >= 3
    if alone and per_annotator.max() <= 0.8 * len(given):
        group[given.item] = given.annotator
    else:
        coded = pc.dictionary_encode(pc.fill_null(texts, "")).combine_chunks()
        group = np.asarray(coded.indices, dtype=np.int64)
        group = np.where(per_item > 0, group, -1)
        alone = False
    n_groups = int(group.max()) + 1
    order = rng.permutation(n_groups) % N_FOLDS
    return np.where(group >= 0, order[group], -1), "annotator" if alone else "item"


def _cross_fit(features: sp.csr_matrix, soft: npt.NDArray[np.float32], fold: Ints, seed: int) -> Floats:
    matrix = np.full(soft.shape, np.nan, dtype=np.float32)
    steps = STEPS
    if len(fold) > MANY_TOKENS:
        steps = FEW_STEPS
        fold = np.asarray(np.where(fold >= 0, fold % FEW_FOLDS, -1), dtype=np.int64)
    rng = np.random.default_rng(seed)
    for one in np.unique(fold[fold >= 0]).tolist():
        learned = np.flatnonzero((fold >= 0) & (fold != one))
        judged = np.flatnonzero(fold == one)
        if not len(learned) or not len(judged):
            continue
        if len(learned) > MOST_LEARNED:
            learned = np.sort(rng.choice(learned, MOST_LEARNED, replace=False))
        weights = fit_softmax(features[learned], soft[learned], strength=STRENGTH, steps=steps)
        matrix[judged] = apply_softmax(np.asarray(features[judged] @ weights, dtype=np.float32))
    return matrix
