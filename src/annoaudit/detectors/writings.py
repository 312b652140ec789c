"""What detectors of writers show beside a finding: texts, and what the others say of the same items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["show_texts"]

MOST_SHOWN = 20
MOST_TEXT = 160


def show_texts(evidence: Evidence, positions: npt.NDArray[np.int64]) -> list[dict[str, object]]:
    """Return item, text and consensus of the first of these positions."""
    found = evidence.transcripts
    texts = found.texts
    return [
        {
            "item_id": str(texts.item_ids[int(texts.item[at])].as_py()),
            "given": _shorten(str(texts.text[at])),
            "expected": _shorten(str(found.agreed[texts.item[at]])),
        }
        for at in positions[:MOST_SHOWN].tolist()
    ]


def _shorten(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
