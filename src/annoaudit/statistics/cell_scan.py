"""Class pairs in which an annotator departs from peers more than elsewhere: a scan with a team null."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

from annoaudit.statistics.cells import Cells
from annoaudit.statistics.multiplicity import sidak

__all__ = ["CellScan", "scan_cells"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PRIOR_COUNT = 2.0
SMALLEST_MEAN = 0.02
OTHERS, OUTLIERS = 0.1, 0.05
RATES, RATE_SPREAD = np.geomspace(0.05, 4.0, 40), 0.7
DISPERSIONS = np.geomspace(0.1, 6.4, 19)


@dataclass(frozen=True, eq=False)
class CellScan:
    """The most unusual class pair of each annotator.

    Parameters
    ----------
    p
        (A,) of the most unusual pair, all pairs that were tried allowed for; NaN where none was.
    expected, given
        (A,) the pair: peers say the first, the annotator says the second.
    observed, predicted, n
        (A,) labels in the pair, labels there as predicted from the annotator's own other mistakes, and labels
        where peers say the first.
    dispersion
        Squared coefficient of variation of honest people's rates in one pair, as estimated in this team.
    cell_p
        (A, K, K) of every pair; 1 on the diagonal.
    """

    p: Floats
    expected: Ints
    given: Ints
    observed: Floats
    predicted: Floats
    n: Floats
    dispersion: float
    cell_p: Floats


def scan_cells(cells: Cells, *, min_labels: int = 1) -> CellScan:
    """Test for each annotator whether their mistakes pile up in one class pair.

    An annotator who makes s times the mistakes that peers would make is expected to make s times as many in
    each pair. s is estimated from all other pairs, with its uncertainty; people's own leanings are allowed for
    by the dispersion of rates over the team, fitted robustly. Counts are then negative
    binomial, and the smallest p value is corrected for the number of pairs (Sidak).

    Parameters
    ----------
    cells
        Labels by annotator and class pair, with what peers would have said.
    min_labels
        Fewer labels where peers say the first class: the pair is not tried.

    References
    ----------
    Heard, Rubin-Delanchy (2018). Choosing between methods of combining p-values. Biometrika 105 (Sidak on
    independent scans). Lawless (1987). Negative binomial and mixed Poisson regression. Canadian J. Stat. 15.
    """
    n_annotators, n_classes, _ = cells.observed.shape
    off = ~np.eye(n_classes, dtype=bool)
    observed, predicted = np.where(off, cells.observed, 0.0), np.where(off, cells.predicted, 0.0)
    rest = observed.sum(axis=(1, 2), keepdims=True) - observed
    rest_predicted = predicted.sum(axis=(1, 2), keepdims=True) - predicted
    unsure = 1.0 / (rest + PRIOR_COUNT)
    has_labels = cells.observed.sum(axis=(1, 2)) > 0
    ratio = (rest + PRIOR_COUNT) / (rest_predicted + PRIOR_COUNT)
    usual = _usual_rates(observed[has_labels], (ratio * predicted)[has_labels], unsure[has_labels])
    mean = np.minimum(usual * ratio * predicted, cells.n_expected[:, :, None])
    unsure = unsure + 1.0 / (mean.sum(axis=0) + 1.0)
    dispersion = _disperse(observed[has_labels][:, off], mean[has_labels][:, off], unsure[has_labels][:, off])
    tried = off & (cells.n_expected >= min_labels)[:, :, None]
    cell_p = np.where(tried, _upper_tail(observed, mean, dispersion + unsure), 1.0)
    n_tried = tried.sum(axis=(1, 2))
    flat = cell_p.reshape(n_annotators, -1)
    worst = flat.argmin(axis=1)
    who, a, b = np.arange(n_annotators), worst // n_classes, worst % n_classes
    p = sidak(flat[who, worst], n_tried)
    return CellScan(
        np.where(n_tried > 0, p, np.nan), a, b, observed[who, a, b], mean[who, a, b], cells.n_expected[who, a],
        dispersion, cell_p,
    )  # fmt: skip


def _usual_rates(observed: Floats, mean: Floats, unsure: Floats) -> Floats:
    """(K, K) how often most people make each mistake, relative to what peers predict.

    What peers predict was learned from everybody. Where a part of the team shares a mistake, it is predicted too
    high for the others and too low for them; a robust fit follows the others.
    """
    anything = OTHERS / (observed.max(axis=0) + 1.0)
    known = mean > SMALLEST_MEAN
    fits = []
    for rate in RATES:
        mass = (1.0 - OTHERS) * _mass(observed, np.maximum(rate * mean, 1e-12), DISPERSIONS[0] + unsure) + anything
        fits.append(np.where(known, np.log(mass), 0.0).sum(axis=0) - (np.log(rate) / RATE_SPREAD) ** 2 / 2)
    return np.asarray(RATES[np.argmax(fits, axis=0)], dtype=np.float64)


def _disperse(observed: Floats, mean: Floats, unsure: Floats) -> float:
    """Squared coefficient of variation of honest people's rates in one pair, over all people and pairs.

    By maximum likelihood of a mixture with a small share of counts that could be anything, so that the
    annotators who are looked for do not widen what counts as usual.
    """
    known = mean > SMALLEST_MEAN
    if not known.any():
        return float(DISPERSIONS[0])
    counts, means, extra = observed[known], mean[known], unsure[known]
    anything = OUTLIERS / (counts.max() + 1.0)
    fits = [np.log((1.0 - OUTLIERS) * _mass(counts, means, one + extra) + anything).sum() for one in DISPERSIONS]
    return float(DISPERSIONS[int(np.argmax(fits))])


def _mass(observed: Floats, mean: Floats, dispersion: Floats) -> Floats:
    size = 1.0 / dispersion
    return np.asarray(nbinom.pmf(observed, size, size / (size + mean)), dtype=np.float64)


def _upper_tail(observed: Floats, mean: Floats, dispersion: Floats) -> Floats:
    """P(at least as many) for a negative binomial with this mean and variance ``mean + dispersion mean^2``."""
    size = 1.0 / dispersion
    return np.asarray(nbinom.sf(observed - 1, size, size / (size + np.maximum(mean, 1e-12))), dtype=np.float64)
