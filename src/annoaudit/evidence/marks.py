"""Marks that items carry: words, phrases, metadata values and image patches that a label could hang on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from annoaudit.errors import Unavailable
from annoaudit.evidence.table_features import parse_rows
from annoaudit.evidence.text_features import normalise_texts

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

__all__ = ["FEWEST_ITEMS", "METADATA", "PATCH", "PHRASE", "TOKEN", "Marks", "gather_marks"]

Ints = npt.NDArray[np.int64]

TOKEN, PHRASE, METADATA, PATCH = "token", "phrase", "metadata", "patch"
COLUMNS = ("project", "group", "split", "batch")
FEWEST_ITEMS = 5
LARGEST_SHARE = 0.5
MOST_MARKS = 50_000
MOST_KEYS = 64
LONGEST_VALUE = 200
LONG_WORD = 15.0
TOKENS_WITH_PAIRS, TOKENS_WITH_TRIPLES = 6_000_000, 2_000_000
WORDS = re.compile(r"\w+|[^\w\s]+")


@dataclass(frozen=True, eq=False)
class Marks:
    """Which items carry which mark. Chosen by how many items carry them, never by labels.

    Parameters
    ----------
    present
        (N, T) sparse 0 or 1.
    kinds
        T of "token", "phrase", "metadata", "patch".
    names
        T marks as they are found again: words with single spaces, "column = value", "4x4 at (x, y): values".
    """

    present: sparse.csc_matrix
    kinds: tuple[str, ...]
    names: tuple[str, ...]

    def tell(self, mark: int) -> str:
        """Return one mark in words."""
        return f"{self.kinds[mark]} “{self.names[mark]}”"


def gather_marks(items: pa.Table, media_root: Path | None = None) -> Marks:
    """Collect the marks that at least five items and at most half of them carry.

    Of texts: single words and signs, and runs of two and three (characters where words are not set apart by spaces;
    fewer runs where texts are long in all). Of metadata: values of the columns project, group, split and batch and of
    the JSON in ``meta_json``. Of images under ``media_root``: small patches that are the same, to a coarse grid of
    brightness, at the same place. Marks that the very same items carry are one, named by the longest; at most 50,000
    are kept, those of most items first.

    Raises
    ------
    Unavailable
        Items have no texts, metadata or images, or nothing in them repeats.
    """
    from annoaudit.evidence.patches import find_patches

    parts = [*_of_texts(items), *_of_metadata(items), *find_patches(items, media_root)]
    if not parts:
        raise Unavailable(
            "items have no texts, metadata or images in which something repeats",
            hint="Give texts, a batch or source column, or the folder of the images (media_root).",
        )
    present = sparse.csc_matrix(sparse.hstack([part for part, _, _ in parts], format="csc"), dtype=np.float32)
    kinds = [kind for part, kind, _ in parts for _ in range(part.shape[1])]
    names = [name for _, _, told in parts for name in told]
    kept = _keep(present, names)
    if not len(kept):
        raise Unavailable("nothing in the items is carried by at least five and at most half of them")
    return Marks(
        sparse.csc_matrix(present[:, kept]), tuple(kinds[one] for one in kept), tuple(names[one] for one in kept)
    )


def _keep(present: sparse.csc_matrix, names: Sequence[str]) -> Ints:
    """Columns of a usable number of items, one of those that are alike, the most frequent first."""
    n_items = present.shape[0]
    size = np.diff(present.indptr)
    usable = np.flatnonzero((size >= FEWEST_ITEMS) & (size <= max(LARGEST_SHARE * n_items, FEWEST_ITEMS)))
    sketch = np.random.default_rng(0).random((n_items, 2))
    prints = np.asarray(present[:, usable].T @ sketch)
    length = np.array([names[one].count(" ") * 1000 + len(names[one]) for one in usable], dtype=np.int64)
    table = pd.DataFrame({"a": prints[:, 0].round(6), "b": prints[:, 1].round(6), "length": length, "at": usable})
    longest = table.sort_values("length", ascending=False, kind="stable").drop_duplicates(["a", "b"])
    kept = np.sort(longest["at"].to_numpy())
    order = kept[np.argsort(-size[kept], kind="stable")]
    return np.asarray(order[:MOST_MARKS], dtype=np.int64)


def _of_texts(items: pa.Table) -> Iterator[tuple[sparse.csc_matrix, str, Sequence[str]]]:
    from sklearn.feature_extraction.text import CountVectorizer

    texts = normalise_texts(items["text"])
    n_tokens = sum(text.count(" ") + 1 for text in texts)
    if sum(map(bool, texts)) < FEWEST_ITEMS:
        return
    longest = 3 if n_tokens <= TOKENS_WITH_TRIPLES else 2 if n_tokens <= TOKENS_WITH_PAIRS else 1
    spaceless = sum(map(len, texts)) / max(n_tokens, 1) > LONG_WORD
    ways = [(TOKEN, (2, 3))] if spaceless else [(TOKEN, (1, 1))] + [(PHRASE, (2, longest))] * (longest > 1)
    for kind, runs in ways:
        counter = CountVectorizer(
            binary=True, lowercase=False, min_df=FEWEST_ITEMS, max_df=LARGEST_SHARE, ngram_range=runs, dtype=np.float32,
            tokenizer=None if spaceless else WORDS.findall, token_pattern=None if not spaceless else r"\S+",
            analyzer="char" if spaceless else "word", max_features=4 * MOST_MARKS,
        )  # fmt: skip
        try:
            present = sparse.csc_matrix(counter.fit_transform(texts))
        except ValueError:  # scikit-learn's way to say that no term is left
            continue
        yield present, kind, counter.get_feature_names_out().tolist()


def _of_metadata(items: pa.Table) -> Iterator[tuple[sparse.csc_matrix, str, Sequence[str]]]:
    columns = [(name, items[name].to_pylist()) for name in COLUMNS if name in items.column_names]
    rows = parse_rows(items["meta_json"].to_pylist()) if "meta_json" in items.column_names else []
    keys = sorted({key for row in rows for key in row})[:MOST_KEYS] if any(rows) else []
    columns += [(key, [_plain(row.get(key)) for row in rows]) for key in keys]
    for name, values in columns:
        codes, distinct = pd.factorize(np.array(values, dtype=object))
        known = np.flatnonzero(codes >= 0)
        if not len(known) or len(distinct) > items.num_rows / FEWEST_ITEMS:
            continue
        shape = (items.num_rows, len(distinct))
        present = sparse.csc_matrix((np.ones(len(known), dtype=np.float32), (known, codes[known])), shape=shape)
        yield present, METADATA, [f"{name} = {value}" for value in distinct]


def _plain(value: object) -> str | None:
    """A short value as text; nested and long ones are no marks."""
    if value is None or isinstance(value, dict | list):
        return None
    told = value if isinstance(value, str) else json.dumps(value)
    return told if told and len(told) <= LONGEST_VALUE else None
