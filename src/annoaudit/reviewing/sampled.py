"""What the random part of a blinded review says of the whole stream: its error rate, and the detectors' rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from annoaudit.reporting.text import percent, plural
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.sampled_review import estimate_detector
from annoaudit.store.review_rows import ReceiptRow, VerdictRow

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["estimate_from_sample"]

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


def _error_rate(blinded: Mapping[str, VerdictRow], receipts: Mapping[str, ReceiptRow]) -> tuple[object, ...]:
    drawn = [row for key, row in blinded.items() if receipts[key].details.get("drawn") is True]
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
    """Precision and recall from four cells: queued or not, by flagged by this detector or not."""
    in_queue, beyond = (int(one) for one in counts) if isinstance(counts, list) and len(counts) == 2 else (0, 0)
    n_stream, n_queued = _whole(sample, "n_stream"), _whole(sample, "n_queued")
    size = np.array([in_queue, n_queued - in_queue, beyond, n_stream - n_queued - beyond], dtype=np.int64)
    n, wrong = np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64)
    for key, row in blinded.items():
        details = receipts[key].details
        queued, drawn = details.get("queued") is True, details.get("drawn") is True
        if row.decision in _DECIDED and (queued or drawn):
            told = details.get("remarks")
            hit = isinstance(told, list) and any(
                isinstance(one, dict) and one.get("detector") == detector for one in told
            )
            cell = (0 if hit else 1) if queued else (2 if hit else 3)
            n[cell] += 1
            wrong[cell] += row.decision == "fixed"
    size = np.maximum(size, n)
    rates = estimate_detector(size, n, wrong, np.array([True, False, True, False]))
    basis = f"{plural(int(n.sum()), 'label')} judged, weighted by their chance of being reviewed"
    return [
        (f"precision of {detector}", rates.precision, rates.precision_low, rates.precision_high, basis),
        (f"recall of {detector}", rates.recall, rates.recall_low, rates.recall_high, basis),
    ]


def _whole(sample: Mapping[str, object], name: str) -> int:
    value = sample.get(name)
    return int(value) if isinstance(value, int) else 0
