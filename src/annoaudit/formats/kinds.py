"""What kind of question bare answers belong to, where a file does not say."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["are_written", "choice_or_text"]

_MAX_OPTIONS = 50
_ON_ONE_ITEM = 0.9
_SPACES = 2


def choice_or_text(words: Collection[str], n_answers: int) -> str:
    """Return "text" where there are more than 50 different answers and most come once, else "choice"."""
    return "text" if len(words) > _MAX_OPTIONS and len(words) > n_answers / 2 else "choice"


def are_written(answers: pa.Array, item: npt.NDArray[np.integer]) -> bool:
    """Say whether answers are free texts: over 50 different ones, half of three words or more, few on two items."""
    words = pc.unique(answers.drop_null())
    if len(words) <= _MAX_OPTIONS:
        return False
    spaces = pc.count_substring(pc.utf8_trim_whitespace(words), " ")
    if float(np.median(np.asarray(spaces))) < _SPACES:
        return False
    pairs = pa.table({"word": answers, "item": pa.array(item)}).filter(pc.is_valid(answers))
    on_items = pairs.group_by(["word", "item"]).aggregate([]).group_by("word").aggregate([([], "count_all")])
    return float(np.mean(np.asarray(on_items["count_all"]) == 1)) >= _ON_ONE_ITEM
