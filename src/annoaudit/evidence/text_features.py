"""Texts as vectors: TF-IDF of words and characters, bounded in time and memory whatever the text is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse as sp

from annoaudit.errors import MissingExtra, Unavailable

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

__all__ = ["embed_texts", "normalise_texts", "scale_rows", "weigh_terms", "weigh_words"]

_LONGEST = 20_000
_SHORTEST = 400
_BUDGET = 40_000_000
_VOCABULARY = 50_000
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0e-\x1b\x7f]")
_LONG_WORD = 15.0
_FITTED = 150_000
_PART = 50_000


def normalise_texts(texts: pa.ChunkedArray | pa.Array | Sequence[str | None]) -> list[str]:
    """Return texts in one Unicode form (NFKC), case-folded, without invisible characters and repeated spaces.

    Parameters
    ----------
    texts
        (N,) texts; null counts as empty. Of each, only the first ``clip(4e7 / N, 400, 20000)``
        characters are used, so that a few hostile or very long texts cannot exhaust time or memory.
    """
    values = texts.to_pylist() if isinstance(texts, pa.ChunkedArray | pa.Array) else list(texts)
    limit = int(np.clip(_BUDGET // max(len(values), 1), _SHORTEST, _LONGEST))
    return [_normalise(value[:limit], limit) if value else "" for value in values]


def _normalise(text: str, limit: int) -> str:
    folded = unicodedata.normalize("NFKC", text[:limit]).casefold()
    return " ".join(_INVISIBLE.sub("", folded).split())[:limit]


def weigh_terms(texts: Sequence[str]) -> tuple[sp.csr_matrix, tuple[str, ...]]:
    """Weigh words (1 and 2 in a row) and characters (3 to 5 inside a word) by TF-IDF.

    Where words are not set apart by spaces, 1 to 3 characters are used instead of 3 to 5. Term
    frequencies are sublinear; each half has unit length, so the dot product of two rows is the mean
    of the two cosines; at most 50,000 words and 50,000 character sequences are kept, the most
    frequent first. Terms and their weights come from an even sample where there are over 150,000 texts.

    Parameters
    ----------
    texts
        (N,) normalised texts.

    Returns
    -------
    tuple
        (N, D) float32 matrix with rows of unit length (zero for texts without a term), and D names.

    Raises
    ------
    Unavailable
        No text holds a term.
    """
    spaceless = _mean_word(texts) > _LONG_WORD
    words = _weigh(texts, "word", (1, 2))
    characters = _weigh(texts, "char_wb", (1, 3) if spaceless else (3, 5))
    parts = [part for part in (words, characters) if part is not None]
    if not parts:
        raise Unavailable(
            "the texts hold nothing to learn from: no word and no character sequence",
            hint="Give feature vectors (--features), or class probabilities (--probabilities).",
        )
    names = tuple(name for part in parts for name in part[1])
    matrix = sp.hstack([part[0] for part in parts], format="csr", dtype=np.float32)
    del parts, words, characters  # of a million texts, each copy takes a gigabyte
    return scale_rows(matrix), names


def weigh_words(texts: Sequence[str], *, longest: int = 2) -> sp.csr_matrix:
    """Weigh words (1 and 2 in a row) alone by TF-IDF, which takes a fifth of the time of :func:`weigh_terms`.

    Where words are not set apart by spaces, or there are none, it is the same as that.

    Parameters
    ----------
    texts
        (N,) normalised texts.
    longest
        Words in a row that count as one term.

    Returns
    -------
    scipy.sparse.csr_matrix
        (N, D) float32, rows of unit length.

    Raises
    ------
    Unavailable
        No text holds a term.
    """
    words = None if _mean_word(texts) > _LONG_WORD else _weigh(texts, "word", (1, longest))
    return scale_rows(words[0]) if words is not None else weigh_terms(texts)[0]


def scale_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Bring the rows of an (N, D) matrix to unit length; rows of zeros stay.

    Entries are put in order of column once, so that later sums add up in the same order every time.
    """
    squares = sp.csr_matrix((matrix.data * matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    length = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
    del squares
    scale = np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0).astype(np.float32)
    weights = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    scaled = sp.csr_matrix((weights, matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)
    scaled.sum_duplicates()
    return scaled


def _mean_word(texts: Sequence[str]) -> float:
    sample = texts[:: max(1, len(texts) // 2000)]
    return sum(map(len, sample)) / max(1, sum(len(text.split()) for text in sample))


def _weigh(texts: Sequence[str], analyzer: str, ngrams: tuple[int, int]) -> tuple[sp.csr_matrix, list[str]] | None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        analyzer=analyzer, ngram_range=ngrams, lowercase=False, sublinear_tf=True, dtype=np.float32,
        token_pattern=r"(?u)\b\w+\b" if analyzer == "word" else None, max_features=_VOCABULARY,
        min_df=2 if len(texts) >= 200 else 1,
    )  # fmt: skip
    try:
        matrix = vectorizer.fit_transform(texts) if len(texts) <= _FITTED else _weigh_in_parts(vectorizer, texts)
    except ValueError:  # scikit-learn's way to say that no term is left
        return None
    kind = "word" if analyzer == "word" else "characters"
    return matrix, [f"{kind} {term!r}" for term in vectorizer.get_feature_names_out()]


def _weigh_in_parts(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> sp.csr_matrix:
    """Learn terms and their weights from an even sample, and apply them part by part, which bounds memory."""
    vectorizer.fit(texts[:: -(-len(texts) // _FITTED)])
    starts = range(0, len(texts), _PART)
    return sp.vstack([vectorizer.transform(texts[start : start + _PART]) for start in starts], format="csr")


def embed_texts(texts: Sequence[str], model: str) -> npt.NDArray[np.floating]:
    """Embed texts with a sentence-transformers model that is already on this machine; nothing is downloaded.

    Returns
    -------
    numpy.ndarray
        (N, D) float32.

    Raises
    ------
    MissingExtra
        The package is not installed.
    Unavailable
        The model is not on this machine.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtra(
            f"Sentence embeddings ({model}) need an optional package.",
            hint='pip install "annoaudit[embeddings]"',
        ) from error
    try:
        encoder = SentenceTransformer(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"the embedding model {model!r} is not on this machine",
            hint="Download it once with sentence-transformers, or give the folder it lies in.",
        ) from error
    return np.asarray(encoder.encode(list(texts), show_progress_bar=False), dtype=np.float32)
