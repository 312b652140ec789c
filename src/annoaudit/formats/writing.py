"""Writing labels in another format: all or nothing, and what the format cannot hold is said."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.errors import UsageError
from annoaudit.formats.registry import load_formats
from annoaudit.formats.source import WritableFormat
from annoaudit.labels import LabelSet

__all__ = ["counted", "decoded", "fresh_path", "list_writable", "native_number", "rows_by", "tell_left_out", "write"]

_ALIASES = {"csv": "long_table"}
Row = dict[str, object]
Key = TypeVar("Key")


def write(labels: LabelSet, target: str | os.PathLike[str], *, format: str) -> tuple[str, ...]:
    """Write labels in another format.

    Parameters
    ----------
    labels
        What to write.
    target
        A file or folder that does not exist yet, as the format needs it.
    format
        Name of a format that can be written; ``csv`` is ``long_table``.

    Returns
    -------
    tuple of str
        What the format could not carry, and what differs when it is read back.

    Raises
    ------
    UsageError
        The format is unknown or cannot be written, or the target exists.
    """
    from annoaudit.formats.reading_back import tell_changed

    (chosen,) = load_formats([_ALIASES.get(format, format)])
    if not isinstance(chosen, WritableFormat):
        raise UsageError(f"{format} is read, not written.", hint=f"Written: {', '.join(list_writable())}.")
    notes = chosen.write(labels, Path(target))
    return (*notes, *tell_changed(labels, Path(target), chosen))


def list_writable() -> tuple[str, ...]:
    """Return the names of annoaudit's own formats that can be written."""
    return tuple(one.name for one in load_formats() if isinstance(one, WritableFormat))


@contextmanager
def fresh_path(target: Path, *, folder: bool = False) -> Iterator[Path]:
    """Give a scratch path that becomes the target only if all went well.

    Raises
    ------
    UsageError
        The target exists, or its folder cannot be written.
    """
    if target.exists():
        raise UsageError(f"{target} exists already.", hint="Name a file or folder that does not.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}.", hint="Name another place.") from error
    try:
        if folder:
            yield scratch
            scratch.rename(target)
        else:
            yield scratch / "file"
            (scratch / "file").rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def counted(labels: LabelSet) -> pa.Table:
    """Return the label rows of submissions that count: no drafts, skips, rejections or predictions."""
    annotations = labels.annotations
    status = pc.fill_null(annotations["status"], "submitted")
    counts = pc.and_(
        pc.is_in(status, value_set=pa.array(["submitted", "accepted"])), pc.fill_null(annotations["is_latest"], True)
    )
    kept = annotations["annotation_id"].filter(counts)
    return labels.labels.filter(pc.is_in(labels.labels["annotation_id"], value_set=kept.combine_chunks()))


def rows_by(table: pa.Table, key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    """Return the rows of a table, as dictionaries without their nulls, gathered by a key."""
    gathered: dict[Key, list[Row]] = {}
    for batch in table.to_batches(max_chunksize=8192):
        for row in batch.to_pylist():
            stated = {name: value for name, value in row.items() if value is not None}
            gathered.setdefault(key(stated), []).append(stated)
    return gathered


def decoded(row: Row, column: str) -> Row:
    """Return the object in a JSON column; {} where there is none."""
    text = row.get(column)
    found = json.loads(text) if isinstance(text, str) else {}
    return found if isinstance(found, dict) else {}


def native_number(text: str) -> int | str:
    """Return an id as a number where it is one, so that it reads back the same."""
    return int(text) if text.isascii() and text.isdigit() and str(int(text[:18])) == text else text


def tell_left_out(labels: LabelSet, written: int, *, why: str) -> list[str]:
    """Say how many label rows were not written."""
    left = labels.labels.num_rows - written
    return [f"{left:,} of {labels.labels.num_rows:,} label rows were not written: {why}."] if left else []
