"""Whether an annotator's boxes lie off in the same way again and again: edges, and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["COMPONENTS", "EdgeBias", "measure_edge_bias"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COMPONENTS = ("left", "top", "right", "bottom", "size")
"""Where the edges lie, to the right and down, and how much longer the sides are, in shares of the sides."""
SWEEPS = 60
SETTLED = 1e-5
FARTHEST = 0.25
MOST_BLOCKS = 1000
N_FLIPS = 1999


@dataclass(frozen=True, eq=False)
class EdgeBias:
    """Mean offset of each annotator's boxes from the others', free of the others' own bias.

    ``mean``, ``low`` and ``high`` (A, 5) are in shares of the sides, for :data:`COMPONENTS`; ``p`` (A,) tests that all
    are those of the team's median annotator; ``n_boxes`` and ``n_items`` (A,) what it rests on. NaN where there is too
    little.
    """

    mean: Floats
    low: Floats
    high: Floats
    p: Floats
    n_boxes: Ints
    n_items: Ints


def measure_edge_bias(
    off: Floats, unit: Ints, annotator: Ints, item: Ints, n_annotators: int, *, fewest_items: int = 10, seed: int = 0
) -> EdgeBias:
    """Measure systematic offsets by a two-way fit, and test each annotator's by flipping signs of whole images.

    ``off = unit + annotator + noise`` is fitted by least squares with offsets clipped at a quarter of a side, so that a
    biased colleague does not make the others look biased; the median annotator is 0. Each annotator's offsets are
    then taken from the others' in the unit, less what these are biased by. If there is no bias they are symmetric
    about 0 and images independent, so the signs of whole images may be flipped; the statistic is the largest of the
    five studentised sums.

    Parameters
    ----------
    off
        (R, 4) edges of each box against a box common to its unit, in shares of the sides, to the right and down.
    unit, annotator, item
        (R,) codes; only boxes of units that two annotators marked.
    n_annotators
        A.
    fewest_items
        Fewer images: not judged.
    seed
        Of the flips.

    References
    ----------
    Romano, Wolf (2005). Exact and approximate stepdown methods for multiple hypothesis testing. JASA 100. Canay,
    Romano, Shaikh (2017). Randomization tests under an approximate symmetry assumption. Econometrica 85.
    """
    near: Floats = np.clip(off, -FARTHEST, FARTHEST)
    bias = _fit(near, unit, annotator, n_annotators)
    apart: Floats = _from_others(near - bias[annotator], unit) + bias[annotator]
    size = (apart[:, 2] - apart[:, 0] + apart[:, 3] - apart[:, 1]) / 2.0
    offsets: Floats = np.column_stack([apart, size])
    order = np.lexsort((item, annotator))
    ends = np.searchsorted(annotator[order], np.arange(n_annotators + 1))
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0], dtype=np.float32), (N_FLIPS, MOST_BLOCKS))
    none = np.full((n_annotators, len(COMPONENTS)), np.nan)
    found = EdgeBias(none, none.copy(), none.copy(), none[:, 0].copy(), np.diff(ends), np.zeros(n_annotators, np.int64))
    for who in range(n_annotators):
        mine = order[ends[who] : ends[who + 1]]
        items, code = np.unique(item[mine], return_inverse=True)
        found.n_items[who] = len(items)
        if len(items) < fewest_items:
            continue
        found.mean[who], found.low[who], found.high[who] = _bound(offsets[mine], code)
        found.p[who] = _flip(_block_sums(offsets[mine], code), signs)
    return found


def _fit(off: Floats, unit: Ints, annotator: Ints, n_annotators: int) -> Floats:
    """(A, 4) bias of each annotator, that of the median one 0."""
    n_units = int(unit.max(initial=-1)) + 1
    per_unit, per_person = np.bincount(unit, minlength=n_units), np.bincount(annotator, minlength=n_annotators)
    bias: Floats = np.zeros((n_annotators, off.shape[1]))
    present = per_person > 0
    for _ in range(SWEEPS):
        truth = _means(off - bias[annotator], unit, per_unit)
        new = _means(off - truth[unit], annotator, per_person)
        new -= np.median(new[present], axis=0) if present.any() else 0.0
        moved = float(np.abs(new - bias).max(initial=0.0))
        bias = new
        if moved < SETTLED:
            break
    return bias


def _means(values: Floats, group: Ints, size: Ints) -> Floats:
    sums = [np.bincount(group, weights=one, minlength=len(size)) for one in values.T]
    return np.asarray(np.stack(sums, axis=1) / np.maximum(size, 1)[:, None])


def _from_others(values: Floats, unit: Ints) -> Floats:
    """Return each value less the mean of the others' in its unit."""
    size = np.bincount(unit)
    total = _means(values, unit, size) * size[:, None]
    others = (total[unit] - values) / np.maximum(size[unit] - 1, 1)[:, None]
    return np.asarray(values - others)


def _block_sums(apart: Floats, item: Ints) -> Floats:
    """(blocks, 5) sums over images, or over blocks of images where there are many."""
    block = item % MOST_BLOCKS
    return np.stack([np.bincount(block, weights=one) for one in apart.T], axis=1)


def _flip(sums: Floats, signs: npt.NDArray[np.float32]) -> float:
    scale = np.sqrt((sums**2).sum(axis=0))
    units = (sums / np.where(scale > 0, scale, 1.0)).astype(np.float32)
    seen = float(np.abs(units.sum(axis=0)).max())
    drawn = np.abs(signs[:, : len(units)] @ units).max(axis=1)
    return float((1 + (drawn >= seen - 1e-6).sum()) / (len(signs) + 1))


def _bound(apart: Floats, item: Ints) -> tuple[Floats, Floats, Floats]:
    """Mean of each component with its 95 % interval, images as the sampled units."""
    mean = apart.mean(axis=0)
    residual = np.stack([np.bincount(item, weights=one) for one in (apart - mean).T], axis=1)
    m = len(residual)
    se = np.sqrt((residual**2).sum(axis=0) * m / (m - 1)) / len(apart)
    return mean, mean - 1.96 * se, mean + 1.96 * se
