"""Text that is safe to show: nothing invisible, nothing that acts; and how numbers are written."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

__all__ = [
    "NOT_KNOWN",
    "count",
    "fold",
    "interval",
    "kind_words",
    "number",
    "percent",
    "plural",
    "reveal_controls",
    "safe_url",
    "shorten",
    "spell_seconds",
    "spell_time",
    "well_formed",
]

NOT_KNOWN = "\u2013"

_SURROGATES = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls except tab and newline
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # bidirectional marks, overrides and isolates
    "\u180e\u200b\u2028\u2029\u2060-\u2065\ufeff\ufff9-\ufffb"  # zero width, separators, annotations
    "\ud800-\udfff\ufffe\uffff"  # halves of characters and noncharacters
    "\U000e0000-\U000e0fff"  # tag characters
    "]"
)
_BLANKS = re.compile(r"\s+")
_MAX_URL = 2000


def reveal_controls(text: str) -> str:
    r"""Return the text with every character that hides or acts written out, as in ``\x1b`` or ``\u202e``.

    Tabs and newlines stay, Windows line ends become newlines; joiners stay, because Persian, Hindi and
    emoji need them.
    """
    return _INVISIBLE.sub(_spell, text.replace("\r\n", "\n"))


def well_formed(text: str) -> str:
    r"""Return the text with halves of surrogate pairs written out, so that it can be encoded as UTF-8."""
    return _SURROGATES.sub(_spell, text)


def fold(text: str) -> str:
    """Return the text on one line: controls revealed, each run of white space one blank."""
    return reveal_controls(_BLANKS.sub(_fold_blank, text.replace("\r\n", "\n"))).strip(" ")


def shorten(text: str, limit: int) -> str:
    """Return at most ``limit`` characters of the text on one line, ending in an ellipsis where cut."""
    line = fold(text[: 4 * limit + 64])
    if len(line) <= limit and len(text) <= 4 * limit + 64:
        return line
    return line[: limit - 1].rstrip() + "…"


def safe_url(url: str) -> str:
    """Return the address if it is plain http or https without credentials, else the empty string."""
    if len(url) > _MAX_URL or _BLANKS.search(url) or _INVISIBLE.search(url) or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname)
    except ValueError:
        return ""
    is_plain = parts.scheme in ("http", "https") and has_host and "@" not in parts.netloc
    return url if is_plain else ""


def count(n: float) -> str:
    """Return a count with thousands set apart; a dash where it is not known."""
    return f"{n:,.0f}" if math.isfinite(n) else NOT_KNOWN


def plural(n: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: "1 label", "2,000 labels"."""
    return f"{count(n)} {noun if n == 1 else nouns or noun + 's'}"


def percent(rate: float, digits: int = 1) -> str:
    """Return a rate in [0, 1] as a percentage; a dash where it is not known."""
    return f"{100 * rate:.{digits}f} %" if math.isfinite(rate) else NOT_KNOWN


def number(value: float, digits: int = 2) -> str:
    """Return a number with fixed digits and a true minus sign; a dash where it is not known."""
    if not math.isfinite(value):
        return NOT_KNOWN
    written = f"{value:.{digits}f}"
    return written[1:] if written.startswith("-") and not float(written) else written.replace("-", "\u2212")


def interval(low: float, high: float, *, as_percent: bool = True) -> str:
    """Return a 95 % interval as "2.9 to 5.8"; empty where it is not known."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if as_percent:
        return f"{100 * low:.1f} to {100 * high:.1f}"
    return f"{number(low)} to {number(high)}"


_KINDS = {
    "choice": "Single choice", "multichoice": "Multiple choice", "pair": "Comparison of two", "rating": "Rating",
    "number": "Number", "ranking": "Ranking", "text": "Text", "span": "Spans of text", "bbox": "Boxes",
    "rbox": "Rotated boxes", "polygon": "Polygons", "polyline": "Lines", "mask": "Masks", "keypoints": "Keypoints",
    "segment": "Segments", "track": "Tracks", "relation": "Relations",
}  # fmt: skip


def kind_words(kind: str) -> str:
    """Return a kind of question in words."""
    return _KINDS.get(kind, shorten(kind, 40))


def spell_time(moment: datetime) -> str:
    """Return a time in UTC to the minute; a naive time is written as it is and says so."""
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M} (time zone not known)"
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def spell_seconds(seconds: float) -> str:
    """Return a duration in the unit a person would use."""
    if not math.isfinite(seconds):
        return NOT_KNOWN
    if seconds < 0.95:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 99.5:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min"


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _fold_blank(match: re.Match[str]) -> str:
    hidden = _INVISIBLE.findall(match[0])
    return " " if not hidden else " " + "".join(hidden) + " "
