"""verify_media(): which pinned media are no longer what was pinned, and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.media.domains import registrable_domain
from annoaudit.media.intake import Facts
from annoaudit.media.picture_hash import are_near
from annoaudit.media.pinning import Access, list_media
from annoaudit.media.pins import Pin, Pins
from annoaudit.media.refusals import Gone, Truncated, Unchecked
from annoaudit.media.sniffing import HEAD_BYTES, agrees
from annoaudit.statistics.intervals import exact_interval

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["MISMATCHES", "MediaCheck", "MediaVerification", "verify_media"]

MISMATCHES: Mapping[str, str] = {
    "media_gone": "gone",
    "media_truncated": "truncated",
    "media_type_mismatch": "of another type",
    "media_changed": "content changed",
    "media_reencoded": "soft change: another encoding of a near picture",
    "media_moved": "moved to another domain",
}
"""Classes of mismatch, gravest first, in words; the names are those of finding types."""
UNCHECKED = "unchecked"
_WORKERS = 4


@dataclass(frozen=True)
class MediaCheck:
    """One medium held against its pin: what differs (nothing, where it is the same), or why it could not be checked.

    ``outcome`` is "same", "differs" or "unchecked"; ``mismatches`` are classes, gravest first.
    """

    item_id: str
    uri: str
    outcome: str
    mismatches: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class MediaVerification:
    """What verifying came to.

    Parameters
    ----------
    checks
        One a medium that was looked at, or should have been.
    n_media, n_unpinned
        Media of the labels, and those without a pin: they cannot be verified, and are not drawn from.
    is_sample
        Whether the checked ones are a random sample of the pinned.
    low, high
        95 % interval for the share of pinned media that differ, among those that can be checked; ends meet where all
        pinned media were checked.
    """

    checks: tuple[MediaCheck, ...]
    n_media: int
    n_unpinned: int
    is_sample: bool
    low: float
    high: float

    @property
    def counts(self) -> dict[str, int]:
        """Number of media by class of mismatch, and by "same" and "unchecked"; a medium may be in several classes."""
        found = Counter(name for one in self.checks for name in one.mismatches)
        found.update(one.outcome for one in self.checks if one.outcome != "differs")
        return dict(found)

    @property
    def n_differ(self) -> int:
        """Media that differ in any way."""
        return sum(one.outcome == "differs" for one in self.checks)

    @property
    def n_unchecked(self) -> int:
        """Media that could not be checked."""
        return sum(one.outcome == UNCHECKED for one in self.checks)

    @property
    def share(self) -> float:
        """Share of the checked media that differ; NaN where none could be checked."""
        n = len(self.checks) - self.n_unchecked
        return self.n_differ / n if n else float("nan")

    @property
    def exit_code(self) -> int:
        """1 where something differs, else 3 where something could not be checked, else 0."""
        return 1 if self.n_differ else 3 if self.n_unchecked or self.n_unpinned else 0


def verify_media(
    labels: LabelSet,
    path: str | Path,
    access: Access | None = None,
    *,
    sample: int | None = None,
    seed: int = 0,
    on_checked: Callable[[int, int], None] | None = None,
) -> MediaVerification:
    """Look at pinned media again and class what differs.

    Parameters
    ----------
    labels
        Whose media they are.
    path
        File of the pins, as :func:`annoaudit.media.pin_media` wrote it.
    access
        How media are reached; by default over https from the public internet.
    sample
        Look only at so many, drawn at random; all by default.
    seed
        Of the draw.

    Raises
    ------
    UsageError
        There is no such file, or the sample is not positive.
    RefusedInput
        The file is no file of pins, or holds no pin of these labels.
    """
    access, media = access or Access(), list_media(labels)
    if not Path(path).is_file():
        raise UsageError(f"There is no file {path}.", hint="Make one with annoaudit media pin.")
    if sample is not None and sample < 1:
        raise UsageError(f"A sample of {sample} says nothing.", hint="Give 1 or more.")
    known = Pins(Path(path)).read()
    pinned = [known[one] for one in media if one in known and known[one].status == "pinned"]
    if not pinned:
        raise RefusedInput(f"{path} holds no pin of these labels.", hint="Pin them first: annoaudit media pin.")
    chosen = _draw(pinned, sample, seed)
    checks = []
    with ThreadPoolExecutor(_WORKERS) as pool:
        for n_done, check in enumerate(pool.map(lambda one: _check(one, access), chosen), start=1):
            checks.append(check)
            if on_checked is not None:
                on_checked(n_done, len(chosen))
    low, high = _interval(checks, is_sample=len(chosen) < len(pinned))
    return MediaVerification(tuple(checks), len(media), len(media) - len(pinned), len(chosen) < len(pinned), low, high)


def _draw(pinned: Sequence[Pin], sample: int | None, seed: int) -> list[Pin]:
    if sample is None or sample >= len(pinned):
        return list(pinned)
    places = np.sort(np.random.default_rng(seed).choice(len(pinned), sample, replace=False))
    return [pinned[int(place)] for place in places]


def _interval(checks: Sequence[MediaCheck], *, is_sample: bool) -> tuple[float, float]:
    n = sum(one.outcome != UNCHECKED for one in checks)
    k = sum(one.outcome == "differs" for one in checks)
    if not n:
        return 0.0, 1.0
    if not is_sample:
        return k / n, k / n
    low, high = exact_interval(np.array([float(k)]), np.array([n]))
    return float(low[0]), float(high[0])


def _check(pin: Pin, access: Access) -> MediaCheck:
    try:
        facts = access.look(pin.uri)
    except Gone as reason:
        return MediaCheck(pin.item_id, pin.uri, "differs", ("media_gone",), reason.message)
    except Truncated as reason:
        return MediaCheck(pin.item_id, pin.uri, "differs", ("media_truncated",), reason.message)
    except Unchecked as reason:
        return MediaCheck(pin.item_id, pin.uri, UNCHECKED, (), reason.message)
    found = compare_facts(pin, facts)
    order = [name for name in MISMATCHES if name in found]
    why = "; ".join(found[name] for name in order)
    return MediaCheck(pin.item_id, pin.uri, "differs" if found else "same", tuple(order), why)


def compare_facts(pin: Pin, facts: Facts) -> dict[str, str]:
    """Return what differs between a medium and its pin: classes of mismatch with a sentence for each."""
    found: dict[str, str] = {}
    if facts.sha256 != pin.sha256:
        found |= _tell_change(pin, facts)
    before, now = _domain(pin.final_url), _domain(facts.final_url)
    if before != now:
        found["media_moved"] = f"it is served by {now}, and was by {before}"
    if agrees(pin.declared_type, pin.media_type) and not agrees(facts.declared_type, facts.media_type):
        found["media_type_mismatch"] = f"the server declares {facts.declared_type}, its bytes are {facts.media_type}"
    return found


def _tell_change(pin: Pin, facts: Facts) -> dict[str, str]:
    sizes = f"{facts.n_bytes:,} bytes, {pin.n_bytes:,} when it was pinned"
    is_start = facts.head_sha256 == pin.head_sha256 and facts.n_bytes >= HEAD_BYTES
    if facts.n_bytes < pin.n_bytes and (is_start or facts.n_bytes == 0):
        return {"media_truncated": f"it ends early: {sizes}"}
    if are_near(pin.picture_hash, facts.picture_hash):
        return {"media_reencoded": f"a near picture in other bytes ({facts.media_type}; {sizes})"}
    if facts.media_type != pin.media_type:
        return {"media_type_mismatch": f"it is {facts.media_type}, and was {pin.media_type}"}
    return {"media_changed": f"its content is another: {sizes}"}


def _domain(url: str) -> str:
    return registrable_domain(urlsplit(url).hostname or "") if url else ""
