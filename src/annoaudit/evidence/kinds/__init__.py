"""Every kind of question as votes: what people decided, on items or on parts of items.

Where an answer is one word or number an item, votes are the answers. Where it is a set, the parts of an item are the
things that somebody put into the set (options, or regions matched across annotators), and a submission that lacks one
votes for its absence. So the same inference, detectors and policy serve every kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annoaudit.errors import Unavailable
from annoaudit.labels import EXTENDED, MEASURED, NOMINAL, REGIONS, Votes

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.evidence.probabilities import Probabilities

__all__ = ["AUDITED", "IN_PARTS", "PREDICTIONS", "WITH_CLASSES", "judge_parts", "read_votes"]

IN_PARTS = ("multichoice", *EXTENDED, *REGIONS)
"""Kinds whose answer is a set of parts."""
WITH_CLASSES = (*NOMINAL, *IN_PARTS)
"""Kinds whose votes are of a few classes, so that a true class can be inferred."""
AUDITED = (*WITH_CLASSES, *MEASURED, "ranking", "text")
"""Kinds that can be audited."""
PREDICTIONS = "supplied predictions"
"""Source of probabilities that follow from a detector's regions."""


def read_votes(evidence: Evidence) -> Votes:
    """Return the votes on a question of any kind that can be audited."""
    if evidence.kind == "multichoice":
        from annoaudit.evidence.kinds.options import vote_on_options

        return vote_on_options(evidence.selections)
    if evidence.kind in REGIONS:
        return evidence.units.votes
    if evidence.kind in EXTENDED:
        return evidence.matched_spans.votes
    if evidence.kind == "ranking":
        from annoaudit.evidence.kinds.rankings import vote_on_rankings

        return vote_on_rankings(evidence)
    if evidence.kind == "text":
        from annoaudit.evidence.kinds.texts import vote_on_texts

        return vote_on_texts(evidence)
    return evidence.labels.votes(evidence.question)


def judge_parts(evidence: Evidence) -> Probabilities:
    """Return what a model says of each part that never saw the labels it judges.

    Raises
    ------
    Unavailable
        There is no model for parts of this kind, or it lacks what it needs.
    """
    if evidence.kind == "multichoice":
        from annoaudit.evidence.kinds.options import judge_options

        return judge_options(evidence)
    if evidence.kind in REGIONS:
        return _judge_regions(evidence)
    if evidence.kind in EXTENDED:
        from annoaudit.evidence.kinds.spans import judge_units

        return judge_units(evidence)
    raise Unavailable(f"no model judges questions of kind {evidence.kind}")


def _judge_regions(evidence: Evidence) -> Probabilities:
    """By the predictions that come with the labels, or else by what the pictures show."""
    if not evidence.units.by_people.all():
        from annoaudit.evidence.kinds.predicted import judge_regions

        return judge_regions(evidence)
    if evidence.media_root is not None:
        from annoaudit.evidence.kinds.crops import judge_crops

        return judge_crops(evidence)
    raise Unavailable(
        "no model's predictions come with the labels, and no folder of images is given",
        hint="Give predictions with their confidence (Label Studio predictions, or COCO results beside the labels), or "
        "the folder of the images.",
    )
