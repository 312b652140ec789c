"""Annotators whose answers follow an order of their own, whatever the items are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.sequences import SequenceTest, compare_orders, expect_in_context, stratify_by_place

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["SequencePattern"]

Ints = npt.NDArray[np.int64]
INNOCENT = (
    "like items were served one after the other, in a way that their peers' labels do not show",
    "an interface that keeps the last answer selected",
    "labels that were sent in another order than they were made in",
)


@dataclass(frozen=True)
class SequencePattern:
    """Score each annotator by whether their labels repeat or alternate more than their items lead to expect.

    In order of submission, labels are compared with those 1 to ``n_lags`` places before. The real order is ranked
    among orders in which the annotator's own labels change places only with labels near them in time where peers
    expect the same class: what the items and the way they were served lead to expect stays as it was.

    Parameters
    ----------
    n_lags
        Greatest distance at which labels are compared.
    window
        Number of consecutive labels that count as near in time.
    min_labels
        Fewer labels with peers: could not be judged.
    fewest_others
        Fewer labels of others on the annotator's items, on average: likewise.
    """

    n_lags: int = 5
    window: int = 10
    min_labels: int = 30
    fewest_others: float = 1.0

    name = "sequence_pattern"
    version = "1"
    level: ClassVar[Level] = "annotator"
    needs = ("peers", "submitted_ms")

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator whose order of labels is known."""
        votes = evidence.votes
        order = np.lexsort((evidence.submitted_ms, votes.annotator))
        n = np.bincount(votes.annotator, minlength=votes.n_annotators)
        judged = (n >= self.min_labels) & _has_order(votes.annotator[order], evidence.submitted_ms[order], n)
        if not judged.any():
            raise Unavailable(
                f"no annotator has {self.min_labels} labels at times of their own",
                hint="Labels stamped together by an import have no order.",
            )
        judged &= np.bincount(votes.annotator, evidence.peers.n_others, votes.n_annotators) >= self.fewest_others * n
        if not judged.any():
            raise Unavailable(
                f"nobody's items have {self.fewest_others:g} other labels on average",
                hint="From features alone, a pattern cannot be told from the order in which items were served.",
            )
        order = order[judged[votes.annotator[order]]]
        annotator = votes.annotator[order]
        stratum = stratify_by_place(annotator, expect_in_context(annotator, evidence.peers.q[order]), self.window)
        found = compare_orders(
            annotator, votes.label[order], stratum, votes.n_annotators, n_lags=self.n_lags, seed=evidence.seed
        )
        p = np.where(judged, found.p, np.nan)
        effect = np.where(judged, np.abs(found.excess), np.nan)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, order, int(at), found, int(n[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion_of(p),
            explain=explain,
            n=n,
            effect=effect,
            effect_low=effect - 1.96 * found.se,
            effect_high=effect + 1.96 * found.se,
            effect_name="share of labels equal to the one a few places before, against other orders",
            null="labels near in time where peers expect the same class could have come in any order",
            p=p,
            family="annotators",
            missing="" if judged.all() else "too few labels, labels stamped together, or no others on their items",
        )


def _has_order(annotator: Ints, submitted_ms: Ints, n: Ints) -> npt.NDArray[np.bool_]:
    """(A,) True where at least nine in ten labels have a time that the one before does not have."""
    new = np.r_[True, (np.diff(submitted_ms) != 0) | (np.diff(annotator) != 0)]
    return np.asarray(np.bincount(annotator, new, len(n)) >= 0.9 * np.maximum(n, 1))


def _explain(evidence: Evidence, order: Ints, who: int, found: SequenceTest, n: int) -> Explanation:
    votes, peers = evidence.votes, evidence.peers
    mine = order[votes.annotator[order] == who]
    lag = int(found.lag[who])
    late, early = mine[lag:], mine[:-lag]
    equal = votes.label[late] == votes.label[early]
    rate, excess = float(equal.mean()), float(found.excess[who])
    telling = late[(equal == (excess > 0)) & ((peers.expected[late] == peers.expected[early]) != equal)]
    places = "one place" if lag == 1 else f"{lag} places"
    return Explanation(
        f"{tell_share(rate)} of this annotator's labels equal the one they gave {places} before; in other orders of "
        f"the same labels on the same kinds of items it is {tell_share(min(max(rate - excess, 0.0), 1.0))}.",
        {
            **exhibit(
                evidence,
                telling,
                statistic="greatest standardised match rate over the lags",
                value=float(found.z[who]),
                innocent=INNOCENT,
                would_clear="blinded second labels on a random 50 of their items, served in a shuffled order",
            ),
            "lag": lag,
            "orders_drawn": int(found.n_draws[who]),
            "labels": n,
            "first_labels": [votes.classes[int(one)] for one in votes.label[mine[:40]]],
        },
    )
