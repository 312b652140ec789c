"""Texts that say otherwise than the others on the same item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.findings import Explanation, Level, Scores, signed

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence
    from annoaudit.evidence.kinds.texts import Transcripts

__all__ = ["TextDistance"]

Ints = npt.NDArray[np.int64]

MOST_TOLD = 5
MOST_APART = 0.6
"""Share of differences from which they are too many to be told one by one."""


@dataclass(frozen=True)
class TextDistance:
    """Score each text by the share of its words in which it differs from what the others on its item say.

    What the others say is a vote word by word, made without the text itself; annotators who differ less elsewhere count
    more. A difference counts one where the others are at one, down to a half where they are at odds too, and less by
    the share of them who say the same, so that hard passages weigh less. Suggested is the consensus of all texts. A
    rank: the guideline says how much is too much.

    References
    ----------
    Fiscus (1997). A post-processing system to yield reduced word error rates (ROVER). IEEE ASRU.
    """

    name = "text_distance"
    version = "1"
    level: ClassVar[Level] = "label"
    kinds: ClassVar[tuple[str, ...]] = ("text",)
    needs = ("transcripts",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every text on an item on which others wrote too."""
        votes, found = evidence.votes, evidence.transcripts
        found.require_likeness()
        code = {one: k for k, one in enumerate(votes.classes)}
        agreed = np.array([code.get(one, -1) for one in found.agreed.tolist()], dtype=np.int64)[votes.item]
        known = np.isfinite(found.doubt)
        same = found.units.coded == found.consensus.coded[votes.item]

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(found, int(at)) for at in positions]

        return Scores(
            *signed(self, votes.question),
            target=np.arange(len(votes)),
            suspicion=found.doubt,
            explain=explain,
            given=votes.label,
            suggested=np.where(known & ~same, agreed, -1),
            n=found.n_others + 1,
            missing="" if known.all() else "no other text on the item",
            note="share of words in which a text differs from the others' vote",
        )


def _explain(found: Transcripts, at: int) -> Explanation:
    without, n_others = found.consensus.without, int(found.n_others[at])
    word = "character" if found.units.reading == "characters" else "word"
    others = "the other text says" if n_others == 1 else f"the {n_others} others say by majority"
    counts = {name: int(getattr(without, name)[at]) for name in ("dropped", "added", "replaced")}
    told = [f"{n} {name}" for name, n in counts.items() if n]
    shown = _tell_differences(found, at) if found.apart[at] < MOST_APART else ""
    return Explanation(
        f"{_count(int(without.edits[at]), word)} apart from what {others} ({_count(int(without.length[at]), word)}): "
        f"{', '.join(told) or 'none'}{f' ({shown})' if shown else ''}.",
        {**counts, "length": int(without.length[at]), "share": round(float(found.apart[at]), 4), "n_others": n_others},
    )


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _tell_differences(found: Transcripts, at: int) -> str:
    """The first differences in words."""
    low, high = np.searchsorted(found.differences_by_text.text, (at, at + 1))
    told = []
    for place in range(low, min(high, low + MOST_TOLD)):
        said, meant = (
            " ".join(found.units.spell(chr(one)).split()) if one >= 0 else ""
            for one in (int(found.differences_by_text.said[place]), int(found.differences_by_text.meant[place]))
        )
        if said and meant:
            told.append(f"“{said}” for “{meant}”")
        else:
            told.append(f"without “{meant}”" if meant else f"“{said}” beyond")
    return ", ".join(told) + (" …" if high - low > MOST_TOLD else "")
