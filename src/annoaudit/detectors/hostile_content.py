"""Items whose content is hostile: it instructs, runs, computes, hides or bursts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.errors import Unavailable
from annoaudit.evidence.hostile_text import KINDS, Sign, find_candidates, find_rare_scripts, scan_text
from annoaudit.evidence.kinds import AUDITED
from annoaudit.evidence.media_bombs import find_bombs
from annoaudit.findings import Explanation, Level, Scores, signed

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["HostileContent"]

_BOMB = 0.95


@dataclass(frozen=True)
class HostileContent:
    """Score each item by signs of hostile content in its text, its address and its local medium.

    Kinds of signs count once each: suspicion is one minus the product of their doubts. Items are looked at once for the
    project, whatever the question. Characters are exact; instructions and active content are told by patterns.
    """

    name = "hostile_content"
    version = "1"
    level: ClassVar[Level] = "item"
    kinds: ClassVar[tuple[str, ...]] = AUDITED
    needs = ()

    def score(self, evidence: Evidence) -> Scores:
        """Score every item that has a text or an address."""
        first = evidence.labels.questions_of(*AUDITED)[0]
        if evidence.question != first:
            raise Unavailable(f"it looks at whole items, and is told with the question {first!r}")
        fields = _fields(evidence)
        if not fields:
            raise Unavailable("the items have no text and no address")
        bombs = _bombs(evidence)
        known = np.any([np.asarray(column.is_valid()) for column in fields.values()], axis=0)
        suspicion = np.where(known, 0.0, np.nan)
        marked = np.any([find_candidates(column) for column in fields.values()], axis=0)
        rare = find_rare_scripts(fields["text"]) if "text" in fields else {}
        for at in np.flatnonzero(marked):
            suspicion[at] = _weigh({one.kind for _, one in _signs(fields, rare, int(at))})
        for at in bombs:
            suspicion[at] = 1 - (1 - np.nan_to_num(suspicion[at])) * (1 - _BOMB)

        def explain(positions: npt.NDArray[np.int64]) -> Sequence[Explanation]:
            return [_explain(_signs(fields, rare, int(at)), bombs.get(int(at), "")) for at in positions]

        return Scores(
            *signed(self, evidence.question),
            target=np.arange(evidence.labels.items.num_rows),
            suspicion=suspicion,
            explain=explain,
            missing="the item has no text and no address",
        )


def _fields(evidence: Evidence) -> dict[str, pa.Array]:
    """Columns of the items that hold content, row by row."""
    items = evidence.labels.items
    columns = {"text": items["text"].combine_chunks(), "address": items["uri"].combine_chunks()}
    return {name: column for name, column in columns.items() if column.null_count < len(column)}


def _bombs(evidence: Evidence) -> dict[int, str]:
    if evidence.media_root is None:
        return {}
    return find_bombs(evidence.labels.items["uri"].to_pylist(), evidence.media_root)


def _signs(fields: Mapping[str, pa.Array], rare: Mapping[int, Sign], at: int) -> list[tuple[str, Sign]]:
    signs = [(name, one) for name, column in fields.items() for one in scan_text(column[at].as_py() or "")]
    return [*signs, ("text", rare[at])] if at in rare else signs


def _weigh(kinds: set[str]) -> float:
    return 1.0 - float(np.prod([1.0 - KINDS[kind][1] for kind in kinds]))


def _explain(signs: Sequence[tuple[str, Sign]], bomb: str) -> Explanation:
    told = [f"In its {name}, {sign.sentence}" for name, sign in signs]
    told += [f"Its medium is {bomb}"] if bomb else []
    if not told:
        return Explanation("Nothing hostile was found in its text or address.")
    more = f"; {len(told) - 1} more such place{'s' * (len(told) > 2)}" if len(told) > 1 else ""
    facts = [
        {"field": name, "kind": sign.kind, "start": sign.start, "end": sign.end, "what": sign.quote}
        for name, sign in signs
    ]
    return Explanation(f"{told[0]}{more}.", {"signs": facts, "bomb": bomb})
