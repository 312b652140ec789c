"""What detectors say and what people answer: frozen records, and the tables they make."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "FINDING_COLUMNS",
    "GROUP_LEVELS",
    "LEVELS",
    "SEVERITIES",
    "Explanation",
    "Finding",
    "Lead",
    "Level",
    "Outcome",
    "Scores",
    "Severity",
    "Signed",
    "Source",
    "Subject",
    "Verdict",
    "fingerprint",
    "signed",
    "tell_share",
]

Level = Literal["label", "item", "annotator", "pair", "ring", "slice", "dataset"]
Severity = Literal["L0", "L1", "L2", "L3"]
LEVELS: tuple[Level, ...] = ("label", "item", "annotator", "pair", "ring", "slice", "dataset")
GROUP_LEVELS: tuple[Level, ...] = ("pair", "ring", "slice")
SEVERITIES: dict[Severity, str] = {
    "L0": "a label worth a second look",
    "L1": "agreement or quality below the team's",
    "L2": "a systematic pattern",
    "L3": "an integrity violation",
}

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """An annotator from whom labels of a finding about the data came, against what was to be expected of them.

    ``annotator`` is a code of the votes; of ``n`` labels, ``observed`` are of the finding and ``expected`` would be.
    """

    annotator: int
    n: int
    observed: int
    expected: float


@dataclass(frozen=True)
class Subject:
    """What a finding at level "dataset" is about: a token, a patch, a class, a cluster of copies, a batch.

    ``key`` is its identity and belongs to the fingerprint, so nothing that grows with the data is in it; ``text`` is
    for people. ``sources`` names annotators whose labels made the pattern, most telling first.
    """

    key: str
    text: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Lead:
    """What stands high by a mere rank: a sentence, and annotators from whom its labels came."""

    sentence: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a target has its suspicion: one sentence for people, and the facts behind it as JSON values.

    ``subject`` is there at level "dataset" only.
    """

    reason: str
    evidence: Mapping[str, object] = field(default_factory=dict)
    subject: Subject | None = None


@dataclass(frozen=True, eq=False)
class Scores:
    """What one detector says about its targets, before any threshold. One shape for all detectors.

    All arrays have one entry a target (n,). ``target`` holds codes: positions in the votes at level "label", in the
    items table at level "item", annotator codes at level "annotator", and places in ``members`` at the levels of
    groups: "pair", "ring" and "slice". At level "dataset" it numbers what was looked at, and ``explain`` names the
    subject of each.

    Parameters
    ----------
    suspicion
        In [0, 1], high means look; .5 is the detector's own even point unless its page says otherwise.
        NaN means "could not judge", and ``missing`` says what was missing.
    given, suggested
        Class codes; -1 means none.
    n
        Number of labels the score of this target rests on.
    effect, effect_low, effect_high
        Effect size with its interval, in the unit that ``effect_name`` names; NaN where there is none.
    null, p, e, family
        The null hypothesis in words with p or e values, only where that null has been simulated and
        holds; otherwise empty, and the score is a rank.
    explain
        Called with positions into these arrays, for the few targets that become findings.
    aspect
        What of a label is judged, where that is not its class: "place". A label that is right in one aspect may be
        wrong in another, so aspects are not averaged in the order of the queue.
    members
        At the levels of groups, the annotator codes of each target.
    state
        What is carried to the next run, by annotator id, for detectors that watch streams.
    leads
        What stands highest by a mere rank: shown as such, never flagged.
    """

    detector: str
    version: str
    level: Level
    question: str
    target: Ints
    suspicion: Floats
    explain: Callable[[Ints], Sequence[Explanation]]
    given: Ints | None = None
    suggested: Ints | None = None
    n: Ints | None = None
    effect: Floats | None = None
    effect_low: Floats | None = None
    effect_high: Floats | None = None
    effect_name: str = ""
    null: str = ""
    p: Floats | None = None
    e: Floats | None = None
    family: str = ""
    missing: str = ""
    note: str = ""
    aspect: str = ""
    members: Sequence[Ints] = ()
    state: Mapping[str, object] | None = None
    leads: tuple[Lead, ...] = ()

    def __len__(self) -> int:
        return len(self.target)

    @property
    def n_judged(self) -> int:
        """Number of targets with a suspicion."""
        return int(np.isfinite(self.suspicion).sum())


class Signed(Protocol):
    """Whatever has the name, version and level of a detector."""

    @property
    def name(self) -> str:
        """Name, that of its file."""

    @property
    def version(self) -> str:
        """Changes where scores change."""

    @property
    def level(self) -> Level:
        """What its targets are."""


def signed(detector: Signed, question: str) -> tuple[str, str, Level, str]:
    """Return the first four fields of a detector's :class:`Scores` on a question: ``Scores(*signed(self, q), …)``."""
    return detector.name, detector.version, detector.level, question


@dataclass(frozen=True)
class Outcome:
    """What became of one detector in a run: it scored, was skipped for lack of evidence, or failed."""

    detector: str
    version: str
    question: str
    status: Literal["scored", "skipped", "failed"]
    why: str = ""
    n_targets: int = 0
    n_judged: int = 0
    n_flagged: int = 0
    n_queued: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One flagged target, as it is stored, reported and pushed for review.

    ``annotator`` is a pseudonym. ``rank`` is the place in the review queue, from 1; 0 means flagged but
    beyond the budget. ``fingerprint`` has no score in it, so it is the same every night.
    """

    fingerprint: str
    detector: str
    version: str
    level: Level
    severity: Severity
    question: str
    item_id: str
    label_id: str
    annotation_id: str
    annotator: str
    given: str
    suggested: str
    suspicion: float
    n: int
    effect: float
    effect_low: float
    effect_high: float
    effect_name: str
    null: str
    p: float
    e: float
    family: str
    reason: str
    evidence_json: str
    rank: int


FINDING_COLUMNS: tuple[str, ...] = tuple(Finding.__dataclass_fields__)


@dataclass(frozen=True)
class Verdict:
    """A reviewer's answer to the findings on one review target. Append-only; the latest counts."""

    target: str
    fingerprints: tuple[str, ...]
    decision: Literal["fixed", "confirmed", "ambiguous", "bad_data", "skipped"]
    reviewer: str
    at: datetime
    corrected: str = ""
    note: str = ""


def fingerprint(detector: str, level: str, ids: Sequence[str], given: str = "") -> str:
    """Return the stable name of a finding: 24 hexadecimal digits of detector, level, ids and given label."""
    text = json.dumps([detector, level, list(ids), given], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:24]


def tell_share(share: float) -> str:
    """Return a share in whole per cent as people say it; never 0 % or 100 % for what only comes close."""
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"
