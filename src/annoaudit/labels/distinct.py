"""Which texts a long column holds, and whether any comes twice: exact, and cheap where rows come grouped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["all_different", "distinct_values", "number_values", "one_chunk", "run_heads"]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MANY = 10_000
_SAMPLE = 1_000


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array, without a copy where it already is one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def run_heads(values: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]] | None:
    """Return the first value of each run of equal values and where it lies; None where runs are short."""
    sample = values[:_SAMPLE]
    if len(values) < _MANY or values.null_count or _count_runs(sample) > 0.6 * _SAMPLE:
        return None
    starts = np.flatnonzero(np.asarray(pc.not_equal(values[1:], values[:-1])))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), starts + 1])
    return values.take(pa.array(starts)), starts


def _count_runs(sample: pa.Array) -> int:
    return 1 + int(pc.sum(pc.not_equal(sample[1:], sample[:-1])).as_py())


def distinct_values(column: pa.ChunkedArray) -> pa.Array:
    """Return the different values of a column (L,), nulls left out, in order of first appearance."""
    if column.null_count == len(column):
        return pa.nulls(0, column.type)
    values = one_chunk(column)
    runs = run_heads(values)
    return (values if runs is None else runs[0]).unique().drop_null()


def number_values(values: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """Return the different values (U,) of an array without nulls, and the number of each row's value (L,)."""
    runs = run_heads(values)
    encoded = (values if runs is None else runs[0]).dictionary_encode()
    codes = np.asarray(encoded.indices)
    if runs is not None:
        codes = np.repeat(codes, np.diff(np.append(runs[1], len(values))))
    return encoded.dictionary, codes


def all_different(values: pa.Array) -> bool:
    """Say whether no value of a string array (L,) comes twice; nulls are not expected.

    Of texts of one width, as hashed ids are, the last bytes are sorted as numbers: where those differ,
    so do the texts. Only where two of them agree are the texts themselves compared.
    """
    words = _last_bytes(values) if len(values) > _MANY else None
    if words is not None:
        words.sort()
        if not (words[1:] == words[:-1]).any():
            return True
    return len(values.unique()) == len(values)


def _last_bytes(values: pa.Array) -> npt.NDArray[np.uint64] | None:
    """(L,) a word made of the last 16 bytes of each text; None where they have not one width."""
    offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)[values.offset :][: len(values) + 1]
    width = int(offsets[1] - offsets[0])
    if width < 16 or width % 8 or (np.diff(offsets) != width).any():
        return None
    data = np.frombuffer(values.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    parts = data.view(np.uint64).reshape(len(values), width // 8)
    words = parts[:, -2] * _MULTIPLIER
    words ^= parts[:, -1]
    return words
