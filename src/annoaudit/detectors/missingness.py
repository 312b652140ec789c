"""Labels that are missing where items are of a kind: items without a label, with few, and those that were skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.detectors.data_contrasts import MOST_MOVED, list_moved, main_directions, rank_moved, score_shifts
from annoaudit.detectors.data_exhibits import Innocence, show_texts
from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds import AUDITED
from annoaudit.findings import Explanation, Level, Scores, Subject
from annoaudit.labels.submissions import select_submissions
from annoaudit.statistics.two_sample import Shift, compare_classes, compare_features

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["Missingness"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

N_BLOCKS = 10
MOST_MISSING = 2_000
MOST_THERE = 5_000
MOST_GROUPS = 30
PLAIN = 0.2
CONTENT, GROUPS, CLASSES = "items", "groups", "classes"
UNLABELLED, FEW, SKIPPED = "items without a label", "items below the usual overlap", "items that somebody skipped"
BESIDE = {
    UNLABELLED: "labelled ones",
    FEW: "those with the usual number of labels",
    SKIPPED: "those that the same people labelled",
}
INNOCENCE = Innocence(
    (
        "items were handed out in an order that the file does not show, easy ones first",
        "further labels are asked for only where people disagree",
        "items that nobody can answer (empty, in another language, unreadable) were left out as the guideline says",
    ),
    "how items are handed out, and 20 of those without labels beside 20 with",
)
CARE = "what is measured on the items with labels, error rates included, need not hold for those without"


@dataclass(frozen=True, eq=False)
class _Pool:
    """Items whose labels are missing, and others to compare them with; only those of one stratum are compared.

    ``by`` is who skipped or answered, as a code of the votes: that person's own labels are left out. -1 where nobody is
    singled out.
    """

    name: str
    item: Ints
    is_missing: Bools
    stratum: Ints
    by: Ints

    @property
    def n_missing(self) -> int:
        """Items whose labels are missing."""
        return int(self.is_missing.sum())

    @property
    def smaller(self) -> int:
        """Items of the smaller side."""
        return min(self.n_missing, len(self.item) - self.n_missing)

    def take(self, rows: Ints | Bools) -> _Pool:
        """Some of the items."""
        return _Pool(self.name, self.item[rows], self.is_missing[rows], self.stratum[rows], self.by[rows])

    def sample(self, seed: int) -> _Pool:
        """Strata that have both, and at most so many of each as is enough to tell."""
        _, place = np.unique(self.stratum, return_inverse=True)
        n_missing, n = np.bincount(place, weights=self.is_missing), np.bincount(place)
        mixed = (n_missing > 0) & (n_missing < n)
        order = np.random.default_rng([seed, 43]).permutation(np.flatnonzero(mixed[place]))
        missing, there = order[self.is_missing[order]], order[~self.is_missing[order]]
        return self.take(np.r_[missing[:MOST_MISSING], there[:MOST_THERE]])


@dataclass(frozen=True, eq=False)
class _Comparison:
    pool: _Pool
    of: str
    shift: Shift
    moved: str


@dataclass(frozen=True)
class Missingness:
    """Test whether items whose labels are missing differ from the others.

    Three kinds of missing: no label at all; fewer labels than is usual; skipped by somebody. Compared are only items
    that stand near each other in the order of the items (ten blocks, by ``created_at`` where it is known) and are of
    the same ``batch`` and ``split``; skipped ones with those that the same person labelled. So work that is simply not
    done yet, or a split that is not meant to be labelled, is no finding. Of copies one counts. See
    :mod:`annoaudit.statistics.two_sample`.

    Parameters
    ----------
    min_items
        Fewer different items whose labels are missing, or that have them: not compared.
    """

    min_items: int = 30

    name = "missingness"
    version = "1"
    level: ClassVar[Level] = "dataset"
    needs = ()
    kinds = AUDITED

    def score(self, evidence: Evidence) -> Scores:
        """Score each kind of missing by the items' content, their groups, and their classes."""
        pools = [*self._pools(evidence)]
        if not pools:
            raise Unavailable(
                f"fewer than {self.min_items} different items lack labels that others near them have",
                hint="Give all items, also those without labels.",
            )
        found = [one for pool in pools for one in self._compare(evidence, pool)]
        if not found:
            raise Unavailable("items have no texts, images, columns, groups or classes to compare them by")

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, found[int(at)]) for at in positions]

        return score_shifts(
            self,
            evidence.votes.question,
            [one.shift for one in found],
            explain,
            n=np.array([one.pool.n_missing for one in found]),
            effect_name="area under the ROC curve above .5, or largest difference of a share",
            null="which items lack labels is drawn by lot among those near each other, of the same batch and split",
            family="kinds of missing and what is compared",
        )

    def _pools(self, evidence: Evidence) -> Iterator[_Pool]:
        pools = (*_by_counts(evidence), _skipped(evidence))
        large = [one for one in pools if one.sample(evidence.seed).smaller >= self.min_items]
        if not large:
            return
        alone = _one_of_copies(evidence)  # not before it is needed: most projects lack too few labels
        for pool in large:
            sampled = pool.take(alone[pool.item]).sample(evidence.seed)
            if sampled.smaller >= self.min_items:
                yield sampled

    def _compare(self, evidence: Evidence, pool: _Pool) -> Iterator[_Comparison]:
        measures, names = _measure(evidence, pool.item)
        directions = main_directions(evidence, pool.item)
        places = measures if directions is None else np.hstack([directions, measures])
        if places.shape[1]:
            shift = compare_features(places, pool.is_missing, evidence.seed, pool.stratum)
            yield _Comparison(pool, CONTENT, shift, _tell_content(evidence, pool, measures, names))
        for of, (rows, codes, names) in ((GROUPS, _groups(evidence, pool)), (CLASSES, _classes(evidence, pool))):
            part = pool.take(rows)
            if len(names) > 1 and part.smaller >= self.min_items:
                values = np.eye(len(names))[codes]
                shift = compare_classes(values, part.is_missing, part.stratum, evidence.seed, pooled=True)
                yield _Comparison(part, of, shift, _tell_shares(values, part.is_missing, names))


