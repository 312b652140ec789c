"""Where the last pull stood: small, plain JSON, without secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from annoaudit.connectors.label_studio.address import Address
from annoaudit.connectors.label_studio.conversion import LeftOut

__all__ = ["Bookmark", "filter_time", "hash_ids", "parse_server_time"]

FORMAT = 1
OVERLAP_S = 5.0
_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bookmark:
    """State of one project after a pull.

    Parameters
    ----------
    server, project_id
        Whose state it is.
    moved_at
        Latest ``updated_at`` of any task, by the server's clock, before the pull began to read.
    config_sha256
        Hash of the label config.
    shape
        Hash of the ids that the pulled tables hold, to know that known labels belong to this bookmark.
    left_out
        What could not be read, so that it is neither missed nor fetched again each time.
    full_at
        When everything was read the last time.
    """

    server: str
    project_id: int
    moved_at: datetime
    config_sha256: str
    shape: str = ""
    left_out: tuple[LeftOut, ...] = ()
    full_at: str = ""

    @property
    def since(self) -> datetime:
        """From when on changes are asked for: a little earlier, for writes that were under way."""
        return max(_START, self.moved_at - timedelta(seconds=OVERLAP_S))

    def fits(self, address: Address) -> bool:
        """Say whether this is the state of a project."""
        return self.server == address.base_url and self.project_id == address.project_id

    def as_json(self) -> dict[str, object]:
        """Return plain values for a JSON file."""
        told = asdict(self) | {"format": FORMAT, "moved_at": filter_time(self.moved_at)}
        return json.loads(json.dumps(told))  # type: ignore[no-any-return] # tuples become lists

    @classmethod
    def of(cls, told: Mapping[str, object]) -> Bookmark | None:
        """Read what :meth:`as_json` made; None where it is something else, so that everything is pulled again."""
        try:
            if told["format"] != FORMAT:
                return None
            texts = {key: str(told[key]) for key in ("server", "config_sha256", "shape", "full_at")}
            listed = told["left_out"]
            left_out = tuple(LeftOut(**one) for one in listed) if isinstance(listed, list) else ()
            moved_at = parse_server_time(str(told["moved_at"]))
            return cls(project_id=int(str(told["project_id"])), moved_at=moved_at, left_out=left_out, **texts)
        except (KeyError, TypeError, ValueError):
            return None


def parse_server_time(text: str) -> datetime:
    """Read a time as the server writes it; raises ``ValueError``."""
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def filter_time(at: datetime) -> str:
    """Write a time in the one way that the server's filters take: any other makes it fail."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hash_ids(ids: list[str]) -> str:
    """Return the hash of ids, whatever their order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:32]
