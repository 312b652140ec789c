"""Reading: pick the format by what is in the file, and gather its rows into one validated LabelSet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats.columns import refuse_roles
from annoaudit.formats.registry import load_formats
from annoaudit.formats.source import Format, Source
from annoaudit.labels import LabelSet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read"]


def read(
    path: str | os.PathLike[str] | pd.DataFrame,
    *,
    mapping: Mapping[str, str] | None = None,
    format: str | Format | None = None,  # the word people look for
    encoding: str | None = None,
) -> LabelSet:
    """Read labels from a file, a folder written by ``LabelSet.to_parquet``, or a pandas data frame.

    Parameters
    ----------
    path
        CSV, TSV, JSON Lines (each also as gzip), Parquet, a Label Studio JSON export, or a data frame.
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
    """
    source = _open(path, dict(mapping or {}), encoding)
    if source.path is not None and source.path.is_dir():
        return LabelSet.from_parquet(source.path)
    try:
        chosen = _choose(source, format)
        tables = list(chosen.read(source))
        return LabelSet.of(tables, notes=dict.fromkeys(source.notes), source=_short(source))
    except (pa.ArrowException, UnicodeError, RecursionError) as error:  # a value that Arrow cannot hold
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


def _choose(source: Source, wanted: str | Format | None) -> Format:
    if wanted is not None:
        return load_formats([wanted])[0] if isinstance(wanted, str) else wanted
    for one in load_formats():
        if one.sniff(source):
            return one
    if source.kind in ("json", "jsonl") and not all(isinstance(one, dict) for one in source.documents):
        raise RefusedInput(
            f"{source.name} is JSON of no known format.",
            hint="Known: a Label Studio export (JSON or JSON_MIN), and lists or lines of flat objects.",
        )
    raise refuse_roles(source.columns, source.roles, source.name)


def _short(source: Source) -> str:
    """What reports call the source: the file's name without its folder."""
    return source.name if source.path is None else source.path.name
