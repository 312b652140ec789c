"""Out-of-source class probabilities: what a model says that never saw the labels it judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable, UsageError
from annoaudit.evidence.classifiers import Material, Nearest, choose_classifiers
from annoaudit.evidence.ensemble import Judgement, Task, judge_block
from annoaudit.evidence.features import Features
from annoaudit.evidence.kinds import judge_parts
from annoaudit.evidence.neighbours import Neighbours, find_neighbours
from annoaudit.evidence.source_blocks import Block, Sources, hold_out, split_blocks

if TYPE_CHECKING:
    from annoaudit.evidence.evidence import Evidence

__all__ = ["BY_ANNOTATOR", "BY_ITEM", "REACH", "Probabilities", "cross_validate", "judge_items"]

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

BY_ITEM = "cross-validated by item"
BY_ANNOTATOR = "cross-validated by annotator"

REACH = 60
_FEWEST_LABELS = 20
_LABELS_OF_ANNOTATOR = 10
_ANNOTATORS = 3
_LARGEST_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Probabilities:
    """Class probabilities of N items from a model that did not see the labels it is used to judge.

    Parameters
    ----------
    matrix
        (N, K) rows of sum 1; NaN where an item could not be judged. By annotator, the mean over the
        models that judge the item's labels.
    source
        "cross-validated by item", "cross-validated by annotator", "supplied", or "reused, fitted …".
    members
        Name, weight and log-loss of each member of the ensemble; weights sum to 1.
    log_loss
        Mean of -log p of the given labels; NaN where not computed.
    accuracy
        Share of the given labels that are the most probable class; NaN where not computed.
    note
        What was chosen and why, and what limits it.
    of_labels
        (L, K) the row for each label, where these differ between the labels of an item; else None.
    """

    matrix: Floats
    source: str
    members: tuple[tuple[str, float, float], ...] = ()
    log_loss: float = float("nan")
    accuracy: float = float("nan")
    note: str = ""
    of_labels: Floats | None = None

    def rows_for(self, item: Ints) -> Floats:
        """Return (L, K) probabilities for each label, given the item of each."""
        return self.of_labels if self.of_labels is not None else self.matrix[item]


def judge_items(evidence: Evidence) -> Probabilities:
    """Return the probabilities that were given, else those of models which never saw the labels they judge."""
    votes = evidence.votes
    if votes.kind == "ranking":
        raise Unavailable("no model judges orders")
    if evidence.given_probabilities is not None:
        return Probabilities(matrix=evidence.given_probabilities, source="supplied")
    if votes.n_classes < 2 or len(np.unique(votes.label)) < 2:
        raise Unavailable("all labels are of one class", hint="There is nothing to tell apart.")
    if votes.parts is not None:
        return judge_parts(evidence)
    return cross_validate(
        evidence.features,
        item=votes.item,
        annotator=votes.annotator,
        label=votes.label,
        n_items=votes.n_items,
        n_annotators=votes.n_annotators,
        n_classes=votes.n_classes,
        cluster=evidence.near_duplicates,
        by=evidence.folds,
        target=evidence.votes_consensus.posterior,
        seed=evidence.seed,
    )


def cross_validate(
    features: Features,
    *,
    item: Ints,
    annotator: Ints,
    label: Ints,
    n_items: int,
    n_annotators: int,
    n_classes: int,
    cluster: Ints,
    by: str = "auto",
    target: Floats | None = None,
    seed: int = 0,
    n_folds: int = 5,
    neighbours: Neighbours | None = None,
) -> Probabilities:
    """Judge each label by an ensemble that learned neither from it nor from its source.

    By item, the model that judges an item saw no label of it or of its near duplicates. By annotator, it
    also saw no label of the annotator who gave the label. Members (logistic regression, naive Bayes or
    randomised trees, nearest neighbours, class shares) are calibrated and weighted by log-loss on
    labels held out of what the model may learn from, so the weights know no more than the model does.

    Parameters
    ----------
    features
        Vectors of the N items.
    item, annotator, label
        (L,) codes of the labels.
    n_items, n_annotators, n_classes
        N, A and K.
    cluster
        (N,) near-duplicate cluster of each item.
    by
        "item", "annotator", or "auto": by annotator where no item has two labels and at least three
        annotators have ten labels each and none has over 80 % of them; else by item.
    target
        (N, K) soft consensus to learn from, by item only; by default, and always by annotator, the
        share of the votes that may be learned from.
    seed
        Fixes folds and trees.
    n_folds
        At least 2; lowered to the number of sources.
    neighbours
        Neighbours of the items outside their cluster, about 60 of each; found here by default.

    Raises
    ------
    Unavailable
        One class only, or too few labels on items with content.
    UsageError
        ``by`` is none of the three words.

    References
    ----------
    Wolpert. Stacked generalization. Neural Networks 5, 1992.
    """
    usable = np.flatnonzero(features.has_content[item])
    _require(label[usable])
    by, why = _choose(by, item[usable], annotator[usable])
    sources = Sources(annotator[usable] if by == "annotator" else None, cluster[item[usable]])
    if sources.count() < 2:
        raise Unavailable(
            f"all labels on items with content come from one {by}",
            hint="A model needs labels of another one to learn from.",
        )
    members = choose_classifiers(features)
    if neighbours is None and any(isinstance(member, Nearest) for member in members):
        neighbours = find_neighbours(features, k=REACH, cluster=cluster)
    material = Material(features, neighbours, np.asarray(cluster))
    task = Task(item, label, n_classes, target if by == "item" else None)
    tally = _Tally(item, label, n_items, n_classes, by == "annotator" and _repeats(item[usable]))
    for block in split_blocks(sources, n_folds, seed):
        learned = usable[block.learned]
        if len(np.unique(label[learned])) < 2:
            continue
        inner = _hold_out(sources, block.learned, seed)
        judged = usable[block.judged]
        tally.add(
            judged,
            judge_block(
                material, task, members, judged=judged, learned=learned, checked=usable[inner.judged],
                kept=usable[inner.learned], seed=seed,
            ),
        )  # fmt: skip
        tally.note_unseen(judged, learned)
    return tally.finish(BY_ANNOTATOR if by == "annotator" else BY_ITEM, [member.name for member in members], why)


def _hold_out(sources: Sources, learned: npt.NDArray[np.bool_], seed: int) -> Block:
    """Hold out some of what may be learned from, for weights and calibration."""
    try:
        return hold_out(sources, learned, seed)
    except UsageError as reason:
        raise Unavailable(
            "the items differ too little for a model to be checked on some that it did not see",
            hint="Give texts, more columns or feature vectors.",
        ) from reason


class _Tally:
    """Gathers the judgements of all blocks."""

    def __init__(self, item: Ints, label: Ints, n_items: int, n_classes: int, each: bool) -> None:
        self.item, self.label = item, label
        self.sums = np.zeros((n_items, n_classes), dtype=np.float32)
        self.times = np.zeros(n_items, dtype=np.int64)
        self.of_labels = np.full((len(item), n_classes), np.nan, dtype=np.float32) if each else None
        self.judged: list[Ints] = []
        self.of_given: list[Floats] = []
        self.weights: list[Floats] = []
        self.unseen: set[int] = set()

    def add(self, judged: Ints, says: Judgement) -> None:
        self.sums[says.items] += says.matrix
        self.times[says.items] += 1
        place = np.searchsorted(says.items, self.item[judged])
        if self.of_labels is not None:
            self.of_labels[judged] = says.matrix[place]
        right = says.matrix[place].argmax(axis=1) == self.label[judged]
        self.judged.append(judged)
        self.of_given.append(np.vstack([says.of_given, right]))
        self.weights.append(says.weights)

    def note_unseen(self, judged: Ints, learned: Ints) -> None:
        self.unseen |= set(np.setdiff1d(self.label[judged], self.label[learned]).tolist())

    def finish(self, source: str, names: list[str], why: str) -> Probabilities:
        if not self.judged:
            raise Unavailable(
                "when one source is held out, the others' labels are all of one class",
                hint="Let more annotators label each class.",
            )
        matrix = np.where(self.times[:, None] > 0, self.sums / np.maximum(self.times, 1)[:, None], np.nan)
        sizes = np.array([len(judged) for judged in self.judged], dtype=float)
        weights = (sizes / sizes.sum()) @ np.stack(self.weights)
        of_given = np.hstack(self.of_given)
        losses = -np.log(np.maximum(of_given[:-1], 1e-12)).mean(axis=1)
        return Probabilities(
            matrix=matrix.astype(np.float32),
            source=source,
            members=tuple(zip(names, weights.tolist(), losses[:-1].tolist(), strict=True)),
            log_loss=float(losses[-1]),
            accuracy=float(of_given[-1].mean()),
            note=_explain(why, len(self.unseen)),
            of_labels=self.of_labels,
        )


def _explain(why: str, n_unseen: int) -> str:
    if not n_unseen:
        return why
    classes = "1 class has" if n_unseen == 1 else f"{n_unseen} classes have"
    return f"{why}; {classes} labels of too few sources to be known to the model that judges them"


def _require(label: Ints) -> None:
    if len(label) < _FEWEST_LABELS:
        raise Unavailable(
            f"only {len(label)} labels lie on items with content; a model needs {_FEWEST_LABELS}",
            hint="Label more items.",
        )
    if len(np.unique(label)) < 2:
        raise Unavailable("all labels are of one class", hint="There is nothing to tell apart.")


def _repeats(item: Ints) -> bool:
    return len(np.unique(item)) < len(item)


def _choose(by: str, item: Ints, annotator: Ints) -> tuple[str, str]:
    """Choose what counts as a source, and say why."""
    if by not in ("auto", "annotator", "item"):
        raise UsageError(f"Folds cannot be by {by!r}.", hint="Use auto, item or annotator.")
    if by != "auto":
        return by, f"folds by {by}, as asked"
    if _repeats(item):
        return "item", "folds by item, since some items have several labels"
    counts = np.sort(np.bincount(annotator))[::-1]
    if (counts >= _LABELS_OF_ANNOTATOR).sum() < _ANNOTATORS or counts[0] > _LARGEST_SHARE * len(item):
        return "item", "folds by item, since the labels of too few annotators remain when one is held out"
    return "annotator", "folds by annotator, since each item has one label"
