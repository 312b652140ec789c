"""What stands beside a finding about people: labels to look at, matched ones, and the innocent reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["exhibit", "match_labels", "show_labels"]

Ints = npt.NDArray[np.int64]

MOST_SHOWN = 20
MOST_TEXT = 160


def exhibit(
    evidence: Evidence,
    picked: Ints,
    *,
    statistic: str,
    value: float,
    innocent: Sequence[str],
    would_clear: str,
    matched: Ints | None = None,
) -> dict[str, object]:
    """Return the facts that every finding about people carries, as JSON values.

    Parameters
    ----------
    evidence
        Where labels and peers are.
    picked
        Positions of the labels that the finding rests on, most telling first; at most 20 are shown.
    statistic, value
        Name of the statistic and what it came to.
    innocent
        Explanations that blame nobody.
    would_clear
        What would settle it.
    matched
        Positions of labels to hold beside them; by default labels of other people on like items, who answered
        as their peers expected.
    """
    shown = picked[:MOST_SHOWN]
    beside = match_labels(evidence, shown) if matched is None else matched[:MOST_SHOWN]
    return {
        "statistic": statistic,
        "value": round(float(value), 4) if np.isfinite(value) else None,
        "examples": show_labels(evidence, shown),
        "matched": show_labels(evidence, beside),
        "innocent_explanations": list(innocent),
        "would_clear": would_clear,
    }


def show_labels(evidence: Evidence, positions: Ints) -> list[dict[str, object]]:
    """Return item, label and what peers expected of each position, with the start of the item's text."""
    votes, peers = evidence.votes, evidence.peers
    texts = evidence.labels.items["text"].take(votes.whole[positions]).to_pylist()
    return [
        {
            "item_id": str(votes.item_ids[int(votes.item[at])].as_py()),
            "given": votes.classes[int(votes.label[at])],
            "expected": votes.classes[int(peers.expected[at])],
            "probability_of_given": round(float(peers.q[at, votes.label[at]]), 4),
            "text": _shorten(text or ""),
        }
        for at, text in zip(positions, texts, strict=True)
    ]


def _shorten(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def match_labels(evidence: Evidence, picked: Ints) -> Ints:
    """Return for each picked label one of another annotator, as expected by peers, on a like item.

    Like means: the same class expected, with the nearest probability. An item is shown once; where none is
    left the list is shorter.
    """
    votes, peers = evidence.votes, evidence.peers
    confidence, usual = peers.confidence, (peers.expected == votes.label) & peers.informed
    usual &= ~np.isin(votes.annotator, np.unique(votes.annotator[picked]))
    usual &= ~np.isin(votes.item, np.unique(votes.item[picked]))
    matched: list[int] = []
    for at in picked:
        pool = np.flatnonzero(usual & (peers.expected == peers.expected[at]))
        if len(pool):
            best = int(pool[np.abs(confidence[pool] - confidence[at]).argmin()])
            usual[votes.item == votes.item[best]] = False
            matched.append(best)
    return np.array(matched, dtype=np.int64)
