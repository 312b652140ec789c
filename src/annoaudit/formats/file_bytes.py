"""Bytes of a file as UTF-8 text: unpacked within bounds, decoded, or refused by place."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from pathlib import Path

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.formats.limits import HEAD_BYTES, MAX_FILE_BYTES, MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO

__all__ = ["as_utf8", "guess_kind", "line_of", "load_bytes"]

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_FLOOR = 64 << 20
_JSON = re.compile(rb"\{|\[(?!\s*[A-Za-z](?<![tfnNI]))")
_STEP = 1 << 20
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN = (
    (b"PK\x03\x04", "an Excel workbook or an archive inside another", "Unpack it, or save the sheet as CSV (UTF-8)."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as CSV (UTF-8)."),
    (b"SQLite format 3", "a SQLite database", "Export the table of labels as CSV."),
    (b"BZh", "compressed with bzip2", "Unpack it, or use gzip."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it, or use gzip."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it, or use gzip."),
    (b"\x80\x02", "a Python pickle", "Pickles are never opened; save it as Parquet or CSV."),
    (b"\x80\x03", "a Python pickle", "Pickles are never opened; save it as Parquet or CSV."),
    (b"\x80\x04", "a Python pickle", "Pickles are never opened; save it as Parquet or CSV."),
    (b"\x80\x05", "a Python pickle", "Pickles are never opened; save it as Parquet or CSV."),
)


def load_bytes(path: Path, *, limit: int = MAX_FILE_BYTES) -> bytes:
    """Read a file whole, unpacking gzip within bounds.

    Raises
    ------
    RefusedInput
        There is no such file, it is empty, larger than ``limit``, or does not unpack.
    """
    try:
        size = path.stat().st_size
        if size > limit:
            raise RefusedInput(
                f"{path} has {size:,} bytes; the limit is {limit:,}.", hint="Split it, or save it as Parquet."
            )
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise RefusedInput(f"There is no file {path}.", hint="Check the path and its spelling.") from error
    except IsADirectoryError as error:
        raise RefusedInput(f"{path} is a folder.", hint="Name a file in it.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RefusedInput(f"{path} cannot be opened: {reason}.", hint="Check the path and its permissions.") from error
    except ValueError as error:
        raise RefusedInput(f"{str(path)!r} is no path: {error}.", hint="Check the path and its spelling.") from error
    data = _unpack(data, path, limit) if data.startswith(_GZIP) else data
    if not data[:HEAD_BYTES].strip() and not data.strip():
        raise RefusedInput(f"{path} is empty.", hint="Export it again; it needs a header and at least one row.")
    return data


def _unpack(data: bytes, path: Path, limit: int) -> bytes:
    limit = min(limit, MAX_UNPACKED_BYTES, max(_FLOOR, MAX_UNPACKED_RATIO * len(data)))
    parts: list[bytes] = []
    total = 0
    try:
        with gzip.open(path, "rb") as stream:
            while part := stream.read(_STEP):
                parts.append(part)
                total += len(part)
                if total > limit:
                    raise RefusedInput(
                        f"{path} unpacks to more than {limit:,} bytes.",
                        hint="If that is what it should hold, unpack it yourself and read the result.",
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise RefusedInput(f"{path} is a damaged gzip file: {error}.", hint="Compress or download it again.") from error
    return b"".join(parts)


def guess_kind(data: bytes, path: Path) -> str:
    """Tell "parquet", "json", "jsonl", "xml" or "delimited" from the first bytes; a .csv or .tsv name settles doubts.

    Raises
    ------
    RefusedInput
        The bytes are of a known kind that is not read, or binary.
    """
    if data.startswith(_PARQUET):
        return "parquet"
    for magic, what, hint in _FOREIGN:
        if data.startswith(magic):
            raise RefusedInput(f"{path} is {what}, which is not read.", hint=hint)
    if any(data.startswith(mark) for mark, _ in _MARKS):
        text = data[: HEAD_BYTES // 4 * 4].decode("utf-16" if data[2:4] != b"\0\0" else "utf-32", errors="ignore")
        head = text.encode(errors="ignore")
    else:
        head = data[:HEAD_BYTES].removeprefix(codecs.BOM_UTF8)
        if b"\0" in head:
            raise RefusedInput(
                f"{path} is binary (a zero byte at byte {head.index(0):,}) and of no known format.",
                hint="annoaudit list formats names the known ones. UTF-16 text needs its byte order mark.",
            )
    head = head.lstrip()
    suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
    if head.startswith((b"<?xml", b"<annotation")) or (head.startswith(b"<") and ".xml" in suffixes):
        return "xml"
    if not _JSON.match(head) or suffixes & {".csv", ".tsv"}:
        return "delimited"
    first = head.split(b"\n", 1)[0].rstrip()
    lines = head.startswith(b"{") and first.endswith(b"}")
    return "jsonl" if lines or (head.startswith(b"{") and ".jsonl" in suffixes) else "json"


def as_utf8(data: bytes, where: str, encoding: str | None = None) -> bytes:
    """Return text bytes as UTF-8 without a byte order mark.

    UTF-8 is taken unless a mark says UTF-16 or UTF-32, or ``encoding`` names another.

    Raises
    ------
    RefusedInput
        Bytes that are not of the encoding, or a NUL character; the message says where.
    UsageError
        There is no such encoding.
    """
    named = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        plain = codecs.lookup(named).name == "utf-8"
    except (LookupError, ValueError) as error:
        raise UsageError(f"There is no encoding {named!r}.", hint="For example utf-8, cp1252, latin-1.") from error
    data = data.removeprefix(codecs.BOM_UTF8) if plain else data
    try:
        if not plain:
            data = data.decode(named).removeprefix("\ufeff").encode()
        elif not data.isascii():
            data.decode()
    except UnicodeDecodeError as error:
        place = f"byte {error.start:,}" + (f", line {line_of(data, error.start):,}" if plain else "")
        raise RefusedInput(
            f"{where} is not {named} text: {place} cannot be decoded.",
            hint="Name its encoding, for example --encoding cp1252 (in Python encoding='cp1252'), or save it as UTF-8.",
        ) from error
    except (UnicodeError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"{named!r} is not an encoding of text.", hint="For example utf-8, cp1252.") from error
    if (zero := data.find(b"\0")) >= 0:
        raise RefusedInput(
            f"{where} has a NUL character at byte {zero:,}, line {line_of(data, zero):,}.",
            hint="Remove it; text never holds one. UTF-16 text needs its byte order mark or --encoding utf-16.",
        )
    return data


def line_of(data: bytes, position: int) -> int:
    """Return the number of the line, from 1, in which a byte lies."""
    return data.count(b"\n", 0, position) + 1
