"""Image patches that are alike at the same place: what a visible trigger looks like in the data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc
from scipy import sparse

from annoaudit.errors import Unavailable
from annoaudit.evidence.image_features import SIDE, read_images

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["find_patches"]

PATCH_SIDE = 8
STEP = 4
CELL = 4
LEVELS = 4
MOST_IMAGES = 50_000
FEWEST_ITEMS = 5

Levels = npt.NDArray[np.uint8]


def find_patches(items: pa.Table, media_root: Path | None) -> Iterator[tuple[sparse.csc_matrix, str, Sequence[str]]]:
    """Yield (N, T) which images hold which patch, the word "patch", and T names; nothing where there are no images.

    Images are brought to 32 x 32. A patch is a square of 8 x 8 of them at one of 49 places; two are alike when the mean
    brightness of each of their four quarters falls into the same of four levels. Two grids of levels, half a step
    apart, are used, so that re-encoding moves a patch across an edge in one of them only.
    """
    if media_root is None or "uri" not in items.column_names or not pc.sum(pc.is_valid(items["uri"])).as_py():
        return
    try:
        pictures, readable = read_images(items["uri"].to_pylist()[:MOST_IMAGES], media_root)
    except Unavailable:
        return
    known = np.flatnonzero(readable)
    if len(known) < FEWEST_ITEMS:
        return
    cells = pictures[known].mean(axis=3).reshape(len(known), SIDE // CELL, CELL, SIDE // CELL, CELL).mean(axis=(2, 4))
    for grid, shift in enumerate((0.0, 0.5)):
        levels = np.floor(cells * (LEVELS - 1e-3) + shift).astype(np.uint8)
        yield _count(levels, known, items.num_rows, grid)


def _count(
    levels: Levels, known: npt.NDArray[np.int64], n_items: int, grid: int
) -> tuple[sparse.csc_matrix, str, Sequence[str]]:
    base, wide = LEVELS + 1, PATCH_SIDE // CELL
    rows, columns, names, n_found = [], [], [], 0
    last = SIDE // CELL - wide + 1
    for y in range(last):
        for x in range(last):
            quarters = levels[:, y : y + wide, x : x + wide].reshape(len(levels), -1).astype(np.int64)
            code = quarters @ (base ** np.arange(wide * wide))
            place, distinct = pd.factorize(code)
            enough = np.bincount(place) >= FEWEST_ITEMS
            number = np.cumsum(enough) - 1 + n_found
            chosen = enough[place]
            rows.append(known[chosen])
            columns.append(number[place[chosen]])
            names += [
                f"{PATCH_SIDE}x{PATCH_SIDE} at ({x * STEP}, {y * STEP}) of {SIDE}x{SIDE}, grid {grid + 1}, "
                f"levels {' '.join(str(int(one) // base**k % base) for k in range(wide * wide))}"
                for one in distinct[enough]
            ]
            n_found += int(enough.sum())
    row, column = np.concatenate(rows), np.concatenate(columns)
    present = sparse.csc_matrix((np.ones(len(row), dtype=np.float32), (row, column)), shape=(n_items, n_found))
    return present, "patch", names
