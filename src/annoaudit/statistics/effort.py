"""Whether the time that people take grows with what they have to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Effort", "find_bursts", "measure_effort", "usual_log_time"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FLOOR = 4.0
"""A label in less than a quarter of the time that its item leads to expect lies under its floor."""


@dataclass(frozen=True, eq=False)
class Effort:
    """Time against demand, by annotator.

    Parameters
    ----------
    elasticity, se
        (A,) slope of log time on log demand, and its standard error; NaN where demand does not vary.
    team_elasticity
        The same of all labels together.
    share_below_floor
        (A,) share of labels in less than a quarter of the time that the team takes for such items.
    n
        (A,) labels with a time and a demand.
    """

    elasticity: Floats
    se: Floats
    team_elasticity: float
    share_below_floor: Floats
    n: Ints


def usual_log_time(item: Ints, annotator: Ints, log_time: Floats, n_items: int, n_annotators: int) -> Floats:
    """Return (L,) the mean log time of the others on the item, each less their own mean; NaN without others.

    Parameters
    ----------
    item, annotator
        (L,) codes.
    log_time
        (L,) log seconds, all finite.
    n_items, n_annotators
        N, A.
    """
    size = np.maximum(np.bincount(annotator, minlength=n_annotators), 1)
    own = log_time - (np.bincount(annotator, log_time, n_annotators) / size)[annotator]
    n_others = np.bincount(item, minlength=n_items)[item] - 1
    total = np.bincount(item, own, n_items)[item] - own
    return np.asarray(np.where(n_others > 0, total / np.maximum(n_others, 1), np.nan))


def measure_effort(annotator: Ints, log_time: Floats, log_demand: Floats, n_annotators: int) -> Effort:
    """Measure how each annotator's time grows with demand, and how much of it lies under a floor.

    Times are winsorised at 2.5 robust standard deviations around each annotator's median: idle time and a few
    clicks by mistake count little.

    Parameters
    ----------
    annotator
        (L,) codes.
    log_time, log_demand
        (L,) log seconds, and log size or usual time of the item; all finite.
    n_annotators
        A.

    References
    ----------
    van der Linden (2007). A hierarchical framework for modeling speed and accuracy on test items. Psychometrika 72.
    """
    n = np.bincount(annotator, minlength=n_annotators)
    size = np.maximum(n, 1)

    def average(values: Floats) -> Floats:
        return np.asarray(np.bincount(annotator, values, n_annotators) / size)

    middle = _medians(annotator, log_time, n_annotators)
    spread = 1.4826 * _medians(annotator, np.abs(log_time - middle[annotator]), n_annotators)
    reach = 2.5 * np.maximum(spread, 1e-6)[annotator]
    time = np.clip(log_time, middle[annotator] - reach, middle[annotator] + reach)
    x, y = log_demand - average(log_demand)[annotator], time - average(time)[annotator]
    sxx, sxy, syy = (np.bincount(annotator, one, n_annotators) for one in (x * x, x * y, y * y))
    known = (sxx > 1e-9) & (n > 2)
    safe = np.where(known, sxx, 1.0)
    slope = sxy / safe
    noise = np.maximum(syy - slope * sxy, 0.0) / np.maximum(n - 2, 1)
    team = float(sxy.sum() / sxx.sum()) if sxx.sum() > 1e-9 else 0.0
    centre = float(np.median(log_time - team * log_demand)) if len(log_time) else 0.0
    below = log_time < centre + team * log_demand - np.log(FLOOR)
    return Effort(
        np.where(known, slope, np.nan),
        np.where(known, np.sqrt(noise / safe), np.nan),
        team,
        average(below.astype(np.float64)),
        n,
    )


def find_bursts(annotator: Ints, submitted_ms: Ints, n_annotators: int, *, length: int = 10) -> Floats:
    """Return (A,) how many times quicker than usual each annotator's quickest run of labels was, as a logarithm.

    Parameters
    ----------
    annotator, submitted_ms
        (L,) codes and times.
    n_annotators
        A.
    length
        Labels in a run. NaN for annotators with fewer than three runs.
    """
    order = np.lexsort((submitted_ms, annotator))
    who, at = annotator[order], submitted_ms[order].astype(np.float64)
    if len(who) <= length:
        return np.full(n_annotators, np.nan)
    inside = who[length:] == who[:-length]
    owner, spans = who[length:][inside], np.maximum(at[length:] - at[:-length], 1.0)[inside]
    quickest = np.full(n_annotators, np.inf)
    np.minimum.at(quickest, owner, spans)
    n_runs = np.bincount(owner, minlength=n_annotators)
    enough = n_runs >= 2 * length + 1
    usual = _medians(owner, spans, n_annotators)
    return np.where(enough, np.log(np.maximum(usual, 1.0) / np.where(enough, quickest, 1.0)), np.nan)


def _medians(group: Ints, values: Floats, n_groups: int) -> Floats:
    """(groups,) medians; 0 where a group is empty."""
    order = np.lexsort((values, group))
    n = np.bincount(group, minlength=n_groups)
    start = np.cumsum(n) - n
    low, high = start + np.maximum(n - 1, 0) // 2, start + n // 2
    ranked = np.append(values[order], 0.0)
    middle = (ranked[np.minimum(low, len(values))] + ranked[np.minimum(high, len(values))]) / 2
    return np.where(n > 0, middle, 0.0)
