"""How far annotators agree on spans: token by token, span by span, and along the continuum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.statistics.agreement.alpha import KrippendorffSums
from annoaudit.statistics.agreement.estimate import NO_PAIRS, Coefficient, Interval, estimate, undefined
from annoaudit.statistics.agreement.sums import CongerSums
from annoaudit.statistics.spans.flattening import Runs, cut_axis, flatten_spans, label_pieces, spread
from annoaudit.statistics.spans.ratio_sums import RatioSums, UnitizingSums
from annoaudit.statistics.votes import Votes

__all__ = ["Marks", "Pieces", "measure_span_agreement"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Sums = TypeVar("Sums", KrippendorffSums, CongerSums)

TOO_MANY = "too many overlapping spans"
MOST_TOKEN_VOTES = 40_000_000


@dataclass(frozen=True, eq=False)
class Marks:
    """Spans of S submissions: ``item`` and ``annotator`` (S,) of each; submission, unit, extent and class of M spans.

    ``length`` (N,) is how long each item is, at least to its last edge. ``grain`` is the shortest stretch that can be
    told apart: a character, or a fraction of a second.
    """

    item: Ints
    annotator: Ints
    place: Ints
    unit: Ints
    start: Floats
    end: Floats
    label: Ints
    length: Floats
    n_classes: int
    grain: float = 1.0

    def on_shared_items(self) -> Marks:
        """Return the marks on items with two submissions or more."""
        per_item = np.bincount(self.item, minlength=len(self.length))
        kept = per_item[self.item] > 1
        number = np.cumsum(kept) - 1
        mine = kept[self.place]
        return replace(
            self, item=self.item[kept], annotator=self.annotator[kept], place=number[self.place[mine]],
            unit=self.unit[mine], start=self.start[mine], end=self.end[mine], label=self.label[mine],
        )  # fmt: skip

    @property
    def submissions(self) -> Votes:
        """The submissions as votes of one class, for counts."""
        return Votes.of(self.item, self.annotator, np.zeros(len(self.item), dtype=np.int64), 1)


@dataclass(frozen=True, eq=False)
class Pieces:
    """Tokens: (P,) item, start and end of each, in order."""

    item: Ints
    start: Floats
    end: Floats


def measure_span_agreement(marks: Marks, tokens: Pieces | None, *, seed: int = 0) -> Sequence[Coefficient]:
    """Return agreement on spans, each with an interval over items.

    ``token_alpha`` and ``token_kappa`` (Conger's; Cohen's for two annotators) compare the class of each token, "none"
    included; where one annotator's spans overlap, the longest counts. ``span_f1_exact`` is F1 of equal extents and
    classes, ``span_f1_overlap`` of matched spans of equal class, over all pairs of annotators on an item. ``u_alpha``
    compares where something is marked along the continuum, ``u_alpha_classes`` also as what; by chance, a unit is not
    compared with itself, and no grain of a gap with itself (equation 4 of the paper).

    Parameters
    ----------
    marks
        All submissions with their spans.
    tokens
        Of the items' texts; None where there are none.
    seed
        Of intervals that resample.

    References
    ----------
    Krippendorff, Mathet, Bouvry, Widlöcher. On the reliability of unitizing textual continua: further developments.
    Quality & Quantity 50, 2016.
    """
    shared = marks.on_shared_items()
    votes, interval = shared.submissions, Interval(seed=seed)
    bootstrap = replace(interval, kind="bootstrap")
    token_names = ("token_alpha", "token_kappa") if tokens is not None else ()
    names = (*token_names, "span_f1_exact", "span_f1_overlap", "u_alpha", "u_alpha_classes")
    if not len(shared.item):
        return [undefined(name, votes, interval, NO_PAIRS) for name in names]
    runs = flatten_spans(shared.place, shared.start, shared.end, shared.label)
    found = [] if tokens is None else _of_tokens(shared, runs, tokens, votes, interval)
    exact, overlapping = _f1_rows(shared)
    found.append(estimate("span_f1_exact", RatioSums(exact), votes, bootstrap))
    found.append(estimate("span_f1_overlap", RatioSums(overlapping), votes, bootstrap))
    if runs is None:
        return [*found, *(undefined(name, votes, bootstrap, TOO_MANY) for name in names[-2:])]
    bare = replace(runs, label=np.zeros(len(runs), dtype=np.int64))
    found.append(estimate("u_alpha", _unitize(shared, bare, 1), votes, bootstrap))
    found.append(estimate("u_alpha_classes", _unitize(shared, runs, shared.n_classes), votes, bootstrap))
    return found


def _of_tokens(marks: Marks, runs: Runs | None, tokens: Pieces, votes: Votes, interval: Interval) -> list[Coefficient]:
    said = None if runs is None else _vote_on_tokens(marks, runs, tokens)
    if said is None:
        return [undefined(name, votes, interval, TOO_MANY) for name in ("token_alpha", "token_kappa")]
    on_tokens, item = said
    if not len(on_tokens.item):
        return [undefined(name, votes, interval, "the texts hold no tokens") for name in ("token_alpha", "token_kappa")]
    together = _gather(item)
    alpha = _by_item(KrippendorffSums.of(on_tokens, None), together)
    kappa = _by_item(CongerSums.of(on_tokens, None), together)
    return [estimate("token_alpha", alpha, votes, interval), estimate("token_kappa", kappa, votes, interval)]


def _vote_on_tokens(marks: Marks, runs: Runs, tokens: Pieces) -> tuple[Votes, Ints] | None:
    """Return what each submission says of each token of its item, and the item of each token that is voted on."""
    n_items = len(marks.length)
    per_item = np.bincount(tokens.item, minlength=n_items)
    asked = (np.bincount(marks.item, minlength=n_items) > 0)[tokens.item]
    number = np.cumsum(asked) - 1
    first = np.searchsorted(tokens.item, marks.item, side="left")
    if int(per_item[marks.item].sum()) > MOST_TOKEN_VOTES:
        return None
    submission, token = spread(first, per_item[marks.item])
    label = np.full(len(token), marks.n_classes, dtype=np.int64)
    begin = np.cumsum(per_item[marks.item]) - per_item[marks.item]
    source, piece, named = label_pieces(runs, marks.item, tokens.item, tokens.start, tokens.end)
    label[begin[source] + piece - first[source]] = named
    votes = Votes(
        number[token], marks.annotator[submission], label, int(asked.sum()), int(marks.annotator.max()) + 1,
        marks.n_classes + 1,
    )  # fmt: skip
    return votes, tokens.item[asked]


def _gather(item: Ints) -> sparse.csr_array:
    """Return the matrix that adds up rows of tokens by item."""
    _, code = np.unique(item, return_inverse=True)
    ones = np.ones(len(code))
    return sparse.coo_array((ones, (code, np.arange(len(code)))), shape=(int(code.max()) + 1, len(code))).tocsr()


def _by_item(sums: Sums, together: sparse.csr_array) -> Sums:
    return replace(sums, rows=sparse.csr_array(together @ sums.rows))


def _f1_rows(marks: Marks) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Per item, twice the agreeing pairs of spans, and the spans of both annotators of each pair."""
    n_items = len(marks.length)
    item = marks.item[marks.place]
    n_sources = np.bincount(marks.item, minlength=n_items)
    asked = np.flatnonzero(n_sources > 0)
    sizes = np.bincount(item, minlength=n_items) * (n_sources - 1)
    equal = np.stack([item, marks.start, marks.end, marks.label])
    matched = np.stack([marks.unit, marks.label])
    rows = [np.stack([_agreeing(key, marks.place, item, n_items), sizes], axis=1) for key in (equal, matched)]
    return sparse.csr_array(rows[0][asked].astype(float)), sparse.csr_array(rows[1][asked].astype(float))


