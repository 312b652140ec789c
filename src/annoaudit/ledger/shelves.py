"""Where snapshots lie: a folder, or a URL of any file system that fsspec knows. Both keep the same promises."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from annoaudit.errors import RefusedInput
from annoaudit.formats.remote import is_url, open_filesystem, reached, without_secrets

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fsspec import AbstractFileSystem

__all__ = ["Folder", "Remote", "Shelf", "hash_files", "shelf_at"]

_DRAFT = ".part"
_LAST = "labelset.json"
_STEP = 4 << 20


class Shelf(Protocol):
    """A place with snapshots, each a few files under a name."""

    def names(self) -> list[str]:
        """Names of everything that lies here."""
        ...

    def has(self, name: str) -> bool:
        """Say whether something lies here under a name."""
        ...

    def hash_files(self, name: str) -> dict[str, str]:
        """Return the SHA-256 of each file of a snapshot."""
        ...

    def draft(self) -> AbstractContextManager[Path]:
        """Give a local folder to write a snapshot into."""
        ...

    def put(self, name: str, draft: Path) -> None:
        """Keep a local folder under a name, instead of what may lie there."""
        ...

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """Give a snapshot as a local folder, for the length of a block."""
        ...

    def remove(self, name: str) -> None:
        """Remove a snapshot; nothing happens where there is none."""
        ...

    def changed_at(self, name: str) -> datetime:
        """Return when a snapshot was written last."""
        ...


def shelf_at(location: str | Path) -> Shelf:
    """Return the shelf at a path or a URL; nothing is read or written yet."""
    return Remote(location) if isinstance(location, str) and is_url(location) else Folder(Path(location))


@dataclass(frozen=True)
class Folder:
    """Snapshots in a folder of this machine."""

    path: Path

    def names(self) -> list[str]:
        """Names of everything that lies here."""
        return sorted(one.name for one in self.path.iterdir()) if self.path.is_dir() else []

    def has(self, name: str) -> bool:
        """Say whether a folder lies here under a name."""
        return (self.path / name).is_dir()

    def hash_files(self, name: str) -> dict[str, str]:
        """Return the SHA-256 of each file of a snapshot."""
        return hash_files(self.path / name)

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Give a folder beside the snapshots; what a run that was cut off left in it is removed."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)  # labels are for their owner
        draft = self.path / _DRAFT
        shutil.rmtree(draft, ignore_errors=True)
        yield draft
        shutil.rmtree(draft, ignore_errors=True)

    def put(self, name: str, draft: Path) -> None:
        """Move a folder here under a name; a move that is cut off leaves nothing."""
        place = self.path / name
        if place != draft:
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """Give the folder itself."""
        yield self.path / name

    def remove(self, name: str) -> None:
        """Remove a snapshot; nothing happens where there is none."""
        shutil.rmtree(self.path / name, ignore_errors=True)

    def changed_at(self, name: str) -> datetime:
        """Return when a snapshot was written last."""
        return datetime.fromtimestamp((self.path / name).stat().st_mtime, UTC)


@dataclass(frozen=True)
class Remote:
    """Snapshots under a URL. Buckets know no moving: files are copied one by one, the one that makes it whole last."""

    url: str

    @cached_property
    def _root(self) -> tuple[AbstractFileSystem, str]:
        return open_filesystem(self.url)

    @property
    def shown(self) -> str:
        """The URL as messages have it."""
        return without_secrets(self.url)

    def names(self) -> list[str]:
        """Names of everything that lies here."""
        files, root = self._root
        with reached(self.shown):
            return sorted(_last_part(one) for one in files.ls(root, detail=False)) if files.isdir(root) else []

    def has(self, name: str) -> bool:
        """Say whether a snapshot lies here whole."""
        files, root = self._root
        with reached(self.shown):
            return bool(files.exists(f"{root}/{name}/{_LAST}"))

    def hash_files(self, name: str) -> dict[str, str]:
        """Return the SHA-256 of each file of a snapshot."""
        files, _ = self._root
        with reached(self.shown):
            return {_last_part(path): _digest(files, path) for path in self._paths(name)}

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """Give a folder of this machine, for its owner only."""
        with tempfile.TemporaryDirectory(prefix="annoaudit-") as scratch:
            yield Path(scratch) / "draft"

    def put(self, name: str, draft: Path) -> None:
        """Copy a folder here under a name; a copy that is cut off is not whole, and made again."""
        files, root = self._root
        with reached(self.shown):
            files.makedirs(f"{root}/{name}", exist_ok=True)
            if files.exists(f"{root}/{name}/{_LAST}"):
                files.rm(f"{root}/{name}/{_LAST}")
            for path in sorted(draft.iterdir(), key=lambda one: one.name == _LAST):
                with path.open("rb") as source, files.open(f"{root}/{name}/{path.name}", "wb") as target:
                    shutil.copyfileobj(source, target, _STEP)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        """Give a copy on this machine, for its owner only, that is removed afterwards."""
        files, _ = self._root
        with tempfile.TemporaryDirectory(prefix="annoaudit-") as scratch:
            folder = Path(scratch) / name
            folder.mkdir(mode=0o700)
            with reached(self.shown):
                for path in self._paths(name):
                    with files.open(path, "rb") as source, (folder / _last_part(path)).open("xb") as target:
                        shutil.copyfileobj(source, target, _STEP)
            try:
                yield folder
            except RefusedInput as error:
                error.message = error.message.replace(str(folder), f"{self.shown}/{name}")
                raise

    def remove(self, name: str) -> None:
        """Remove a snapshot; nothing happens where there is none."""
        files, root = self._root
        with reached(self.shown):
            if files.exists(f"{root}/{name}"):
                files.rm(f"{root}/{name}", recursive=True)

    def changed_at(self, name: str) -> datetime:
        """Return when a snapshot was written last; now, where the file system does not say."""
        files, _ = self._root
        with reached(self.shown):
            try:
                times = [files.modified(path) for path in self._paths(name)]
            except NotImplementedError:
                times = []
        return max(times, default=datetime.now(UTC)).astimezone(UTC)

    def _paths(self, name: str) -> list[str]:
        files, root = self._root
        return sorted(str(one) for one in files.find(f"{root}/{name}", maxdepth=1))


def hash_files(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _digest(files: AbstractFileSystem, path: str) -> str:
    digest = hashlib.sha256()
    with files.open(path, "rb") as stream:
        while part := stream.read(_STEP):
            digest.update(part)
    return digest.hexdigest()


def _last_part(path: str) -> str:
    """The name of a file or folder; whatever a server answers, it stays a name."""
    return os.path.basename(path.rstrip("/").replace("\\", "/"))  # noqa: PTH119 - a path of another file system
