"""New batches that differ from the past: in their items, in their classes, or in labels given the items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.detectors.data_contrasts import MOST_MOVED, list_moved, main_directions, score_shifts
from annoaudit.detectors.data_exhibits import Innocence, show_texts
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, Subject
from annoaudit.statistics.residual_scan import match_margins
from annoaudit.statistics.two_sample import Shift, compare_classes, compare_features

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["BatchShift"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_BATCHES = 12
MOST_PAST = 5_000
MOST_NEW = 2_000
LATEST_SHARE = 0.2
FEATURES, CLASSES, LABELS = "items", "class shares", "labels given the items"
INNOCENCE = Innocence(
    (
        "another season, market, camera or source, which was meant",
        "a batch that was chosen for rare classes",
        "a new version of the guideline",
    ),
    "what was changed when this batch was drawn, and 20 of its items beside 20 older ones",
)
CARE = "tests that take items as exchangeable, and what is calibrated on the past, are to be read with care for it"


@dataclass(frozen=True, eq=False)
class _Comparison:
    name: str
    of: str
    new: Ints
    old: Ints
    shift: Shift


@dataclass(frozen=True)
class BatchShift:
    """Test the latest batches, each against all items before it.

    Batches are the values of ``batch`` in order of time (of first appearance where times are not known); without them
    each split against the others, and without these the latest fifth of the items, by ``created_at`` or by their first
    label, against the rest. Of copies one counts. Three tests a batch: see :mod:`annoaudit.statistics.two_sample`.

    Parameters
    ----------
    min_items
        Fewer different items in the batch, or before it: not compared.
    """

    min_items: int = 30

    name = "batch_shift"
    version = "1"
    level: ClassVar[Level] = "dataset"
    needs = ("near_duplicates",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every batch by its items, its class shares, and its labels given the items."""
        found = [*self._compare(evidence)]
        if not found:
            raise Unavailable(
                f"no batch, split or period has {self.min_items} different labelled items and as many before it",
                hint="Map a column with batch=, split= or created_at=.",
            )

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, found[int(at)]) for at in positions]

        return score_shifts(
            self,
            evidence.votes.question,
            [one.shift for one in found],
            explain,
            n=np.array([len(one.new) for one in found]),
            effect_name="area under the ROC curve above .5, or largest difference of a class",
            null="the batch is drawn as the items before it: who is new is permuted",
            family="batches and what is compared",
        )

    def _compare(self, evidence: Evidence) -> Iterator[_Comparison]:
        usable = _stand_ins(evidence)
        places, chance = main_directions(evidence), _residuals(evidence)
        share = evidence.votes.counts / np.maximum(evidence.votes.counts.sum(axis=1, keepdims=True), 1)
        for name, is_new, is_old in _list_batches(evidence):
            rng = np.random.default_rng([evidence.seed, 41])
            new = rng.permutation(np.flatnonzero(is_new & usable))[:MOST_NEW]
            old = rng.permutation(np.flatnonzero(is_old & usable))[:MOST_PAST]
            if min(len(new), len(old)) < self.min_items:
                continue
            rows, flag = np.r_[new, old], np.arange(len(new) + len(old)) < len(new)
            one = np.zeros(len(rows), dtype=np.int64)
            if places is not None:
                shift = compare_features(places[rows], flag, evidence.seed)
                yield _Comparison(name, FEATURES, new, old, shift)
            yield _Comparison(name, CLASSES, new, old, compare_classes(share[rows], flag, one, evidence.seed))
            if chance is not None and np.isfinite(chance[rows]).all():
                expected = chance[rows].argmax(axis=1)
                shift = compare_classes(share[rows] - chance[rows], flag, expected, evidence.seed)
                yield _Comparison(name, LABELS, new, old, shift)


def _stand_ins(evidence: Evidence) -> Bools:
    """(N,) the first labelled item of each cluster of copies."""
    labelled = np.flatnonzero(evidence.votes.counts.any(axis=1))
    _, first = np.unique(evidence.near_duplicates[labelled], return_index=True)
    usable = np.zeros(evidence.votes.n_items, dtype=bool)
    usable[labelled[first]] = True
    return usable


