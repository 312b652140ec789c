"""How much one medium may cost: bytes, seconds, redirects, decompression, pixels."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Limits for one medium.

    Parameters
    ----------
    max_bytes
        Most bytes, as they travel and after decompression.
    max_seconds
        Longest time for one address: look-up, connections, redirects and reading together.
    max_redirects
        Most redirects followed.
    max_ratio
        Most bytes that one compressed byte may become.
    max_pixels
        Images with more are not opened, so they have no perceptual hash.
    max_picture_bytes
        Images in larger files are not opened either.
    """

    max_bytes: int = 1 << 28
    max_seconds: float = 60.0
    max_redirects: int = 3
    max_ratio: float = 100.0
    max_pixels: int = 60_000_000
    max_picture_bytes: int = 1 << 25
