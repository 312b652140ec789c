"""What comes beside the labels and is joined to them by item id: class probabilities, features, gold labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.formats.cells import as_text
from annoaudit.formats.matrices import Matrix, Reals, open_table, read_features, read_probabilities
from annoaudit.formats.remote import at_hand, is_url, without_secrets
from annoaudit.formats.source import Source
from annoaudit.formats.tables.columns import SYNONYMS, find_roles, list_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["join_features", "join_gold", "join_probabilities", "read_gold"]


def join_probabilities(
    source: str | os.PathLike[str] | pd.DataFrame | npt.NDArray[np.generic] | Matrix,
    item_ids: pa.Array | Sequence[str],
    classes: Sequence[str],
) -> Reals:
    """Return class probabilities for these items and classes, in their order.

    Parameters
    ----------
    source
        .parquet, .csv or .jsonl with an item column and one column a class; .npy or .npz; a data frame;
        an array whose rows follow ``item_ids`` and whose columns follow ``classes``; or what
        ``read_probabilities`` returned.
    item_ids
        (N,) ids.
    classes
        (K,) class names.

    Returns
    -------
    ndarray
        (N, K) float64, each row in [0, 1] and summing to 1; NaN rows for items without probabilities.

    Raises
    ------
    RefusedInput
        A class without a column or a column without a class, rows that do not sum to 1 within 0.001, a
        number below zero, NaN or infinite, an item twice, or an array of another size.
    """
    matrix = source if isinstance(source, Matrix) else read_probabilities(source)
    numbers, where = matrix.numbers, matrix.where
    if matrix.columns is not None:
        numbers = numbers[:, _order(matrix.columns, classes, where)]
    elif numbers.shape[1] != len(classes):
        raise RefusedInput(
            f"{where} has {numbers.shape[1]:,} columns for {len(classes):,} classes.",
            hint=f"Give one column a class, in this order: {list_names(list(classes))}; or use a table with names.",
        )
    return _place(Matrix(numbers, matrix.item_ids, None, where), item_ids)


def join_features(
    source: str | os.PathLike[str] | pd.DataFrame | npt.NDArray[np.generic], item_ids: pa.Array | Sequence[str]
) -> Reals:
    """Return feature vectors for these items, in their order.

    Parameters
    ----------
    source
        As for :func:`join_probabilities`, with one column a feature.
    item_ids
        (N,) ids.

    Returns
    -------
    ndarray
        (N, D) float64; NaN rows for items without features.

    Raises
    ------
    RefusedInput
        A cell is not a finite number, an item comes twice, or an array is of another size.
    """
    return _place(read_features(source), item_ids)


def join_gold(
    source: str | os.PathLike[str] | pd.DataFrame, item_ids: pa.Array | Sequence[str], classes: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Return gold labels for these items as codes into ``classes``.

    Returns
    -------
    ndarray
        (N,) int64, -1 where no gold label is known.

    Raises
    ------
    RefusedInput
        A gold label that is none of the classes, an item with two gold labels, a column missing, or no
        item of the file is among these.
    """
    gold = read_gold(source)
    known = {name: number for number, name in enumerate(classes)}
    places = _index(item_ids)
    codes = np.full(len(item_ids), -1, dtype=np.int64)
    where = _name_of(source)
    for item_id, label in gold.items():
        if item_id in places:
            if label not in known:
                raise RefusedInput(
                    f"{where}: the gold label {label[:60]!r} of item {item_id[:60]!r} is none of the classes.",
                    hint=f"Classes: {list_names(list(classes))}. Mend its spelling, or leave the item out.",
                )
            codes[places[item_id]] = known[label]
    if gold and (codes < 0).all():
        raise _nothing_joins(where, next(iter(gold)), item_ids)
    return codes


def read_gold(source: str | os.PathLike[str] | pd.DataFrame) -> dict[str, str]:
    """Read gold labels by item id from a table with an item and a label (or gold) column; empty cells are left out.

    Raises
    ------
    RefusedInput
        As :func:`join_gold`.
    """
    with at_hand(source) as (found, url):
        return _read_gold(open_table(found), url)


