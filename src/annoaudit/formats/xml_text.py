"""XML from strangers: no document types, no entities, bounded depth, and an error that says where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from annoaudit.errors import RefusedInput
from annoaudit.formats.limits import MAX_DEPTH

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["attribute_number", "child_number", "child_text", "parse_xml", "root_name", "walk_xml"]


def walk_xml(data: bytes, where: str) -> Iterator[tuple[str, Element, int]]:
    """Yield ("start" or "end", element, depth) while parsing; the root has depth 1.

    Raises
    ------
    RefusedInput
        Not XML, a document type or entity declaration, or deeper than the limit.
    """
    depth = 0
    try:
        for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else 0
            if depth > MAX_DEPTH:
                raise RefusedInput(f"{where} nests deeper than {MAX_DEPTH} levels.", hint="Export a flatter file.")
            yield event, element, depth
            depth -= 1 if event == "end" else 0
    except DefusedXmlException as error:
        raise RefusedInput(
            f"{where} has a document type or entity declaration, which is never followed.",
            hint="Remove the <!DOCTYPE …> part; no annotation tool writes one.",
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise RefusedInput(f"{where} is not XML: {str(error)[:120]}.", hint="Export or download it again.") from error


def parse_xml(data: bytes, where: str) -> Element:
    """Return the root of a whole document; see :func:`walk_xml`."""
    root = None
    for _, element, depth in walk_xml(data, where):
        root = element if depth == 1 else root
    if root is None:
        raise RefusedInput(f"{where} is not XML: no element.", hint="Export or download it again.")
    return root


def root_name(data: bytes) -> str | None:
    """Return the name of the root element; None where the bytes are not XML."""
    try:
        return next((str(element.tag) for _, element, _ in walk_xml(data, "")), None)
    except RefusedInput:
        return None


def child_text(element: Element, path: str) -> str | None:
    """Return the trimmed text of a child; None where it is missing or empty."""
    text = (element.findtext(path) or "").strip()
    return text or None


def child_number(element: Element, path: str, where: str) -> float | None:
    """Return the number in a child; None where it is missing or empty."""
    return _number(child_text(element, path), path, where)


def attribute_number(element: Element, name: str, where: str) -> float | None:
    """Return the number in an attribute; None where it is missing or empty."""
    return _number(element.get(name), name, where)


def _number(text: str | None, name: str, where: str) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RefusedInput(f"{where}: {name} is {text[:40]!r}, not a number.", hint="Mend it, or export it again.")
    return number
