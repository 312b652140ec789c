"""What the pictures of regions say of their class: a model that never saw the labels of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annoaudit.errors import Unavailable
from annoaudit.evidence.features import Features
from annoaudit.evidence.image_features import describe_crops
from annoaudit.evidence.probabilities import Probabilities, cross_validate

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["judge_crops"]

MOST_UNITS = 20_000


def judge_crops(evidence: Evidence) -> Probabilities:
    """Judge each unit by the part of the image within its consensus box, learned from other images.

    Where several people labelled the images, absence is a class like the others: what only one person marks may look
    like nothing.

    Raises
    ------
    Unavailable
        There are more than 20,000 units, no image can be read, or there is too little to learn from.
    """
    units, votes, items = evidence.units, evidence.votes, evidence.labels.items
    assert evidence.media_root is not None
    assert votes.parts is not None
    if votes.n_items > MOST_UNITS:
        raise Unavailable(f"{votes.n_items:,} regions are more than the {MOST_UNITS:,} whose pictures are looked at")
    frame = np.column_stack([items[name].to_numpy().astype(np.float64) for name in ("width", "height")])
    matrix, readable = describe_crops(
        items["uri"].to_pylist(), votes.parts.item, units.consensus, frame, evidence.media_root
    )
    if not readable.any():
        raise Unavailable("no image could be read in the folder", hint="Are paths relative to it?")
    return cross_validate(
        Features(matrix, readable, "pictures of the regions"),
        item=votes.item,
        annotator=votes.annotator,
        label=votes.label,
        n_items=votes.n_items,
        n_annotators=votes.n_annotators,
        n_classes=votes.n_classes,
        cluster=votes.parts.item,
        by="item",
        target=evidence.votes_consensus.posterior,
        seed=evidence.seed,
    )
