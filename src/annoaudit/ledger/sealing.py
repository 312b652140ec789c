"""Seals: a Merkle root over records, and the list of salted leaves that lets a record be named when it differs."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from annoaudit.errors import RefusedInput
from annoaudit.ledger.merkle import hash_tree
from annoaudit.ledger.records import canonical_records, record_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from annoaudit.labels import LabelSet
    from annoaudit.ledger.snapshots import Tables

__all__ = ["Difference", "Seal", "derive_salt_key", "entry_of", "salt_of", "seal", "seal_labels"]

_SALT = b"annoaudit ledger salt 1"


@dataclass(frozen=True, eq=False)
class Seal:
    """Records, hashed.

    Parameters
    ----------
    keys
        Their keys, in the order of the tree.
    leaves
        (n) hashes of 32 bytes, in the same order.
    rows
        (n) where each record stood in its table, or nothing where order means nothing.
    """

    keys: list[str]
    leaves: list[bytes]
    rows: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def root(self) -> str:
        """The Merkle root, as hexadecimal digits."""
        return hash_tree(self.leaves).hex()

    def save(self, path: Path) -> None:
        """Write keys and leaves to a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        leaves = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(32), len(self), [None, pa.py_buffer(b"".join(self.leaves))]
        )
        rows = pa.array(self.rows or [-1] * len(self), pa.int64())
        table = pa.table({"key": pa.array(self.keys, pa.string()), "leaf": leaves, "row": rows})
        draft = path.with_name(f".{path.name}.part")
        pq.write_table(table, draft, compression="zstd")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Seal:
        """Read what :meth:`save` wrote.

        Raises
        ------
        RefusedInput
            The file is missing or damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path, columns=["key", "leaf", "row"])
            return cls(table["key"].to_pylist(), _as_bytes(table["leaf"]), _as_rows(table["row"]))
        except (OSError, KeyError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0][:200]
            raise RefusedInput(
                f"The list of leaves {path} can't be read: {reason}", hint="Restore it from a backup."
            ) from None


def seal(records: Iterable[tuple[str, str]], salt_key: bytes) -> Seal:
    """Hash records, given as key and text, each with a salt of its own.

    Labels take few values; without the salt, whoever sees a leaf could try them all.
    """
    keys: list[str] = []
    leaves: list[bytes] = []
    sha256, digest = hashlib.sha256, hmac.digest
    for key, text in records:
        name = key.encode()
        entry = digest(salt_key, name, "sha256") + name + b"\n" + text.encode()
        keys.append(key)
        leaves.append(sha256(b"\x00" + entry).digest())
    return Seal(keys, leaves)


def _repeated(keys: list[str], distinct: Mapping[str, bytes]) -> list[str]:
    """Keys that stand there more than once, which no honest snapshot has."""
    if len(keys) == len(distinct):
        return []
    return [key for key, n in Counter(keys).items() if n > 1]


def seal_labels(labels: LabelSet | Tables, salt_key: bytes) -> Seal:
    """Hash all records of a snapshot, and keep the order in which they stand."""
    hashed = seal(canonical_records(labels), salt_key)
    return Seal(hashed.keys, hashed.leaves, record_rows(labels))


@dataclass(frozen=True)
class Difference:
    """Which records of two seals are not the same, by key."""

    added: list[str]
    removed: list[str]
    changed: list[str]

    @classmethod
    def of(cls, before: Seal, after: Seal) -> Difference:
        """Compare two seals made with the same key."""
        if before.keys == after.keys:
            both = zip(after.keys, before.leaves, after.leaves, strict=True)
            return cls([], [], [key for key, old, new in both if old != new])
        was, now = dict(zip(before.keys, before.leaves, strict=True)), dict(zip(after.keys, after.leaves, strict=True))
        added = [key for key in after.keys if key not in was] + _repeated(after.keys, now)
        removed = [key for key in before.keys if key not in now]
        changed = [key for key, leaf in now.items() if key in was and was[key] != leaf]
        return cls(added, removed, changed)

    def __len__(self) -> int:
        return len(self.added) + len(self.removed) + len(self.changed)

    def first(self) -> tuple[str, str]:
        """Return the first record that differs, by key, and how; both empty if none does."""
        found = [(key, "changed") for key in self.changed] + [(key, "removed") for key in self.removed]
        return min(found + [(key, "added") for key in self.added], default=("", ""))


def derive_salt_key(secret: bytes) -> bytes:
    """Return the key of the salts, made from the store's secret."""
    return hmac.digest(secret, _SALT, "sha256")


def entry_of(key: str, text: str, salt: bytes) -> bytes:
    """Return what the leaf of a record hashes: its salt, its key, a line break, its text."""
    return salt + key.encode() + b"\n" + text.encode()


def salt_of(key: str, salt_key: bytes) -> bytes:
    """Return the salt of one record; it is revealed with a proof of that record only."""
    return hmac.digest(salt_key, key.encode(), "sha256")


def _as_rows(column: pa.ChunkedArray) -> list[int]:
    rows = column.to_pylist()
    return [] if rows and rows[0] == -1 else rows


def _as_bytes(column: pa.ChunkedArray) -> list[bytes]:
    leaves = column.to_pylist()
    if any(one is None or len(one) != 32 for one in leaves):
        raise KeyError("a leaf is no hash")
    return leaves  # type: ignore[no-any-return]
