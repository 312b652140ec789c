"""Annotators whose rankings keep the order in which things were shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.rankers import count_rankings, show_rankings, tell_too_few
from annoaudit.errors import Unavailable
from annoaudit.findings import Explanation, Level, Scores, signed
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.preferences import fit_leaning

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["OrderBias"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

INNOCENT = (
    "things that were not shuffled: the better ones are shown first",
    "a list that is ranked from the top and left when the top is settled",
    "an interface that hides or cuts what stands further down",
)


@dataclass(frozen=True)
class OrderBias:
    """Test for each annotator whether the order shown changes the ranking, beyond the team.

    Each ranking counts once: how far it keeps the order shown, against how far the others' belief does. A careless
    ranking goes both ways and is no leaning. A leaning that the whole team shares cannot be seen.

    Parameters
    ----------
    min_labels
        Fewer rankings of things whose places are known: could not be judged.

    References
    ----------
    Krosnick, Alwin (1987). An evaluation of a cognitive theory of response-order effects in survey measurement. Public
    Opinion Quarterly 51. See :func:`annoaudit.statistics.preferences.measure_leaning`.
    """

    min_labels: int = 20

    name = "order_bias"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("ranking",)
    needs = ("rankings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough rankings."""
        votes = evidence.votes
        kept, believed = _follow_places(evidence)
        told = np.flatnonzero(np.isfinite(kept))
        if not len(told):
            raise Unavailable(
                "the order in which the things were shown is not known",
                hint="Keep the list that the annotators saw with the item, in the order in which they saw it.",
            )
        n = count_rankings(evidence, np.isfinite(kept), self.min_labels, fewest=1)
        judged = n >= self.min_labels
        told = told[judged[votes.annotator[told]]]
        found = fit_leaning(votes.annotator[told], kept[told], believed[told], np.ones(len(told)), votes.n_annotators)
        judged &= np.isfinite(found.p)
        ends = np.sort(np.abs(np.stack([found.low, found.high])), axis=0)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(at), float(found.effect[at]), kept, believed) for at in positions]

        p = np.where(judged, found.p, np.nan)
        return Scores(
            *signed(self, votes.question),
            target=np.arange(votes.n_annotators),
            suspicion=suspicion_of(p),
            explain=explain,
            n=n,
            effect=np.where(judged, np.abs(found.effect), np.nan),
            effect_low=np.where(found.low * found.high < 0, 0.0, ends[0]),
            effect_high=ends[1],
            effect_name="chance of ranking what was shown first above the rest (or below it), beyond the team",
            null="orders follow what others say of the item, and lean as this team's people do",
            p=p,
            family="annotators",
            missing=tell_too_few(judged, self.min_labels),
            note=f"spread of leanings in the team: {found.spread:.3f}",
        )


def _follow_places(evidence: Evidence) -> tuple[Floats, Floats]:
    """(S,) half the tau of each ranking with the order shown, and of what the others believe; NaN where unknown."""
    given, belief = evidence.rankings.given, evidence.rankings.model.belief
    compared = given.compared
    place = given.shown[given.cell]
    first, second = place[compared.first], place[compared.second]
    side = np.where((first >= 0) & (second >= 0) & np.isfinite(belief), np.sign(second - first), 0).astype(np.float64)
    of, n = compared.ranking, len(given.rankings)
    with np.errstate(invalid="ignore", divide="ignore"):
        told = np.bincount(of, np.abs(side), n)
        kept = np.bincount(of, side * compared.sign / 2, n) / told
        believed = np.bincount(of, side * (np.nan_to_num(belief, nan=0.5) - 0.5), n) / told
    return np.asarray(kept), np.asarray(believed)


def _explain(evidence: Evidence, who: int, effect: float, kept: Floats, believed: Floats) -> Explanation:
    mine = np.flatnonzero((evidence.votes.annotator == who) & np.isfinite(kept))
    sign = 1.0 if effect > 0 else -1.0
    telling = mine[np.argsort(-sign * (kept - believed)[mine], kind="stable")]
    what = "first" if effect > 0 else "last"
    return Explanation(
        f"This annotator puts what was shown {what} above the rest {100 * abs(effect):.0f} points more often than what "
        f"others say of the same items leads to expect: mean tau with the order shown {2 * kept[mine].mean():+.2f} "
        f"over {len(mine)} rankings, where the others' belief has {2 * believed[mine].mean():+.2f}.",
        {
            "statistic": "points beyond the team",
            "value": round(100 * effect, 4),
            "examples": show_rankings(evidence, telling),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 of these items, shown again in another order",
        },
    )
