"""Multiple choice as votes: for each option of each item, yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.errors import Unavailable
from annoaudit.labels import Parts, Selections, Votes

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence
    from annoaudit.evidence.probabilities import Probabilities

__all__ = ["ANSWERS", "judge_options", "vote_on_options"]

Ints = npt.NDArray[np.int64]

ANSWERS = ("no", "yes")
MOST_VOTES = 20_000_000
FEWEST_OF_EACH = 5
MOST_OPTIONS = 100


def vote_on_options(chosen: Selections) -> Votes:
    """Return one vote a submission and option: whether the option was chosen; an empty set says no to all.

    Where that would be more than 20 million votes, only options that somebody chose on the item are voted on.
    """
    n_options = len(chosen.classes)
    kept = np.ones((len(chosen.item_ids), n_options), dtype=bool)
    if chosen.chosen.size > MOST_VOTES:
        kept[:] = False
        at, option = np.nonzero(chosen.chosen)
        kept[chosen.item[at], option] = True
    labelled = np.bincount(chosen.item, minlength=len(kept)) > 0
    kept &= labelled[:, None]
    item_of, option_of = np.nonzero(kept)
    place = np.full(kept.shape, -1, dtype=np.int64)
    place[item_of, option_of] = np.arange(len(item_of))
    submission, option = np.nonzero(kept[chosen.item])
    names = tuple(chosen.classes[k] for k in option_of.tolist())
    return Votes(
        question=chosen.question,
        item_ids=_part_ids(chosen.item_ids, item_of, names),
        annotator_ids=chosen.annotator_ids,
        classes=ANSWERS,
        item=place[chosen.item[submission], option],
        annotator=chosen.annotator[submission],
        label=chosen.chosen[submission, option].astype(np.int64),
        row=chosen.row[submission, option],
        owner=chosen.owner[submission],
        round=np.zeros(len(submission), dtype=np.int64),
        kind="multichoice",
        parts=Parts(item_of, names),
    )


def judge_options(evidence: Evidence) -> Probabilities:
    """Judge each option of each item by a model of its own, which never saw the labels of the item.

    Options with fewer than five yes or five no are not judged.

    Raises
    ------
    Unavailable
        There are no features, or no option has enough of both answers.
    """
    from annoaudit.evidence.neighbours import find_neighbours
    from annoaudit.evidence.probabilities import BY_ITEM, REACH, Probabilities, cross_validate

    votes = evidence.votes
    assert votes.parts is not None
    options, code = np.unique(np.array(votes.parts.names, dtype=object), return_inverse=True)
    of_vote = code[votes.item]
    chosen = _options_by_use(of_vote, votes.label, len(options))[:MOST_OPTIONS]
    if not len(chosen):
        raise Unavailable(f"no option has {FEWEST_OF_EACH} labels for and {FEWEST_OF_EACH} against it")
    neighbours = find_neighbours(evidence.features, k=REACH, cluster=evidence.near_duplicates)
    matrix = np.full((votes.n_items, len(ANSWERS)), np.nan)
    for option in chosen:
        parts, mine = np.flatnonzero(code == option), of_vote == option
        found = cross_validate(
            evidence.features,
            item=votes.whole[mine],
            annotator=votes.annotator[mine],
            label=votes.label[mine],
            n_items=evidence.labels.items.num_rows,
            n_annotators=votes.n_annotators,
            n_classes=len(ANSWERS),
            cluster=evidence.near_duplicates,
            by="item",
            seed=evidence.seed,
            neighbours=neighbours,
        )
        matrix[parts] = found.matrix[votes.parts.item[parts]]
    return Probabilities(matrix=matrix, source=BY_ITEM, note=f"{len(chosen)} of {len(options)} options, a model each")


def _options_by_use(of_vote: Ints, label: Ints, n_options: int) -> Ints:
    """Options with enough answers of both kinds, the most chosen first."""
    n_yes = np.bincount(of_vote, weights=label, minlength=n_options)
    n_no = np.bincount(of_vote, minlength=n_options) - n_yes
    enough = np.flatnonzero(np.minimum(n_yes, n_no) >= FEWEST_OF_EACH)
    return np.asarray(enough[np.argsort(-n_yes[enough], kind="stable")], dtype=np.int64)


def _part_ids(item_ids: pa.Array, item_of: Ints, names: tuple[str, ...]) -> pa.Array:
    """Ids of parts: the item's id, a hash mark and the name of the part."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(item_ids.take(pa.array(item_of)), pa.array(names, pa.string()), "#")
