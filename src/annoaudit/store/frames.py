"""Between data frames and rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING, Any

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COUNTS",
    "NUMBERS",
    "Columns",
    "as_columns",
    "as_frame",
    "as_numbers",
    "as_text",
    "as_texts",
    "check_findings",
]

Columns = dict[str, list[Any]]
"""Rows of one table, by column: values as a database driver takes them."""

FIXED = ("fingerprint", "detector", "level", "question", "item_id", "label_id", "annotation_id", "annotator")
WORDS = ("reason", "evidence_json", "effect_name", "null_hypothesis", "family")
NUMBERS = ("suspicion", "effect", "effect_low", "effect_high", "p", "e")
COUNTS = ("n", "rank")
TEXTS = (*FIXED, "given", "version", "severity", "suggested", *WORDS)
_TONIGHT = ("fingerprint", "version", "severity", "suggested")


def check_findings(frame: pd.DataFrame) -> None:
    """Check that a frame is one of findings: all columns, and each fingerprint once.

    Raises
    ------
    UsageError
        A column is missing, a count is, or a fingerprint is empty or stands there twice.
    """
    absent = [name for name in FINDING_COLUMNS if name not in frame.columns]
    if absent:
        raise UsageError(
            f"The findings lack columns: {', '.join(absent)}.",
            hint="Give a frame with all of annoaudit.findings.FINDING_COLUMNS.",
        )
    uncounted = [name for name in COUNTS if frame[name].isna().any()]
    if uncounted:
        raise UsageError(f"The findings lack values in {uncounted[0]!r}.", hint="Give 0 where nothing counts.")
    names = frame["fingerprint"]
    if names.isna().any() or (names == "").any():
        raise UsageError("A finding has no fingerprint.", hint="Build it with annoaudit.findings.fingerprint.")
    if names.duplicated().any():
        twice = as_text(str(names[names.duplicated()].iloc[0]))
        raise UsageError(f"Two findings of one run have the fingerprint {twice!r}.", hint="Keep one finding a target.")


def as_columns(frame: pd.DataFrame) -> tuple[Columns, Columns, Columns]:
    """Take findings apart: what stays the same every night, what is said in words, and tonight's values.

    Returns
    -------
    tuple of Columns
        Of the tables findings, explanations and sightings. They are sorted by key, which keeps inserting
        fast; words that several findings share come once.
    """
    frame = frame.rename(columns={"null": "null_hypothesis"}).sort_values("fingerprint")
    texts: Columns = {name: as_texts(frame[name]) for name in TEXTS}
    names = [_name_words(words) for words in zip(*(texts[name] for name in WORDS), strict=True)]
    places = {name: place for place, name in enumerate(names)}
    order = sorted(places)
    fixed = {name: texts[name] for name in (*FIXED, "given")}
    words = {name: [texts[name][places[key]] for key in order] for name in WORDS}
    tonight: Columns = {"explanation_id": names} | {name: texts[name] for name in _TONIGHT}
    tonight |= {name: as_numbers(frame[name]) for name in NUMBERS}
    tonight |= {name: frame[name].astype("int64").tolist() for name in COUNTS}
    return fixed, {"explanation_id": order} | words, tonight


def as_frame(
    rows: Sequence[Sequence[object]],
    columns: Sequence[str],
    *,
    numbers: Sequence[str] = (),
    counts: Sequence[str] = (),
    times: Sequence[str] = (),
) -> pd.DataFrame:
    """Build a frame with fixed types, also from no rows at all; columns not named otherwise are text.

    Raises
    ------
    ValueError
        A value has not the type of its column, which only a damaged store can hold.
    """
    import pandas as pd

    kinds: dict[str, Any] = dict.fromkeys(columns, "str")  # pandas-stubs knows no dtype held in a str
    kinds |= dict.fromkeys(numbers, "float64") | dict.fromkeys(counts, "int64")
    kinds |= dict.fromkeys(times, "datetime64[us, UTC]")
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    frame = {
        name: pd.Series(list(value), dtype="object").astype(kinds[name])
        for name, value in zip(columns, values, strict=True)
    }
    return pd.DataFrame(frame, columns=list(columns))


def as_text(value: str) -> str:
    r"""Return text that every database takes: NUL and unpaired surrogates are written out (``\x00``)."""
    if value.isascii() and "\0" not in value:
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def as_texts(column: pd.Series) -> list[str]:
    """Return a column as text that every database takes; "" where it has nothing."""
    values = column.astype("object").where(column.notna(), "").tolist()
    if set(map(type, values)) != {str}:
        values = [str(value) for value in values]
    if all(map(str.isascii, values)) and not any(map(contains, values, repeat("\0"))):
        return values
    return [as_text(value) for value in values]


def as_numbers(column: pd.Series) -> list[float | None]:
    """Return a column as numbers; None where it has none."""
    values = column.astype("float64").tolist()
    return [None if value != value else value for value in values]


def _name_words(words: Sequence[str]) -> str:
    text = "\0".join(words)  # unambiguous: as_text leaves no NUL inside
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
