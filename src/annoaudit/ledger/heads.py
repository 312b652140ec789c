"""Heads: signed statements of what each night sealed, in a log that only ever grows."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from annoaudit.errors import RefusedInput
from annoaudit.ledger.merkle import hash_leaf, hash_tree

if TYPE_CHECKING:
    from annoaudit.ledger.signing import Signer

__all__ = ["Head", "Sealed", "Statement", "append_head", "leaf_of", "read_head"]

FORMAT = "annoaudit/head 1"
_DIGITS = re.compile(r"[0-9a-f]{24,64}")


@dataclass(frozen=True)
class Sealed:
    """Root and number of the records of one kind; ``name`` says which list of leaves holds them."""

    root: str
    n: int


@dataclass(frozen=True)
class Statement:
    """What one night sealed.

    Parameters
    ----------
    number
        Place in the log, from 1.
    previous
        Hash of the statement before; empty for the first.
    snapshot, files
        Name of the snapshot and the SHA-256 of each of its files.
    sealed
        Roots by kind: ``labels``, ``findings`` (of this night) and ``verdicts`` (all so far).
    run_sha256
        Of the stored run.json.
    removed
        Snapshots, and runs by their ids, whose details retention removed that night.
    forgotten
        Pseudonyms of people whose names were removed from the snapshots since the head before.
    """

    project: str
    number: int
    at: str
    version: str
    run_id: str
    run_sha256: str
    snapshot: str
    files: Mapping[str, str]
    sealed: Mapping[str, Sealed]
    previous: str = ""
    removed: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    format: str = FORMAT

    def canonical(self) -> bytes:
        """Return the statement as the bytes that are hashed and signed."""
        return _dump(asdict(self)).encode("ascii")

    @property
    def taken_at(self) -> datetime:
        """When, in UTC."""
        return datetime.fromisoformat(self.at).astimezone(UTC)


@dataclass(frozen=True)
class Head:
    """A statement, the root of the log that ends with it, and a signature over both."""

    statement: Statement
    log_root: str
    public_key: str = ""
    signature: str = field(default="", repr=False)

    def signed_bytes(self) -> bytes:
        """Return what the signature covers."""
        return self.statement.canonical() + b"\n" + self.log_root.encode("ascii")

    def as_line(self) -> str:
        """Return the head as one line of JSON."""
        return _dump(asdict(self))


def append_head(earlier: Sequence[Head], statement: Statement, signer: Signer) -> Head:
    """Make the head that continues a log."""
    log = [leaf_of(one.statement) for one in earlier] + [leaf_of(statement)]
    head = Head(statement, hash_tree(log).hex(), signer.public_key)
    signature = base64.b64encode(signer.sign(head.signed_bytes())).decode("ascii")
    return Head(statement, head.log_root, signer.public_key, signature)


def leaf_of(statement: Statement) -> bytes:
    """Return a statement's leaf in the log."""
    return hash_leaf(statement.canonical())


def read_head(line: str, where: str) -> Head:
    """Read what :meth:`Head.as_line` wrote.

    Raises
    ------
    RefusedInput
        It is no head.
    """
    try:
        told = json.loads(line)
        stated = dict(told["statement"])
        stated["sealed"] = {str(k): Sealed(str(v["root"]), int(v["n"])) for k, v in stated["sealed"].items()}
        stated["files"] = {str(k): str(v) for k, v in stated["files"].items()}
        stated |= {name: tuple(str(one) for one in stated[name]) for name in ("removed", "forgotten")}
        statement = Statement(**stated)
        _refuse_strange(statement)
        return Head(statement, str(told["log_root"]), str(told["public_key"]), str(told["signature"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RefusedInput(
            f"{where} is not a head of annoaudit's ledger ({type(error).__name__}).",
            hint="Restore the file or the store from a backup; compare with the heads kept elsewhere.",
        ) from None


def _refuse_strange(statement: Statement) -> None:
    """Names become paths, and what retention removed is removed: they must be what we make, digits only."""
    if statement.format != FORMAT:
        raise ValueError("another format")
    if not isinstance(statement.number, int):
        raise TypeError("the number is none")
    roots = [statement.sealed[kind].root for kind in ("labels", "findings", "verdicts")]
    names = [statement.snapshot, statement.run_id, *statement.removed, *roots]
    if not all(_DIGITS.fullmatch(name) for name in names):
        raise ValueError("a name is none")
    _ = statement.taken_at


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