def _residuals(evidence: Evidence) -> npt.NDArray[np.floating] | None:
    """(N, K) probabilities of a model that saw none of the labels it judges; None where there is none."""
    try:
        matrix = evidence.probabilities.matrix
    except Unavailable:
        return None
    known = np.isfinite(matrix).all(axis=1) & evidence.votes.counts.any(axis=1)
    chance = np.full(matrix.shape, np.nan, dtype=np.float32)
    counts = evidence.votes.counts[known]
    chance[known] = match_margins(matrix[known], counts / counts.sum(axis=1, keepdims=True))
    return chance


def _list_batches(evidence: Evidence) -> Iterator[tuple[str, Bools, Bools]]:
    """Name, new items and old items of what can be compared: batches, else splits, else the latest by time."""
    items = evidence.labels.items
    batch, split = (np.array(items[name].to_pylist(), dtype=object) for name in ("batch", "split"))
    at = np.asarray(pc.fill_null(items["created_at"].cast(pa.int64()), -1))
    names = list(dict.fromkeys(one for one in batch if one is not None))
    if len(names) > 1:
        start = {name: int(at[batch == name].min()) for name in names}
        ordered = sorted(names, key=lambda name: start[name])
        for place in range(max(1, len(ordered) - MOST_BATCHES), len(ordered)):
            yield f"batch “{ordered[place]}”", batch == ordered[place], np.isin(batch, ordered[:place])
        return
    names = sorted({one for one in split if one is not None})
    if len(names) > 1:
        for name in names[:MOST_BATCHES]:
            yield f"split “{name}”", split == name, np.isin(split, [one for one in names if one != name])
        return
    name = "latest fifth by created_at"
    if not (at >= 0).any():
        name, at = "latest fifth by first label", _first_labelled(evidence)
    known = at >= 0
    if len(np.unique(at[known])) > 1:
        cut = np.quantile(at[known], 1 - LATEST_SHARE)
        yield name, known & (at > cut), known & (at <= cut)


def _first_labelled(evidence: Evidence) -> Ints:
    """(N,) time of the first label of each item; -1 where times are not known."""
    at = np.full(evidence.votes.n_items, -1, dtype=np.int64)
    try:
        submitted = evidence.submitted_ms
    except Unavailable:
        return at
    order = np.argsort(-submitted, kind="stable")
    at[evidence.votes.item[order]] = submitted[order]
    return at


def _explain(evidence: Evidence, one: _Comparison) -> Explanation:
    votes, shift = evidence.votes, one.shift
    if one.of == FEATURES:
        told = (
            f"can be told from older ones by a classifier with an area under the ROC curve of {0.5 + shift.effect:.2f}"
        )
    else:
        where = f" where “{votes.classes[shift.stratum]}” is expected" if one.of == LABELS else ""
        told = f"differ most in labels of “{votes.classes[shift.which]}”{where}, by {100 * shift.effect:.0f} points"
    facts: dict[str, object] = {
        "statistic": "area under the ROC curve" if one.of == FEATURES else "largest difference of a class",
        "value": round(shift.effect + 0.5 * (one.of == FEATURES), 4),
        "examples": show_texts(evidence, one.new),
        "matched": show_texts(evidence, one.old),
        "innocent_explanations": list(INNOCENCE.explanations),
        "would_clear": INNOCENCE.would_clear,
        "compared": one.of,
        "what moved": "; ".join(_list_moved(evidence, one)),
        "care": CARE,
    }
    reason = f"The items of the {one.name} {told}, against {len(one.old):,} before them."
    return Explanation(reason, facts, Subject(f"{one.name}:{one.of}", f"{one.name}: {one.of}"))


def _list_moved(evidence: Evidence, one: _Comparison) -> list[str]:
    """The features, or classes, that differ most, each with its difference."""
    if one.of != FEATURES:
        counts = evidence.votes.counts
        new, old = (counts[rows].sum(axis=0) / max(counts[rows].sum(), 1) for rows in (one.new, one.old))
        order = np.argsort(-np.abs(new - old), kind="stable")[:MOST_MOVED]
        return [f"{evidence.votes.classes[int(k)]} {100 * old[k]:.0f} % to {100 * new[k]:.0f} %" for k in order]
    return list_moved(evidence.features, one.new, one.old)
