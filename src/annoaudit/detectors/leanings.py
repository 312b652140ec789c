"""What the detectors of leanings share: which choices count, what peers believe, and how a leaning is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.detectors.exhibits import exhibit
from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.sides import lean_of
from annoaudit.findings import Explanation, Scores, tell_share
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.preferences import Leaning, measure_leaning

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["Lean", "Wording", "find_lean", "score_lean"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Wording:
    """How a leaning is told: what is leaned to (towards, and away), and what else may explain it."""

    towards: str
    away: str
    innocent: tuple[str, ...]
    would_clear: str


@dataclass(frozen=True, eq=False)
class Lean:
    """Leanings of all annotators, with the choices they rest on.

    Parameters
    ----------
    position
        (M,) positions of the votes that decided for a side and of which peers say something.
    towards
        (M,) 1 where the choice went to the leaned-to side, -1 where to the other, 0 where neither side is.
    belief
        (M,) chance that a typical other annotator chooses what was chosen.
    found
        What was measured.
    """

    position: Ints
    towards: Floats
    belief: Floats
    found: Leaning


def find_lean(evidence: Evidence, side: Floats) -> Lean:
    """Measure how far choices go to ``side``, (N,) 1 where a leaning would go left, -1 where right."""
    votes, peers = evidence.votes, evidence.peers
    lean = lean_of(votes.classes)
    left, right = (np.flatnonzero(lean == sign) for sign in (1.0, -1.0))
    if not len(left) or not len(right):
        raise Unavailable(
            "no answer says left or right",
            hint="Known words: a, b, left, right, 1, 2, first, second, model_a, model_b; and tie.",
        )
    position = np.flatnonzero((np.abs(lean[votes.label]) == 1.0) & peers.informed)
    q = peers.q[position].astype(np.float64)
    on_left, on_right = q[:, left].sum(axis=1), q[:, right].sum(axis=1)
    belief = on_left / np.maximum(on_left + on_right, 1e-12)
    chose_left = lean[votes.label[position]] == 1.0
    where = side[votes.item[position]]
    found = measure_leaning(votes.annotator[position], chose_left, belief, where, votes.n_annotators)
    chosen = np.where(chose_left, 1.0, -1.0)
    return Lean(position, chosen * where, np.where(chose_left, belief, 1 - belief), found)


def score_lean(detector: str, version: str, evidence: Evidence, lean: Lean, least: int, wording: Wording) -> Scores:
    """Return the scores of a detector of leanings at the level of annotators."""
    votes, found = evidence.votes, lean.found
    judged = (found.n >= least) & np.isfinite(found.p)
    p = np.where(judged, found.p, np.nan)
    size = np.where(judged, np.abs(found.effect), np.nan)
    ends = np.sort(np.abs(np.stack([found.low, found.high])), axis=0)
    crosses = found.low * found.high < 0

    def explain(positions: Ints) -> Sequence[Explanation]:
        return [_explain(evidence, lean, wording, int(at)) for at in positions]

    return Scores(
        detector=detector,
        version=version,
        level="annotator",
        question=votes.question,
        target=np.arange(votes.n_annotators),
        suspicion=suspicion_of(p),
        explain=explain,
        n=found.n,
        effect=size,
        effect_low=np.where(crosses, 0.0, ends[0]),
        effect_high=ends[1],
        effect_name=f"chance of choosing {wording.towards} (or avoiding it), beyond the team",
        null="choices follow what others say of the comparison, and lean as this team's people do",
        p=p,
        family="annotators",
        missing="" if judged.all() else f"fewer than {least} comparisons that tell, with answers of others",
        note=f"spread of leanings in the team: {found.spread:.3f}",
    )


def _explain(evidence: Evidence, lean: Lean, wording: Wording, who: int) -> Explanation:
    effect = float(lean.found.effect[who])
    mine = evidence.votes.annotator[lean.position] == who
    telling = mine & (lean.towards == np.sign(effect))
    order = np.flatnonzero(telling)[np.argsort(lean.belief[telling], kind="stable")]
    decided = mine & (lean.towards != 0)
    share = float((lean.towards[decided] > 0).mean())
    usual = float(np.where(lean.towards > 0, lean.belief, 1 - lean.belief)[decided].mean())
    chosen = wording.towards if effect > 0 else wording.away
    return Explanation(
        f"This annotator chooses {chosen} {100 * abs(effect):.0f} points more often than what others say of the same "
        f"comparisons leads to expect: {wording.towards} in {tell_share(share)} of {int(decided.sum())} comparisons, "
        f"where peers would in {tell_share(usual)}.",
        exhibit(
            evidence, lean.position[order], statistic="points beyond the team", value=100 * effect,
            innocent=wording.innocent, would_clear=wording.would_clear,
        ),
    )  # fmt: skip
