"""Whether somebody's spans start or end earlier or later than other people's of the same thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["EdgeBias", "measure_edge_bias", "shifts_from_others", "sign_flip_p"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

N_FLIPS = 2000
MOST_FLIPPED = 4000
FEWEST_CLUSTERS = 6


@dataclass(frozen=True, eq=False)
class EdgeBias:
    """How each of A annotators' edges lie to the others'.

    ``n`` spans that others marked too; shares of them whose edge lies ``early`` or ``late``; ``mean`` shift, early
    below zero; ``p`` of the sign-flip test, NaN with fewer than six items that differ.
    """

    n: Ints
    early: Floats
    late: Floats
    mean: Floats
    p: Floats


def shifts_from_others(unit: Ints, edge: Floats) -> Floats:
    """Return (M,) each span's edge less the edge that most others in its unit have; NaN where no one edge leads.

    So one person's odd edges do not look like a shift of all others.
    """
    places, own, count = np.unique(np.stack([unit, edge]), axis=1, return_inverse=True, return_counts=True)
    own = own.reshape(-1)
    order = np.lexsort((-count, places[0]))
    owner = places[0][order]
    first = np.maximum.accumulate(np.where(np.r_[True, owner[1:] != owner[:-1]], np.arange(len(owner)), 0))
    top = np.empty(len(order), dtype=np.int64)
    top[order] = first
    padded = np.append(order, [-1, -1])
    at = top[own][:, None] + np.arange(3)
    options = padded[at]
    inside = (options >= 0) & (places[0][options] == unit[:, None])
    n = np.where(inside, count[options] - (options == own[:, None]), 0)
    best = n.argmax(axis=1)
    ranked = np.sort(n, axis=1)
    leads = ranked[:, -1] > ranked[:, -2]
    value = places[1][options[np.arange(len(edge)), best]] if len(edge) else edge
    return np.where(leads, edge - value, np.nan)


def measure_edge_bias(shift: Floats, annotator: Ints, item: Ints, n_annotators: int, seed: int = 0) -> EdgeBias:
    """Compare how often each annotator's edges lie early and late.

    Parameters
    ----------
    shift
        (M,) as :func:`shifts_from_others` returns it.
    annotator, item
        (M,) codes of each span.
    n_annotators
        A.
    seed
        Of the flips.
    """
    known = np.isfinite(shift)
    who, moved, cluster = annotator[known], shift[known], item[known]
    n = np.bincount(who, minlength=n_annotators)
    side = np.where(np.abs(moved) < 1e-9, 0.0, np.sign(moved))
    with np.errstate(invalid="ignore", divide="ignore"):
        early = np.bincount(who, weights=side < 0, minlength=n_annotators) / n
        late = np.bincount(who, weights=side > 0, minlength=n_annotators) / n
        mean = np.bincount(who, weights=moved, minlength=n_annotators) / n
    p = [sign_flip_p(side[who == a], cluster[who == a], seed) for a in range(n_annotators)]
    return EdgeBias(n, early, late, mean, np.array(p))


def sign_flip_p(side: Floats, cluster: Ints, seed: int = 0) -> float:
    """Return p of "early as often as late": signs of whole clusters are flipped, in 2,000 draws.

    Parameters
    ----------
    side
        (M,) -1, 0 or 1.
    cluster
        (M,) what flips together.
    seed
        Of the draws.

    References
    ----------
    Fisher. The design of experiments, 1935, section 21. Phipson, Smyth. Permutation p-values should never be zero.
    Stat. Appl. Genet. Mol. Biol. 9, 2010.
    """
    _, code = np.unique(cluster, return_inverse=True)
    sums = np.bincount(code, weights=side) if len(code) else np.zeros(0)
    sums = sums[sums != 0]
    if len(sums) < FEWEST_CLUSTERS:
        return float("nan")
    if len(sums) > MOST_FLIPPED:
        from scipy.special import ndtr

        return float(2 * ndtr(-abs(sums.sum()) / np.sqrt((sums**2).sum())))
    rng = np.random.default_rng(seed)
    flips = rng.integers(0, 2, (N_FLIPS, len(sums)), dtype=np.int8) * 2 - 1
    drawn = np.abs(flips @ sums)
    return float((1 + np.count_nonzero(drawn >= abs(sums.sum()) - 1e-9)) / (N_FLIPS + 1))
