"""pin_media(): record what the labelled media are, once, and go on where a run was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from annoaudit.errors import UsageError
from annoaudit.media.fetching import fetch
from annoaudit.media.intake import Facts
from annoaudit.media.limits import Limits
from annoaudit.media.local_files import read_local
from annoaudit.media.pins import Pin, Pins
from annoaudit.media.platform import Platform
from annoaudit.media.refusals import Gone, Truncated, Unchecked
from annoaudit.media.route import Route

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["Access", "PinResult", "list_media", "pin_media"]

_WORKERS = 4
_BATCH = 1024


@dataclass(frozen=True)
class Access:
    """How media are reached: the web over a route, files under a folder, and what lies on the platform.

    Parameters
    ----------
    media_root
        Folder under which files may be opened; None opens none.
    allow_http
        Whether addresses without encryption are fetched.
    limits
        For each medium.
    route
        The way to a host; only Python code can give another than the public internet.
    platform
        The platform that the items were labelled on: what lies there is fetched with its token. See
        :func:`annoaudit.connectors.find_media_host`.
    """

    media_root: Path | None = None
    allow_http: bool = False
    limits: Limits = field(default_factory=Limits)
    route: Route = field(default_factory=Route)
    platform: Platform | None = None

    def look(self, uri: str) -> Facts:
        """Tell what a medium is.

        Raises
        ------
        Unchecked, Gone, Truncated
            See :mod:`annoaudit.media.refusals`.
        """
        there = None if self.platform is None else self.platform.find(uri)
        if there is not None:
            return fetch(there, self.limits, self.route, platform=self.platform)
        scheme = _scheme(uri)
        if scheme in ("http", "https"):
            return fetch(uri, self.limits, self.route, allow_http=self.allow_http)
        if scheme:
            raise Unchecked(f"addresses of the kind {scheme[:20]}: are not fetched")
        if self.media_root is None:
            raise Unchecked("it is a path, and no media root was given")
        return read_local(uri, self.media_root, self.limits)


@dataclass(frozen=True)
class PinResult:
    """What a run of pinning came to: pins of all media, how many are new, and those that failed."""

    path: Path
    n_media: int
    n_new: int
    failed: tuple[Pin, ...]
    misdeclared: tuple[Pin, ...]

    @property
    def exit_code(self) -> int:
        """0, or 3 where a medium could not be pinned; the others were."""
        return 3 if self.failed else 0


def pin_media(
    labels: LabelSet,
    path: str | Path,
    access: Access | None = None,
    *,
    on_pinned: Callable[[int, int], None] | None = None,
) -> PinResult:
    """Record SHA-256, length, type, final address and perceptual hash of the media of all items.

    What is already pinned is not fetched again; what failed before is tried again. A run that is cut off loses
    nothing.

    Parameters
    ----------
    labels
        Whose items have media: the column ``uri`` of their table.
    path
        File of the pins (Parquet).
    access
        How media are reached; by default over https from the public internet.
    on_pinned
        Told after each medium: how many are done, of how many.

    Raises
    ------
    UsageError
        No item has a medium, or another run is writing the same file.
    RefusedInput
        The file is there and is no file of pins.
    """
    from filelock import FileLock, Timeout

    from annoaudit.media.sniffing import agrees

    pins, access = Pins(Path(path)), access or Access()
    media = list_media(labels)
    if not media:
        raise UsageError(
            f"No item of {labels.source or 'the labels'} has a medium.",
            hint="Media are named by the column uri of the items: map one with uri=.",
        )
    pins.path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(pins.path.with_name(f".{pins.path.name}.lock"))
    try:
        with lock.acquire(timeout=0):
            known = pins.read()
            todo = [one for one in media if one not in known or known[one].status != "pinned"]
            for n_done, pin in enumerate(_pin_all(todo, access, pins), start=1):
                known[pin.key] = pin
                if on_pinned is not None:
                    on_pinned(n_done, len(todo))
            pins.settle(known.values())
    except Timeout:
        raise UsageError(f"Another run is writing {pins.path}.", hint="Wait for it to end.") from None
    mine = [known[one] for one in media]
    return PinResult(
        path=pins.path,
        n_media=len(media),
        n_new=sum(known[one].status == "pinned" for one in todo),
        failed=tuple(one for one in mine if one.status != "pinned"),
        misdeclared=tuple(one for one in mine if not agrees(one.declared_type, one.media_type)),
    )


def list_media(labels: LabelSet) -> list[tuple[str, str]]:
    """Return item id and address of every item that has a medium."""
    items = labels.items.select(["item_id", "uri"]).to_pylist()
    return list(dict.fromkeys((str(row["item_id"]), str(row["uri"])) for row in items if row["uri"]))


def _pin_all(todo: Sequence[tuple[str, str]], access: Access, pins: Pins) -> Iterator[Pin]:
    """Pin in several threads; each pin is in the journal before the next medium is looked at."""
    turn = Lock()

    def pin(one: tuple[str, str]) -> Pin:
        done = _pin(one[0], one[1], access)
        with turn:
            pins.add(done)
        return done

    pool = ThreadPoolExecutor(_WORKERS)
    try:
        for start in range(0, len(todo), _BATCH):
            yield from pool.map(pin, todo[start : start + _BATCH])
    finally:
        pool.shutdown(cancel_futures=True)


def _pin(item_id: str, uri: str, access: Access) -> Pin:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        facts = access.look(uri)
    except (Unchecked, Gone, Truncated) as reason:
        return Pin(item_id, uri, "failed", why=reason.message, pinned_at=now)
    told = asdict(facts)
    return Pin(item_id, uri, "pinned", why=told.pop("note"), pinned_at=now, **told)


def _scheme(uri: str) -> str:
    try:
        scheme = urlsplit(uri).scheme
    except ValueError:
        return "odd"
    return scheme if len(scheme) > 1 else ""  # one letter is a drive of Windows
