"""What a format says about itself: who, when, empty or unseen, and on what its reader was checked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Carries"]

REAL = "real exports"
"""Read from files that the tool itself, or the project that defines the format, wrote."""

DOCUMENTED = "documentation"
"""Read from files constructed from the documentation only."""


@dataclass(frozen=True)
class Carries:
    """What labels of one format can tell.

    Parameters
    ----------
    annotators, times
        How the file says who and when; "no" where it cannot.
    empty
        How "looked and found nothing" differs from "not looked at"; "no" where the file cannot tell.
    checked
        :data:`REAL`, :data:`DOCUMENTED`, or which is which.
    """

    annotators: str
    times: str
    empty: str
    checked: str = REAL
