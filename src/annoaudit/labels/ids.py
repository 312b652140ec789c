"""Stable ids for labels whose source gives them none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

__all__ = ["stable_ids"]

_KEYS = ("annoaudit-ids-01", "annoaudit-ids-02")
_START = np.uint64(1442695040888963407)
_NULL = np.array([0x9E3779B97F4A7C15, 0xD1B54A32D192ED03], dtype=np.uint64)
_MULTIPLIER = np.uint64(6364136223846793005)
_SHIFT = np.uint64(29)
_SEEDS = np.array([0xA0761D6478BD642F, 0xE7037ED1A0B428DB], dtype=np.uint64)
_MULTIPLIERS = np.array([0x9FB21C651E98DF25, 0xD6E8FEB86659FD93], dtype=np.uint64)
_SHORT = 64
_BLOCK = 1 << 14

Words = npt.NDArray[np.uint64]


def stable_ids(columns: Sequence[pa.Array | pa.ChunkedArray], prefix: str = "") -> pa.StringArray:
    """Hash the rows of string columns into ids that are the same in every run and on every machine.

    Parameters
    ----------
    columns
        String columns, plain or dictionary-encoded, of equal length (L,); together they identify a
        row. Null differs from "".
    prefix
        ASCII text put before each id.

    Returns
    -------
    pa.StringArray
        (L,) ids: the prefix and 32 hexadecimal digits (128 bits). They show none of the columns' text.
    """
    n_rows = len(columns[0])
    head = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    text = np.empty((n_rows, len(head) + 32), dtype=np.uint8)
    text[:, : len(head)] = head
    coded = [_hash_words(column) for column in columns]
    for start in range(0, n_rows, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n_rows))
        text[rows, len(head) :] = _hex_digits(_mix(coded, rows))
    return _as_strings(text)


def _hash_words(column: pa.Array | pa.ChunkedArray) -> tuple[Words, npt.NDArray[np.int32] | None]:
    """(U + 1, 2) hashes of the U texts of a column and of null; which each row has (L,), None where all have one."""
    chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
    table = np.concatenate([_hash_texts(coded.dictionary), _NULL[None, :]])
    indices = coded.indices.fill_null(len(table) - 1) if coded.null_count else coded.indices
    return table, np.asarray(indices) if len(table) > 2 or coded.null_count else None


def _hash_texts(texts: pa.StringArray) -> Words:
    """(U, 2) hashes of different texts: those of one length together, eight bytes at a time."""
    hashes = np.empty((len(texts), 2), dtype=np.uint64)
    if not len(texts):
        return hashes
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset :][: len(texts) + 1]
    lengths = np.diff(offsets)
    long = lengths > _SHORT
    if long.any():
        words = texts.filter(pa.array(long)).to_numpy(zero_copy_only=False)
        for half, key in enumerate(_KEYS):
            hashes[long, half] = pd.util.hash_array(words, hash_key=key, categorize=False)
    if texts.buffers()[2] is None:
        hashes[:] = _hash_bytes(np.zeros((1, 0), dtype=np.uint8))
        return hashes
    data = np.frombuffer(texts.buffers()[2], dtype=np.uint8)
    for length in np.unique(lengths[~long]):
        rows = np.flatnonzero(lengths == length)
        hashes[rows] = _hash_bytes(data[offsets[rows, None] + np.arange(length)])
    return hashes


def _hash_bytes(text: npt.NDArray[np.uint8]) -> Words:
    """(U, 2) hashes of U texts of one length (U, length)."""
    n_rows, length = text.shape
    padded = np.zeros((n_rows, -(-length // 8) * 8), dtype=np.uint8)
    padded[:, :length] = text
    total = np.tile(_SEEDS + np.uint64(length), (n_rows, 1))
    for word in padded.view("<u8").T:
        total = (total ^ word[:, None]) * _MULTIPLIERS
        total ^= total >> _SHIFT
    total *= _MULTIPLIERS
    total ^= total >> _SHIFT
    return total


def _mix(coded: Sequence[tuple[Words, npt.NDArray[np.int32] | None]], rows: slice) -> Words:
    """(block, 2) words: two independent 64-bit hashes of each row of a block."""
    total = np.full((rows.stop - rows.start, 2), _START, dtype=np.uint64)
    for table, indices in coded:
        total ^= table[0] if indices is None else np.take(table, indices[rows], axis=0)
        total *= _MULTIPLIER
        total ^= total >> _SHIFT
    return total


def _as_strings(text: npt.NDArray[np.uint8]) -> pa.StringArray:
    """Wrap (L, width) bytes as L strings without copying them."""
    n_rows, width = text.shape
    fits = n_rows * width <= np.iinfo(np.int32).max  # else beyond 67 million rows
    kind = np.int32 if fits else np.int64
    offsets = np.arange(0, (n_rows + 1) * width, width, dtype=kind)
    wrapper = pa.StringArray if fits else pa.LargeStringArray
    return wrapper.from_buffers(n_rows, pa.py_buffer(offsets), pa.py_buffer(text))


def _hex_digits(hashes: Words) -> npt.NDArray[np.uint8]:
    """(L, 32) the lower-case hexadecimal digits of (L, 2) words, most significant first."""
    pairs = hashes.astype(">u8").view(np.uint16)
    return np.take(_FOUR_DIGITS, pairs).view(np.uint8).reshape(len(hashes), 32)


def _four_digits() -> npt.NDArray[np.uint32]:
    """(65536,) the four digits of each two bytes as they lie in memory, packed into one word."""
    hexadecimal = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    halves = np.arange(65536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    digits = np.stack([hexadecimal[halves >> 4], hexadecimal[halves & 15]], axis=2)
    return np.ascontiguousarray(digits.reshape(-1, 4)).view(np.uint32).reshape(-1)


_FOUR_DIGITS = _four_digits()
