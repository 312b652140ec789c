"""Has somebody's agreement fallen below what it was? An alarm with a stated run length, label by label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DriftAlarm", "StreamState", "watch_stream"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BURN_IN = 60
SLACK = 0.02
DROPS = (0.1, 0.2, 0.35, 0.5, 0.7)


@dataclass(frozen=True)
class StreamState:
    """What an alarm keeps between runs: how the stream began, and its five logarithms.

    Parameters
    ----------
    n
        Labels seen so far.
    total, squares
        Sum of agreement less expectation over the burn-in, and of expectation times its complement.
    log_m
        Logarithm of the detector for each size of drop; empty before the burn-in is over.
    last_ms
        Submission time of the last label seen.
    change_ms
        Submission time of the first label since which the stream looks changed; -1 while it does not.
    """

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    log_m: tuple[float, ...] = ()
    last_ms: int = -1
    change_ms: int = -1

    @property
    def level(self) -> float:
        """Logarithm of the detector where the stream stands; -inf in the burn-in."""
        return float(np.logaddexp.reduce(self.log_m) - np.log(len(DROPS))) if self.log_m else -np.inf

    def to_json(self) -> dict[str, object]:
        """Return the state as JSON values."""
        return {
            "n": self.n, "total": self.total, "squares": self.squares, "log_m": list(self.log_m),
            "last_ms": self.last_ms, "change_ms": self.change_ms,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> StreamState:
        """Read a state; anything that is not one starts afresh."""
        try:
            log_m = tuple(float(one) for one in kept["log_m"])  # type: ignore[attr-defined]
            total, squares = float(kept["total"]), float(kept["squares"])  # type: ignore[arg-type]
            places = [int(kept[name]) for name in ("n", "last_ms", "change_ms")]  # type: ignore[call-overload]
        except (KeyError, OverflowError, TypeError, ValueError):
            return cls()
        if len(log_m) not in (0, len(DROPS)) or not np.isfinite([total, squares, *log_m]).all():
            return cls()
        return cls(places[0], total, squares, log_m, places[1], places[2])


@dataclass(frozen=True, eq=False)
class DriftAlarm:
    """What happened on one stream.

    Parameters
    ----------
    log_m
        (T,) logarithm of the detector after each label; -inf during the burn-in.
    peak
        Largest logarithm, that at which the stream stood before included.
    first
        Place of the first label at which it reached the run length; -1 if never.
    change
        Place from which the stream looks changed, where the evidence for the drop begins; -1 in the burn-in.
    state
        To continue from.
    """

    log_m: Floats
    peak: float
    first: int
    change: int
    state: StreamState


def watch_stream(agreed: Bools, expected: Floats, state: StreamState, *, run_length: float, last_ms: int) -> DriftAlarm:
    """Watch one annotator's stream, in order of submission.

    After a burn-in the null is that each label agrees with peers with at least the probability that peers give,
    less what the annotator fell short in the burn-in (with one standard error) and a slack of .02. Against it bets
    the likelihood ratio of a drop of agreement by a tenth up to 70 %; the Shiryaev-Roberts sum
    ``M_t = (M_{t-1} + 1) L_t``, averaged over the drops, grows under the null no faster than t, so the mean number
    of labels to an alarm at ``run_length`` is at least ``run_length``.

    Parameters
    ----------
    agreed, expected
        (T,) whether each label is what peers most probably say, and that probability.
    state
        Where the stream stood.
    run_length
        Mean labels between false alarms, at least.
    last_ms
        Submission time of the last label, kept in the state.

    References
    ----------
    Shin, Ramdas, Rinaldo (2024). E-detectors: a nonparametric framework for sequential change detection. New England
    J. Statistics in Data Science 2. Roberts (1966). A comparison of some control chart procedures. Technometrics 8.
    """
    n_new = len(agreed)
    n_burn = int(np.clip(BURN_IN - state.n, 0, n_new))
    gap = agreed[:n_burn] - expected[:n_burn]
    total = state.total + float(gap.sum())
    squares = state.squares + float((expected[:n_burn] * (1.0 - expected[:n_burn])).sum())
    log_m = np.full(n_new, -np.inf)
    kept: tuple[float, ...] = state.log_m
    change = -1
    if n_burn < n_new:
        offset = min(total / BURN_IN, 0.0) - np.sqrt(squares + 0.25) / BURN_IN - SLACK
        floor = np.clip(expected[n_burn:] + offset, 0.02, 0.99)
        tracks, ends, change = _run(agreed[n_burn:], floor, np.array(kept or [-np.inf] * len(DROPS)))
        log_m[n_burn:], kept = tracks, tuple(float(one) for one in ends)
        change += n_burn
    reached = np.flatnonzero(log_m >= np.log(run_length))
    return DriftAlarm(
        log_m, max(state.level, float(log_m.max(initial=-np.inf))), int(reached[0]) if len(reached) else -1, change,
        StreamState(state.n + n_new, total, squares, kept, last_ms, state.change_ms),
    )  # fmt: skip


def _run(agreed: Bools, floor: Floats, start: Floats) -> tuple[Floats, Floats, int]:
    """(T,) log of the mean detector, (5,) where each track ends, and the place where the best track's gains begin."""
    tracks = np.empty((len(DROPS), len(agreed)))
    change, best = 0, -np.inf
    for place, drop in enumerate(DROPS):
        after = floor * (1.0 - drop)
        step = np.where(agreed, np.log1p(-drop), np.log((1.0 - after) / (1.0 - floor)))
        total = np.cumsum(step)
        before = np.r_[0.0, total[:-1]]
        tracks[place] = total + np.logaddexp(start[place], np.logaddexp.accumulate(-before))
        rise = total - np.minimum.accumulate(before)
        if rise.max() > best:
            best = float(rise.max())
            change = int(before[: int(rise.argmax()) + 1].argmin())
    mean = np.logaddexp.reduce(tracks, axis=0) - np.log(len(DROPS))
    return np.asarray(mean), tracks[:, -1], change
