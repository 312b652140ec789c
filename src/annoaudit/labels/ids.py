"""Stable ids for labels whose source gives them none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

__all__ = ["stable_ids"]

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_KEYS = ("annoaudit-ids-01", "annoaudit-ids-02")


def stable_ids(columns: Sequence[pa.Array | pa.ChunkedArray], prefix: str = "") -> pa.StringArray:
    """Hash the rows of string columns into ids that are the same in every run and on every machine.

    Parameters
    ----------
    columns
        String columns of equal length (L,); together they identify a row. Null differs from "".
    prefix
        ASCII text put before each id.

    Returns
    -------
    pa.StringArray
        (L,) ids: the prefix and 32 hexadecimal digits (128 bits). They show none of the columns' text.
    """
    halves = [_hash_rows(columns, key) for key in _KEYS]
    digits = np.stack(halves, axis=1).astype(">u8").view(np.uint8)
    text = np.empty((len(digits), 32), dtype=np.uint8)
    text[:, 0::2] = _HEX[digits >> 4]
    text[:, 1::2] = _HEX[digits & 15]
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    rows = np.concatenate([np.broadcast_to(head, (len(text), len(head))), text], axis=1)
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.StringArray.from_buffers(
        len(rows), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))
    )


def _hash_rows(columns: Sequence[pa.Array | pa.ChunkedArray], key: str) -> np.ndarray:
    multiplier = np.uint64(6364136223846793005)
    total = np.full(len(columns[0]), 1442695040888963407, dtype=np.uint64)
    for column in columns:
        total = (total ^ _hash_column(column, key)) * multiplier
        total ^= total >> np.uint64(29)
    return total


def _hash_column(column: pa.Array | pa.ChunkedArray, key: str) -> np.ndarray:
    chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = chunk.dictionary_encode() if not pa.types.is_dictionary(chunk.type) else chunk
    words = np.asarray(coded.dictionary.to_pylist(), dtype=object)
    hashes = (
        pd.util.hash_array(words, hash_key=key, categorize=False) if len(words) else words.astype(np.uint64)
    )
    table = np.append(hashes, np.uint64(0x9E3779B97F4A7C15))
    codes = coded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False)
    return np.asarray(table[codes], dtype=np.uint64)
