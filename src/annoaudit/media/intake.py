"""What a medium is, told while its bytes go by: hash, length, type, and the perceptual hash of images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from annoaudit.media.limits import Limits
from annoaudit.media.picture_hash import hash_picture
from annoaudit.media.refusals import Unchecked
from annoaudit.media.sniffing import HEAD_BYTES, sniff_type

__all__ = ["Facts", "take_in"]


@dataclass(frozen=True)
class Facts:
    """What a medium is.

    Parameters
    ----------
    sha256, n_bytes
        Of its content, after any compression of the transfer is undone.
    head_sha256
        Of the first 4,096 bytes, by which a shortened copy is known.
    media_type
        As its bytes tell.
    picture_hash, note
        Perceptual hash of images, and why there is none.
    declared_type, final_url
        What the server said it is, and where it was found; empty for local files.
    """

    sha256: str
    n_bytes: int
    head_sha256: str
    media_type: str
    picture_hash: str
    note: str = ""
    declared_type: str = ""
    final_url: str = ""


def take_in(chunks: Iterable[bytes], limits: Limits, *, declared_type: str = "", final_url: str = "") -> Facts:
    """Read all chunks and tell what they are; only images small enough to be opened are kept in memory.

    Raises
    ------
    Unchecked
        There are more bytes than allowed.
    """
    whole, head, kept, n_bytes = hashlib.sha256(), b"", bytearray(), 0
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > limits.max_bytes:
            raise Unchecked(f"it has more than {limits.max_bytes:,} bytes")
        whole.update(chunk)
        if len(head) < HEAD_BYTES:
            head = (head + chunk)[:HEAD_BYTES]
        if n_bytes <= limits.max_picture_bytes and sniff_type(head).startswith("image/"):
            kept += chunk
    media_type = sniff_type(head)
    picture, note = "", ""
    if media_type.startswith("image/") and media_type != "image/svg+xml":
        if len(kept) == n_bytes:
            picture, note = hash_picture(bytes(kept), limits.max_pixels)
        else:
            note = f"it has {n_bytes:,} bytes, more than are opened as an image"
    head_sha256 = hashlib.sha256(head).hexdigest()
    return Facts(whole.hexdigest(), n_bytes, head_sha256, media_type, picture, note, declared_type[:200], final_url)
