"""COCO files, one after another, as batches of the canonical tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.formats.coco.columns import QUESTIONS, Seen, columns_of
from annoaudit.formats.coco.documents import Block, CocoAnnotation, CocoImage, Document
from annoaudit.formats.gathering import UNKNOWN, as_columns
from annoaudit.formats.json_values import Record, as_id, dump, records

__all__ = ["MODEL", "CocoFile", "name_images", "read_files"]

_JOINED = 16

MODEL = "model"
"""The annotator of a list of results, which is what a model's predictions are written as."""

Batches = Iterator[tuple[str, pa.Table]]


@dataclass
class CocoFile:
    """One file: its document, what is put before its ids, and whose labels it holds where the file's name says so."""

    document: Document
    prefix: str = ""
    annotator: str | None = None
    split: str | None = None
    items: dict[str, str] | None = None
    seen: Seen = field(default_factory=Seen)

    def item_ids(self, natives: list[str]) -> list[str]:
        """Return our ids of images: the file's own, or as ``items`` says."""
        if self.items is not None:
            return [self.items.get(one, one) for one in natives]
        return [self.prefix + one for one in natives] if self.prefix else natives


def read_files(files: Sequence[CocoFile], notes: list[str]) -> Batches:
    """Yield the canonical tables of all files together."""
    names = _categories(files)
    models = {file.annotator for file in files if file.document.is_list}
    items: dict[str, None] = {}
    people: dict[str, None] = {}
    owners: dict[tuple[str, str], None] = {}
    for file in files:
        yield from _read_images(file, items)
    stated = len(items)
    for place, file in enumerate(files):
        blocks = (_label_rows(file, block, names[place], owners, people) for block in file.document.annotations())
        yield from (("labels", table) for table in _gathered(blocks))
    missing = [item for item, _ in owners if item not in items]
    items.update(dict.fromkeys(missing))
    if len(items) > stated:
        yield "items", pa.table({"item_id": list(items)[stated:], "media": ["image"] * (len(items) - stated)})
    kinds = {name: "model" if name in models else "person" for name in people}
    yield "annotators", as_columns("annotators", [{"annotator_id": one, "kind": kinds[one]} for one in people])
    yield "annotations", _annotation_rows(owners)
    yield "questions", as_columns("questions", list(_questions(files, names)))
    notes.extend(_tell(files, items, owners, people, len(items) - stated))


