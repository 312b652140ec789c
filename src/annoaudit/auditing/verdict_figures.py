"""How right the flags were: verdicts counted by detector and severity, and headed by what was reviewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.reporting.text import plural
from annoaudit.statistics.intervals import exact_interval

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.store.review_rows import ReceiptRow, VerdictRow

__all__ = ["COLUMNS", "DECISIONS", "count_decisions", "latest_verdicts"]

DECISIONS = ("fixed", "confirmed", "ambiguous", "bad_data", "skipped")
COLUMNS = (
    "detector", "severity", "review", "n_flagged", "n_reviewed", *DECISIONS, "n_ask_again", "precision", "low", "high",
    "range_low", "range_high", "basis",
)  # fmt: skip


def latest_verdicts(rows: Sequence[VerdictRow]) -> dict[str, VerdictRow]:
    """Return the verdict that counts on each target, by key: the latest decided one.

    A later skip does not take back an earlier decision.
    """
    latest: dict[str, VerdictRow] = {}
    for row in rows:
        if row.decision != "skipped" or latest.get(row.key, row).decision == "skipped":
            latest[row.key] = row
    return latest


def count_decisions(
    latest: Mapping[str, VerdictRow], receipts: Mapping[str, ReceiptRow], flags: pd.DataFrame
) -> pd.DataFrame:
    """Count the verdicts by detector, severity and kind of review.

    Each verdict is credited to every finding on its target. There is an interval only where every flag that the
    detector ever raised has a verdict: those flagged today alone would be the ones that nobody corrected.

    Parameters
    ----------
    latest
        The verdict that counts on each target, by key.
    receipts
        Of the review tasks, by key: which findings were shown.
    flags
        (F,) every flag of every run, once: ``fingerprint``, ``detector``, ``severity``, ``level``.

    Returns
    -------
    pd.DataFrame
        One row a detector, severity and kind of review, with the columns :data:`COLUMNS`; ``precision`` = fixed /
        (fixed + confirmed).
    """
    import pandas as pd

    told = flags[flags["level"].isin(["label", "item"])]
    flagged = {name: set(rows) for name, rows in told.groupby(["detector", "severity"])["fingerprint"]}
    cells: dict[tuple[str, str, bool], dict[str, VerdictRow]] = {}
    for key, row in latest.items():
        blind = row.details.get("blind") is True
        for remark in _remarks(receipts.get(key)):
            if remark.get("fingerprint") in row.fingerprints:
                name = (str(remark.get("detector")), str(remark.get("severity")), blind)
                cells.setdefault(name, {})[str(remark.get("fingerprint"))] = row
    records = []
    for (detector, severity, blind), answered in sorted(cells.items()):
        everything = flagged.get((detector, severity), set()) | set(answered)
        records.append(_record(detector, severity, blind, len(everything), answered))
    return pd.DataFrame(records, columns=list(COLUMNS))


def _record(
    detector: str, severity: str, blind: bool, n_flagged: int, answered: Mapping[str, VerdictRow]
) -> dict[str, object]:
    complete = len(answered) == n_flagged
    counts = {name: sum(one.decision == name for one in answered.values()) for name in DECISIONS}
    decided, n = counts["fixed"] + counts["confirmed"], len(answered)
    open_ones = n - decided
    low, high = exact_interval([counts["fixed"]], [decided]) if complete and decided else ([np.nan], [np.nan])
    if complete:
        basis = f"all {plural(n, 'flag')}"
    else:
        order = "in shuffled order" if blind else "highest first"
        basis = f"among the {n:,} reviewed, {order}"
    return {
        "detector": detector,
        "severity": severity,
        "review": "blind" if blind else "open",
        "n_flagged": n_flagged,
        "n_reviewed": n,
        **counts,
        "n_ask_again": sum(one.decision == "skipped" and one.said != "skipped" for one in answered.values()),
        "precision": counts["fixed"] / decided if decided else float("nan"),
        "low": float(low[0]),
        "high": float(high[0]),
        "range_low": counts["fixed"] / n if n else float("nan"),
        "range_high": (counts["fixed"] + open_ones) / n if n else float("nan"),
        "basis": basis,
    }


def _remarks(receipt: ReceiptRow | None) -> list[dict[str, object]]:
    told = receipt.details.get("remarks") if receipt else None
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
