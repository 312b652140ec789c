"""Labels at a URL: copied within bounds into a folder that is removed again, then read as any file is."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from annoaudit.errors import AnnoauditError, MissingExtra, RefusedInput, UsageError
from annoaudit.formats.limits import MAX_FETCHED_BYTES, MAX_MEMBERS
from annoaudit.formats.members import PICTURES, checked_name, is_hidden_path

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["at_hand", "fetched", "is_url", "open_filesystem", "reached", "without_secrets"]

T = TypeVar("T")

_STEP = 4 << 20
_WEB = ("http", "https")
_LOCAL = ("file", "local")
_PAGES = (b"<!doctype html", b"<html")
_NAME = re.compile(r"[^\w.\-]")
_EXTRA = "pip install 'annoaudit[remote]' brings s3:// and https://; gs:// needs gcsfs, abfs:// needs adlfs."


def is_url(text: object) -> bool:
    """Say whether a text names a place by its URL rather than a path."""
    return isinstance(text, str) and "://" in text


def without_secrets(address: str) -> str:
    """Return an address fit for a message: no user, password, query or fragment."""
    scheme, _, rest = address.partition("://")
    place = rest.split("?", 1)[0].split("#", 1)[0]
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rsplit('@', 1)[-1]}{slash}{path}"[:120]


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """Give a local copy of the file or folder at a URL, for as long as the context lasts.

    Pictures in a folder are listed, but not copied. Errors raised inside name the URL, without its secrets, where
    they would have named the copy.

    Raises
    ------
    MissingExtra
        fsspec, or what it needs for this kind of URL, is not installed.
    UsageError
        It is no URL that can be read from.
    RefusedInput
        There is nothing, or it holds more bytes or files than the limits.
    AnnoauditError
        The place can't be reached, or refuses.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() in _LOCAL:
        yield Path(url2pathname(parts.path))
        return
    with tempfile.TemporaryDirectory(prefix="annoaudit-", ignore_cleanup_errors=True) as scratch:
        copy = _Copy(url, Path(scratch) / _name_of(parts.path or parts.netloc))
        copy.make()
        try:
            yield copy.target
        except AnnoauditError as error:
            error.message = error.message.replace(str(copy.target), copy.shown)
            error.hint = error.hint.replace(str(copy.target), copy.shown)
            raise


@contextmanager
def at_hand(source: T) -> Iterator[tuple[T | Path, str | None]]:
    """Give what is named by a URL as a local copy, with what messages call it; anything else as it is, and None."""
    if isinstance(source, str) and is_url(source):
        with fetched(source) as copy:
            yield copy, without_secrets(source)
    else:
        yield source, None


def open_filesystem(url: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a URL, and the path on it; nothing is read yet.

    Raises
    ------
    MissingExtra
        fsspec, or what it needs for this kind of URL, is not installed.
    UsageError
        There is no such kind of URL, or it is one inside another.
    """
    shown = without_secrets(url)
    if "::" in url:
        raise UsageError(f"{shown} is one URL inside another.", hint="Name the file itself; archives are looked into.")
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtra(f"Reading {shown} needs the package fsspec.", hint=_EXTRA) from None
    try:
        filesystem, path = url_to_fs(url, use_listings_cache=False)
    except ImportError:
        raise MissingExtra(f"Reading {shown} needs a package that is not installed.", hint=_EXTRA) from None
    except (ValueError, TypeError):  # their texts hold the URL as it was given
        raise UsageError(
            f"{shown} is no URL that can be read from.",
            hint="Known are s3://, https://, file:// and what fsspec knows.",
        ) from None
    return filesystem, str(path)


@contextmanager
def reached(shown: str) -> Iterator[None]:
    """Turn whatever a file system raises inside the block into an error of ours that repeats no secret.

    Raises
    ------
    RefusedInput
        There is no such file.
    AnnoauditError
        The place can't be reached, or refuses.
    """
    try:
        yield
    except AnnoauditError:
        raise
    except Exception as error:  # noqa: BLE001 - every file system has errors of its own, and their texts hold the URL
        raise _explain(error, shown) from None


class _Copy:
    """One file or folder, on its way from a URL to a local path."""

    def __init__(self, url: str, target: Path) -> None:
        self.url, self.target, self.shown = url, target, without_secrets(url)
        self.left = MAX_FETCHED_BYTES
        self.web = url.split("://", 1)[0].lower() in _WEB

    def make(self) -> None:
        filesystem, path = open_filesystem(self.url)
        with reached(self.shown):
            if not self.web and filesystem.isdir(path):
                self._take_folder(filesystem, path)
            else:
                self._take_file(filesystem, path, self.target)
        if self.web and _is_page(self.target):
            raise RefusedInput(
                f"{self.shown} is a web page, not a file of labels.",
                hint="Name the file itself; a Label Studio project is pulled by its address (https://host/projects/3).",
            )

    def _take_folder(self, filesystem: AbstractFileSystem, path: str) -> None:
        root = path.strip("/")
        names = {
            checked_name(str(one).strip("/").removeprefix(root).strip("/"), self.shown): str(one)
            for one in filesystem.find(path)
        }
        if len(names) > MAX_MEMBERS:
            raise RefusedInput(f"{self.shown} holds more than {MAX_MEMBERS:,} files.", hint="Read it in parts.")
        self.target.mkdir()
        for name, place in names.items():
            if is_hidden_path(name):
                continue
            inner = self.target / name
            inner.parent.mkdir(parents=True, exist_ok=True)
            if name.lower().endswith(PICTURES):
                inner.touch()
            else:
                self._take_file(filesystem, place, inner)

    def _take_file(self, filesystem: AbstractFileSystem, path: str, target: Path) -> None:
        ways = {"block_size": 0} if self.web else {}  # one stream: not every web server gives parts of a file
        with filesystem.open(path, "rb", **ways) as stream, target.open("xb") as out:
            while part := stream.read(_STEP):
                self.left -= len(part)
                if self.left < 0:
                    raise RefusedInput(
                        f"{self.shown} has more than {MAX_FETCHED_BYTES:,} bytes.",
                        hint="Copy it to this machine and read the copy.",
                    )
                out.write(part)


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(200).lstrip().lower().startswith(_PAGES)


def _name_of(path: str) -> str:
    """The last part of a URL's path, as a harmless file name: its ending tells formats apart."""
    return _NAME.sub("_", PurePosixPath(unquote(path)).name)[-150:].lstrip(".") or "labels"


def _status_of(error: BaseException | None) -> int | None:
    """The answer of a web server, which may stand behind other errors."""
    while error is not None:
        status = getattr(error, "status", None)
        if isinstance(status, int):
            return status
        error = error.__cause__ or error.__context__
    return None


def _explain(error: Exception, shown: str) -> AnnoauditError:
    """Say what went wrong without repeating the error's own text, which may hold an address with secrets."""
    status = _status_of(error)
    if status == 404 or (isinstance(error, FileNotFoundError) and status is None):
        return RefusedInput(f"There is no file {shown}.", hint="Check the address and its spelling.")
    if isinstance(error, PermissionError) or status in (401, 403) or "Credentials" in type(error).__name__:
        return AnnoauditError(
            f"{shown} may not be used: it was refused, or no credentials were found.",
            hint="Credentials come from the environment, as the file system's own tools take them.",
        )
    answer = type(error).__name__ if status is None else f"HTTP {status}"
    return AnnoauditError(
        f"{shown} can't be reached: {answer}.", hint="Check the address and the connection, and try again."
    )
