"""A COCO file in pieces: its arrays are cut into records without decoding them, then decoded block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from annoaudit.errors import RefusedInput
from annoaudit.formats.json_text import check_escapes, parse_json
from annoaudit.formats.limits import HEAD_BYTES
from annoaudit.formats.mapped_file import MappedFile

__all__ = ["Block", "CocoAnnotation", "CocoImage", "Document", "Rle", "open_document"]

_BLOCK = 4_096
_LET_GO = 4 * _BLOCK
_NONE = msgspec.Raw(b"null")

Id = int | str
Shape = TypeVar("Shape", bound=msgspec.Struct)


class Rle(msgspec.Struct, gc=False):
    """A mask: run lengths, as a list or as compressed text, and (height, width)."""

    counts: list[int] | str
    size: tuple[int, int]


class CocoImage(msgspec.Struct, gc=False):
    """One image."""

    id: Id
    file_name: str | None = None
    width: float | None = None
    height: float | None = None
    license: Id | None = None
    flickr_url: str | None = None
    coco_url: str | None = None
    date_captured: Id | None = None

    @property
    def meta(self) -> dict[str, object]:
        """What it says about where it comes from, as far as it does."""
        named = (("license", self.license), ("flickr_url", self.flickr_url), ("coco_url", self.coco_url))
        return {name: value for name, value in (*named, ("date_captured", self.date_captured)) if value}


class CocoAnnotation(msgspec.Struct, gc=False):
    """One annotation of an image, of any of COCO's tasks."""

    image_id: Id
    id: Id | None = None
    category_id: Id | None = None
    bbox: list[float] | None = None
    segmentation: list[list[float]] | Rle | None = None
    keypoints: list[float] | None = None
    num_keypoints: float | None = None
    caption: str | None = None
    iscrowd: bool | float | None = None
    area: msgspec.Raw = _NONE
    attributes: msgspec.Raw = _NONE
    score: float | None = None
    annotator_id: Id | None = None
    annotator: Id | None = None
    created_by: Id | None = None


class _StrictImage(CocoImage, gc=False, forbid_unknown_fields=True):
    pass


class _StrictAnnotation(CocoAnnotation, gc=False, forbid_unknown_fields=True):
    pass


_DECODERS: dict[type, tuple[msgspec.json.Decoder[Any], msgspec.json.Decoder[Any]]] = {
    CocoImage: (msgspec.json.Decoder(list[_StrictImage]), msgspec.json.Decoder(list[CocoImage])),
    CocoAnnotation: (msgspec.json.Decoder(list[_StrictAnnotation]), msgspec.json.Decoder(list[CocoAnnotation])),
}


@dataclass(frozen=True)
class Block(Generic[Shape]):
    """Some records in a row, and of each (or None for all) what else it says."""

    rows: list[Shape]
    extras: list[dict[str, msgspec.Raw]] | None = None

    def further(self, place: int) -> dict[str, object]:
        """What a record says beyond the known fields."""
        if self.extras is None:
            return {}
        return {name: msgspec.json.decode(raw) for name, raw in self.extras[place].items()}


@dataclass(frozen=True)
class Document:
    """The parts of one COCO file, not yet decoded; a list of results has annotations only."""

    where: str
    parts: dict[str, msgspec.Raw]
    is_list: bool = False
    mapped: MappedFile | None = None

    def images(self) -> Iterator[Block[CocoImage]]:
        """Yield the images, block by block."""
        return self._blocks("images", CocoImage)

    def annotations(self) -> Iterator[Block[CocoAnnotation]]:
        """Yield the annotations, block by block."""
        return self._blocks("annotations", CocoAnnotation)

    def plain(self, key: str) -> object:
        """Decode a small part whole; None where it is missing."""
        return parse_json(bytes(self.parts[key]), f"{self.where}, {key}") if key in self.parts else None

    def _blocks(self, key: str, shape: type[Shape]) -> Iterator[Block[Shape]]:
        records = _decode(self.parts.get(key, msgspec.Raw(b"[]")), list[msgspec.Raw], f"{self.where}, {key}")
        for start in range(0, len(records), _BLOCK):
            yield self._block(records[start : start + _BLOCK], key, shape, start)
            if self.mapped is not None and not start % _LET_GO:
                self.mapped.let_go()

    def _block(self, records: list[msgspec.Raw], key: str, shape: type[Shape], start: int) -> Block[Shape]:
        text = b"[" + b",".join(records) + b"]"
        strict, loose = _DECODERS[shape]
        try:
            return Block(strict.decode(text))
        except (msgspec.DecodeError, RecursionError):
            pass  # an unknown field, which is kept below, or a mistake, which is named there
        try:
            rows = loose.decode(text)
        except (msgspec.DecodeError, RecursionError):
            where = f"{self.where}, {key}"
            rows = [_decode(one, shape, f"{where} {place:,}") for place, one in enumerate(records, start=start + 1)]
        known = set(shape.__struct_fields__)
        natives = msgspec.json.decode(text, type=list[dict[str, msgspec.Raw]])
        return Block(rows, [{name: raw for name, raw in one.items() if name not in known} for one in natives])


def open_document(text: bytes | memoryview, where: str, mapped: MappedFile | None = None) -> Document:
    """Cut a COCO file into its parts.

    Raises
    ------
    RefusedInput
        Not JSON, deeper than what is decoded, NaN, half of a surrogate pair.
    """
    check_escapes(text, where)
    if bytes(text[:HEAD_BYTES]).lstrip()[:1] == b"[":
        return Document(where, {"annotations": msgspec.Raw(text)}, is_list=True)
    document = Document(where, _decode(text, dict[str, msgspec.Raw], where), mapped=mapped)
    if mapped is not None:
        mapped.let_go()
    return document


def _decode(text: bytes | memoryview | msgspec.Raw, kind: Any, where: str) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except RecursionError as error:
        raise RefusedInput(f"{where} nests too deep.", hint="Export a flatter file.") from error
    except msgspec.DecodeError as error:
        if not isinstance(error, msgspec.ValidationError):
            parse_json(bytes(text), where)  # refuses with line and byte where it, too, finds the mistake
        raise RefusedInput(f"{where}: {error}.", hint="Mend it, or export it again as COCO JSON.") from error
