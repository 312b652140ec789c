"""CVAT XML 1.1: annotations of images, and tracks of videos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.gathering import Gathering
from annoaudit.formats.images.cvat_rows import CvatReader
from annoaudit.formats.source import Source
from annoaudit.formats.xml_text import walk_xml

__all__ = ["Cvat"]


@dataclass(frozen=True)
class Cvat:
    """CVAT for images 1.1 and CVAT for video 1.1: the XML, or the archive it comes in.

    See ``docs/formats/cvat.md``.
    """

    carries: ClassVar[Carries] = Carries("the task's assignee", "no", "no")
    name: str = "cvat"

    def sniff(self, source: Source) -> bool:
        """Say whether the root is <annotations> with CVAT's images or tracks."""
        return source.holds(_is_cvat, ".xml")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables: an item an image or a video, a label a shape, tag or keyframe.

        Raises
        ------
        RefusedInput
            Not XML, a document type, or a shape that is not one.
        """
        rows = Gathering(source.name, source.notes)
        found = 0
        for part in source.parts(".xml"):
            if source.members is not None and not _is_cvat(part):
                continue
            found += 1
            reader = CvatReader(rows, part.name)
            for event, element, depth in walk_xml(part.text, part.name):
                if event == "end" and depth == 2:
                    reader.take(element)
                    element.clear()
            reader.finish()
        if not found:
            raise RefusedInput(f"{source.name} is not CVAT XML.", hint="Export it as CVAT for images or video 1.1.")
        yield from rows.finish(nobody_named="CVAT's XML names the assignee of a task only, and this one has none")


def _is_cvat(source: Source) -> bool:
    words = (b"<image ", b"<track ", b"<meta>")
    return source.root == "annotations" and any(word in source.text for word in words)
