"""Merkle trees as RFC 6962 defines them: roots, inclusion proofs, consistency proofs.

References
----------
Laurie, Langley, Kasper (2013), Certificate Transparency, RFC 6962, section 2.1; the checks of proofs follow
RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = [
    "GrowingTree",
    "check_consistency",
    "check_inclusion",
    "hash_leaf",
    "hash_tree",
    "prove_consistency",
    "prove_inclusion",
]

EMPTY = hashlib.sha256(b"").digest()


def hash_leaf(entry: bytes) -> bytes:
    """Return the hash of one entry: SHA-256 of a zero byte and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_tree(leaves: Sequence[bytes]) -> bytes:
    """Return the root over hashed leaves; of none, the hash of nothing."""
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        level = _hash_level(level)
    return level[0]


@dataclass
class GrowingTree:
    """The root of a tree while leaves are appended, without keeping them."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Append a hashed leaf."""
        node, size = leaf, self.size
        while size & 1:
            node, size = _hash_pair(self.peaks.pop(), node), size >> 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over the leaves so far."""
        if not self.peaks:
            return EMPTY
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = _hash_pair(peak, node)
        return node


def prove_inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path from a leaf to the root: the hashes beside it, from below.

    Raises
    ------
    IndexError
        There is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} among {len(leaves)}")
    path, level = [], list(leaves)
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _hash_level(level), index // 2
    return path


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether a path proves that a hashed leaf stands at an index of the tree with this size and root."""
    if not 0 <= index < size:
        return False
    node, place, last = leaf, index, size - 1
    for beside in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _hash_pair(beside, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = _hash_pair(node, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def prove_consistency(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """Return the proof that the tree over all leaves continues the one over the first ``size``.

    Raises
    ------
    IndexError
        The tree never had that size.
    """
    if not 0 <= size <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} leaves never had {size}")
    return [] if size in (0, len(leaves)) else _prove_part(leaves, size, whole=True)


def check_consistency(size: int, root: bytes, later_size: int, later_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether a proof shows that a tree was only appended to between two sizes."""
    if size == later_size:
        return root == later_root and not proof
    if size == 0:
        return root == EMPTY and not proof
    if not 0 < size < later_size or not proof:
        return False
    path = [root, *proof] if size & (size - 1) == 0 else list(proof)
    place, last = size - 1, later_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = _hash_pair(beside, old), _hash_pair(beside, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = _hash_pair(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and old == root and new == later_root


def _hash_pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _hash_level(level: list[bytes]) -> list[bytes]:
    """The next level: pairs hashed, an odd one at the end carried up. This builds the trees of RFC 6962."""
    sha256 = hashlib.sha256
    above = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
    return [*above, level[-1]] if len(level) % 2 else above


def _prove_part(leaves: Sequence[bytes], size: int, *, whole: bool) -> list[bytes]:
    n = len(leaves)
    if size == n:
        return [] if whole else [hash_tree(leaves)]
    split = 1 << (n - 1).bit_length() - 1
    if size <= split:
        return [*_prove_part(leaves[:split], size, whole=whole), hash_tree(leaves[split:])]
    return [*_prove_part(leaves[split:], size - split, whole=False), hash_tree(leaves[:split])]