def _by_counts(evidence: Evidence) -> Iterator[_Pool]:
    """Items without labels against the labelled, and those below the most frequent number against those not below."""
    given = _count_answers(evidence)
    near, items = _neighbourhood(evidence), np.arange(len(given))
    nobody = np.full(len(given), -1, dtype=np.int64)
    yield _Pool(UNLABELLED, items, given == 0, near, nobody)
    labelled = np.flatnonzero(given > 0)
    usual = int(np.bincount(given[labelled]).argmax()) if len(labelled) else 0
    yield _Pool(FEW, labelled, given[labelled] < usual, near[labelled], nobody[labelled])


def _count_answers(evidence: Evidence) -> Ints:
    """(N,) answers of people to each item; an empty one is an answer, too, where the answer is a set."""
    votes, n_items = evidence.votes, evidence.labels.items.num_rows
    item = votes.item if votes.parts is None else select_submissions(evidence.labels).item
    return np.bincount(item, minlength=n_items)


def _skipped(evidence: Evidence) -> _Pool:
    """One item each of people who skipped any: those that were skipped against those answered, within the person's."""
    labels, rng = evidence.labels, np.random.default_rng([evidence.seed, 47])
    table = labels.annotations
    status = pc.fill_null(table["status"], "submitted")
    seen = np.asarray(pc.is_in(status, value_set=pa.array(["submitted", "accepted", "skipped"])))
    skippers = pc.unique(table["annotator_id"].filter(pc.equal(status, "skipped"))).drop_null()
    rows = rng.permutation(np.flatnonzero(seen & np.asarray(pc.is_in(table["annotator_id"], value_set=skippers))))
    place = np.asarray(pc.index_in(table["item_id"].take(rows), value_set=labels.items["item_id"].combine_chunks()))
    item, first = np.unique(place, return_index=True)
    chosen = rows[first]
    who = table["annotator_id"].combine_chunks().take(chosen)
    stratum = np.asarray(who.dictionary_encode().indices, dtype=np.int64)
    by = np.asarray(pc.fill_null(pc.index_in(who, value_set=evidence.votes.annotator_ids), -1), dtype=np.int64)
    return _Pool(SKIPPED, item, np.asarray(pc.equal(status, "skipped"))[chosen], stratum, by)


def _neighbourhood(evidence: Evidence) -> Ints:
    """(N,) block in the order of the items, within batch and split."""
    items = evidence.labels.items
    at = np.asarray(pc.fill_null(items["created_at"].cast(pa.int64()), -1))
    order = np.argsort(at, kind="stable")
    block = np.empty(len(order), dtype=np.int64)
    block[order] = np.arange(len(order)) * N_BLOCKS // max(len(order), 1)
    for column in ("batch", "split"):
        codes = np.asarray(pc.fill_null(items[column], "").combine_chunks().dictionary_encode().indices)
        block = block * (int(codes.max(initial=0)) + 1) + codes
    return block


def _one_of_copies(evidence: Evidence) -> Bools:
    """(N,) one item of each cluster of copies, drawn by lot; all where copies are not known."""
    n_items = evidence.labels.items.num_rows
    try:
        cluster = evidence.near_duplicates
    except Unavailable:
        return np.ones(n_items, dtype=bool)
    order = np.random.default_rng([evidence.seed, 53]).permutation(n_items)
    _, first = np.unique(cluster[order], return_index=True)
    chosen = np.zeros(n_items, dtype=bool)
    chosen[order[first]] = True
    return chosen


