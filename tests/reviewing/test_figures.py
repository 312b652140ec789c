"""How right the flags were: what is counted, what has an interval, and what is said of the rest."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from annoaudit.auditing.sampled_figures import error_rate_of_sample, estimate_from_sample
from annoaudit.auditing.verdict_figures import count_decisions, latest_verdicts
from annoaudit.reviewing.figures import Figures
from annoaudit.reviewing.sampling import draw, shuffled_place
from annoaudit.statistics.intervals import exact_interval
from annoaudit.store.review_rows import ReceiptRow, VerdictRow

SOURCE = "https://h/projects/3"


def verdict(key: str, decision: str, minutes: int = 0, *, blind: bool = False, said: str = "") -> VerdictRow:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    details = {"blind": blind}
    return VerdictRow(
        f"{key}{minutes}",
        SOURCE,
        "7",
        key,
        f"t{key}",
        (f"f{key}",),
        decision,
        said or decision,
        "a-x",
        at,
        details=details,
    )


def receipt(key: str, *, flagged: bool = True, queued: bool = True, drawn: bool = False) -> ReceiptRow:
    remarks = [{"fingerprint": f"f{key}", "detector": "d", "severity": "L0"}] if flagged else []
    return ReceiptRow(SOURCE, "7", "task", key, "1", "made", {"remarks": remarks, "queued": queued, "drawn": drawn})


def findings(n: int) -> pd.DataFrame:
    rows = [{"fingerprint": f"f{k}", "detector": "d", "severity": "L0", "level": "label"} for k in range(n)]
    return pd.DataFrame(rows, columns=["fingerprint", "detector", "severity", "level"])


def counted(decisions: list[str], n_flagged: int) -> pd.Series:
    rows = [verdict(str(k), one) for k, one in enumerate(decisions)]
    receipts = {str(k): receipt(str(k)) for k in range(n_flagged)}
    return count_decisions(latest_verdicts(rows), receipts, findings(n_flagged)).iloc[0]


def test_precision_counts_fixed_and_confirmed_and_the_rest_stands_beside_it():
    row = counted(["fixed"] * 6 + ["confirmed"] * 2 + ["ambiguous", "bad_data"], 10)
    assert row["precision"] == 0.75
    assert (row["range_low"], row["range_high"]) == (0.6, 0.8)
    low, high = exact_interval([6], [8])
    assert (row["low"], row["high"]) == (low[0], high[0])
    assert row["basis"] == "all 10 flags"


def test_a_partly_reviewed_sorted_list_has_no_interval_and_says_so():
    row = counted(["fixed"] * 4 + ["confirmed"], 10)
    assert row["precision"] == 0.8
    assert np.isnan(row["low"])
    assert row["basis"] == "among the 5 reviewed, highest first"
    text = repr(Figures(pd.DataFrame([row]), pd.DataFrame({"review": ["open"]}), pd.DataFrame()))
    assert "among the 5 reviewed, highest first: 4 fixed, 1 confirmed" in text
    assert "which leads them" in text  # unblinded figures say so


def test_the_latest_decision_counts_and_a_later_skip_takes_nothing_back():
    rows = [verdict("1", "confirmed"), verdict("1", "fixed", 5), verdict("1", "skipped", 9), verdict("2", "skipped")]
    latest = latest_verdicts(rows)
    assert latest["1"].decision == "fixed"
    assert latest["2"].decision == "skipped"
    assert latest_verdicts([verdict("2", "skipped"), verdict("2", "fixed", 1)])["2"].decision == "fixed"


def test_nothing_decided_gives_no_precision():
    row = counted(["ambiguous", "skipped"], 2)
    assert np.isnan(row["precision"])
    assert (row["range_low"], row["range_high"]) == (0, 1)


def test_a_draw_is_the_same_every_night_grows_with_n_and_is_fair():
    keys = [f"{k:04d}" for k in range(2000)]
    first = draw(keys, 200, b"s" * 32)
    assert first == draw(list(reversed(keys)), 200, b"s" * 32)
    assert first < draw(keys, 300, b"s" * 32)
    assert first != draw(keys, 200, b"t" * 32)
    kept = draw(keys[:1000], 100, b"s" * 32)
    assert draw(keys, 200, b"s" * 32) & set(keys[:1000]) <= set(keys[:1000])
    assert len(kept) == 100
    assert len(draw(keys[:3], 10, b"s" * 32)) == 3
    shares = np.array([len(draw(keys, 200, bytes([k]) * 32) & set(keys[:500])) for k in range(200)])
    assert abs(shares.mean() - 50) < 2
    places = np.array([shuffled_place(one, b"s" * 32) for one in keys])
    assert len(set(places.tolist())) == 2000
    assert abs(np.corrcoef(places, [one in first for one in keys])[0, 1]) < 0.08


def test_the_random_part_alone_gives_the_error_rate_and_undecided_ones_stand_beside_it():
    receipts = {str(k): receipt(str(k), flagged=k < 5, queued=k < 5, drawn=k >= 3) for k in range(20)}
    rows = {str(k): verdict(str(k), "fixed" if k < 4 else "confirmed", blind=True) for k in range(19)}
    rows["19"] = verdict("19", "ambiguous", blind=True)
    sample = {"n_stream": 1000, "n_queued": 5, "n_drawn": 17, "flagged": {"d": [5, 10]}}
    table = estimate_from_sample(rows, receipts, sample).set_index("what")
    rate = table.loc["error rate of the project"]
    assert rate["value"] == 1 / 16
    assert (rate["low"], rate["high"]) == tuple(float(one[0]) for one in exact_interval([1], [16]))
    assert "1 undecided" in rate["basis"]
    known = error_rate_of_sample(rows, receipts)
    assert (known.value, known.low, known.n_wrong, known.n) == (1 / 16, rate["low"], 1, 16)
    assert error_rate_of_sample({"9": verdict("9", "fixed")}, receipts) is None  # open review is no sample
    assert np.isnan(table.loc["precision of d"]["value"])  # nobody looked at the ten flags beyond the queue
    assert table.loc["precision of d"]["high"] > 0.5


def test_labels_answered_before_are_a_part_of_their_own_that_is_wholly_reviewed():
    receipts = {str(k): receipt(str(k), queued=3 <= k < 6, drawn=False) for k in range(6)}
    for k in range(3):
        receipts[str(k)].details["answered"] = True
    rows = {str(k): verdict(str(k), "fixed" if k < 2 else "confirmed", blind=True) for k in range(4)}
    sample = {"n_stream": 100, "n_queued": 3, "n_answered": 3, "n_drawn": 0, "flagged": {"d": [3, 0, 3]}}
    rate = estimate_from_sample(rows, receipts, sample).set_index("what").loc["precision of d"]
    assert rate["value"] == (2 + 3 * 0) / 6  # the one reviewed of the queue was right; it stands for all three


def test_open_verdicts_never_enter_figures_of_the_whole():
    receipts = {"1": receipt("1", drawn=True)}
    sample = {"n_stream": 10, "n_queued": 1, "n_drawn": 1, "flagged": {}}
    assert estimate_from_sample({"1": verdict("1", "fixed")}, receipts, sample).empty
    assert estimate_from_sample({"1": verdict("1", "fixed", blind=True)}, receipts, None).empty