def _read_gold(table: Source, url: str | None) -> dict[str, str]:
    names, where = table.columns, url or table.name
    roles = find_roles(names, {}, where)
    label = next((name for role in ("gold", "label") for name in _named(names, role)), roles.get("label"))
    if "item" not in roles or label is None:
        raise RefusedInput(
            f"{where} needs an item and a label column. Columns: {list_names(names)}.",
            hint="Name them item and label.",
        )
    items = as_text(table.table[roles.columns["item"]], roles.columns["item"], where).to_pylist()
    labels = as_text(table.table[label], label, where).to_pylist()
    gold: dict[str, str] = {}
    for row, (item_id, value) in enumerate(zip(items, labels, strict=True), start=1):
        if item_id is None or not value:
            continue
        if gold.setdefault(item_id, value) != value:
            raise RefusedInput(
                f"{where}: row {row:,} gives item {item_id[:60]!r} a second gold label.", hint="Keep one of them."
            )
    return gold


def _named(names: Sequence[str], role: str) -> list[str]:
    return [name for name in names if name in SYNONYMS[role][0]]


def _name_of(source: object) -> str:
    if isinstance(source, str) and is_url(source):
        return without_secrets(source)
    return str(source) if isinstance(source, (str, os.PathLike)) else "the data frame"


def _order(columns: Sequence[str], classes: Sequence[str], where: str) -> list[int]:
    lacking = [name for name in classes if name not in columns]
    extra = [name for name in columns if name not in classes]
    if lacking or extra:
        said = [f"no column for class {list_names(lacking)}"] * bool(lacking)
        said += [f"columns that are no class: {list_names(extra)}"] * bool(extra)
        raise RefusedInput(
            f"{where}: {'; '.join(said)}.",
            hint=f"Give one column a class, named like it: {list_names(list(classes))}.",
        )
    return [list(columns).index(name) for name in classes]


def _place(matrix: Matrix, item_ids: pa.Array | Sequence[str]) -> Reals:
    if matrix.item_ids is None:
        if len(matrix.numbers) != len(item_ids):
            raise RefusedInput(
                f"{matrix.where} has {len(matrix.numbers):,} rows for {len(item_ids):,} items.",
                hint="Give one row an item, in the order in which items first appear; or a table with item ids.",
            )
        return matrix.numbers
    ids = matrix.item_ids
    if len(ids.unique()) < len(ids):
        again = pc.value_counts(ids)
        twice = again.filter(pc.greater(again.field("counts"), 1)).field("values")[0].as_py()
        raise RefusedInput(f"{matrix.where}: item {twice[:60]!r} comes twice.", hint="Keep one row an item.")
    wanted = item_ids if isinstance(item_ids, pa.Array) else pa.array(list(item_ids), pa.string())
    rows = np.asarray(pc.fill_null(pc.index_in(wanted, value_set=ids), -1))
    if (rows < 0).all() and len(wanted):
        raise _nothing_joins(matrix.where, ids[0].as_py(), wanted)
    placed: Reals = matrix.numbers[rows]
    placed[rows < 0] = np.nan
    return placed


def _nothing_joins(where: str, first: str, item_ids: pa.Array | Sequence[str]) -> RefusedInput:
    example = str(item_ids[0].as_py() if isinstance(item_ids, pa.Array) else item_ids[0])
    return RefusedInput(
        f"{where}: none of its items is among the labelled ones (here {first[:60]!r}, there {example[:60]!r}).",
        hint="Both files must use the same item ids, leading zeros included.",
    )


def _index(item_ids: pa.Array | Sequence[str]) -> dict[str, int]:
    values = item_ids.to_pylist() if isinstance(item_ids, pa.Array) else list(item_ids)
    return {str(value): place for place, value in enumerate(values)}
