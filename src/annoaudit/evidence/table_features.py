"""Table columns as vectors: numbers standardised, categories one-hot, sentences by their leading topics."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from annoaudit.errors import Unavailable
from annoaudit.evidence.text_features import normalise_texts, weigh_terms

__all__ = ["encode_columns", "parse_rows"]

Floats = npt.NDArray[np.float32]
Block = tuple[Floats, list[str]]

_COLUMNS = 256
_CATEGORIES = 50
_WIDTH = 1024
_TOPICS = 32
_CELL = 10_000_000
_ID_NAME = re.compile(r"(^|[_\s.-])(id|ids|uuid|guid|index|row|unnamed: 0)$", re.IGNORECASE)


def parse_rows(cells: Sequence[str | None]) -> list[dict[str, object]]:
    """Parse one JSON object an item; what is no object, is damaged or is over 10 MB counts as empty."""
    return [_parse(cell) if cell else {} for cell in cells]


def _parse(cell: str) -> dict[str, object]:
    if len(cell) > _CELL:
        return {}
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def encode_columns(rows: Sequence[dict[str, object]], seed: int) -> Block:
    """Encode table rows as numbers.

    A column is numeric when 95 % of its values are numbers (standardised, missing becomes the mean
    and sets an indicator column), a category when its values repeat (one-hot, the 50 most frequent
    values), and a sentence when they have three words or more on average (32 leading topics of
    TF-IDF). Ids, row numbers and other near-unique short values are left out, nested values too.

    Parameters
    ----------
    rows
        (N,) one mapping from column to value an item.
    seed
        Fixes the randomised decomposition of sentences.

    Returns
    -------
    tuple
        (N, D) float32, D at most 1,024, and D names.

    Raises
    ------
    Unavailable
        No column tells items apart.
    """
    counts = Counter(name for row in rows for name in row)
    blocks: list[Block] = []
    width = 0
    for name, _ in counts.most_common(_COLUMNS):
        block = _encode(name, [row.get(name) for row in rows], seed)
        if block is not None and width + block[0].shape[1] <= _WIDTH:
            blocks.append(block)
            width += block[0].shape[1]
    if not blocks:
        raise Unavailable(
            "the table columns hold nothing to learn from: only ids, constants or nested values",
            hint="Give feature vectors (--features), or class probabilities (--probabilities).",
        )
    return np.hstack([block[0] for block in blocks]), [name for block in blocks for name in block[1]]


def _encode(name: str, values: list[object], seed: int) -> Block | None:
    plain = [value if isinstance(value, str | int | float) else None for value in values]
    column = pd.Series([_short(value) for value in plain], dtype=object)
    present = column.notna()
    n = int(present.sum())
    if n < 2 or _ID_NAME.search(name):
        return None
    numbers = _numbers(plain)
    if np.isfinite(numbers).sum() >= 0.95 * n:
        return _standardise(name, numbers)
    words = float(column[present].str.count(r"\s+").mean()) + 1
    if column[present].nunique() <= max(_CATEGORIES, 0.5 * n) and words < 3:
        return _one_hot(name, column)
    return _topics(name, column, seed) if words >= 3 else None


def _short(value: object) -> str | None:
    return None if value is None or value == "" or value != value else str(value)[:20_000]


def _numbers(values: list[str | int | float | None]) -> npt.NDArray[np.float64]:
    numbers = np.full(len(values), np.nan)
    for place, value in enumerate(values):
        if value is None:
            continue
        try:
            numbers[place] = float(value)
        except (ValueError, OverflowError):
            continue
    numbers[~(np.abs(numbers) < 1e30)] = np.nan
    return numbers


def _standardise(name: str, numbers: npt.NDArray[np.float64]) -> Block | None:
    known = np.isfinite(numbers)
    seen = numbers[known]
    whole = bool((seen == np.round(seen)).all())
    if whole and len(np.unique(seen)) == len(seen) and len(seen) > 20 and np.ptp(seen) < 2 * len(seen):
        return None
    spread = float(seen.std())
    if not spread > 0:
        return None
    scaled = np.where(known, (numbers - seen.mean()) / spread, 0.0).clip(-10, 10)
    if known.all():
        return scaled[:, None].astype(np.float32), [name]
    return np.stack([scaled, ~known], axis=1).astype(np.float32), [name, f"{name} is missing"]


def _one_hot(name: str, column: pd.Series) -> Block | None:
    top = column.value_counts().index[:_CATEGORIES].tolist()
    if len(top) < 2:
        return None
    codes = pd.Categorical(column, categories=top).codes
    return (codes[:, None] == np.arange(len(top))).astype(np.float32), [f"{name} = {value}" for value in top]


def _topics(name: str, column: pd.Series, seed: int) -> Block | None:
    from sklearn.decomposition import TruncatedSVD

    try:
        matrix, _ = weigh_terms(normalise_texts(column.where(column.notna(), None).tolist()))
    except Unavailable:
        return None
    n_topics = min(_TOPICS, min(matrix.shape) - 1)
    if n_topics < 1:
        return None
    topics = TruncatedSVD(n_topics, random_state=seed).fit_transform(matrix)
    scaled = topics / max(float(topics.std(axis=0).max()), 1e-6)
    return scaled.astype(np.float32), [f"{name}, topic {k + 1}" for k in range(n_topics)]
