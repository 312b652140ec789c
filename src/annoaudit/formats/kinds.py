"""What kind of question bare answers belong to, where a file does not say."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["choice_or_text"]

_MAX_OPTIONS = 50


def choice_or_text(words: Collection[str], n_answers: int) -> str:
    """Return "text" where there are more than 50 different answers and most come once, else "choice"."""
    return "text" if len(words) > _MAX_OPTIONS and len(words) > n_answers / 2 else "choice"
