"""Texts cut into the units that are compared: words, or characters where words are not written apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["READINGS", "Units", "cut_pieces", "read_units"]

Ints = npt.NDArray[np.int64]

READINGS = ("auto", "words", "characters", "exact")
"""How texts are compared, see :func:`read_units`."""
MOST_CODES = 1_100_000
"""Code points that can stand for units; beyond, a few words share one."""
_APOSTROPHE = re.compile(r"(?<!\w)'|'(?!\w)")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002fa1f]"
)
_PIECE = re.compile(r"\S+|\s+")
_SAMPLE = 2000


@dataclass(frozen=True, eq=False)
class Units:
    """Texts as strings in which one character stands for one unit, so that distances can be taken fast.

    Parameters
    ----------
    coded
        (L,) the texts.
    length
        (L,) their numbers of units.
    spelled
        (K,) each unit as it was written most often, by code.
    joint
        What stands between units where they are written out.
    reading
        "words", "characters" or "exact".
    """

    coded: npt.NDArray[np.object_]
    length: Ints
    spelled: tuple[str, ...]
    joint: str
    reading: str

    def __len__(self) -> int:
        return len(self.coded)

    @cached_property
    def _codes(self) -> dict[str, str]:
        fold = self.reading != "exact"
        return {one.casefold() if fold else one: chr(k) for k, one in enumerate(self.spelled)}

    def code(self, words: Sequence[str]) -> str:
        """Return words as one text of units; those that are in none of the texts are left out."""
        fold = self.reading != "exact"
        return "".join(self._codes.get(one.casefold() if fold else one, "") for one in words)

    def spell(self, coded: str) -> str:
        """Write out a sequence of units."""
        return self.joint.join(self.spelled[ord(one)] for one in coded)


def read_units(texts: Sequence[str], reading: str = "auto") -> Units:
    """Cut texts into units.

    All readings apply Unicode NFC and take any run of white space for one space. "words" ignores case and punctuation
    (apostrophes inside words stay), "characters" likewise and leaves spaces out, "exact" compares words with their case
    and punctuation. "auto" is "characters" where most letters are of scripts without spaces (Chinese, Japanese, Thai,
    Lao, Tibetan, Burmese, Khmer), else "words".

    Parameters
    ----------
    texts
        (L,) the texts.
    reading
        One of :data:`READINGS`.
    """
    if reading == "auto":
        reading = "characters" if _is_unspaced(texts) else "words"
    split = [_split(unicodedata.normalize("NFC", one), reading) for one in texts]
    length = np.array([len(one) for one in split], dtype=np.int64)
    codes, spelled = _number([word for one in split for word in one], fold=reading != "exact")
    everything = (codes % MOST_CODES).astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    ends = np.cumsum(length).tolist()
    coded = np.empty(len(split), dtype=object)
    coded[:] = [everything[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return Units(coded, length, spelled[:MOST_CODES], "" if reading == "characters" else " ", reading)


def cut_pieces(text: str, reading: str) -> list[tuple[str, list[str]]]:
    """Cut a text into pieces as it is written, white space by itself, each with the units in it.

    Parameters
    ----------
    text
        Any text.
    reading
        "words", "characters" or "exact".
    """
    pieces = list(text) if reading == "characters" else _PIECE.findall(text)
    return [(one, _split(unicodedata.normalize("NFC", one), reading)) for one in pieces]


def _is_unspaced(texts: Sequence[str]) -> bool:
    step = max(1, len(texts) // _SAMPLE)
    joined = "".join(texts[::step])
    return 2 * len(_UNSPACED.findall(joined)) > sum(map(str.isalpha, joined))


def _split(text: str, reading: str) -> list[str]:
    if reading == "exact":
        return text.split()
    words = _APOSTROPHE.sub(" ", text.translate(_BLANKS)).split()
    return list("".join(words)) if reading == "characters" else words


def _number(words: list[str], *, fold: bool) -> tuple[Ints, tuple[str, ...]]:
    """Code of each word, and each code's most frequent spelling."""
    import pandas as pd

    if not words:
        return np.zeros(0, dtype=np.int64), ()
    written, forms = pd.factorize(np.array(words, dtype=object))
    folded, units = pd.factorize(np.array([one.casefold() if fold else one for one in forms], dtype=object))
    n_times = np.bincount(written, minlength=len(forms))
    order = np.lexsort((-n_times, folded))
    first = np.r_[True, folded[order][1:] != folded[order][:-1]]
    spelled = np.empty(len(units), dtype=object)
    spelled[folded[order][first]] = np.array(forms, dtype=object)[order][first]
    return np.asarray(folded[written], dtype=np.int64), tuple(spelled.tolist())


class _Blanks(dict[int, str]):
    """Punctuation as spaces, apostrophes as one and the same; looked up once for each character that occurs."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        self[code] = " " if unicodedata.category(sign).startswith("P") else sign
        return self[code]


_BLANKS = _Blanks({0x27: "'", 0x2019: "'", 0x2BC: "'"})
