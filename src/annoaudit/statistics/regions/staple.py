"""A consensus of outlines, cell by cell, and how close borders lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, distance_transform_edt

__all__ = ["Staple", "boundary_f", "infer_outline"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_ROUNDS = 100
SETTLED = 1e-6
START = 0.99
LEAST = 1e-3


@dataclass(frozen=True, eq=False)
class Staple:
    """What J outlines say together: ``inside`` (...) the probability of each cell, and each one's two rates (J,)."""

    inside: Floats
    sensitivity: Floats
    specificity: Floats


def infer_outline(drawn: Bools) -> Staple:
    """Infer the true outline of a thing, and how well each of J people drew it, by expectation maximisation.

    The prior of a cell is the mean share of cells drawn. Rates are kept a little away from 0 and 1, since with few
    people they would run there.

    Parameters
    ----------
    drawn
        (J, ...) which cells each person filled.

    References
    ----------
    Warfield, Zou, Wells (2004). Simultaneous truth and performance level estimation (STAPLE). IEEE Transactions on
    Medical Imaging 23.
    """
    flat = drawn.reshape(len(drawn), -1)
    cell, size, patterns = _group_cells(flat)
    d = patterns.astype(np.float64)
    prior = float(np.clip((d @ size).sum() / (len(d) * size.sum()), LEAST, 1 - LEAST))
    p, q = np.full(len(d), START), np.full(len(d), START)
    inside = np.zeros(len(size))
    for _ in range(MOST_ROUNDS):
        a = np.log(prior) + np.log(p) @ d + np.log1p(-p) @ (1 - d)
        b = np.log1p(-prior) + np.log1p(-q) @ d + np.log(q) @ (1 - d)
        new = 1.0 / (1.0 + np.exp(np.clip(b - a, -700, 700)))
        moved = float(np.abs(new - inside).max(initial=0.0))
        inside = new
        weight = inside * size
        p = np.clip(d @ weight / max(float(weight.sum()), 1e-12), LEAST, 1 - LEAST)
        outside = (1 - inside) * size
        q = np.clip((1 - d) @ outside / max(float(outside.sum()), 1e-12), LEAST, 1 - LEAST)
        if moved < SETTLED:
            break
    return Staple(inside[cell].reshape(drawn.shape[1:]), p, q)


def _group_cells(flat: Bools) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Bools]:
    """Group cells that the same people filled: the group of each (N,), how many are in it, and who (J, groups)."""
    code = np.zeros(flat.shape[1], dtype=np.int64)
    for one in flat:  # numbers are kept small, so that any number of people fits
        _, code = np.unique(2 * code + one, return_inverse=True)
    _, first, size = np.unique(code, return_index=True, return_counts=True)
    return code, size, flat[:, first]


def boundary_f(a: Bools, b: Bools, tolerance: float) -> float:
    """Return the F measure of the borders of two shapes: cells of one border that lie near the other's.

    Parameters
    ----------
    a, b
        Filled cells.
    tolerance
        Distance in cells that counts as near.

    References
    ----------
    Csurka, Larlus, Perronnin (2013). What is a good evaluation measure for semantic segmentation? BMVC. Perazzi et al.
    (2016). A benchmark dataset and evaluation methodology for video object segmentation. CVPR.
    """
    first, second = _border(a), _border(b)
    if not first.any() or not second.any():
        return float(first.any() == second.any())
    precision = float((distance_transform_edt(~second)[first] <= tolerance).mean())
    recall = float((distance_transform_edt(~first)[second] <= tolerance).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _border(filled: Bools) -> Bools:
    return np.asarray(filled & ~binary_erosion(filled, border_value=0))
