"""Features: every item as a vector, from what the labels came with or what the user gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from annoaudit.errors import RefusedInput, Unavailable, UsageError
from annoaudit.evidence.image_features import describe_images
from annoaudit.evidence.table_features import encode_columns, parse_rows
from annoaudit.evidence.text_features import embed_texts, normalise_texts, scale_rows, weigh_terms

__all__ = ["DIFFERENCES", "IMAGE", "SUPPLIED", "TABLE", "TEXT", "Features", "build_features"]

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

TEXT = "TF-IDF of words and characters"
TABLE = "table columns"
IMAGE = "image HOG and colours"
SUPPLIED = "supplied"
DIFFERENCES = "differences of the two sides"

_LARGEST = 1e15


@dataclass(frozen=True, eq=False)
class Features:
    """Every item as a vector.

    Parameters
    ----------
    matrix
        (N, D) float32, sparse (CSR) or dense; rows of items without content are zero.
    has_content
        (N,) whether there is anything to judge the item by.
    source
        What the vectors are, for people.
    names
        D feature names where they mean something, else ().
    """

    matrix: sp.csr_matrix | Floats
    has_content: Bools
    source: str
    names: tuple[str, ...] = ()

    @property
    def is_sparse(self) -> bool:
        """Whether the matrix is sparse."""
        return bool(sp.issparse(self.matrix))

    @cached_property
    def scaled(self) -> sp.csr_matrix | Floats:
        """(N, D) rows of unit length (sparse), or columns centred and brought to like scale (dense).

        A dense column is divided by its standard deviation plus the tenth percentile of all of them, so
        that units do not matter and nearly constant columns do not become noise.
        """
        if self.is_sparse:
            return scale_rows(sp.csr_matrix(self.matrix))
        known = np.asarray(self.matrix)[self.has_content]
        spread = known.std(axis=0, dtype=np.float64)
        varying = spread[spread > 0]
        floor = float(np.quantile(varying, 0.1, method="lower")) if len(varying) else 1.0
        centred = np.asarray(self.matrix) - known.mean(axis=0, dtype=np.float64)
        scaled = np.where(self.has_content[:, None], centred / (spread + floor), 0.0)
        return np.ascontiguousarray(scaled, dtype=np.float32)


def build_features(
    items: pa.Table,
    *,
    supplied: npt.ArrayLike | sp.spmatrix | None = None,
    seed: int = 0,
    embeddings: str | None = None,
    media_root: Path | None = None,
) -> Features:
    """Turn items into vectors: supplied ones, else text, images or table columns, whichever most items have.

    Parameters
    ----------
    items
        The canonical table of N items.
    supplied
        (N, D) the user's own vectors in the order of ``items``; a row with NaN means "none for this item".
    seed
        Fixes the randomised parts.
    embeddings
        Name or folder of a sentence-transformers model, used in place of TF-IDF.
    media_root
        Folder that holds the images; without it no image is opened.

    Raises
    ------
    Unavailable
        There is nothing to learn from; says why and what would help.
    UsageError
        ``supplied`` does not have one row an item.
    RefusedInput
        ``supplied`` holds infinite or non-numeric values.
    """
    if supplied is not None:
        return _take_supplied(supplied, items.num_rows)
    text = _filled(items, "text")
    image = _filled(items, "uri") & _equal(items, "media", "image")
    rows = parse_rows(items["meta_json"].to_pylist()) if _filled(items, "meta_json").any() else []
    table = np.array([bool(row) for row in rows], dtype=bool) if rows else np.zeros(items.num_rows, dtype=bool)
    shares = {"text": text.sum(), "image": image.sum(), "table": table.sum()}
    kind = max(shares, key=lambda name: int(shares[name]))
    if not shares[kind]:
        raise Unavailable(
            "items have no text, no images and no table columns to learn from",
            hint="Give feature vectors (--features), or class probabilities (--probabilities).",
        )
    if kind == "image":
        return _from_images(items, image, media_root)
    if kind == "table":
        matrix, names = encode_columns(rows, seed)
        matrix[~table] = 0
        return Features(matrix, table, TABLE, tuple(names))
    return _from_texts(normalise_texts(items["text"]), embeddings)


def _from_texts(texts: list[str], embeddings: str | None) -> Features:
    if embeddings is None:
        matrix, names = weigh_terms(texts)
        return Features(matrix, np.diff(matrix.indptr) > 0, TEXT, names)
    filled = np.array([bool(text) for text in texts], dtype=bool)
    vectors = embed_texts(texts, embeddings)
    vectors[~filled] = 0
    return Features(vectors, filled, f"sentence embeddings ({embeddings})")


def _from_images(items: pa.Table, image: Bools, media_root: Path | None) -> Features:
    if media_root is None:
        raise Unavailable(
            "the items are images, and the folder that holds them was not named",
            hint="Name it (media_root), or give feature vectors (--features).",
        )
    uris = [uri if is_image else None for uri, is_image in zip(items["uri"].to_pylist(), image, strict=True)]
    vectors, readable = describe_images(uris, media_root)
    if not readable.any():
        raise Unavailable(
            f"none of {int(image.sum())} images could be read under the named folder",
            hint="Check that items.uri holds paths inside it. Addresses are not fetched.",
        )
    return Features(vectors, readable, IMAGE)


def _take_supplied(supplied: npt.ArrayLike | sp.spmatrix, n_items: int) -> Features:
    if sp.issparse(supplied):
        sparse = sp.csr_matrix(supplied)
        _check_numbers(sparse.shape, sparse.data, n_items)
        if np.isnan(sparse.data).any():
            raise RefusedInput("Sparse features hold NaN.", hint="Leave missing entries out.")
        return Features(sparse.astype(np.float32), np.diff(sparse.indptr) > 0, SUPPLIED)
    matrix = np.asarray(supplied)
    _check_numbers(matrix.shape, matrix, n_items)
    known = ~np.isnan(matrix).any(axis=1)
    if not known.any() or not matrix.shape[1]:
        raise Unavailable("no item has a feature vector", hint="Check that the item ids match.")
    return Features(np.where(known[:, None], matrix, 0).astype(np.float32), known, SUPPLIED)


def _check_numbers(shape: tuple[int, ...], values: npt.NDArray[np.generic], n_items: int) -> None:
    if len(shape) != 2 or shape[0] != n_items:
        raise UsageError(
            f"Features have shape {shape}; one row for each of {n_items} items is needed.",
            hint="Give a two-dimensional array in the order of the items.",
        )
    if values.dtype.kind not in "fiub":
        raise RefusedInput(f"Features are of type {values.dtype}, not numbers.", hint="Encode them as numbers first.")
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    if (np.abs(numbers) > _LARGEST).any():
        raise RefusedInput(
            "Features hold infinite values, or values beyond 1e15.",
            hint="Remove or clip them; NaN in a row says that the item has no vector.",
        )


def _filled(items: pa.Table, column: str) -> Bools:
    if column not in items.column_names:
        return np.zeros(items.num_rows, dtype=bool)
    length = pc.fill_null(pc.utf8_length(pc.utf8_trim_whitespace(items[column].cast(pa.string()))), 0)
    return np.asarray(length) > 0


def _equal(items: pa.Table, column: str, value: str) -> Bools:
    if column not in items.column_names:
        return np.zeros(items.num_rows, dtype=bool)
    return np.asarray(pc.fill_null(pc.equal(items[column].cast(pa.string()), value), False)).astype(bool)
