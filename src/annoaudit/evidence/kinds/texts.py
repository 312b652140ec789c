"""Free texts and transcripts: what each item's text is, and how each answer differs from what the others say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.labels import Texts, Votes
from annoaudit.statistics.texts import Units, read_units
from annoaudit.statistics.texts.consensus import TextConsensus, infer_texts, pair_up
from annoaudit.statistics.texts.edits import relative_edits
from annoaudit.statistics.texts.network import Differences
from annoaudit.statistics.texts.writers import Writers, measure_writers

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["Transcripts", "read_transcripts", "vote_on_texts"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.object_]

MOST_PAIRS = 20_000
PRIOR_UNITS = 0.5
LEAST_LIKENESS = 0.1
"""Alpha below which the texts on an item have nothing in common that could be called its text."""


@dataclass(frozen=True, eq=False)
class Transcripts:
    """The texts of a question, and what they say together.

    Parameters
    ----------
    texts
        (L,) as they were given.
    units
        (L,) as they are compared.
    consensus
        Of each item, and how each text differs from the others'.
    likeness
        Alpha of relative edits, from samples of pairs: 0 where texts on one item are as far apart as texts on
        different items; NaN where no item has two texts.
    """

    texts: Texts
    units: Units
    consensus: TextConsensus
    likeness: float

    @cached_property
    def agreed(self) -> Words:
        """(N,) the consensus as people would write it: as given where somebody gave it; "" where there is no text."""
        spelled = np.array([self.units.spell(one) for one in self.consensus.coded], dtype=object)
        same = np.flatnonzero(self.units.coded == self.consensus.coded[self.texts.item])
        # The heaviest comes last, so that it stays.
        for at in same[np.argsort(self.consensus.weight[same], kind="stable")].tolist():
            spelled[self.texts.item[at]] = self.texts.text[at]
        return spelled

    @cached_property
    def longer(self) -> Floats:
        """(L,) units of the text or of what the others say, whichever is longer; at least 1."""
        longer = np.fmax(np.fmax(self.consensus.without.length, self.units.length), 1.0)
        return np.asarray(longer, dtype=np.float64)

    @cached_property
    def apart(self) -> Floats:
        """(L,) share of units in which a text differs from what the others say, in [0, 1]; NaN without others."""
        return np.asarray(np.clip(self.consensus.without.edits / self.longer, 0.0, 1.0), dtype=np.float64)

    @cached_property
    def doubt(self) -> Floats:
        """(L,) as ``apart``, but a difference counts less where the others are at odds too: from a half to one.

        Half a unit of the annotator's own rate is added, so that of texts that are all wrong the longer say more.
        """
        without, rate = self.consensus.without, self.consensus.rate[self.texts.annotator]
        against = (without.edits + without.against) / 2
        doubt = (against + PRIOR_UNITS * rate) / (self.longer + PRIOR_UNITS)
        return np.asarray(np.clip(doubt, 0.0, 1.0), dtype=np.float64)

    @cached_property
    def differences_by_text(self) -> Differences:
        """Where texts say otherwise than the others on their item, text after text and in their order."""
        network = self.consensus.network
        found = network.find_differences(self.consensus.weight)
        order = np.lexsort((network.slot_order[found.slot], found.text))
        return found.take(order)

    @cached_property
    def writers(self) -> Writers:
        """How far each annotator's texts differ from the others', and in which way."""
        texts = self.texts
        return measure_writers(
            self.consensus.without, texts.item, texts.annotator, n_items=len(self.consensus.coded),
            n_annotators=len(texts.annotator_ids),
        )  # fmt: skip

    @cached_property
    def n_others(self) -> Ints:
        """(L,) other texts on the item."""
        item = self.texts.item
        return np.asarray(np.bincount(item, minlength=len(self.consensus.coded))[item] - 1, dtype=np.int64)

    def require_likeness(self) -> None:
        """Refuse to compare texts that have nothing in common.

        Raises
        ------
        Unavailable
            No item has two texts, or texts on one item are hardly closer than texts on different items.
        """
        if not (self.n_others > 0).any():
            raise Unavailable(
                "no item has texts of two annotators", hint="Let a share of the items be written or transcribed twice."
            )
        if not self.likeness >= LEAST_LIKENESS:
            raise Unavailable(
                f"texts on the same item are hardly closer than texts on different items (alpha {self.likeness:.2f}), "
                "as remarks and opinions are: there is no common text to hold them against"
            )


def read_transcripts(evidence: Evidence) -> Transcripts:
    """Read the texts of a question and infer what each item's text is."""
    texts = evidence.labels.texts(evidence.question)
    units = read_units(texts.text.tolist(), evidence.reading)
    consensus = infer_texts(
        units.coded, texts.item, texts.annotator, n_items=len(texts.item_ids), n_annotators=len(texts.annotator_ids)
    )
    return Transcripts(texts, units, consensus, _measure_likeness(units, texts.item, evidence.seed))


def _measure_likeness(units: Units, item: Ints, seed: int) -> float:
    first, second = pair_up(item)
    if not len(first):
        return float("nan")
    rng = np.random.default_rng([seed, 59])
    kept = rng.permutation(len(first))[:MOST_PAIRS]
    seen = relative_edits(units.coded[first[kept]], units.coded[second[kept]]).mean()
    paired = np.unique(np.r_[first, second])
    a = rng.choice(paired, min(MOST_PAIRS, 20 * len(paired)))
    b = rng.choice(paired, len(a))
    chance = relative_edits(units.coded[a[a != b]], units.coded[b[a != b]])
    return float(1 - seen / chance.mean()) if len(chance) and chance.mean() > 0 else float("nan")


def vote_on_texts(evidence: Evidence) -> Votes:
    """Return one vote a text; classes are the texts that were given, then what they say together where that differs."""
    found = evidence.transcripts
    texts = found.texts
    given = sorted(set(texts.text.tolist()))
    code = {one: k for k, one in enumerate(given)}
    agreed = found.agreed[np.unique(texts.item)].tolist()
    further = dict.fromkeys(one for one in agreed if one not in code)
    return Votes(
        question=texts.question,
        item_ids=texts.item_ids,
        annotator_ids=texts.annotator_ids,
        classes=(*given, *further),
        item=texts.item,
        annotator=texts.annotator,
        label=np.array([code[one] for one in texts.text.tolist()], dtype=np.int64),
        row=texts.row,
        owner=texts.owner,
        round=np.zeros(len(texts), dtype=np.int64),
        kind="text",
    )
