"""The files of a folder or an archive: listed and read within bounds, never unpacked to disk."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from annoaudit.errors import RefusedInput
from annoaudit.formats.limits import (
    MAX_FILE_BYTES,
    MAX_MEMBERS,
    MAX_UNPACKED_BYTES,
    MAX_UNPACKED_RATIO,
)

__all__ = [
    "PICTURES",
    "Members",
    "checked_name",
    "is_archive",
    "is_hidden_path",
    "open_members",
    "people_by_folder",
    "stem_of",
]

_ZIP = b"PK\x03\x04"
_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")
_FLOOR = 64 << 20
_ENCRYPTED = 0x1
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Endings of files that are listed, but not looked into."""


@dataclass(frozen=True, eq=False)
class Members:
    """The files under one root, by their relative POSIX paths in alphabetical order.

    Hidden files and what operating systems leave behind (``__MACOSX``) are not listed; symbolic links are neither
    followed nor read.
    """

    where: str
    names: tuple[str, ...]
    opener: Callable[[str], IO[bytes]]
    sizes: Mapping[str, int]
    links: int = 0
    _known: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.names))

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def ending(self, *endings: str) -> list[str]:
        """Return the names with one of these endings, in lower case and with their dot."""
        return [name for name in self.names if name.lower().endswith(endings)]

    @property
    def documents(self) -> list[str]:
        """The names that are not pictures."""
        return [name for name in self.names if not name.lower().endswith(PICTURES)]

    def open(self, name: str) -> IO[bytes]:
        """Open one file for reading."""
        if name not in self._known:
            raise RefusedInput(f"{self.where} has no file {name!r}.", hint="Add it, or correct the name.")
        try:
            return self.opener(name)
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
            raise _damaged(f"{self.where}/{name}", error) from error

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        Raises
        ------
        RefusedInput
            There is no such file, it is damaged, or it is longer than it says.
        """
        with self.open(name) as stream:
            size = self.sizes[name]
            try:
                data = stream.read(size + 1)
            except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
                raise _damaged(f"{self.where}/{name}", error) from error
        if len(data) > size:
            raise RefusedInput(f"{self.where}/{name} is longer than it says.", hint="Export or download it again.")
        return data


def is_archive(path: Path) -> bool:
    """Say whether a path is a zip or tar archive that is looked into; workbooks are none."""
    if not path.is_file():
        return False
    if path.name.lower().endswith(_TAR_ENDINGS):
        return True
    with path.open("rb") as stream:
        if stream.read(4) != _ZIP:
            return False
    return path.suffix.lower() not in (".xlsx", ".xlsm", ".npz", ".docx", ".ods")


def open_members(path: Path) -> Members:
    """List the files of a folder or an archive.

    Raises
    ------
    RefusedInput
        Damaged or encrypted; more files, bytes or compression than the limits; a member that lies outside.
    """
    if path.is_dir():
        return _open_folder(path)
    if path.name.lower().endswith(_TAR_ENDINGS):
        return _open_tar(path)
    return _open_zip(path)


def _open_folder(root: Path) -> Members:
    sizes: dict[str, int] = {}
    links = 0
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if not _is_hidden(name))
        for name in files:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if _is_hidden(name):
                continue
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                links += 1
                continue
            sizes[relative] = _checked_size(found.st_size, f"{root}/{relative}")
            _check_count(len(sizes), str(root))
    return Members(str(root), tuple(sorted(sizes)), lambda name: (root / name).open("rb"), sizes, links)


def _open_zip(path: Path) -> Members:
    where = str(path)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(where, error) from error
    infos: dict[str, zipfile.ZipInfo] = {}
    links = total = 0
    for info in archive.infolist():
        name = checked_name(info.filename, where)
        if info.is_dir() or is_hidden_path(name):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            links += 1
            continue
        _check_member(info, name in infos, where)
        infos[name] = info
        total += info.file_size
        _check_count(len(infos), where)
    _check_total(total, path)
    sizes = {name: info.file_size for name, info in infos.items()}
    return Members(where, tuple(sorted(infos)), lambda name: archive.open(infos[name]), sizes, links)


def _check_member(info: zipfile.ZipInfo, known: bool, where: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise RefusedInput(f"{where}: {info.filename[:200]!r} is encrypted.", hint="Write it without a password.")
    if known:
        raise RefusedInput(f"{where} holds {info.filename[:200]!r} twice.", hint="Write the archive again.")


def _open_tar(path: Path) -> Members:
    """Read the documents of a tar archive in one pass: going back in a compressed one means unpacking it anew."""
    where = str(path)
    held: dict[str, bytes] = {}
    links = total = 0
    try:
        with tarfile.open(path) as archive:
            while (info := archive.next()) is not None:
                name = checked_name(info.name, where)
                total += info.size
                _check_total(total, path)
                if info.isdir() or is_hidden_path(name):
                    continue
                if not info.isreg():
                    links += 1
                    continue
                stream = None if name.lower().endswith(PICTURES) else archive.extractfile(info)
                held[name] = stream.read(info.size) if stream else b""
                _check_count(len(held), where)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise _damaged(where, error) from error
    sizes = {name: len(data) for name, data in held.items()}
    return Members(where, tuple(sorted(held)), lambda name: BytesIO(held[name]), sizes, links)


def checked_name(name: str, where: str) -> str:
    """Return a member's name; one that would lie outside the archive is refused."""
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not plain.strip("/") or plain.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in plain:
        raise RefusedInput(
            f"{where} holds {name[:200]!r}, which lies outside the archive.", hint="Write the archive again."
        )
    return str(PurePosixPath(plain))


def is_hidden_path(name: str) -> bool:
    """Say whether a path, or a folder in it, is hidden or left behind by an operating system."""
    return any(_is_hidden(part) for part in name.split("/"))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def _checked_size(size: int, where: str) -> int:
    if size > MAX_FILE_BYTES:
        raise RefusedInput(f"{where} has {size:,} bytes; the limit is {MAX_FILE_BYTES:,}.", hint="Split it.")
    return size


def _check_count(count: int, where: str) -> None:
    if count > MAX_MEMBERS:
        raise RefusedInput(f"{where} holds more than {MAX_MEMBERS:,} files.", hint="Read it in parts.")


def _check_total(total: int, path: Path) -> None:
    limit = min(MAX_UNPACKED_BYTES, max(_FLOOR, MAX_UNPACKED_RATIO * path.stat().st_size))
    if total > limit:
        raise RefusedInput(
            f"{path} unpacks to more than {limit:,} bytes.",
            hint="If that is what it should hold, unpack it yourself and read the folder.",
        )


def _damaged(where: str, error: Exception) -> RefusedInput:
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return RefusedInput(f"{where} cannot be unpacked: {reason}.", hint="Write or download it again.")


def stem_of(name: str) -> str:
    """Return a path without its folder and ending."""
    return PurePosixPath(name).stem


def people_by_folder(names: list[str]) -> dict[str, str]:
    """Return, of each name, the folder whose files are one annotator's work; {} where that cannot be told.

    It can where at least two folders beside each other hold a file of the same name: alice/a.xml and bob/a.xml.
    """
    split = {name: name.split("/") for name in names}
    for level in range(max(map(len, split.values()), default=1) - 1):
        deep = {name: parts for name, parts in split.items() if len(parts) > level + 1}
        seen: dict[tuple[str, ...], set[str]] = {}
        for parts in deep.values():
            seen.setdefault((*parts[:level], *parts[level + 1 :]), set()).add(parts[level])
        if any(len(folders) > 1 for folders in seen.values()):
            return {name: parts[level] for name, parts in deep.items()}
    return {}
