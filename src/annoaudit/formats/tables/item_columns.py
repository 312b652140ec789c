"""What a table says about the items themselves: text, media, group, and whatever else is constant within an item."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import RefusedInput
from annoaudit.formats.cells import as_text
from annoaudit.formats.limits import MAX_META_COLUMNS
from annoaudit.labels.distinct import one_chunk

__all__ = ["gather_items", "guess_medium", "per_item"]

Ints = npt.NDArray[np.int32]

_ENDINGS = {
    "image": "jpg jpeg png gif bmp webp tif tiff svg",
    "audio": "wav mp3 flac ogg m4a aac",
    "video": "mp4 webm mov avi mkv",
    "text": "txt md",
    "html": "html htm",
}
_MEDIA = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}
_MAX_META_CELL = 10_000


def gather_items(
    table: pa.Table,
    item_ids: pa.Array,
    codes: Ints,
    columns: Mapping[str, str],
    others: Sequence[str],
    where: str,
    notes: list[str],
) -> pa.Table:
    """Build the items table.

    Parameters
    ----------
    table
        The table that was read, R rows.
    item_ids, codes
        (N,) ids, and for each row (R,) which item it is about.
    columns
        Item-level role (text, uri, group, split, batch) to column; the first value of an item counts.
    others
        Further columns: those that are constant within each item go to ``meta_json``.
    """
    n_items = len(item_ids)
    items: dict[str, pa.Array] = {"item_id": item_ids}
    for role, name in columns.items():
        values, constant = per_item(as_text(table[name], name, where), codes, n_items)
        items[role] = values
        if not constant:
            notes.append(f"Column {name!r} ({role}) differs within items; the first value of each item is kept.")
    items["media"] = _guess_media(items.get("text"), items.get("uri"), n_items)
    meta = _gather_meta(table, codes, n_items, others, where, notes)
    if meta is not None:
        items["meta_json"] = meta
    return pa.table(items)


def per_item(values: pa.Array, codes: Ints, n_items: int) -> tuple[pa.Array, bool]:
    """Return the first value that is not null of each item (N,), and whether all values (R,) agree with it."""
    valid = np.flatnonzero(np.asarray(pc.is_valid(values)))
    first = np.full(n_items, -1, dtype=np.int64)
    first[codes[valid][::-1]] = valid[::-1]
    found = values.take(pa.array(first, mask=first < 0))
    if len(valid) == (first >= 0).sum():
        return found, True
    same = pc.equal(values, found.take(pa.array(codes)))
    return found, bool(pc.all(pc.fill_null(same, True)).as_py())


def _guess_media(text: pa.Array | None, uri: pa.Array | None, n_items: int) -> pa.Array:
    """Return each item's kind of media: text where there is text, else by the ending of its address, else null."""
    media = pa.nulls(n_items, pa.string())
    if uri is not None:
        media = pa.array([guess_medium(one) for one in uri.to_pylist()], pa.string())
    return media if text is None else pc.if_else(pc.and_(pc.is_null(media), pc.is_valid(text)), "text", media)


def guess_medium(uri: str | None) -> str | None:
    """Return the kind of medium that the ending of an address tells, or None."""
    path = re.split(r"[?#]", uri or "", maxsplit=1)[0]
    return _MEDIA.get(path[path.rfind(".") + 1 :].lower())


def _gather_meta(
    table: pa.Table, codes: Ints, n_items: int, names: Sequence[str], where: str, notes: list[str]
) -> pa.Array | None:
    kept: dict[str, list[object]] = {}
    dropped: list[str] = []
    for name in names:
        values = _plain_values(table[name], name, where) if len(kept) < MAX_META_COLUMNS else None
        found, constant = (None, False) if values is None else per_item(values, codes, n_items)
        if found is None or not constant:
            dropped.append(name)
        else:
            kept[name] = found.to_pylist()
    if dropped:
        shown = ", ".join(repr(name[:60]) for name in dropped[:10]) + (" …" if len(dropped) > 10 else "")
        notes.append(f"Columns that were not carried over, because they differ within items or do not fit: {shown}.")
    if not kept:
        return None
    rows = zip(*kept.values(), strict=True)
    return pa.array(
        [_dump({name: value for name, value in zip(kept, row, strict=True) if value is not None}) for row in rows],
        pa.string(),
    )


def _dump(values: dict[str, object]) -> str | None:
    return json.dumps(values, ensure_ascii=False, allow_nan=False) if values else None


def _plain_values(column: pa.ChunkedArray, name: str, where: str) -> pa.Array | None:
    """Numbers and flags as they are, all else as text; None where it does not fit into JSON."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return one_chunk(column)
    if pa.types.is_floating(kind):
        array = one_chunk(column)
        return pc.if_else(pc.is_finite(array), array, None)
    try:
        text = as_text(column, name, where)
    except (RefusedInput, pa.ArrowException):
        return None
    longest = pc.max(pc.utf8_length(text)).as_py() or 0
    return text if longest <= _MAX_META_CELL else None
