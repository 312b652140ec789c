"""Pseudonyms: keyed hashes, the same every night for one key, and meaningless without it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import cache

__all__ = ["Pseudonyms"]


@cache
def _session_key() -> bytes:
    return secrets.token_bytes(32)


class Pseudonyms:
    """Turns annotator ids into pseudonyms, or leaves them as they are where names are shown.

    Parameters
    ----------
    key
        Secret of at least 16 bytes, kept in the store; without one, a random key that lasts as long as
        the Python process.
    names
        Show names instead.
    """

    def __init__(self, key: bytes | None = None, *, names: bool = False) -> None:
        self._key = key or _session_key()
        self._names = names

    def __call__(self, annotator_id: str) -> str:
        """Return what may be shown of this annotator: ``a-`` and 8 letters or digits, or the name."""
        if self._names:
            return annotator_id
        digest = hmac.new(self._key, annotator_id.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return "a-" + base64.b32encode(digest)[:8].decode("ascii").lower()

    def __repr__(self) -> str:
        return f"Pseudonyms(names={self._names})"
