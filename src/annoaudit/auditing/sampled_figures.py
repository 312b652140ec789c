"""What the random part of a blinded review says of the whole stream: its error rate, and the detectors' rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.reporting.record import ErrorRate
from annoaudit.reporting.text import percent, plural
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.sampled_review import estimate_detector
from annoaudit.store.review_rows import JournalRow, ReceiptRow, VerdictRow

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["error_rate_of_sample", "estimate_from_sample", "last_sample"]

_DECIDED = ("fixed", "confirmed")


def estimate_from_sample(
    latest: Mapping[str, VerdictRow],
    receipts: Mapping[str, ReceiptRow],
    sample: Mapping[str, object] | None,
) -> pd.DataFrame:
    """Estimate from blinded verdicts on the queue and on a random sample of the whole stream.

    The blinded tasks come in shuffled order, so those reviewed so far are taken as drawn at random from the
    queue and from the sample. Undecided answers (ambiguous, bad data, skipped) are left out of the rates and
    counted in ``basis``.

    Parameters
    ----------
    latest
        Verdicts that count, by key.
    receipts
        Of the review tasks, by key.
    sample
        What the push wrote down of the stream; None without a random sample.

    Returns
    -------
    pd.DataFrame
        ``what``, ``value``, ``low``, ``high``, ``basis``.
    """
    import pandas as pd

    columns = ["what", "value", "low", "high", "basis"]
    blinded = {key: row for key, row in latest.items() if row.details.get("blind") is True and key in receipts}
    if sample is None or not blinded:
        return pd.DataFrame(columns=columns)
    rows = [_error_rate(blinded, receipts)]
    flagged = sample.get("flagged")
    for detector, counts in sorted(flagged.items()) if isinstance(flagged, dict) else ():
        rows += _detector_rows(str(detector), counts, blinded, receipts, sample)
    return pd.DataFrame(rows, columns=columns)


def last_sample(journal: Sequence[JournalRow]) -> Mapping[str, object] | None:
    """Return what the latest push of a random sample wrote down of the stream; None if there was none."""
    pushes = [one.details for one in journal if one.action == "push_started" and "n_stream" in one.details]
    return pushes[-1] if pushes else None


def error_rate_of_sample(latest: Mapping[str, VerdictRow], receipts: Mapping[str, ReceiptRow]) -> ErrorRate | None:
    """Return the project's error rate from the random sample of a blinded review; None without a judged one."""
    drawn = _drawn({key: row for key, row in latest.items() if row.details.get("blind") is True}, receipts)
    wrong, n = sum(row.decision == "fixed" for row in drawn), sum(row.decision in _DECIDED for row in drawn)
    if not n:
        return None
    low, high = exact_interval([wrong], [n])
    return ErrorRate(
        known=True,
        sentence=f"Measured by blinded review of {plural(n, 'annotation')} drawn at random from the whole project.",
        value=wrong / n,
        low=float(low[0]),
        high=float(high[0]),
        n_wrong=wrong,
        n=n,
        basis="the random sample of the blinded review",
    )


def _drawn(blinded: Mapping[str, VerdictRow], receipts: Mapping[str, ReceiptRow]) -> list[VerdictRow]:
    return [row for key, row in blinded.items() if key in receipts and receipts[key].details.get("drawn") is True]


def _error_rate(blinded: Mapping[str, VerdictRow], receipts: Mapping[str, ReceiptRow]) -> tuple[object, ...]:
    drawn = _drawn(blinded, receipts)
    wrong = sum(row.decision == "fixed" for row in drawn)
    n = sum(row.decision in _DECIDED for row in drawn)
    low, high = exact_interval([wrong], [n])
    undecided = len(drawn) - n
    basis = f"{wrong:,} wrong of {n:,} judged in the random sample"
    if undecided:
        either = f"{percent(wrong / len(drawn))} to {percent((wrong + undecided) / len(drawn))}"
        basis += f", {undecided:,} undecided ({either} if all went either way)"
    return "error rate of the project", wrong / n if n else float("nan"), float(low[0]), float(high[0]), basis


def _detector_rows(
    detector: str,
    counts: object,
    blinded: Mapping[str, VerdictRow],
    receipts: Mapping[str, ReceiptRow],
    sample: Mapping[str, object],
) -> list[tuple[object, ...]]:
    """Precision and recall from six cells: queued, beyond the queue, or answered before; flagged by it or not."""
    numbers = [int(one) for one in counts] if isinstance(counts, list) else []
    in_queue, beyond, before = (*numbers, 0, 0, 0)[:3]
    n_queued, n_answered = _whole(sample, "n_queued"), _whole(sample, "n_answered")
    others = _whole(sample, "n_stream") - n_queued - n_answered
    hits = np.array([in_queue, beyond, before], dtype=np.int64)
    size = np.concatenate([hits, np.array([n_queued, others, n_answered], dtype=np.int64) - hits])
    n, wrong = np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64)
    for key, row in blinded.items():
        cell = _cell(receipts[key].details, detector)
        if row.decision in _DECIDED and cell is not None:
            n[cell] += 1
            wrong[cell] += row.decision == "fixed"
    size = np.maximum(size, n)
    rates = estimate_detector(size, n, wrong, np.arange(6) < 3)
    basis = f"{plural(int(n.sum()), 'label')} judged, weighted by their chance of being reviewed"
    return [
        (f"precision of {detector}", rates.precision, rates.precision_low, rates.precision_high, basis),
        (f"recall of {detector}", rates.recall, rates.recall_low, rates.recall_high, basis),
    ]


def _cell(details: Mapping[str, object], detector: str) -> int | None:
    """The cell a reviewed target belongs to; None where it was pushed for its findings once, and is not any more."""
    parts = [details.get(name) is True for name in ("queued", "drawn", "answered")]
    if not any(parts):
        return None
    told = details.get("remarks")
    hit = isinstance(told, list) and any(isinstance(one, dict) and one.get("detector") == detector for one in told)
    return (0 if parts[0] else 2 if parts[2] else 1) + (0 if hit else 3)


def _whole(sample: Mapping[str, object], name: str) -> int:
    value = sample.get(name)
    return int(value) if isinstance(value, int) else 0
