"""The key that signs heads: Ed25519, from the environment or from a file that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from annoaudit.errors import AnnoauditError, UsageError

__all__ = ["VARIABLE", "Signer", "check_signature", "open_signer"]

VARIABLE = "ANNOAUDIT_LEDGER_KEY"
_HINT = "Give the 32 bytes of an Ed25519 key as Base64."


@dataclass(frozen=True)
class Signer:
    """Signs with one key, which is shown nowhere."""

    key: Ed25519PrivateKey = field(repr=False)

    @property
    def public_key(self) -> str:
        """The public half, as Base64: whoever has it can check signatures."""
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode("ascii")

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return self.key.sign(message)


def open_signer(path: Path, environment: Mapping[str, str] = os.environ) -> Signer:
    """Return the signer: the key in ``ANNOAUDIT_LEDGER_KEY``, else that in a file, which is made where it is missing.

    Raises
    ------
    UsageError
        The variable or the file holds no key.
    AnnoauditError
        The file can't be read or written.
    """
    told = environment.get(VARIABLE, "").strip()
    if told:
        return Signer(_read_key(told, VARIABLE))
    try:
        if not path.exists():
            _write_key(path)
        return Signer(_read_key(path.read_text(encoding="ascii", errors="replace"), str(path)))
    except OSError as error:
        raise AnnoauditError(
            f"The signing key {path} can't be used: {error.strerror}.", hint=f"Check its rights, or set {VARIABLE}."
        ) from None


def check_signature(public_key: str, signature: str, message: bytes) -> bool:
    """Say whether a signature is of this message by this key; both are Base64."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _read_key(text: str, where: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, binascii.Error):
        raise UsageError(f"{where} holds no signing key.", hint=_HINT) from None


def _write_key(path: Path) -> None:
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    raw = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw())
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(raw + b"\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
