"""Findings as files: Parquet and JSON Lines, written whole or not at all; CSV that no spreadsheet executes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.errors import UsageError
from annoaudit.findings import FINDING_COLUMNS, Finding
from annoaudit.formats.json_rows import json_rows
from annoaudit.frameworks import describe_finding
from annoaudit.reporting.text import reveal_controls, well_formed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["findings_csv", "write_findings", "write_whole"]

_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four: full width, read alike by some sheets

_BATCH = 10_000


def write_whole(path: Path, content: str | bytes | Callable[[Path], object]) -> Path:
    """Write a file beside its place and move it there: readers see the old file or the new one, never half.

    Parameters
    ----------
    path
        Where the file shall be; its folder must exist.
    content
        Text (written as UTF-8), bytes, or a function that writes to the path it is given.

    Returns
    -------
    Path
        ``path``.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        if callable(content):
            content(draft)
        else:
            draft.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def write_findings(
    findings: pd.DataFrame, folder: str | Path, verdicts: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """Write ``findings.parquet`` and ``findings.jsonl`` into a folder, which is made if missing.

    Parameters
    ----------
    findings
        One row a finding, with the columns of :data:`annoaudit.findings.FINDING_COLUMNS`.
    verdicts
        Decision of reviewers on suppressed findings, by fingerprint: the column ``verdict``; empty for the rest.

    After the columns of a finding stand ``verdict``, ``threats`` and ``frameworks``: the risks that its type speaks to,
    and its ids in security frameworks with their versions; both empty for detectors of other packages.

    Returns
    -------
    tuple of Path
        The Parquet file and the JSON Lines file. Both have the same rows, columns and order.

    Raises
    ------
    UsageError
        A column is missing.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = findings_table(findings)
    told = [(verdicts or {}).get(name, "") for name in table["fingerprint"].to_pylist()]
    table = _with_frameworks(table.append_column("verdict", pa.array(told, pa.string())))
    parquet = write_whole(folder / "findings.parquet", lambda draft: pq.write_table(table, draft))
    lines = write_whole(folder / "findings.jsonl", lambda draft: _write_lines(table, draft))
    return parquet, lines


def _with_frameworks(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    names = table["detector"].to_pylist()
    known = {name: describe_finding(name) for name in set(names)}
    threats = {name: list(one.threats) if one else [] for name, one in known.items()}
    ids = {name: [str(ref) for ref in one.references] if one else [] for name, one in known.items()}
    texts = pa.list_(pa.string())
    table = table.append_column("threats", pa.array([threats[name] for name in names], texts))
    return table.append_column("frameworks", pa.array([ids[name] for name in names], texts))


def findings_table(findings: pd.DataFrame) -> pa.Table:
    """Return findings as an Arrow table with the fixed schema, whatever types an empty frame has."""
    import pyarrow as pa

    missing = [name for name in FINDING_COLUMNS if name not in findings.columns]
    if missing:
        raise UsageError(f"The findings lack the columns {', '.join(missing)}.")
    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    types = {name: str(field.type) for name, field in Finding.__dataclass_fields__.items()}
    schema = pa.schema([(name, kinds.get(types[name], pa.string())) for name in FINDING_COLUMNS])
    frame = findings[list(FINDING_COLUMNS)]
    try:
        return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    except UnicodeEncodeError:
        texts = [name for name in FINDING_COLUMNS if schema.field(name).type == pa.string()]
        mended = frame.assign(**{name: frame[name].map(well_formed) for name in texts})
        return pa.Table.from_pandas(mended, schema=schema, preserve_index=False)


def findings_csv(findings: pd.DataFrame) -> str:
    """Return a table as CSV in which no cell can act as a spreadsheet formula or a terminal command.

    Text cells and column names that start with ``= + - @``, a tab or a line break, also after white
    space, get a leading apostrophe; control characters are written out. Numbers stay numbers.
    """
    import csv

    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    columns = {}
    for name in findings.columns:
        column = findings[name]
        is_inert = is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype)
        columns[_inert_cell(name)] = column if is_inert else column.map(_inert_cell, na_action="ignore")
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def _inert_cell(value: object) -> object:
    if isinstance(value, bool | int | float):
        return value
    text = str(value)
    acts = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return ("'" if acts else "") + reveal_controls(text)


def _write_lines(table: pa.Table, draft: Path) -> None:
    with draft.open("w", encoding="ascii", newline="\n") as out:
        out.writelines(_lines(table))


def _lines(table: pa.Table) -> Iterator[str]:
    for start in range(0, table.num_rows, _BATCH):
        for text in json_rows(_finite(table.slice(start, _BATCH))).to_pylist():
            yield f"{text}\n"


def _finite(table: pa.Table) -> pa.Table:
    """Numbers that are not finite as null: JSON has no word for them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(place)
            table = table.set_column(place, field, pc.if_else(pc.is_finite(column), column, None))
    return table
