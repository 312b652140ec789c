"""Annotators whose boxes lie off in the same way again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.kinds.places import bias_of_edges, find_places
from annoaudit.findings import Explanation, Level, Scores, signed, tell_share
from annoaudit.statistics.multiplicity import suspicion_of
from annoaudit.statistics.regions.edge_bias import COMPONENTS
from annoaudit.statistics.regions.edge_bias import EdgeBias as Measured

if TYPE_CHECKING:
    from annoaudit.evidence import Evidence

__all__ = ["EdgeBias"]

Ints = npt.NDArray[np.int64]

INNOCENT = (
    "another reading of the guideline: with or without shadows, hair, mirrors, hidden parts",
    "another tool, zoom or screen",
    "a team most of which is off: labels cannot tell which side is right",
)
MOST_SHOWN = 20
TOLD = 0.02


@dataclass(frozen=True)
class EdgeBias:
    """Test whether an annotator's boxes lie off from the others' in the same direction on image after image.

    Offsets are shares of the box's sides, from the others' boxes of the same things, less what those are biased by. The
    p value is that of flipping the signs of whole images, over four edges and size together. A bias says nothing of
    intent: most are another reading of the guideline.

    Parameters
    ----------
    min_items
        Fewer images with boxes that others marked too: could not be judged.
    """

    min_items: int = 20

    name = "edge_bias"
    version = "1"
    level: ClassVar[Level] = "annotator"
    kinds: ClassVar[tuple[str, ...]] = ("bbox", "rbox")
    needs = ("units",)

    def score(self, evidence: Evidence) -> Scores:
        """Score every annotator with enough boxes that others marked too."""
        votes = evidence.votes
        found = bias_of_edges(evidence.units, fewest_items=self.min_items, seed=evidence.seed)
        judged = np.isfinite(found.p)
        if judged.sum() < 2:
            raise Unavailable(
                f"fewer than two annotators have boxes on {self.min_items} images that others marked too",
                hint="Let a share of the images be labelled twice.",
            )
        size = np.abs(np.nan_to_num(found.mean))
        worst = size.argmax(axis=1)
        everyone = np.arange(votes.n_annotators)
        effect, low, high = _magnitude(found, everyone, worst)

        def explain(positions: Ints) -> Sequence[Explanation]:
            return [_explain(evidence, found, int(who)) for who in positions]

        return Scores(
            *signed(self, votes.question),
            target=everyone,
            suspicion=np.where(judged, suspicion_of(found.p), np.nan),
            explain=explain,
            n=found.n_boxes,
            effect=np.where(judged, effect, np.nan),
            effect_low=np.where(judged, low, np.nan),
            effect_high=np.where(judged, high, np.nan),
            effect_name="mean offset of the edge (or of the size) that is farthest off, in shares of the side",
            null="offsets from the others that are symmetric about 0, images independent",
            p=found.p,
            family="annotators",
            missing="" if judged.all() else f"boxes on fewer than {self.min_items} images that others marked too",
        )


def _magnitude(found: Measured, who: Ints, worst: Ints) -> tuple[npt.NDArray[np.float64], ...]:
    """Size of each annotator's largest offset, with its interval mirrored where the offset is negative."""
    mean, low, high = found.mean[who, worst], found.low[who, worst], found.high[who, worst]
    below = np.nan_to_num(mean) < 0
    return np.abs(mean), np.where(below, -high, low), np.where(below, -low, high)


def _explain(evidence: Evidence, found: Measured, who: int) -> Explanation:
    mean = found.mean[who]
    told = _tell_components(mean)
    return Explanation(
        f"Over {int(found.n_boxes[who])} boxes on {int(found.n_items[who])} images, compared with the others' boxes of "
        f"the same things, {told or 'no edge is off by as much as 2 %'}.",
        {
            "statistic": "systematic offset of edges",
            "value": round(float(np.abs(mean).max()), 4),
            "examples": _examples(evidence, who),
            "matched": [],
            "innocent_explanations": list(INNOCENT),
            "would_clear": "20 of these boxes beside the others', shown to whoever wrote the guideline",
            **{f"{name}_offset": round(float(one), 4) for name, one in zip(COMPONENTS, mean, strict=True)},
        },
    )


def _tell_components(mean: npt.NDArray[np.float64]) -> str:
    """Return the offsets in words, the size first."""
    words = []
    if abs(mean[4]) >= TOLD:
        words.append(f"sides are {tell_share(abs(float(mean[4])))} {'longer' if mean[4] > 0 else 'shorter'}")
    for k in range(4):
        if abs(mean[k]) >= TOLD:
            to = ("to the right", "down")[k % 2] if mean[k] > 0 else ("to the left", "up")[k % 2]
            words.append(f"{COMPONENTS[k]} edges lie {tell_share(abs(float(mean[k])))} of the side {to}")
    return ", ".join(words)


def _examples(evidence: Evidence, who: int) -> list[dict[str, object]]:
    """The annotator's boxes whose edges lie farthest off, beside the consensus."""
    units = evidence.units
    off = np.abs(find_places(units).off).max(axis=1)
    mine = np.flatnonzero(units.by_people & (units.regions.annotator == who) & np.isfinite(off))
    shown = mine[np.argsort(-off[mine], kind="stable")[:MOST_SHOWN]]
    items = evidence.labels.items["item_id"].take(units.regions.item[shown]).to_pylist()
    return [
        {"item_id": item, "given": _spell(units.frame[at]), "expected": _spell(units.consensus[units.unit[at]])}
        for item, at in zip(items, shown.tolist(), strict=True)
    ]


def _spell(box: npt.NDArray[np.float64]) -> str:
    left, top, right, bottom = (round(float(one)) for one in box)
    return f"{right - left}×{bottom - top} at {left},{top}"  # noqa: RUF001 - as sizes are written
