"""How right the flags were: verdicts by detector and severity, and what a random sample says of the whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from annoaudit.auditing.sampled_figures import estimate_from_sample, last_sample
from annoaudit.auditing.verdict_figures import count_decisions, latest_verdicts
from annoaudit.reporting.text import plural
from annoaudit.reporting.verdict_table import OPEN_REVIEW, figure_lines, sampled_lines

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reviewing.places import Place
    from annoaudit.store.review_rows import VerdictRow

__all__ = ["Figures", "gather_figures"]


@dataclass(frozen=True, eq=False)
class Figures:
    """What came out of the review.

    Parameters
    ----------
    table
        One row a detector, severity and kind of review. ``precision`` = fixed / (fixed + confirmed), with the exact
        95 % interval ``low`` to ``high`` only where the reviewed flags are all that were ever raised; ``range_low`` and
        ``range_high`` are the precision if all ambiguous, bad and skipped ones went either way; ``basis`` says which
        flags were reviewed.
    verdicts
        The latest verdict on each target: one row a target and kind of review.
    sampled
        What the random sample says of the whole stream: error rate, each detector's precision and recall; empty
        without one.
    warnings
        Answers that contradict the labels.
    """

    table: pd.DataFrame
    verdicts: pd.DataFrame
    sampled: pd.DataFrame
    n_new: int = 0
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def describe(self) -> list[str]:
        """Return the figures as lines, for people."""
        lines = [f"{plural(len(self.verdicts), 'target')} reviewed ({self.n_new:,} new answers)."]
        if len(self.verdicts) and (self.verdicts["review"] == "open").any():
            lines.append(OPEN_REVIEW)
        lines += [*figure_lines(self.table), *sampled_lines(self.sampled)]
        lines += [f"Warning: {one}" for one in self.warnings] + [f"Note: {one}" for one in self.notes]
        return lines

    def as_json(self) -> str:
        """Return the figures as JSON; what is not known is null."""
        parts = {
            "by_detector": json.loads(self.table.to_json(orient="records")),
            "sampled": json.loads(self.sampled.to_json(orient="records")),
            "verdicts": json.loads(self.verdicts.to_json(orient="records", date_format="iso")),
            "n_new": self.n_new,
            "warnings": self.warnings,
            "notes": self.notes,
        }
        return json.dumps(parts, ensure_ascii=True, default=list)

    def __repr__(self) -> str:
        return "\n".join(self.describe())


def gather_figures(place: Place, n_new: int = 0, notes: tuple[str, ...] = ()) -> Figures:
    """Work out the figures from what the store holds."""
    import pandas as pd

    latest = latest_verdicts(place.reviews.verdicts())
    receipts = place.reviews.receipts("task", keys=latest)
    table = count_decisions(latest, receipts, place.store.flags())
    shown = pd.DataFrame(
        [_verdict_record(one) for one in latest.values()],
        columns=["target", "review", "decision", "said", "corrected", "reviewer", "at", "note", "warning"],
    )
    warnings = tuple(f"{one.target}: {one.warning}" for one in latest.values() if one.warning)
    sampled = estimate_from_sample(latest, receipts, last_sample(place.reviews.journal()))
    return Figures(table, shown, sampled, n_new, warnings, notes)


def _verdict_record(row: VerdictRow) -> dict[str, object]:
    return {
        "target": row.target,
        "review": "blind" if row.details.get("blind") is True else "open",
        "decision": row.decision,
        "said": row.said,
        "corrected": row.corrected,
        "reviewer": row.reviewer,
        "at": row.at,
        "note": row.note,
        "warning": row.warning,
    }
