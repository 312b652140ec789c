"""Numbers for items, from tables and NumPy files: class probabilities and feature vectors."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats.cells import as_text
from annoaudit.formats.file_bytes import load_bytes
from annoaudit.formats.remote import at_hand
from annoaudit.formats.source import Source
from annoaudit.formats.tables.columns import find_roles, list_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Matrix", "Reals", "open_table", "read_features", "read_probabilities"]

Reals = npt.NDArray[np.float64]

_TOLERANCE = 1e-3
_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"


@dataclass(frozen=True, eq=False)
class Matrix:
    """Numbers for items, one row an item.

    ``numbers`` is (R, C); ``item_ids`` is (R,), None where rows follow the items' order; ``columns`` names
    the C columns, None where they have no names; ``where`` is what messages call the source.
    """

    numbers: Reals
    item_ids: pa.Array | None
    columns: tuple[str, ...] | None
    where: str


def read_probabilities(source: str | os.PathLike[str] | pd.DataFrame | npt.NDArray[np.generic]) -> Matrix:
    """Read class probabilities, and check that each row is a distribution.

    Raises
    ------
    RefusedInput
        As :func:`join_probabilities`.
    """
    matrix = read_features(source)
    low = np.argwhere(matrix.numbers < 0)
    if len(low):
        raise RefusedInput(
            f"{matrix.where}: {_row(matrix, low[0, 0])} has a probability below zero{_column(matrix, low[0, 1])}.",
            hint="Probabilities lie between 0 and 1; give them after the softmax, not scores before it.",
        )
    sums = matrix.numbers.sum(axis=1)
    wrong = np.flatnonzero(~(np.abs(sums - 1) <= _TOLERANCE))
    if len(wrong):
        raise RefusedInput(
            f"{matrix.where}: {_row(matrix, wrong[0])} sums to {sums[wrong[0]]:.4g}, not 1 ({len(wrong):,} such rows).",
            hint="Give one probability a class, after the softmax; other columns do not belong in this file.",
        )
    return matrix


def read_features(source: str | os.PathLike[str] | pd.DataFrame | npt.NDArray[np.generic]) -> Matrix:
    """Read numbers for items: finite, one row an item.

    Raises
    ------
    RefusedInput
        As :func:`join_features`.
    """
    with at_hand(source) as (found, url):
        matrix = _read_matrix(found)
    if url is not None:
        matrix = replace(matrix, where=url)
    wrong = np.argwhere(~np.isfinite(matrix.numbers))
    if len(wrong):
        raise RefusedInput(
            f"{matrix.where}: {_row(matrix, wrong[0, 0])} has NaN, infinity or no number{_column(matrix, wrong[0, 1])} "
            f"({len(wrong):,} such cells).",
            hint="Fill it, or leave the whole item out.",
        )
    return matrix


def open_table(source: str | os.PathLike[str] | pd.DataFrame) -> Source:
    """Open a table that is joined to the items."""
    if isinstance(source, (str, os.PathLike)):
        return Source(str(source), path=Path(source))
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return Source("the data frame", frame=source)
    raise UsageError(f"{type(source).__name__} cannot be joined to items.", hint="Give a path or a data frame.")


def _read_matrix(source: str | os.PathLike[str] | pd.DataFrame | npt.NDArray[np.generic]) -> Matrix:
    if isinstance(source, np.ndarray):
        return Matrix(_as_matrix(source, "the array"), None, None, "the array")
    opened = open_table(source)
    if opened.path is not None and (opened.data.startswith((_NPY, _ZIP))):
        return _load_array(opened.path)
    if opened.path is not None and opened.path.suffix.lower() in (".npy", ".npz"):
        raise RefusedInput(f"{opened.name} is no NumPy file.", hint="Write it with numpy.save or numpy.savez.")
    roles = find_roles(opened.columns, {}, opened.name)
    item = roles.get("item")
    if item is None:
        raise RefusedInput(
            f"{opened.name} has no item column. Columns: {list_names(opened.columns)}.",
            hint='Name the column of item ids "item".',
        )
    names = tuple(name for name in opened.columns if name != item)
    if not names:
        raise RefusedInput(f"{opened.name} has an item column and no other.", hint="Give one column a number.")
    values = np.column_stack([_numbers(opened.table[name], name, opened.name) for name in names])
    ids = as_text(opened.table[item], item, opened.name)
    if ids.null_count:
        row = pc.index(pc.is_null(ids), True).as_py() + 1
        raise RefusedInput(f"{opened.name}: row {row:,} has no item id.", hint="Every row needs its item.")
    return Matrix(values, ids, names, opened.name)


def _numbers(column: pa.ChunkedArray, name: str, where: str) -> Reals:
    """(R,) numbers; NaN where a cell is empty."""
    try:
        if pa.types.is_string(column.type):
            return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
        return np.asarray(column.to_numpy(), dtype=np.float64)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise RefusedInput(
            f"{where}: column {name!r} has a cell that is no number ({str(error).splitlines()[0][:100]}).",
            hint="Besides the item column, give only columns of numbers.",
        ) from error


def _load_array(path: Path) -> Matrix:
    where = str(path)
    try:
        loaded = np.load(io.BytesIO(load_bytes(path)), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return Matrix(_as_matrix(loaded, where), None, None, where)
        arrays = {name: loaded[name] for name in loaded.files}
    except RefusedInput:
        raise
    except Exception as error:  # NumPy raises a dozen kinds for damaged or pickled arrays
        pickled = "allow_pickle" in str(error)
        raise RefusedInput(
            f"{where} {'holds Python objects, which are never unpickled' if pickled else 'is a damaged NumPy file'}.",
            hint="Save plain numbers: numpy.save(path, array.astype(float)).",
        ) from error
    return _from_named(arrays, where)


def _from_named(arrays: dict[str, npt.NDArray[np.generic]], where: str) -> Matrix:
    """An .npz: one matrix, and beside it, if given, ``item_ids`` and ``classes``."""
    ids, names = arrays.pop("item_ids", None), arrays.pop("classes", None)
    if len(arrays) != 1:
        raise RefusedInput(
            f"{where} holds {len(arrays)} arrays: {list_names(list(arrays)) or 'none'}.",
            hint="Save one array of numbers, and beside it, if you like, item_ids and classes.",
        )
    values = _as_matrix(next(iter(arrays.values())), where)
    for what, given, size in (("item_ids", ids, len(values)), ("classes", names, values.shape[1])):
        if given is not None and given.shape != (size,):
            raise RefusedInput(f"{where}: {what} has shape {given.shape}, not ({size},).", hint="Save them anew.")
    return Matrix(
        values,
        None if ids is None else pa.array([str(one) for one in ids.tolist()], pa.string()),
        None if names is None else tuple(str(one) for one in names.tolist()),
        where,
    )


def _as_matrix(array: npt.NDArray[np.generic], where: str) -> Reals:
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2) or not array.size:
        raise RefusedInput(
            f"{where} is an array of {array.dtype} with shape {array.shape}, not rows of numbers.",
            hint="Give a two-dimensional array: one row an item, one column a number.",
        )
    matrix = array.astype(np.float64)
    return matrix[:, None] if matrix.ndim == 1 else matrix


def _row(matrix: Matrix, row: int) -> str:
    name = "" if matrix.item_ids is None else f" (item {matrix.item_ids[int(row)].as_py()[:60]!r})"
    return f"row {row + 1:,}{name}"


def _column(matrix: Matrix, column: int) -> str:
    return f" in column {matrix.columns[column][:60]!r}" if matrix.columns is not None else ""
