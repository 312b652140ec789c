"""How much better people do on items whose answer is known than on the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import betabinom

from annoaudit.statistics.team_spread import own_spread

__all__ = ["GoldContrast", "contrast_gold"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SKILL_SPREAD = 1.0
"""Standard deviation of skill that people are expected to have, in log odds."""
NEWTON_STEPS = 12


@dataclass(frozen=True, eq=False)
class GoldContrast:
    """Agreement on gold items and on others.

    Parameters
    ----------
    gap, se
        (A,) agreement on gold items above what the annotator's other work and the team lead to expect there, and its
        standard error. NaN where not judged.
    p
        (A,) p value of a gap that large; NaN where not judged.
    judged
        (A,) who has enough labels of both kinds.
    rate_gold, rate_other
        (A,) shares of agreement on gold items and on others.
    expected_gold, expected_other
        (A,) what the annotator's other work leads to expect on gold, and what a typical peer would come to on others.
    n_gold, n_other
        (A,) numbers of labels.
    """

    gap: Floats
    se: Floats
    p: Floats
    judged: Bools
    rate_gold: Floats
    rate_other: Floats
    expected_gold: Floats
    expected_other: Floats
    n_gold: Ints
    n_other: Ints


def contrast_gold(
    annotator: Ints, agrees: Floats, expected: Floats, on_gold: Bools, n_annotators: int, *, fewest: tuple[int, int]
) -> GoldContrast:
    """Contrast each annotator's agreement on gold items with what their other work leads to expect there.

    An annotator's skill is their departure from the expected log odds of agreement, estimated on the other items and
    drawn toward the team's; the gold items have a departure of their own, common to the team, since gold items are
    often easier than they look. What remains on the gold items is the gap. Skill on the scale of log odds matters: on
    easy gold items everybody comes close to the ceiling, which would make the less skilled look better there.

    Parameters
    ----------
    annotator
        (L,) codes.
    agrees, expected
        (L,) 1 where the label agrees with peers, and the probability that a peer's would.
    on_gold
        (L,) labels of gold items.
    n_annotators
        A.
    fewest
        Labels needed on gold items, and on others.

    References
    ----------
    Sinharay (2017). Detection of item preknowledge using likelihood ratio test and score test. JEBS 42. Rasch (1960).
    Probabilistic models for some intelligence and attainment tests.
    """
    odds = logit(np.clip(expected, 1e-3, 1.0 - 1e-3))
    n_gold, n_other = (np.bincount(annotator[one], minlength=n_annotators) for one in (on_gold, ~on_gold))
    judged = (n_gold >= fewest[0]) & (n_other >= fewest[1])
    everyone = np.zeros(n_annotators, dtype=np.int64)
    team = _departure(everyone[annotator[~on_gold]], agrees[~on_gold], odds[~on_gold], 1, np.inf)[0][0]
    skill, doubt = _departure(annotator[~on_gold], agrees[~on_gold], odds[~on_gold] + team, n_annotators, SKILL_SPREAD)
    base = odds[on_gold] + team + skill[annotator[on_gold]]
    eases, _ = _departure(annotator[on_gold], agrees[on_gold], base, n_annotators, SKILL_SPREAD)
    ease = float(np.median(eases[judged])) if judged.any() else 0.0
    chance = expit(base + ease)
    size = np.maximum(n_gold, 1)
    slope, wanted, right = (
        np.bincount(annotator[on_gold], one, n_annotators) for one in (chance * (1.0 - chance), chance, agrees[on_gold])
    )
    drift = slope * doubt / size
    se = np.sqrt((slope + 0.1) / size**2 + drift**2)
    raw, p = (right - wanted) / size, np.full(n_annotators, np.nan)
    if judged.any():
        spread = own_spread(raw[judged], se[judged])
        p[judged] = _upper_tail(
            np.asarray(right)[judged], n_gold[judged], (wanted / size)[judged], (drift**2 + spread**2)[judged]
        )
    gap = np.where(judged, raw, np.nan)

    def share(values: Floats, mask: Bools, n: Ints) -> Floats:
        return np.asarray(np.bincount(annotator[mask], values[mask], n_annotators) / np.maximum(n, 1))

    rate_gold = share(agrees, on_gold, n_gold)
    return GoldContrast(
        gap, np.where(judged, se, np.nan), p, judged, rate_gold, share(agrees, ~on_gold, n_other),
        rate_gold - gap, share(expected, ~on_gold, n_other), n_gold, n_other,
    )  # fmt: skip


def _upper_tail(right: npt.NDArray[np.number], n: Ints, mean: Floats, variance: Floats) -> Floats:
    """P values of counts under a beta-binomial whose chance has this mean and variance."""
    centre = np.clip(mean, 1e-4, 1.0 - 1e-4)
    strength = np.maximum(centre * (1.0 - centre) / np.maximum(variance, 1e-8) - 1.0, 1e-3)
    return np.asarray(betabinom.sf(np.rint(right) - 1, n, centre * strength, (1.0 - centre) * strength))


def _departure(group: Ints, agrees: Floats, odds: Floats, n_groups: int, spread: float) -> tuple[Floats, Floats]:
    """(groups,) shift of the log odds that fits best, drawn to 0 by a normal prior, and its standard error."""
    shift, precision = np.zeros(n_groups), 1.0 / spread**2
    for _ in range(NEWTON_STEPS):
        chance = expit(odds + shift[group])
        slope = np.bincount(group, agrees - chance, n_groups) - precision * shift
        curve = np.bincount(group, chance * (1.0 - chance), n_groups) + precision + 1e-6
        shift = np.clip(shift + np.clip(slope / curve, -1.0, 1.0), -8.0, 8.0)
    return shift, 1.0 / np.sqrt(curve)
