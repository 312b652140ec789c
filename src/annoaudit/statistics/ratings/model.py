"""Severity, scale and noise of each annotator, together with what each item deserves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["RaterModel", "fit_raters"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ROUNDS = 60
NOISE_WEIGHT = 10.0
"""Ratings that the team's noise counts for, in each annotator's."""
SMALLEST = 1e-3


@dataclass(frozen=True, eq=False)
class RaterModel:
    """What an annotator gives to an item: severity + scale x (what it deserves) + noise.

    Parameters
    ----------
    severity, severity_se
        (A,) how much higher (positive: milder) than the team, in units of the ratings, at an item of average worth.
    scale, scale_se
        (A,) factor on differences between items: below 1 compresses them.
    noise
        (A,) standard deviation of what is left.
    reliability
        (A,) share of the variance of an annotator's ratings that is the items'.
    centre, spread
        Mean and standard deviation of what items deserve.
    expected, expected_sd
        (L,) what each rating was expected to be, from the other ratings on the item, the prior, and this annotator's
        severity and scale; NaN where nothing else is known of the item.
    worth, worth_sd
        (L,) what the item of each rating deserves, from the same sources.
    """

    severity: Floats
    severity_se: Floats
    scale: Floats
    scale_se: Floats
    noise: Floats
    reliability: Floats
    centre: float
    spread: float
    expected: Floats
    expected_sd: Floats
    worth: Floats
    worth_sd: Floats


def fit_raters(
    item: Ints,
    annotator: Ints,
    value: Floats,
    n_items: int,
    n_annotators: int,
    *,
    prior: Floats | None = None,
    prior_sd: float | None = None,
    weight: Floats | None = None,
    least_noise: float = 0.0,
) -> RaterModel:
    """Fit the location-scale model by EM, with annotators shrunk towards the team as far as they are alike.

    Parameters
    ----------
    item, annotator
        (L,) codes, one rating an item and annotator.
    value
        (L,) ratings.
    n_items, n_annotators
        N and A.
    prior, prior_sd
        (N,) what a model expects of each item that saw none of its ratings, NaN where unknown, and its error.
    weight
        (L,) how far each rating is believed; all fully by default.
    least_noise
        Standard deviation below which no annotator's noise is taken to be: that of rounding to the steps of a scale.

    References
    ----------
    Lord, Novick (1968). Statistical theories of mental test scores (congeneric measures). Dempster, Laird, Rubin
    (1977). JRSS B 39. Laird, Ware (1982). Random-effects models for longitudinal data. Biometrics 38.
    """
    w = np.ones(len(item)) if weight is None else weight
    state = _State(item, annotator, value, w, n_items, n_annotators, prior, prior_sd, least_noise)
    for _ in range(ROUNDS):
        before = state.a.copy()
        state.step()
        if np.abs(state.a - before).max(initial=0.0) < 1e-5 * state.unit:
            break
    return state.finish()


class _State:
    """The numbers of one fit, between rounds; ratings are centred."""

    def __init__(
        self, item: Ints, annotator: Ints, value: Floats, w: Floats, n_items: int, n_annotators: int,
        prior: Floats | None, prior_sd: float | None, least_noise: float,
    ) -> None:  # fmt: skip
        self.item, self.annotator, self.w = item, annotator, w
        self.n_items, self.n_annotators = n_items, n_annotators
        self.shift = float(np.average(value, weights=np.maximum(w, 1e-9)))
        self.y: Floats = value - self.shift
        self.unit = float(self.y.std()) or 1.0
        self.least_noise2 = max(least_noise, SMALLEST * self.unit) ** 2
        total = self.unit**2
        self.a: Floats = np.zeros(n_annotators)
        self.b: Floats = np.ones(n_annotators)
        self.noise2: Floats = np.full(n_annotators, total / 2)
        self.spread_a, self.spread_b = total / 4, 0.1
        said = np.full(n_items, np.nan) if prior is None else prior - self.shift
        self.told = np.isfinite(said)
        self.m: Floats = np.where(self.told, said, 0.0)
        self.fixed_sd2 = None if prior_sd is None else max(prior_sd, SMALLEST * self.unit) ** 2
        self.sd2: Floats = np.where(self.told, self.fixed_sd2 or total / 2, total / 2)
        self.weigh_items()

    def by_item(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.item, values, self.n_items))

    def by_annotator(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.annotator, values, self.n_annotators))

    def weigh_items(self) -> None:
        """What items deserve, given annotators."""
        a, b, noise2 = (one[self.annotator] for one in (self.a, self.b, self.noise2))
        self.says: Floats = self.w * b * (self.y - a) / noise2
        self.tells: Floats = self.w * b**2 / noise2
        self.precision: Floats = 1 / self.sd2 + self.by_item(self.tells)
        self.mean: Floats = (self.m / self.sd2 + self.by_item(self.says)) / self.precision

    def step(self) -> None:
        """One round of EM."""
        self.weigh_items()
        t, t2 = self.mean[self.item], self.mean[self.item] ** 2 + 1 / self.precision[self.item]
        n, st, stt = self.by_annotator(self.w), self.by_annotator(self.w * t), self.by_annotator(self.w * t2)
        sy, sty = self.by_annotator(self.w * self.y), self.by_annotator(self.w * t * self.y)
        syy = self.by_annotator(self.w * self.y**2)
        pa, pb = self.noise2 / self.spread_a, self.noise2 / self.spread_b
        determinant = (n + pa) * (stt + pb) - st**2
        self.a = ((stt + pb) * sy - st * (sty + pb)) / determinant
        self.b = ((n + pa) * (sty + pb) - st * sy) / determinant
        rest = syy + n * self.a**2 + self.b**2 * stt - 2 * self.a * sy - 2 * self.b * sty + 2 * self.a * self.b * st
        pooled = float(rest.sum() / max(n.sum(), 1e-9))
        floor = (SMALLEST * self.unit) ** 2
        self.noise2 = np.maximum(
            (NOISE_WEIGHT * pooled + np.maximum(rest, 0.0)) / (NOISE_WEIGHT + n), self.least_noise2
        )
        used = n > 0
        of_a, of_b = self.noise2 / (n + pa), self.noise2 * (n + pa) / determinant
        self.spread_a = max(float((self.a**2 + of_a)[used].mean()), floor)
        self.spread_b = max(float(((self.b - 1) ** 2 + of_b)[used].mean()), SMALLEST)
        self._spread_items(floor)

    def _spread_items(self, floor: float) -> None:
        free = ~self.told & (self.by_item(self.w) > 0)
        if free.any():
            centre = float(self.mean[free].mean())
            spread2 = float(((self.mean[free] - centre) ** 2 + 1 / self.precision[free]).mean())
            self.m[~self.told], self.sd2[~self.told] = centre, max(spread2, floor)
        if self.fixed_sd2 is None and self.told.any():
            rest2 = float(((self.mean - self.m)[self.told] ** 2 + 1 / self.precision[self.told]).mean())
            self.sd2[self.told] = max(rest2, floor)

    def finish(self) -> RaterModel:
        """Take each rating out of what its item is known by, and read off the annotators."""
        self.weigh_items()
        other = self.precision[self.item] - self.tells
        m = (self.mean[self.item] * self.precision[self.item] - self.says) / other
        a, b, noise2 = (one[self.annotator] for one in (self.a, self.b, self.noise2))
        variance = b**2 / other + noise2
        alone = (np.bincount(self.item, minlength=self.n_items)[self.item] < 2) & ~self.told[self.item]
        labelled = self.by_item(self.w) > 0
        centre, spread2 = (
            float(self.mean[labelled].mean()),
            float(self.mean[labelled].var() + (1 / self.precision[labelled]).mean()),
        )
        information = self.by_annotator(self.w / variance) + 1 / self.spread_a
        slope = self.by_annotator(self.w * (m - centre) ** 2 / variance) + 1 / self.spread_b
        severity = self.a + (self.b - 1) * centre
        items2 = self.b**2 * spread2
        return RaterModel(
            severity - severity[self.by_annotator(self.w) > 0].mean(),
            1 / np.sqrt(information),
            self.b,
            1 / np.sqrt(slope),
            np.sqrt(self.noise2),
            items2 / (items2 + self.noise2),
            centre + self.shift,
            float(np.sqrt(spread2)),
            np.where(alone, np.nan, a + b * m + self.shift),
            np.where(alone, np.nan, np.sqrt(variance)),
            m + self.shift,
            1 / np.sqrt(other),
        )