def _gathered(blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Join small tables into larger ones, whose columns take much less room than many small pieces."""
    for block in blocks:
        parts = [block, *islice(blocks, _JOINED - 1)]
        yield pa.concat_tables(parts, promote_options="default").combine_chunks()


def _read_images(file: CocoFile, items: dict[str, None]) -> Batches:
    """Images that an earlier file already listed, labelled by someone else there, come once."""
    for block in file.document.images():
        ids = file.item_ids([str(one.id) for one in block.rows])
        new = [place for place, name in enumerate(ids) if name not in items or file.annotator is None]
        items.update(dict.fromkeys(ids))
        if new:
            yield "items", _image_rows(file, block, ids, new)


def _image_rows(file: CocoFile, block: Block[CocoImage], ids: list[str], new: list[int]) -> pa.Table:
    rows = [block.rows[place] for place in new]
    meta = [block.rows[place].meta | block.further(place) for place in new]
    return pa.table(
        {
            "item_id": pa.array([ids[place] for place in new], pa.string()),
            "media": ["image"] * len(new),
            "uri": pa.array([one.file_name for one in rows], pa.string()),
            "width": pa.array([one.width for one in rows], pa.float64()),
            "height": pa.array([one.height for one in rows], pa.float64()),
            "split": pa.array([file.split] * len(new), pa.string()),
            "meta_json": pa.array([dump(one) if one else None for one in meta], pa.string()),
        }
    )


def _label_rows(
    file: CocoFile,
    block: Block[CocoAnnotation],
    names: dict[str, str],
    owners: dict[tuple[str, str], None],
    people: dict[str, None],
) -> pa.Table:
    rows = block.rows
    columns = columns_of(block, names, file.document.where, file.seen)
    item = file.item_ids([str(one.image_id) for one in rows])
    annotator = [file.annotator or _annotator_of(one) for one in rows]
    people.update(dict.fromkeys(annotator))
    owners.update(dict.fromkeys(zip(item, annotator, strict=True)))
    native = [None if one.id is None else str(one.id) for one in rows]
    item_ids, person_ids = pa.array(item, pa.string()), pa.array(annotator, pa.string())
    return pa.table(
        {
            "label_id": _label_ids(file, native, block, item),
            "annotation_id": _owner_ids(item_ids, person_ids),
            "item_id": item_ids,
            "annotator_id": person_ids,
            "native_id": pa.array(native, pa.string()),
            **columns,
        }
    )


def _label_ids(file: CocoFile, native: list[str | None], block: Block[CocoAnnotation], item: list[str]) -> pa.Array:
    """Ids as the file states them; annotations without one are named by their image and their place in it."""
    if None in native:
        for place, one in enumerate(native):
            if one is None:
                count = file.seen.places[item[place]] = file.seen.places.get(item[place], 0) + 1
                native[place] = f"{as_id(block.rows[place].image_id)} #{count}"
        ids = [f"{file.prefix}{file.annotator or ''}{one}" for one in native]
        return pa.array(ids, pa.string())
    before = file.prefix + (f"{file.annotator}:" if file.annotator else "")
    ids = pa.array(native, pa.string())
    return pc.binary_join_element_wise(before, ids, "") if before else ids


def _owner_ids(item: pa.Array, annotator: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(item, annotator, " ")


def _annotation_rows(owners: dict[tuple[str, str], None]) -> pa.Table:
    item = pa.array([one for one, _ in owners], pa.string())
    annotator = pa.array([one for _, one in owners], pa.string())
    return pa.table(
        {
            "annotation_id": _owner_ids(item, annotator),
            "item_id": item,
            "annotator_id": annotator,
            "status": pa.array(["submitted"] * len(item), pa.string()),
        }
    )


def _annotator_of(one: CocoAnnotation) -> str:
    for found in (one.annotator_id, one.annotator, one.created_by):
        if found is not None and found != "":
            return as_id(found)
    return UNKNOWN


def _categories(files: Sequence[CocoFile]) -> list[dict[str, str]]:
    """Of each file, category id to name; lists of results, which state none, use those of the other files."""
    stated = [
        {as_id(one.get("id")): str(one.get("name", one.get("id"))) for one in _category_rows(file)} for file in files
    ]
    shared = {native: name for one in reversed(stated) for native, name in one.items()}
    return [shared if file.document.is_list else own for file, own in zip(files, stated, strict=True)]


def _category_rows(file: CocoFile) -> list[Record]:
    return records({"categories": file.document.plain("categories")}, "categories", file.document.where)


def _questions(files: Sequence[CocoFile], names: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    kinds: dict[str, int] = {}
    for file in files:
        for kind, count in file.seen.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + count
    options = list(dict.fromkeys(name for one in names for name in one.values()))
    regions = {kind: count for kind, count in kinds.items() if kind not in QUESTIONS}
    native = dump({"categories": [dict(one) for one in _category_rows(files[0])]})
    if regions or not kinds:
        kind = max(regions, key=lambda one: regions[one]) if regions else "bbox"
        yield {"question": "objects", "kind": kind, "options": options or None, "native_json": native}
    for kind in kinds:
        if kind in QUESTIONS:
            shown = options if kind == "multichoice" else None
            yield {"question": QUESTIONS[kind], "kind": kind, "options": shown or None, "native_json": native}


def _tell(
    files: Sequence[CocoFile],
    items: dict[str, None],
    owners: dict[tuple[str, str], None],
    people: dict[str, None],
    added: int,
) -> Iterator[str]:
    if all(file.document.is_list for file in files):
        yield "The file is a list of results without images and categories: it is taken as the labels of one model."
    if UNKNOWN in people:
        yield f'COCO does not say who made the labels: they are counted as those of one annotator, called "{UNKNOWN}".'
    labelled = {item for item, _ in owners}
    if bare := len(items) - len(labelled):
        yield (
            f"{bare:,} of {len(items):,} images have no annotation. COCO cannot say whether somebody looked and found "
            "nothing; they count as not seen."
        )
    if added and not any(file.document.is_list for file in files):
        yield f"{added:,} images have annotations but are not listed among the images."
    for file in files:
        where = f" ({file.document.where.rsplit('/', 1)[-1]})" if len(files) > 1 else ""
        if file.seen.unknown and "categories" in file.document.parts:
            ids = ", ".join(list(file.seen.unknown)[:5])
            yield f"{len(file.seen.unknown):,} category ids are not among the categories{where}: {ids}; kept as names."
        if file.seen.unfilled:
            yield f"{file.seen.unfilled:,} masks have runs that do not fill their size{where}; kept as written."
        if any(_counts_from_zero(one) for one in _category_rows(file)):
            yield f"A skeleton counts its keypoints from 0{where}; COCO counts from 1. It is kept as written."


def _counts_from_zero(category: Record) -> bool:
    skeleton = category.get("skeleton")
    edges = [one for one in skeleton if isinstance(one, list)] if isinstance(skeleton, list) else []
    return any(end == 0 for edge in edges for end in edge)


def name_images(files: Sequence[CocoFile]) -> list[dict[str, str]]:
    """Return, of each file, image id to file name."""
    return [
        {as_id(one.id): one.file_name for block in file.document.images() for one in block.rows if one.file_name}
        for file in files
    ]
