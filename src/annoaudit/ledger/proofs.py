"""Proofs about one record, for somebody who sees no other: a head sealed it, and later heads continue that one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from annoaudit.errors import RefusedInput, UsageError
from annoaudit.ledger.heads import Head, leaf_of, read_head
from annoaudit.ledger.merkle import check_consistency, check_inclusion, hash_leaf, prove_consistency, prove_inclusion
from annoaudit.ledger.records import canonical_records
from annoaudit.ledger.sealing import entry_of, salt_of
from annoaudit.ledger.signing import check_signature

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet
    from annoaudit.ledger.sealing import Seal

__all__ = ["Proof", "check_proof", "prove_record", "read_proof"]

FORMAT = "annoaudit/proof 1"


@dataclass(frozen=True)
class Proof:
    """That a record was sealed.

    Parameters
    ----------
    record, text, salt
        Key and text of the record, and the salt of its leaf.
    index, path
        Where its leaf stands among the sealed ones, and the hashes beside the way to the root (RFC 6962).
    head, last, consistency
        The head that sealed it, the last head, and the proof that its log continues that of the former.
    """

    record: str
    text: str
    salt: str
    index: int
    path: tuple[str, ...]
    head: Head
    last: Head
    consistency: tuple[str, ...]

    def as_json(self) -> str:
        """Return the proof as JSON."""
        told = {name: getattr(self, name) for name in ("record", "text", "salt", "index", "path", "consistency")}
        heads = {name: json.loads(getattr(self, name).as_line()) for name in ("head", "last")}
        return json.dumps({"format": FORMAT, **told, **heads}, ensure_ascii=True, indent=1)


def prove_record(
    record: str, labels: LabelSet, leaves: Seal, heads: Sequence[Head], number: int, salt_key: bytes
) -> Proof:
    """Prove that a record was sealed by a head.

    Parameters
    ----------
    record
        Its key: kind and id.
    labels, leaves
        The snapshot of that head, and the list of its leaves.
    heads, number
        The whole log, and which head of it.

    Raises
    ------
    UsageError
        The snapshot has no such record, or it is not what was sealed.
    """
    text = next((text for key, text in canonical_records(labels) if key == record), None)
    if text is None or record not in leaves.keys:
        raise UsageError(f"Night {number} sealed no record {record[:120]!r}.", hint="annoaudit diff shows keys.")
    index, salt = leaves.keys.index(record), salt_of(record, salt_key)
    if hash_leaf(entry_of(record, text, salt)) != leaves.leaves[index]:
        raise UsageError(f"{record} is not what night {number} sealed.", hint="annoaudit verify says what differs.")
    path = tuple(one.hex() for one in prove_inclusion(leaves.leaves, index))
    log = [leaf_of(one.statement) for one in heads]
    consistency = tuple(one.hex() for one in prove_consistency(log, number))
    return Proof(record, text, salt.hex(), index, path, heads[number - 1], heads[-1], consistency)


def check_proof(proof: Proof) -> list[str]:
    """Say what is wrong with a proof; nothing if it holds. Whose key signed it is for the reader to know."""
    sealed, wrong = proof.head.statement.sealed["labels"], []
    leaf = hash_leaf(entry_of(proof.record, proof.text, bytes.fromhex(proof.salt)))
    path = [bytes.fromhex(one) for one in proof.path]
    if not check_inclusion(leaf, proof.index, sealed.n, path, bytes.fromhex(sealed.root)):
        wrong.append(f"{proof.record} is not among the records that head {proof.head.statement.number} sealed.")
    wrong += [
        f"Head {head.statement.number} is not what was signed."
        for head in (proof.head, proof.last)
        if not check_signature(head.public_key, head.signature, head.signed_bytes())
    ]
    sizes = proof.head.statement.number, proof.last.statement.number
    roots = bytes.fromhex(proof.head.log_root), bytes.fromhex(proof.last.log_root)
    later = [bytes.fromhex(one) for one in proof.consistency]
    if not check_consistency(sizes[0], roots[0], sizes[1], roots[1], later):
        wrong.append(f"The log of head {sizes[1]} does not continue that of head {sizes[0]}.")
    if proof.head.public_key != proof.last.public_key:
        wrong.append("The two heads are signed with different keys.")
    return wrong


def read_proof(text: str, where: str) -> Proof:
    """Read what :meth:`Proof.as_json` wrote.

    Raises
    ------
    RefusedInput
        It is no proof.
    """
    try:
        told = json.loads(text)
        if told["format"] != FORMAT:
            raise ValueError("another format")
        head, last = (read_head(json.dumps(told[name]), f"{name} in {where}") for name in ("head", "last"))
        path, consistency = (tuple(str(one) for one in told[name]) for name in ("path", "consistency"))
        for digits in (
            told["salt"],
            head.log_root,
            last.log_root,
            head.statement.sealed["labels"].root,
            *path,
            *consistency,
        ):
            bytes.fromhex(digits)
        return Proof(
            str(told["record"]), str(told["text"]), str(told["salt"]), int(told["index"]), path, head, last, consistency
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RefusedInput(
            f"{where} is no proof of annoaudit's ledger ({type(error).__name__}).", hint="annoaudit prove makes one."
        ) from None
