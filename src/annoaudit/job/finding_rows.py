"""What the job itself finds, as rows of the table of findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from annoaudit.findings import FINDING_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_findings"]


def as_findings(rows: Sequence[Mapping[str, object]], **told: str) -> pd.DataFrame:
    """Return facts as rows of findings, each once: what the rows leave out is blank, or as told for all of them."""
    import pandas as pd

    fixed = {"suspicion": 1.0, "n": 1, "rank": 0, "evidence_json": "{}", **told}
    numbers = ("effect", "effect_low", "effect_high", "p", "e")
    blank = dict.fromkeys(FINDING_COLUMNS, "") | dict.fromkeys(numbers, float("nan")) | fixed
    frame = pd.DataFrame([{**blank, **row} for row in rows], columns=list(FINDING_COLUMNS))
    return frame.drop_duplicates("fingerprint", ignore_index=True)
