"""What a token looks like and stands beside, as hashed features: the word, its edges and shape, and its neighbours'."""

from __future__ import annotations

import re
import zlib

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from annoaudit.evidence.tokens import Tokens

__all__ = ["N_COLUMNS", "describe_tokens"]

Ints = npt.NDArray[np.int64]

N_COLUMNS = 1 << 16
_REPEATED = re.compile(r"(.)\1+")
_OWN = ("word", "start", "start2", "end", "end2", "shape", "short")
_CONTEXT = ((-2, ("word",)), (-1, ("word", "end", "shape")), (1, ("word", "end", "shape")), (2, ("word",)))


def describe_tokens(tokens: Tokens) -> sp.csr_matrix:
    """Return the (T, N_COLUMNS + 1) float32 matrix of features; the last column is the constant.

    Each token has its word, beginning and end, shape, how often its word is written with a capital in these texts,
    whether it starts the text, and word, end and shape of its neighbours. Nothing of it knows a label.
    """
    slots = _describe_words(tokens)
    columns = [slots[name][tokens.word] for name in (*_OWN, "usual")]
    shape, first = slots["shape"][tokens.word], np.r_[True, tokens.item[1:] != tokens.item[:-1]]
    columns.append(_mix(shape, 90 + first))
    for step, names in _CONTEXT:
        near, inside = _neighbour(tokens, step)
        for k, name in enumerate(names):
            columns.append(np.where(inside, _mix(slots[name][near], 7 * step + k), _mix(np.int64(17), step)))
    for step in (-1, 1):
        near, inside = _neighbour(tokens, step)
        columns.append(np.where(inside, _mix(shape * 31 + slots["shape"][near], 50 + step), _mix(np.int64(19), step)))
        columns.append(
            np.where(inside, _mix(slots["word"][tokens.word] * 31 + slots["word"][near], 70 + step), 23 + step)
        )
    n_slots = len(columns)
    index = np.empty((len(tokens), n_slots + 1), dtype=np.int32)
    for k, column in enumerate(columns):
        index[:, k] = column % N_COLUMNS
    index[:, -1] = N_COLUMNS
    data = np.full(index.size, 1.0, dtype=np.float32)
    ends = np.arange(len(tokens) + 1, dtype=np.int64) * (n_slots + 1)
    return sp.csr_matrix((data, index.ravel(), ends), shape=(len(tokens), N_COLUMNS + 1))


def _neighbour(tokens: Tokens, step: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    at = np.arange(len(tokens)) + step
    clipped = np.clip(at, 0, len(tokens) - 1)
    return tokens.word[clipped], (at == clipped) & (tokens.item[clipped] == tokens.item)


def _mix(code: npt.ArrayLike, salt: npt.ArrayLike) -> Ints:
    mixed = (np.asarray(code, dtype=np.int64) * 2_654_435_761 + np.asarray(salt, dtype=np.int64) * 40_503) % (1 << 31)
    return np.asarray((mixed ^ (mixed >> 15)) & 0x7FFFFFFF, dtype=np.int64)


def _describe_words(tokens: Tokens) -> dict[str, Ints]:
    """Hash the features of each distinct word."""
    count = np.bincount(tokens.word, minlength=len(tokens.words))
    lower = [word.casefold()[:64] for word in tokens.words]
    lifted: dict[str, list[int]] = {}
    for word, low, n in zip(tokens.words, lower, count.tolist(), strict=True):
        seen = lifted.setdefault(low, [0, 0])
        seen[word[:1].isupper()] += n
    values: dict[str, list[str]] = {name: [] for name in (*_OWN, "usual")}
    for word, low in zip(tokens.words, lower, strict=True):
        shape = _shape(word[:64])
        values["word"].append(low)
        values["start"].append(low[:3])
        values["start2"].append(low[:2])
        values["end"].append(low[-3:])
        values["end2"].append(low[-2:])
        values["shape"].append(shape)
        values["short"].append(_REPEATED.sub(r"\1", shape))
        plain, capital = lifted[low]
        values["usual"].append(f"{round(4 * capital / max(plain + capital, 1))} {min(plain + capital, 8)} {shape[:1]}")
    return {
        name: np.array([zlib.crc32(f"{name}:{one}".encode()) & 0x7FFFFFFF for one in many], dtype=np.int64)
        for name, many in values.items()
    }


def _shape(word: str) -> str:
    return "".join("X" if one.isupper() else "x" if one.isalpha() else "0" if one.isdigit() else one for one in word)
