"""What the class probabilities of tokens say of a span: wrong class, wrong boundary, spurious; or missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

__all__ = [
    "KINDS_OF_DOUBT",
    "SpanDoubts",
    "average_tokens",
    "cover_tokens",
    "doubt_spans",
    "doubt_units",
    "find_unmarked",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.floating]

KINDS_OF_DOUBT = ("wrong class", "wrong boundary", "spurious", "missing")
ERROR_RATE = 0.05
"""Assumed share of spans with an error of each kind: it shifts the flags, not their order within a kind."""
N_MOVES = 4
PLAUSIBLE = 0.1
"""Assumed share of unmarked tokens that somebody might take for one to mark."""
FLOOR = 1e-6


@dataclass(frozen=True, eq=False)
class SpanDoubts:
    """Log odds of each kind of error, (D, 4) in the order of ``KINDS_OF_DOUBT``; -inf where it cannot be.

    NaN rows could not be judged. ``suggested`` (D,) is the class that the most probable error would leave; ``first``
    and ``last`` (D,) are the tokens of the likeliest other extent.
    """

    odds: Floats
    suggested: Ints
    first: Ints
    last: Ints

    @property
    def suspicion(self) -> Floats:
        """(D,) probability that one of the kinds holds, taken for the most probable kind; NaN where not judged."""
        return np.asarray(expit(self.odds.max(axis=1)))


def cover_tokens(
    token_item: Ints, token_start: Floats, token_end: Floats, item: Ints, start: Floats, end: Floats
) -> tuple[Ints, Ints]:
    """Return the first token of each extent and the one after its last; equal where it covers none."""
    width = float(token_end.max(initial=0.0)) + 1.0
    begin, finish = (item * width + np.minimum(edge, width - 0.5) for edge in (start, end))
    first = np.searchsorted(token_item * width + token_end, begin, side="right")
    last = np.searchsorted(token_item * width + token_start, finish, side="left")
    return first, np.maximum(first, last)


def average_tokens(matrix: Probabilities, first: Ints, last: Ints) -> Floats:
    """Return (D, K + 1) class probabilities of stretches of tokens: the geometric mean over tokens, of sum 1."""
    logs = np.log(np.maximum(np.asarray(matrix, dtype=np.float64), FLOOR))
    total = np.vstack([np.zeros(logs.shape[1]), np.cumsum(np.nan_to_num(logs), axis=0)])
    known = np.r_[0, np.cumsum(np.isfinite(logs[:, 0]))]
    n = last - first
    mean = (total[last] - total[first]) / np.maximum(n, 1)[:, None]
    raised = np.exp(mean - mean.max(axis=1, keepdims=True))
    whole = (n > 0) & (known[last] - known[first] == n)
    return np.where(whole[:, None], raised / raised.sum(axis=1, keepdims=True), np.nan)


def doubt_spans(
    matrix: Probabilities,
    token_item: Ints,
    first: Ints,
    last: Ints,
    label: Ints,
    *,
    n_spans: int,
    n_unmarked: int,
) -> SpanDoubts:
    """Weigh what was said of stretches of tokens against their class probabilities.

    Parameters
    ----------
    matrix
        (T, K + 1) probabilities of tokens, "none" last; NaN rows where not known.
    token_item
        (T,) item of each token.
    first, last
        (D,) tokens of each stretch, half-open.
    label
        (D,) class given; K says that nothing is there.
    n_spans, n_unmarked
        Spans marked and tokens not marked, over all: how rare a spurious span is among all places for one.
    """
    n_classes = matrix.shape[1] - 1
    whole = average_tokens(matrix, first, last)
    at = np.arange(len(label))
    marked = label < n_classes
    own = np.maximum(whole[at, label], FLOOR)
    share = np.bincount(label[marked], minlength=n_classes + 1)[label] / max(int(marked.sum()), 1)
    others = whole.copy()
    others[:, -1] = 0.0
    others[at, label] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = np.log(ERROR_RATE * others.sum(axis=1) / max(n_classes - 1, 1) / own)
        spurious = np.log(ERROR_RATE * n_spans / max(PLAUSIBLE * n_unmarked, 1) * share * whole[:, -1] / own)
        something = _largest(1.0 - matrix[:, -1].astype(np.float64), first, last)
        missing = np.log(ERROR_RATE * something / np.maximum(1.0 - something, FLOOR))
    edges, moved_first, moved_last = _edge_odds(matrix, token_item, first, last, np.minimum(label, n_classes - 1))
    odds = _place_odds(wrong, edges, spurious, missing, marked)
    odds[~np.isfinite(whole[:, 0])] = np.nan
    return SpanDoubts(odds, _suggest(odds, whole, others, label), moved_first, moved_last)


def doubt_units(rows: Floats, label: Ints) -> SpanDoubts:
    """Weigh classes given against (D, K + 1) class probabilities that are taken as they are, "none" last."""
    at, n_classes = np.arange(len(label)), rows.shape[1] - 1
    own, marked = np.maximum(rows[at, label], FLOOR), label < rows.shape[1] - 1
    others = rows.copy()
    others[:, -1] = 0.0
    others[at, label] = 0.0
    with np.errstate(divide="ignore"):
        wrong, spurious = np.log(others.sum(axis=1) / own), np.log(rows[:, -1] / own)
        missing = np.log(rows[:, :n_classes].sum(axis=1) / own)
    odds = _place_odds(wrong, np.full(len(label), -np.inf), spurious, missing, marked)
    return SpanDoubts(odds, _suggest(odds, rows, others, label), np.zeros_like(label), np.zeros_like(label))


def _place_odds(wrong: Floats, edges: Floats, spurious: Floats, missing: Floats, marked: Bools) -> Floats:
    """Put the odds in the order of the kinds; what is marked cannot be missing, and the other way round."""
    odds = np.stack([wrong, edges, spurious, missing], axis=1)
    odds[marked, 3] = -np.inf
    odds[~marked, :3] = -np.inf
    return np.asarray(odds, dtype=np.float64)


def _suggest(odds: Floats, whole: Floats, others: Floats, label: Ints) -> Ints:
    """Return the class that the most probable kind of error leaves."""
    kind = np.nan_to_num(odds, nan=-np.inf).argmax(axis=1)
    options = [others.argmax(axis=1), label, np.full(len(label), whole.shape[1] - 1), whole[:, :-1].argmax(axis=1)]
    return np.asarray(np.choose(kind, options), dtype=np.int64)


def _largest(value: Floats, first: Ints, last: Ints) -> Floats:
    """Return the largest value in each stretch; NaN in empty ones."""
    if not len(first):
        return np.zeros(0)
    padded = np.append(value, np.nan)
    ends = np.stack([first, np.maximum(last, first)], axis=1).ravel()
    found = np.fmax.reduceat(padded, np.minimum(ends, len(value)))[::2]
    return np.where(last > first, found, np.nan)


def _edge_odds(
    matrix: Probabilities, token_item: Ints, first: Ints, last: Ints, label: Ints
) -> tuple[Floats, Ints, Ints]:
    """Log odds that a token more or less at one edge is right, given that the class is; and the better stretch."""
    n = len(token_item)
    logs = np.log(np.maximum(np.asarray(matrix, dtype=np.float64), FLOOR))
    long, none = last - first > 1, matrix.shape[1] - 1
    left, right = np.clip(first, 0, n - 1), np.clip(last - 1, 0, n - 1)
    before, after = np.clip(first - 1, 0, n - 1), np.clip(last, 0, n - 1)
    home = token_item[left]
    has_before = (first > 0) & (token_item[before] == home)
    has_after = (last < n) & (token_item[after] == home)
    moves = np.stack(
        [
            np.where(long, logs[left, none] - logs[left, label], -np.inf),
            np.where(long, logs[right, none] - logs[right, label], -np.inf),
            np.where(has_before, logs[before, label] - logs[before, none], -np.inf),
            np.where(has_after, logs[after, label] - logs[after, none], -np.inf),
        ],
        axis=1,
    )
    best = moves.argmax(axis=1)
    inside = np.log(np.maximum(_largest_of(matrix, label, first, last), FLOOR))
    shift = np.array([[1, 0], [0, -1], [-1, 0], [0, 1]])[best]
    return moves.max(axis=1) + inside + np.log(ERROR_RATE / N_MOVES), first + shift[:, 0], last + shift[:, 1]


def _largest_of(matrix: Probabilities, label: Ints, first: Ints, last: Ints) -> Floats:
    """Return the largest probability of each stretch's own class among its tokens."""
    found = np.full(len(label), np.nan)
    for k in np.unique(label):
        mine = np.flatnonzero(label == k)
        found[mine] = _largest(np.asarray(matrix[:, k], dtype=np.float64), first[mine], last[mine])
    return found


