"""Reading: pick the format by what is in the file, and gather its rows into one validated LabelSet."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats.registry import load_formats
from annoaudit.formats.remote import fetched, is_url, without_secrets
from annoaudit.formats.source import Format, Source
from annoaudit.formats.tables.columns import refuse_roles
from annoaudit.labels import LabelSet
from annoaudit.labels.labelset import MANIFEST

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read"]

_TRIED = 20


def read(
    path: str | os.PathLike[str] | pd.DataFrame,
    *,
    mapping: Mapping[str, str] | None = None,
    format: str | Format | None = None,  # the word people look for
    encoding: str | None = None,
) -> LabelSet:
    """Read labels from a file, a folder, a zip or tar archive, a URL of one of these, or a pandas data frame.

    Parameters
    ----------
    path
        A file of any of the formats that ``annoaudit list formats`` names (also as gzip), a folder or archive of
        such files, a folder written by ``LabelSet.to_parquet``, or a data frame. Or the URL of one, such as
        ``s3://bucket/labels.csv`` or ``https://host/export.zip`` (extra ``remote``): it is copied and then read.
    mapping
        Which column is what, for tables: ``{"item": "unit_id", "annotator": "worker", "label": "answer"}``
        or ``{"item": "id", "annotators": "alice|bob"}``. Other columns are guessed by their names.
    format
        Name of an installed format, or a format; sniffed from the content by default.
    encoding
        Encoding of a text file, where it is not UTF-8 and no byte order mark tells.

    Raises
    ------
    RefusedInput
        The input cannot be audited as it is; the message names file, row or column and the mend.
    UsageError
        The mapping, format or encoding does not exist.
    AnnoauditError
        A URL can't be read; credentials in it are never repeated.
    """
    if isinstance(path, str) and is_url(path):
        with fetched(path) as copy:
            name = without_secrets(path)
            return _read(Source(name, path=copy, mapping=dict(mapping or {}), encoding=encoding), format)
    return _read(_open(path, dict(mapping or {}), encoding), format)


def _read(source: Source, format: str | Format | None) -> LabelSet:
    if source.members is not None and source.path is not None and MANIFEST in source.members and source.path.is_dir():
        return LabelSet.from_parquet(source.path)
    try:
        chosen, found = _choose(source, format)
        tables = list(chosen.read(found))
        return LabelSet.of(tables, notes=dict.fromkeys(source.notes), source=_short(source))
    except (pa.ArrowException, UnicodeError, RecursionError, OverflowError) as error:  # a value Arrow cannot hold
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise RefusedInput(
            f"{source.name} holds a value that cannot be read: {reason}.", hint="Mend it, or export it again."
        ) from error


def _open(path: str | os.PathLike[str] | pd.DataFrame, mapping: dict[str, str], encoding: str | None) -> Source:
    if isinstance(path, (str, os.PathLike)):
        file = Path(path)
        return Source(str(file), path=file, mapping=mapping, encoding=encoding)
    if hasattr(path, "columns") and hasattr(path, "iloc"):
        return Source("the data frame", frame=path, mapping=mapping)
    raise UsageError(f"Labels cannot be read from {type(path).__name__}.", hint="Give a path, or a pandas data frame.")


def _choose(source: Source, wanted: str | Format | None) -> tuple[Format, Source]:
    """Return the format, and the source that it is to read: where one file of an archive is meant, that file."""
    if wanted is not None:
        chosen = load_formats([wanted])[0] if isinstance(wanted, str) else wanted
        return chosen, _only_file(source, [chosen])[1] if source.members is not None else source
    formats = sorted(load_formats(), key=lambda one: getattr(one, "general", False))
    for one in formats:
        if one.sniff(source):
            return one, source
    if source.members is not None:
        return _only_file(source, formats)
    if source.kind in ("json", "jsonl") and not all(isinstance(one, dict) for one in source.documents):
        raise RefusedInput(
            f"{source.name} is JSON of no known format.",
            hint="annoaudit list formats names the known ones; a list or lines of flat objects is a table.",
        )
    if source.kind == "xml":
        raise RefusedInput(
            f"{source.name} is XML of no known format (its root is <{(source.root or 'broken')[:60]}>).",
            hint="annoaudit list formats names the known ones.",
        )
    raise refuse_roles(source.columns, source.roles, source.name)


def _only_file(source: Source, formats: Sequence[Format]) -> tuple[Format, Source]:
    """Return the one file of a folder or archive that a format knows, or the whole where the format knows that."""
    assert source.members is not None
    for one in formats:
        if one.sniff(source):
            return one, source
    found: list[tuple[Format, Source]] = []
    for name in source.members.documents[:_TRIED]:
        with suppress(RefusedInput):
            part = source.inner(name)
            found += [(one, part) for one in formats if one.sniff(part)][:1]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{part.path} ({one.name})" for one, part in found[:5])
        raise RefusedInput(f"{source.name} holds several files of labels: {names}.", hint="Read one of them.")
    listed = ", ".join(source.members.names[:5]) + (" …" if len(source.members.names) > 5 else "")
    raise RefusedInput(
        f"{source.name} holds no labels of a known format: {listed or 'no files'}.",
        hint="annoaudit list formats names the known ones; a folder of a LabelSet has a labelset.json.",
    )


def _short(source: Source) -> str:
    """What reports call the source: the file's name without its folder."""
    return source.name if source.path is None else source.path.name
