"""Every kind of question as votes: what people decided, on items or on parts of items.

Where an answer is one word or number an item, votes are the answers. Where it is a set, the parts of an item are the
things that somebody put into the set (options, or regions matched across annotators), and a submission that lacks one
votes for its absence. So the same inference, detectors and policy serve every kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annoaudit.errors import Unavailable
from annoaudit.labels import MEASURED, NOMINAL, LabelSet, Votes

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.evidence.probabilities import Probabilities

__all__ = ["AUDITED", "IN_PARTS", "WITH_CLASSES", "judge_parts", "read_votes"]

IN_PARTS = ("multichoice",)
"""Kinds whose answer is a set of parts."""
WITH_CLASSES = (*NOMINAL, *IN_PARTS)
"""Kinds whose votes are of a few classes, so that a true class can be inferred."""
AUDITED = (*WITH_CLASSES, *MEASURED)
"""Kinds that can be audited."""


def read_votes(labels: LabelSet, question: str) -> Votes:
    """Return the votes on a question of any kind that can be audited."""
    kind = labels.kind_of(question)
    if kind == "multichoice":
        from annoaudit.evidence.kinds.options import vote_on_options

        return vote_on_options(labels.selections(question))
    return labels.votes(question)


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
    raise Unavailable(f"no model judges questions of kind {evidence.kind}")