def find_unmarked(
    matrix: Probabilities, token_item: Ints, marked: Bools, least: float = 0.5
) -> tuple[Ints, Ints, Ints]:
    """Return first token, token after the last, and class of each run of tokens that a model marks and nobody did.

    Parameters
    ----------
    matrix
        (T, K + 1) probabilities of tokens, "none" last.
    token_item
        (T,) item of each token.
    marked
        (T,) whether anybody marked it; runs that touch such a token are boundaries of that span and left out.
    least
        Probability of any class from which a token belongs to a run.
    """
    on = (1.0 - np.nan_to_num(np.asarray(matrix[:, -1], dtype=np.float64), nan=1.0) > least) & ~marked
    same = np.r_[False, token_item[1:] == token_item[:-1]]
    begins = on & ~(np.r_[False, on[:-1]] & same)
    ends = on & ~np.r_[on[1:] & same[1:], False]
    first, last = np.flatnonzero(begins), np.flatnonzero(ends) + 1
    touched = np.append(marked, False)
    beside = (touched[first - 1] & same[first] & (first > 0)) | (touched[last] & np.append(same, False)[last])
    first, last = first[~beside], last[~beside]
    return first, last, average_tokens(matrix, first, last)[:, :-1].argmax(axis=1) if len(first) else first
