"""Pairs of annotators who agree more than two honest people would on their shared items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.detectors.ring import RING_INNOCENT
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import suspicion_of

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["Copying"]


@dataclass(frozen=True)
class Copying:
    """Score each pair by the evidence that one repeats the other's labels, with an e value.

    The e value compares copying at rates .1, .3, .6 and .9 with the chance that honest people agree on each
    shared item, learned from all pairs of the team. Pairs share annotators, so e values, which need no
    independence, are used. A ring may be there although no pair stands out: see ``ring``.

    Parameters
    ----------
    min_shared
        Pairs with fewer shared items are left out: nothing could be seen in them.
    """

    min_shared: int = 5

    name = "copying"
    version = "1"
    level: ClassVar[Level] = "pair"
    needs = ("pairs",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every pair with enough shared items."""
        pairs, votes = evidence.pairs, evidence.votes
        kept = np.flatnonzero(pairs.n_shared >= self.min_shared)
        if not len(kept):
            raise Unavailable(
                f"no two annotators share {self.min_shared} items",
                hint="Give pairs blocks of shared items: about 66 show copying at a rate of .9.",
            )
        e = np.exp(np.minimum(pairs.log_e[kept], 700.0))
        n, agreed, usual = pairs.n_shared[kept], pairs.n_agreed[kept], pairs.expected[kept]
        low, high = exact_interval(agreed, n)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(evidence, int(kept[at])) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(kept)),
            suspicion=suspicion_of(1.0 / np.maximum(e, 1.0)),
            explain=explain,
            n=n,
            effect=(agreed - usual) / n,
            effect_low=low - usual / n,
            effect_high=high - usual / n,
            effect_name="shared answers alike, beyond two honest people",
            null="two honest people of their ability on the same items, given everybody else's labels",
            e=e,
            family="pairs",
            members=tuple(np.stack([pairs.first[kept], pairs.second[kept]], axis=1)),
            note=f"{pairs.n_left_out:,} items with the most labels left out" if pairs.n_left_out else "",
        )


def _explain(evidence: Evidence, place: int) -> Explanation:
    pairs, votes, peers = evidence.pairs, evidence.votes, evidence.peers
    here = np.flatnonzero(pairs.pair == place)
    alike = here[votes.label[pairs.at_first[here]] == votes.label[pairs.at_second[here]]]
    alike = pairs.at_first[alike[np.argsort(pairs.chance[alike], kind="stable")]]
    odd = alike[peers.expected[alike] != votes.label[alike]]
    return Explanation(
        f"These two give the same answer on {int(pairs.n_agreed[place])} of {int(pairs.n_shared[place])} shared items; "
        f"two honest people would on about {pairs.expected[place]:.0f}.",
        exhibit(
            evidence, odd if len(odd) else alike, statistic="standardised agreement on unlikely labels",
            value=float(pairs.z[place]), innocent=RING_INNOCENT,
            would_clear="a block of 66 or more items that both label without seeing each other's work",
        ),
    )  # fmt: skip
