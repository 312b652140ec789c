"""How right the flags were: verdicts by detector and severity, and what a random sample says of the whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.reporting.text import percent, plural
from annoaudit.statistics.intervals import exact_interval
from annoaudit.store.review_rows import JournalRow, ReceiptRow, VerdictRow

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.reviewing.places import Place

__all__ = ["COLUMNS", "DECISIONS", "Figures", "count_decisions", "gather_figures", "latest_verdicts"]

DECISIONS = ("fixed", "confirmed", "ambiguous", "bad_data", "skipped")
COLUMNS = (
    "detector", "severity", "review", "n_flagged", "n_reviewed", *DECISIONS, "n_ask_again", "precision", "low", "high",
    "range_low", "range_high", "basis",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Figures:
    """What came out of the review.

    Parameters
    ----------
    table
        One row a detector, severity and kind of review. ``precision`` = fixed / (fixed + confirmed), with the exact
        95 % interval ``low`` to ``high`` only where the reviewed flags are all of them; ``range_low`` and
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
            lines.append("Open review: the reviewers saw the reasons and the current labels, which leads them.")
        lines += [_row_line(row) for row in _records(self.table)]
        lines += [_sampled_line(row) for row in _records(self.sampled)]
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

    from annoaudit.reviewing.sampled import estimate_from_sample

    latest = latest_verdicts(place.reviews.verdicts())
    receipts = place.reviews.receipts("task", keys=latest)
    table = count_decisions(latest, receipts, place.findings)
    shown = pd.DataFrame(
        [_verdict_record(one) for one in latest.values()],
        columns=["target", "review", "decision", "said", "corrected", "reviewer", "at", "note", "warning"],
    )
    warnings = tuple(f"{one.target}: {one.warning}" for one in latest.values() if one.warning)
    sampled = estimate_from_sample(latest, receipts, _last_sample(place.reviews.journal()))
    return Figures(table, shown, sampled, n_new, warnings, notes)


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
    latest: Mapping[str, VerdictRow], receipts: Mapping[str, ReceiptRow], findings: pd.DataFrame
) -> pd.DataFrame:
    """Count the verdicts by detector, severity and kind of review; see :class:`Figures` for the columns.

    Each verdict is credited to every finding on its target.
    """
    import pandas as pd

    n_flagged = findings[findings["level"].isin(["label", "item"])].groupby(["detector", "severity"]).size().to_dict()
    flagged = {name: set(rows) for name, rows in findings.groupby(["detector", "severity"])["fingerprint"]}
    cells: dict[tuple[str, str, bool], dict[str, VerdictRow]] = {}
    for key, row in latest.items():
        blind = row.details.get("blind") is True
        for remark in _remarks(receipts.get(key)):
            if remark.get("fingerprint") in row.fingerprints:
                name = (str(remark.get("detector")), str(remark.get("severity")), blind)
                cells.setdefault(name, {})[str(remark.get("fingerprint"))] = row
    records = []
    for (detector, severity, blind), answered in sorted(cells.items()):
        everything = flagged.get((detector, severity), set())
        complete = bool(everything) and everything <= set(answered)
        counted = {k: v for k, v in answered.items() if k in everything} if complete else answered
        records.append(
            _record(detector, severity, blind, int(n_flagged.get((detector, severity), 0)), counted, complete)
        )
    return pd.DataFrame(records, columns=list(COLUMNS))


def _record(
    detector: str, severity: str, blind: bool, n_flagged: int, answered: Mapping[str, VerdictRow], complete: bool
) -> dict[str, object]:
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


def _last_sample(journal: Sequence[JournalRow]) -> Mapping[str, object] | None:
    """What the latest push of a random sample wrote down of the stream."""
    pushes = [one.details for one in journal if one.action == "push_started" and "n_stream" in one.details]
    return pushes[-1] if pushes else None


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


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _row_line(row: Mapping[str, object]) -> str:
    bounds = f" (95 % interval {_p(row['low'])} to {_p(row['high'])})" if row["low"] == row["low"] else ""
    rest = ", ".join(f"{row[name]} {name.replace('_', ' ')}" for name in DECISIONS[2:] if row[name])
    either = f"; {rest}: {_p(row['range_low'])} to {_p(row['range_high'])} if all went either way" if rest else ""
    return (
        f"{row['detector']} {row['severity']}, {row['review']} review, {row['basis']}: {row['fixed']} fixed, "
        f"{row['confirmed']} confirmed, precision {_p(row['precision'])}{bounds}{either}."
    )


def _sampled_line(row: Mapping[str, object]) -> str:
    return f"{row['what']}: {_p(row['value'])} (95 % interval {_p(row['low'])} to {_p(row['high'])}); {row['basis']}."


def _p(value: object) -> str:
    return percent(float(value)) if isinstance(value, (int, float)) else percent(float("nan"))
