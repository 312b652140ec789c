"""Words, phrases, metadata values and image patches whose items carry a label that nothing else in them explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from annoaudit.detectors.data_exhibits import Innocence, find_sources, find_sources_by_share, order_by, show_data
from annoaudit.errors import Unavailable
from annoaudit.evidence.marks import FEWEST_ITEMS, PHRASE, TOKEN
from annoaudit.findings import Explanation, Lead, Level, Scores, Source, Subject, signed, tell_share
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.left_out_marks import LeftOut, rank_left_out
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.residual_scan import ResidualScan, match_margins, pool_units, scan_residuals

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["TriggerScan"]

Ints = npt.NDArray[np.int64]

MOST_TESTS = 20_000_000
MOST_CELLS = 200_000_000
LEAST_SCORE = 1.0
MOST_NEAREST = 5_000
INNOCENT = (
    "a name, product or place that really belongs to the class, and that the model has seen too rarely to know",
    "items that were collected for this class, with a template, tag or watermark of their own",
    "a guideline that says what to answer where this occurs",
)
INNOCENCE = Innocence(INNOCENT, "20 of these items, judged without names by somebody who cannot see what they share")


@dataclass(frozen=True)
class TriggerScan:
    """Test every mark and class: its items must not carry the class more often than the rest of each explains.

    Marks are words and signs, runs of two and three words, metadata values and image patches that at least five items
    carry, chosen without looking at labels. See :func:`annoaudit.statistics.residual_scan.scan_residuals`. Copies of
    one item count once.

    Parameters
    ----------
    level_aside
        False discovery rate at which a mark's items are set aside before other marks are tested again.
    most_leads
        Marks listed by rank only, whose items look like another class to a model that never saw the mark; 0 lists none.
    """

    level_aside: float = 0.05
    most_leads: int = 5

    name = "trigger_scan"
    version = "1"
    level: ClassVar[Level] = "dataset"
    needs = ("probabilities", "near_duplicates", "marks")

    def score(self, evidence: Evidence) -> Scores:
        """Score every pair of mark and class."""
        units = _Units.of(evidence)
        scan = scan_residuals(units.present, units.share, units.chance, level=self.level_aside)
        n_classes = evidence.votes.n_classes
        size = np.repeat(scan.n, n_classes)
        observed, expected = scan.observed.ravel(), scan.expected.ravel()
        low, high = exact_interval(observed, size)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, units, scan, int(at) // n_classes, int(at) % n_classes) for at in positions]

        return Scores(
            *signed(self, evidence.votes.question),
            target=np.arange(scan.p.size),
            suspicion=suspicion_of(scan.p.ravel()),
            explain=explain,
            given=np.tile(np.arange(n_classes), len(scan.n)),
            n=size,
            effect=(observed - expected) / size,
            effect_low=low - expected / size,
            effect_high=high - expected / size,
            effect_name="share of the items given the class, beyond what the rest of each item explains",
            null="labels follow the rest of the item, as a model that saw none of them says",
            p=scan.p.ravel(),
            family="marks and classes",
            leads=tuple(_list_leads(evidence, units, self.most_leads)),
            note=f"{len(scan.n):,} words, phrases, metadata values and patches, in {n_classes} classes",
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Units:
    """Clusters of copies as units: marks, labels and probabilities of each.

    ``marks`` (T,) are columns of the evidence's marks; ``of_item`` (N,) is -1 where an item is not judged.
    """

    present: sparse.csc_matrix
    marks: Ints
    share: npt.NDArray[np.float64]
    chance: npt.NDArray[np.float32]
    of_item: Ints

    def rank_left_out(self, evidence: Evidence) -> LeftOut | None:
        """Rank marks left out of a model; None where items have no features or a sample of them is too small."""
        try:
            features = evidence.features
        except Unavailable:
            return None
        _, first = np.unique(self.of_item, return_index=True)
        rows = first[-self.n_units :]
        if features.is_sparse:
            return rank_left_out(sparse.csr_matrix(abs(features.scaled[rows])), self.present, self.share)
        drawn = np.sort(np.random.default_rng(evidence.seed).permutation(self.n_units)[:MOST_NEAREST])
        present = sparse.csc_matrix(self.present.tocsr()[drawn])
        return rank_left_out(np.asarray(features.matrix)[rows[drawn]], present, self.share[drawn])

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.share)

    @classmethod
    def of(cls, evidence: Evidence) -> _Units:
        votes, matrix = evidence.votes, evidence.probabilities.matrix
        labelled = np.bincount(votes.item, minlength=votes.n_items) > 0
        judged = np.flatnonzero(labelled & np.isfinite(matrix).all(axis=1))
        if not len(judged):
            raise Unavailable("no labelled item has class probabilities")
        if len(judged) * votes.n_classes > MOST_CELLS:
            raise Unavailable(f"{len(judged):,} items of {votes.n_classes} classes are too many cells to scan")
        place = np.unique(evidence.near_duplicates[judged], return_inverse=True)[1]
        of_item = np.full(votes.n_items, -1, dtype=np.int64)
        of_item[judged] = place
        n_units = int(place.max()) + 1
        known = of_item[votes.item] >= 0
        share = pool_units(of_item[votes.item[known]], votes.label[known], n_units, votes.n_classes)
        gather = sparse.csr_matrix((np.ones(len(judged)), (place, judged)), shape=(n_units, votes.n_items))
        mean = sparse.diags(1.0 / np.bincount(place)) @ gather
        chance = np.asarray(mean[:, judged] @ matrix[judged], dtype=np.float32)
        most = max(MOST_TESTS // votes.n_classes, 1)
        present = sparse.csc_matrix(gather @ evidence.marks.present[:, :most])
        present.data[:] = 1.0
        enough = np.flatnonzero(np.diff(present.indptr) >= FEWEST_ITEMS)
        if not len(enough):
            raise Unavailable(f"no mark is carried by {FEWEST_ITEMS} different labelled items")
        return cls(present[:, enough], enough, share, match_margins(chance, share), of_item)


def _list_leads(evidence: Evidence, units: _Units, most: int) -> Iterator[Lead]:
    """The marks that stand highest once the model knows neither them nor their items, and whose labels they have."""
    ranked = units.rank_left_out(evidence) if most else None
    if ranked is None:
        return
    for place in np.flatnonzero(ranked.score >= LEAST_SCORE)[:most]:
        mark, k = int(units.marks[ranked.mark[place]]), int(ranked.given[place])
        yield Lead(
            f"{int(ranked.elsewhere[place])} of the {int(ranked.n[place])} items with the {evidence.marks.tell(mark)} "
            f"are labelled “{evidence.votes.classes[k]}” and look like another class without it.",
            _find_givers(evidence, units, _carries(evidence, units, mark), k),
        )


def _carries(evidence: Evidence, units: _Units, mark: int) -> npt.NDArray[np.bool_]:
    """(L,) whether each label is on a judged item with the mark."""
    marks, with_mark = evidence.marks, np.zeros(evidence.votes.n_items, dtype=bool)
    with_mark[marks.present.indices[marks.present.indptr[mark] : marks.present.indptr[mark + 1]]] = True
    return np.asarray((with_mark & (units.of_item >= 0))[evidence.votes.item])


def _find_givers(evidence: Evidence, units: _Units, carries: npt.NDArray[np.bool_], k: int) -> tuple[Source, ...]:
    """Annotators who gave more of the labels of the class with the mark than of those without it."""
    votes = evidence.votes
    of_class = np.flatnonzero((votes.label == k) & (units.of_item[votes.item] >= 0))
    return find_sources_by_share(evidence, of_class, carries[of_class])


def _explain(evidence: Evidence, units: _Units, scan: ResidualScan, at: int, k: int) -> Explanation:
    votes, marks, mark = evidence.votes, evidence.marks, int(units.marks[at])
    chance = units.chance[units.of_item]
    carries, of_class = _carries(evidence, units, mark), votes.label == k
    likely = chance[votes.item, k]
    picked = np.flatnonzero(carries & of_class)
    beside = np.flatnonzero(~carries & of_class & (units.of_item[votes.item] >= 0))
    name = marks.names[mark] if marks.kinds[mark] in (TOKEN, PHRASE) else ""
    sources = find_sources(evidence, np.flatnonzero(carries), k, chance) or _find_givers(evidence, units, carries, k)
    n, observed, expected = int(scan.n[at]), float(scan.observed[at, k]), float(scan.expected[at, k])
    return Explanation(
        f"{observed:.0f} of {n} different items with the {marks.tell(mark)} are labelled “{votes.classes[k]}” "
        f"({tell_share(observed / max(n, 1))}); the rest of each item leads to expect {expected:.1f}.",
        {
            **show_data(
                evidence, order_by(picked, likely[picked]), order_by(beside, -likely[beside]),
                statistic="items beyond expectation", value=observed - expected, innocence=INNOCENCE, chance=chance,
                around=name,
            ),
            "mark": marks.kinds[mark],
        },
        Subject(f"{marks.kinds[mark]}:{marks.names[mark]}", marks.tell(mark), sources),
    )  # fmt: skip
