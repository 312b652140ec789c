"""What a report says of a question beyond votes, by its kind: agreement, tables, and how a label is shown."""

from __future__ import annotations

from annoaudit.auditing.kinds.options import OPTIONS_PAGE
from annoaudit.auditing.kinds.page import KindPage
from annoaudit.auditing.kinds.pairs import PAIRS_PAGE
from annoaudit.auditing.kinds.rankings import RANKINGS_PAGE
from annoaudit.auditing.kinds.ratings import RATINGS_PAGE
from annoaudit.auditing.kinds.regions import REGIONS_PAGE
from annoaudit.auditing.kinds.spans import SPANS_PAGE
from annoaudit.auditing.kinds.texts import TEXTS_PAGE
from annoaudit.auditing.kinds.words import WORDS_PAGE
from annoaudit.labels import EXTENDED, REGIONS

__all__ = ["KindPage", "page_of"]

_PAGES: dict[str, KindPage] = {
    "multichoice": OPTIONS_PAGE,
    "pair": PAIRS_PAGE,
    **dict.fromkeys(EXTENDED, SPANS_PAGE),
    **dict.fromkeys(REGIONS, REGIONS_PAGE),
    "ranking": RANKINGS_PAGE,
    "rating": RATINGS_PAGE,
    "number": RATINGS_PAGE,
    "text": TEXTS_PAGE,
}


def page_of(kind: str) -> KindPage:
    """Return what a report says of questions of this kind."""
    return _PAGES.get(kind, WORDS_PAGE)
