"""What keeps data from formatting or linking, and the blocks that every part is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from annoaudit.reporting.text import NOT_KNOWN, shorten

__all__ = ["MAX_LISTED", "code_span", "escape_markdown", "list_points", "tabulate"]

MAX_LISTED = 50

_MARKS = re.compile(
    r"[\\`*_{}\[\]<>#|~&$@^]"  # marks of Markdown, HTML, formulas and mentions
    r"|(?<=\w):(?=\S)|(?<=www)\."  # bare addresses that GitHub would link
    r"|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]",  # lists and headings
    re.IGNORECASE,
)


def escape_markdown(text: str, limit: int = 400) -> str:
    """Return text on one line with every mark of Markdown and HTML taken literally."""
    return _MARKS.sub(r"\\\g<0>", shorten(text, limit))


def code_span(text: str, limit: int = 80) -> str:
    """Return text on one line as a code span that no backtick or pipe in it can end."""
    line = shorten(text, limit).replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not line.strip() else ""
    return f"{fence}{pad}{line or NOT_KNOWN}{pad}{fence}"


def list_points(heading: str, sentences: Sequence[str], limit: int) -> Iterable[str]:
    """Return a heading with a list; nothing where there is nothing to list."""
    if sentences:
        yield f"## {heading}"
        yield "\n".join(f"- {escape_markdown(sentence, limit)}" for sentence in sentences)


def tabulate(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a head that ends in ``>`` is of numbers."""
    names = [head.removesuffix(">") for head in heads]
    rules = ["--:" if head.endswith(">") else "---" for head in heads]
    lines = chain([names, rules], rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
