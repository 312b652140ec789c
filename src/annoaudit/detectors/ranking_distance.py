"""Rankings that lie further from the others' than the item's difficulty explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.labels import spell_order

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["RankingDistance"]

Ints = npt.NDArray[np.int64]

MOST_NAMED = 3


@dataclass(frozen=True)
class RankingDistance:
    """Score each ranking by the probability that its order was drawn at random, for what the others say of the item.

    What the others say, the ranking itself left out, gives each two things a chance to stand as they do: near one half
    where people differ or things are close, so that a hard item is held against nobody. See
    :func:`annoaudit.statistics.rankings.fit_rankings`. The whole ranking is flagged; the comparisons that go most
    against the others are named.

    References
    ----------
    Bradley, Terry (1952). Rank analysis of incomplete block designs. Biometrika 39. Efron (2010). Large-scale
    inference. Cambridge.
    """

    name = "ranking_distance"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = ("ranking",)
    needs = ("rankings",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every ranking of which something else is known."""
        votes, judged = evidence.votes, evidence.rankings
        known = np.isfinite(judged.model.wrong)
        agreed = _consensus_codes(evidence)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=np.where(known, np.clip(judged.model.wrong, 0, 1), np.nan),
            explain=explain,
            given=votes.label,
            suggested=np.where(known & (agreed != votes.label) & (judged.n_others > 0), agreed, -1),
            n=judged.n_others + 1,
            missing="" if known.all() else "no other ranking on the item, and its things stand in no other item",
            note=f"share of random orders, as fitted: {float(np.nanmean(judged.model.wrong)):.3f}",
        )


def _consensus_codes(evidence: Evidence) -> Ints:
    """(S,) class of the consensus on the item of each ranking, -1 where it cannot be told."""
    votes, judged = evidence.votes, evidence.rankings
    code = {name: place for place, name in enumerate(votes.classes)}
    codes = np.array([code.get(one, -1) for one in judged.spelled], dtype=np.int64)
    return np.asarray(codes[votes.item])


def _explain(evidence: Evidence, at: int) -> Explanation:
    votes, judged = evidence.votes, evidence.rankings
    given, model = judged.given, judged.model
    against = _most_against(evidence, at)
    mine = given.comparisons_of(at)
    n_known = int(np.isfinite(model.belief[mine]).sum())
    told = [f"“{upper}” above “{lower}” (others: {tell_share(chance)})" for upper, lower, chance in against]
    expected = n_known * (1 - float(model.expected[at])) / 2
    n_against = n_known * (1 - float(model.agreement[at])) / 2
    reason = (
        f"Of {n_known} comparisons in this ranking {n_against:.3g} go against what the others say; about "
        f"{expected:.2g} would be usual on this item"
    )
    reason += f". Most of all: {', '.join(told)}." if told else "."
    return Explanation(
        reason,
        {
            "discordant": [[upper, lower, round(chance, 4)] for upper, lower, chance in against],
            "consensus": judged.spelled[int(votes.item[at])],
            "agreement": _number(float(model.agreement[at])),
            "expected_agreement": _number(float(model.expected[at])),
            "n_others": int(judged.n_others[at]),
        },
    )


def _most_against(evidence: Evidence, at: int) -> list[tuple[str, str, float]]:
    """The things that this ranking puts above others, against the others: upper, lower, and the others' chance."""
    judged = evidence.rankings
    given, belief = judged.given, judged.model.belief
    mine = given.comparisons_of(at)
    sign = given.compared.sign[mine]
    chance = np.where(sign > 0, belief[mine], 1 - belief[mine])
    odd = np.flatnonzero((sign != 0) & (chance < 0.5))
    odd = odd[np.argsort(chance[odd], kind="stable")][:MOST_NAMED]
    names, thing = given.rankings.things, given.rankings.thing
    told = []
    for one in odd.tolist():
        first, second = (names[thing[side[mine[one]]]] for side in (given.compared.first, given.compared.second))
        upper, lower = (first, second) if sign[one] > 0 else (second, first)
        told.append((spell_order([[upper]]), spell_order([[lower]]), float(chance[one])))
    return told


def _number(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