def _measure(evidence: Evidence, rows: Ints) -> tuple[Floats, tuple[str, ...]]:
    """(n, M) how long or large items are, in logarithms, and what these measures are called."""
    items = evidence.labels.items.take(rows)
    measures = {
        "length of the text": pc.utf8_length(items["text"]).cast(pa.float64()),
        "size of the image": pc.multiply(items["width"], items["height"]),
        "duration": items["duration_s"],
    }
    known = {name: np.log1p(np.asarray(pc.fill_null(column, 0.0))) for name, column in measures.items()}
    varying = {name: column for name, column in known.items() if np.ptp(column) > 0}
    return np.stack([*varying.values()], axis=1) if varying else np.empty((len(rows), 0)), tuple(varying)


def _groups(evidence: Evidence, pool: _Pool) -> tuple[Bools, Ints, tuple[str, ...]]:
    """Items whose group is known, the code of each of these, and the most frequent groups by name; others are one."""
    column = evidence.labels.items["group"].take(pool.item).combine_chunks()
    rows = np.asarray(pc.is_valid(column))
    coded = column.drop_null().dictionary_encode()
    codes, names = np.asarray(coded.indices, dtype=np.int64), coded.dictionary.to_pylist()
    order = np.argsort(-np.bincount(codes, minlength=len(names)), kind="stable")
    place = np.minimum(np.argsort(order), MOST_GROUPS)
    told = [str(names[int(one)]) for one in order[:MOST_GROUPS]]
    return rows, place[codes], (*told, "other groups") if len(names) > MOST_GROUPS else tuple(told)


def _classes(evidence: Evidence, pool: _Pool) -> tuple[Bools, Ints, tuple[str, ...]]:
    """Items that have a label of somebody else, one of these drawn by lot, and the classes."""
    votes = evidence.votes
    if votes.parts is not None or votes.numbers is not None:
        return np.zeros(len(pool.item), dtype=bool), np.empty(0, dtype=np.int64), ()
    avoided = np.full(votes.n_items, -1, dtype=np.int64)
    avoided[pool.item] = pool.by
    order = np.random.default_rng([evidence.seed, 59]).permutation(len(votes))
    order = order[votes.annotator[order] != avoided[votes.item[order]]]
    item, first = np.unique(votes.item[order], return_index=True)
    drawn = np.full(votes.n_items, -1, dtype=np.int64)
    drawn[item] = votes.label[order[first]]
    rows = drawn[pool.item] >= 0
    return rows, drawn[pool.item][rows], votes.classes


def _tell_content(evidence: Evidence, pool: _Pool, measures: Floats, names: Sequence[str]) -> str:
    missing, there = pool.item[pool.is_missing], pool.item[~pool.is_missing]
    means = [measures[rows].mean(axis=0) for rows in (pool.is_missing, ~pool.is_missing)]
    moved = (means[0] - means[1]) / (measures.std(axis=0) + 1e-9)
    plain = np.flatnonzero(np.abs(moved) > PLAIN)
    told = rank_moved([names[int(k)] for k in plain], moved[plain])
    try:
        return "; ".join([*told, *list_moved(evidence.features, missing, there)])
    except Unavailable:
        return "; ".join(told)


def _tell_shares(values: Floats, is_missing: Bools, names: Sequence[str]) -> str:
    missing, there = values[is_missing].mean(axis=0), values[~is_missing].mean(axis=0)
    order = np.argsort(-np.abs(missing - there), kind="stable")[:MOST_MOVED]
    return "; ".join(f"{names[int(k)]} {100 * there[k]:.0f} % to {100 * missing[k]:.0f} %" for k in order)


def _explain(evidence: Evidence, one: _Comparison) -> Explanation:
    pool, shift = one.pool, one.shift
    n_there = len(pool.item) - pool.n_missing
    if one.of == CONTENT:
        told = f"can be told by a classifier with an area under the ROC curve of {0.5 + shift.effect:.2f}"
    else:
        what = "group" if one.of == GROUPS else "class"
        told = f"differ most in the share of one {what}, by {100 * shift.effect:.0f} points"
    facts: dict[str, object] = {
        "statistic": "area under the ROC curve" if one.of == CONTENT else "largest difference of a share",
        "value": round(shift.effect + 0.5 * (one.of == CONTENT), 4),
        "examples": show_texts(evidence, pool.item[pool.is_missing]),
        "matched": show_texts(evidence, pool.item[~pool.is_missing]),
        "innocent_explanations": list(INNOCENCE.explanations),
        "would_clear": INNOCENCE.would_clear,
        "compared": one.of,
        "what moved": one.moved,
        "care": CARE,
    }
    reason = (
        f"{pool.name[0].upper()}{pool.name[1:]} {told}, against {BESIDE[pool.name]}: "
        f"{pool.n_missing:,} and {n_there:,} were compared. {one.moved}."
    )
    return Explanation(reason, facts, Subject(f"{pool.name}:{one.of}", f"{pool.name}: {one.of}"))
