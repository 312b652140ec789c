"""Random draws that stay: the same labels are drawn every night, and a grown project is still sampled fairly."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

__all__ = ["draw", "shuffled_place"]


def draw(keys: Collection[str], n: int, secret: bytes) -> frozenset[str]:
    """Draw ``n`` of the keys: those with the smallest permanent random numbers.

    Each key has one random number for ever, made from the store's secret. The sample is therefore a simple
    random sample without replacement of the keys there are, the same in every run; a larger n adds to it, and
    keys that come later have the same chance as the others.

    Parameters
    ----------
    keys
        The whole stream.
    n
        Size of the sample; all keys if there are fewer.
    secret
        The store's secret.

    References
    ----------
    Ohlsson, Coordination of samples using permanent random numbers, in: Business Survey Methods, 1995.
    """
    ordered = sorted(keys, key=lambda key: _number(secret, "draw", key))
    return frozenset(ordered[:n])


def shuffled_place(key: str, secret: bytes) -> int:
    """Return the key's place in a shuffled list, a number from 0 to 2**40, independent of :func:`draw`."""
    return _number(secret, "order", key) >> 24


def _number(secret: bytes, purpose: str, key: str) -> int:
    digest = hmac.new(secret, f"{purpose} {key}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big")
