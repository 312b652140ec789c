"""What a model says against each vote on spans: the tokens' class probabilities, or the predictions in the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.evidence.kinds.spans import mark_tokens
from annoaudit.statistics.spans.doubts import SpanDoubts, average_tokens, cover_tokens, doubt_spans, doubt_units

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["VoteDoubts", "doubt_votes"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VoteDoubts:
    """Doubts about L votes, with (L, K + 1) class probabilities of their places, and own and likelier extents (L, 2).

    ``source`` says whose probabilities these are.
    """

    doubts: SpanDoubts
    rows: Floats
    own: Floats
    likelier: Floats
    source: str


def doubt_votes(evidence: Evidence) -> VoteDoubts:
    """Return what a model says against each vote.

    Raises
    ------
    Unavailable
        There are neither predictions nor words to learn from.
    """
    matched, votes = evidence.matched_spans, evidence.votes
    spans, units = matched.spans, matched.units
    own = np.stack([units.start[votes.item], units.end[votes.item]], axis=1)
    marked = matched.mark >= 0
    own[marked] = np.stack([spans.start, spans.end], axis=1)[matched.mark[marked]]
    if len(spans.predicted):
        judged = evidence.probabilities
        rows = np.asarray(judged.rows_for(votes.item), dtype=np.float64)
        return VoteDoubts(doubt_units(rows, votes.label), rows, own, own, judged.source)
    tokens, model = evidence.tokens, evidence.token_model
    first, last = cover_tokens(tokens.item, tokens.start, tokens.end, votes.whole, own[:, 0], own[:, 1])
    doubts = doubt_spans(
        model.matrix, tokens.item, first, last, votes.label, n_spans=len(spans),
        n_unmarked=int(np.count_nonzero(~mark_tokens(evidence, spans))),
    )  # fmt: skip
    n = len(tokens)
    better = np.stack([tokens.start[np.clip(doubts.first, 0, n - 1)], tokens.end[np.clip(doubts.last - 1, 0, n - 1)]])
    return VoteDoubts(doubts, average_tokens(model.matrix, first, last), own, better.T, model.source)