def _agreeing(key: npt.NDArray[np.generic], place: Ints, item: Ints, n_items: int) -> Floats:
    """Ordered pairs of sources that share a key, by item; a source counts once for each key."""
    _, code = np.unique(key, axis=1, return_inverse=True)
    code = code.reshape(-1).astype(np.int64)
    once = np.unique(np.stack([code, place]), axis=1, return_index=True)[1]
    count = np.bincount(code[once])
    home = np.zeros(len(count), dtype=np.int64)
    home[code] = item
    return np.asarray(np.bincount(home, weights=count * (count - 1.0), minlength=n_items), dtype=np.float64)


def _unitize(marks: Marks, runs: Runs, n_classes: int) -> UnitizingSums:
    n_items, k = len(marks.length), n_classes + 1
    n_sources = np.bincount(marks.item, minlength=n_items)
    asked = np.flatnonzero(n_sources > 0)
    item = marks.item[runs.source]
    length = np.maximum(marks.length, _longest(item, runs.end, n_items))
    size = runs.end - runs.start
    by_class = np.zeros((n_items, k))
    squares = np.zeros((n_items, k))
    np.add.at(by_class, (item, runs.label), size)
    np.add.at(squares, (item, runs.label), size**2)
    by_class[:, -1] = n_sources * length - by_class.sum(axis=1)
    squares[:, -1] = marks.grain * by_class[:, -1]  # a gap has no structure: only its grains meet themselves
    matching = _matching_length(runs, item, n_sources, length, n_classes)
    rows = np.column_stack([matching, by_class, squares])[asked]
    return UnitizingSums(sparse.csr_array(rows), k)


def _longest(item: Ints, end: Floats, n_items: int) -> Floats:
    longest = np.zeros(n_items)
    np.maximum.at(longest, item, end)
    return longest


def _matching_length(runs: Runs, item: Ints, n_sources: Ints, length: Floats, n_classes: int) -> Floats:
    """(N,) length on which pairs of sources agree, over the number of sources less one, gaps included."""
    n_items = len(n_sources)
    owner, start, end, first, count = cut_axis(item, runs.start, runs.end)
    stretch, piece = spread(first, count)
    shape = (len(owner), n_classes)
    said = sparse.coo_array((np.ones(len(piece)), (piece, runs.label[stretch])), shape=shape).tocsr()
    n = n_sources[owner].astype(np.float64)
    silent = n - np.asarray(said.sum(axis=1)).ravel()
    same = np.asarray(said.multiply(said).sum(axis=1)).ravel() + silent**2 - n
    covered = np.bincount(owner, weights=end - start, minlength=n_items)
    agreed = np.bincount(owner, weights=same / np.maximum(n - 1, 1) * (end - start), minlength=n_items)
    return np.asarray(agreed + (length - covered) * n_sources)
