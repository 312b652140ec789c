"""Pins: what each labelled medium was when it was pinned, as a table in Parquet, and the journal of a run."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from annoaudit.errors import RefusedInput

__all__ = ["Pin", "Pins"]

_MOST_BYTES = 1 << 31


@dataclass(frozen=True)
class Pin:
    """One medium of one item.

    Parameters
    ----------
    item_id, uri
        Whose medium it is, and where the labels say that it is.
    status
        "pinned", or "failed", with the reason in ``why``.
    sha256, n_bytes, head_sha256, media_type, picture_hash, declared_type, final_url
        As in :class:`annoaudit.media.intake.Facts`; empty where it failed.
    pinned_at
        UTC, ISO 8601.
    """

    item_id: str
    uri: str
    status: str
    why: str = ""
    sha256: str = ""
    n_bytes: int = 0
    head_sha256: str = ""
    media_type: str = ""
    picture_hash: str = ""
    declared_type: str = ""
    final_url: str = ""
    pinned_at: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Item and address: what a pin is known by."""
        return self.item_id, self.uri


@dataclass(frozen=True)
class Pins:
    """The pins in a file, and beside it the journal that a run appends to, so that a killed one loses nothing."""

    path: Path

    @property
    def journal(self) -> Path:
        """Lines of pins that are not yet in the file."""
        return self.path.with_name(f".{self.path.name}.journal")

    def read(self) -> dict[tuple[str, str], Pin]:
        """Return the pins by item and address, the journal's in front of the file's.

        Raises
        ------
        RefusedInput
            The file is no file of pins.
        """
        return {one.key: one for one in [*self._read_file(), *self._read_journal()]}

    def add(self, pin: Pin) -> None:
        """Append a pin to the journal; it is on the disk when this returns."""
        with self.journal.open("ab") as out:
            out.write(json.dumps(asdict(pin)).encode("ascii") + b"\n")
            out.flush()
            os.fsync(out.fileno())

    def settle(self, pins: Iterable[Pin]) -> None:
        """Write all pins as the file, whole or not at all, and remove the journal."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = [asdict(one) for one in sorted(pins, key=lambda one: one.key)]
        kinds = [(one.name, pa.int64() if one.name == "n_bytes" else pa.string()) for one in fields(Pin)]
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}.part")
        try:
            pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(kinds)), draft)
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)
        self.journal.unlink(missing_ok=True)

    def _read_file(self) -> list[Pin]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self.path.exists():
            return []
        names = [one.name for one in fields(Pin)]
        try:
            if self.path.stat().st_size > _MOST_BYTES:
                raise ValueError("it is too large")
            rows = pq.read_table(self.path, columns=names).to_pylist()
            return [_as_pin(row) for row in rows]
        except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
            why = str(error).splitlines()[0]
            raise RefusedInput(
                f"{self.path} is no file of pins: {why}.", hint="Name a file that annoaudit media pin wrote."
            ) from None

    def _read_journal(self) -> Iterator[Pin]:
        """Pins of a run that was cut off; its last line may be half, and is then left out."""
        if not self.journal.exists():
            return
        for line in self.journal.read_bytes().split(b"\n"):
            try:
                yield _as_pin(json.loads(line))
            except (ValueError, TypeError, KeyError):
                continue


def _as_pin(row: dict[str, object]) -> Pin:
    pin = Pin(**row)  # type: ignore[arg-type] # types are looked at below
    for one in fields(Pin):
        if not isinstance(getattr(pin, one.name), int if one.name == "n_bytes" else str):
            raise ValueError(f"{one.name} is of another type")
    return pin
