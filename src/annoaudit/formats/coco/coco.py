"""COCO JSON: instances, keypoints, captions, and images with categories only."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import pyarrow as pa

from annoaudit.errors import RefusedInput
from annoaudit.formats.carries import Carries
from annoaudit.formats.coco.documents import open_document
from annoaudit.formats.coco.reading import MODEL, CocoFile, name_images, read_files
from annoaudit.formats.coco.writing import write_coco
from annoaudit.formats.source import Source
from annoaudit.labels import LabelSet

__all__ = ["Coco"]

_PANOPTIC = b'"segments_info"'


@dataclass(frozen=True)
class Coco:
    """COCO annotations (instances, keypoints, captions, image labels), one file or a folder of them.

    See ``docs/formats/coco.md``.
    """

    carries: ClassVar[Carries] = Carries("one file each, or a field", "no", "no")
    name: str = "coco"

    def sniff(self, source: Source) -> bool:
        """Say whether the source is an object with images and annotations, or holds such files."""
        return source.holds(_is_coco, ".json")

    def read(self, source: Source) -> Iterator[tuple[str, pa.Table]]:
        """Yield the canonical tables, block by block.

        Raises
        ------
        RefusedInput
            Not shaped as COCO files are; the message names the annotation.
        """
        parts = [part for part in source.parts(".json") if source.members is None or _is_coco(part)]
        files = [_open(part) for part in parts]
        if not files or not all({"images", "annotations"} & set(file.document.parts) for file in files):
            raise RefusedInput(f"{source.name} has no images and annotations.", hint="Export it as COCO JSON.")
        if len(files) > 1:
            _tell_apart(files, parts, source.notes)
            _place_results(files, parts)
        with _without_cycles():
            yield from read_files(files, source.notes)

    def write(self, labels: LabelSet, target: Path) -> list[str]:
        """Write one COCO file; return what could not be carried."""
        return write_coco(labels, target)


def _is_coco(source: Source) -> bool:
    if source.keys:
        return {"images", "annotations"} <= source.keys and not _is_panoptic(source)
    return source.kind == "json" and bool(source.sample) and all(_is_result(one) for one in source.sample)


def _is_panoptic(source: Source) -> bool:
    return _PANOPTIC in source.text if source.mapped is None else source.mapped.holds(_PANOPTIC)


def _is_result(record: Mapping[str, object]) -> bool:
    return "image_id" in record and not {"bbox", "segmentation", "keypoints", "caption"}.isdisjoint(record)


def _open(part: Source) -> CocoFile:
    document = open_document(part.view, part.name, part.mapped)
    return CocoFile(document, annotator=MODEL if document.is_list else None, split=_split_of(part))


def _place_results(files: list[CocoFile], parts: list[Source]) -> None:
    """Lists of results are about the images of the other files, which they name by their ids there."""
    stated = [file for file in files if not file.document.is_list]
    results = [(file, part) for file, part in zip(files, parts, strict=True) if file.document.is_list]
    known: dict[str, str] = {}
    for file in stated:
        natives = [str(one.id) for block in file.document.images() for one in block.rows]
        known = dict(zip(natives, file.item_ids(natives), strict=True)) | known
    for file, part in results:
        file.items = known or None
        file.annotator = MODEL if len(results) == 1 else f"{MODEL} {PurePosixPath(str(part.path)).stem}"


def _tell_apart(files: list[CocoFile], parts: list[Source], notes: list[str]) -> None:
    """Files that list the same images are the work of different people; others are parts of one data set."""
    kept = [(file, part) for file, part in zip(files, parts, strict=True) if not file.document.is_list]
    files, parts = [file for file, _ in kept], [part for _, part in kept]
    if len(files) < 2:
        return
    names = [str(PurePosixPath(str(part.path)).with_suffix("")) for part in parts]
    images = name_images(files)
    if not _overlap(images):
        for file, name in zip(files, names, strict=True):
            file.prefix = f"{name}:"
        return
    pairs = {pair for one in images for pair in one.items()}
    agree = len(pairs) == len({native for native, _ in pairs}) == len({name for _, name in pairs})
    for file, name, own in zip(files, names, images, strict=True):
        file.annotator = name
        file.items = None if agree else own
    notes.append("The files list the same images: each is taken as the work of one annotator, named by its file.")


def _overlap(images: list[dict[str, str]]) -> bool:
    """Say whether two files list one image, by name."""
    return sum(len(set(one.values())) for one in images) > len({name for one in images for name in one.values()})


def _split_of(part: Source) -> str | None:
    """The part of a data set that a name such as instances_train2017.json tells."""
    words = "" if part.path is None else part.path.name.lower()
    return next((one for one in ("train", "val", "test") if one in words), None)


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Decoding makes millions of objects and no cycles; looking for cycles among them takes most of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
