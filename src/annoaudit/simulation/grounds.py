"""Where attacks are planted: into a synthetic twin of a team, or into the team's own labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence import Evidence
from annoaudit.evidence.features import build_features
from annoaudit.simulation.designs import Assignment, TeamDesign
from annoaudit.simulation.quick_probabilities import judge_quickly
from annoaudit.simulation.tables import QUESTION, as_labels
from annoaudit.simulation.teams import Team, simulate_team

if TYPE_CHECKING:
    from collections.abc import Callable

    from annoaudit.labels import LabelSet

__all__ = ["Ground", "Recorded", "Twin", "is_available", "judge_evidence"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEPS = 9
ABILITIES = (-2.0, 9.0)
SEPARATIONS = (0.3, 9.0)


class Ground(Protocol):
    """What attacks can be planted into."""

    @property
    def description(self) -> str:
        """One sentence: what is planted into, and how like the user's labels it is."""
        ...

    @property
    def is_fixed(self) -> bool:
        """Whether every seed gives the same team before anything is planted."""
        ...

    def team(self, seed: int) -> Team:
        """Return the team before anything is planted."""
        ...

    def evidence(self, team: Team, seed: int) -> Evidence:
        """Return what an audit would know of this team."""
        ...

    def order_labels(self, of_team: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Bring values of a team's first answers into the order of the votes in its evidence."""
        ...


@dataclass(frozen=True)
class Recorded:
    """What a project's labels come with; a twin comes with the same and no more."""

    texts: bool
    features: bool
    submitted: bool
    lead_times: bool
    predictions: bool
    gold: bool
    repeats: bool

    @classmethod
    def of(cls, evidence: Evidence) -> Recorded:
        """Look at what there is."""
        labels = evidence.labels
        return cls(
            texts=labels.items["text"].null_count < labels.items.num_rows,
            features=is_available(evidence, "features"),
            submitted=is_available(evidence, "submitted_ms"),
            lead_times=is_available(evidence, "lead_time_s"),
            predictions=labels.predictions.num_rows > 0,
            gold=is_available(evidence, "gold"),
            repeats=evidence.votes.later is not None,
        )


@dataclass(frozen=True, eq=False)
class Twin:
    """Synthetic people and items in the places of real ones.

    The same items an annotator, redundancy, class frequencies and order; people as able and contents as telling as
    in the original, as far as the labels show it.
    """

    design: TeamDesign
    assignment: Assignment
    recorded: Recorded
    description: str
    contents: dict[int, tuple[Floats, dict[str, object]]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, evidence: Evidence, recorded: Recorded, seed: int) -> Twin:
        """Make the twin of one question's team."""
        votes = evidence.votes
        assignment = _assign(evidence, recorded)
        design = replace(
            TeamDesign.like(votes),
            gold_share=float((evidence.gold >= 0).mean()) if recorded.gold else 0.0,
            repeat_share=0.0 if votes.later is None else min(1.0, len(votes.later) / len(votes)),
            prediction_accuracy=TeamDesign.prediction_accuracy if recorded.predictions else 0.0,
        )
        design, told = _match(design, assignment, evidence, recorded, seed)
        return cls(design, assignment, recorded, f"A synthetic twin of this team: the same items an annotator{told}.")

    @property
    def is_fixed(self) -> bool:
        """Every seed gives another team."""
        return False

    def team(self, seed: int) -> Team:
        """Return an honest team in the places of the real one."""
        return simulate_team(self.design, seed=seed, assignment=self.assignment)

    def evidence(self, team: Team, seed: int) -> Evidence:
        """Return what an audit would know of this team: no more than of the real one."""
        gold = np.where(team.is_gold, team.truth, -1) if self.recorded.gold else None
        vectors = team.features if self.recorded.features else None
        labels = _keep_recorded(as_labels(team), self.recorded)
        known = Evidence(labels, QUESTION, given_features=vectors, gold_codes=gold, seed=seed)
        if vectors is not None:
            known.kept.update(self._know_contents(known, vectors))
        return judge_evidence(known)

    def _know_contents(self, evidence: Evidence, vectors: Floats) -> dict[str, object]:
        """Return what follows from the items alone: the same for all attacks on one seed, so found once."""
        seen = self.contents.get(evidence.seed)
        if seen is None or not np.array_equal(seen[0], vectors):
            evidence.kept["near_duplicates"] = np.arange(evidence.votes.n_items)
            kept: dict[str, object] = {"features": evidence.features, "neighbours": evidence.neighbours}
            seen = self.contents[evidence.seed] = vectors, kept
        return seen[1]

    def order_labels(self, of_team: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return the values as they are: the twin's tables have the order of the team."""
        return of_team


def judge_evidence(evidence: Evidence) -> Evidence:
    """Put quick probabilities where the audit would fit its ensemble; unless it is known better, no item is a copy."""
    evidence.kept.setdefault("near_duplicates", np.arange(evidence.votes.n_items))
    try:
        evidence.kept["probabilities"] = judge_quickly(
            evidence.features, evidence.votes, cluster=evidence.near_duplicates, seed=evidence.seed
        )
    except Unavailable as reason:
        evidence.kept["probabilities"] = reason
    return evidence


def _assign(evidence: Evidence, recorded: Recorded) -> Assignment:
    """Who labelled what, sorted by annotator and time."""
    votes = evidence.votes
    at = evidence.submitted_ms if recorded.submitted else votes.row
    order = np.lexsort((at, votes.annotator))
    return Assignment(votes.item[order], votes.annotator[order])


def _keep_recorded(labels: LabelSet, recorded: Recorded) -> LabelSet:
    """Take out of a simulated team's tables what the original does not come with."""
    dropped = ["created_at"] * (not recorded.submitted) + ["lead_time_s"] * (not recorded.lead_times)
    items = labels.items if recorded.texts else labels.items.drop_columns(["text"])
    return replace(labels, items=items, annotations=labels.annotations.drop_columns(dropped))


def _match(
    design: TeamDesign, assignment: Assignment, evidence: Evidence, recorded: Recorded, seed: int
) -> tuple[TeamDesign, str]:
    """Make people as able and contents as telling as they are in the original; say how close it came."""
    votes, told = evidence.votes, ""
    agreement = _agree(votes.item, votes.label, votes.n_items, votes.n_classes)
    if np.isfinite(agreement):

        def agree(ability: float) -> float:
            team = simulate_team(replace(design, ability=ability, repeat_share=0.0), seed=seed, assignment=assignment)
            return _agree(team.item, team.label, team.n_items, team.n_classes)

        ability, reached = _bisect(agree, agreement, ABILITIES)
        design = replace(design, ability=ability)
        told += (
            f"; two people give the same label to {100 * reached:.0f} % of shared items (here {100 * agreement:.0f} %)"
        )
    if recorded.features and is_available(evidence, "probabilities"):
        probable = evidence.probabilities.rows_for(votes.item)
        known = np.isfinite(probable).all(axis=1)
        telling = float((probable[known].argmax(axis=1) == votes.label[known]).mean())

        def tell(separation: float) -> float:
            return _tell(replace(design, separation=separation), assignment, seed)

        separation, reached = _bisect(tell, telling, SEPARATIONS)
        design = replace(design, separation=separation)
        told += f"; a model agrees with {100 * reached:.0f} % of the labels (here {100 * telling:.0f} %)"
    return design, told


def _tell(design: TeamDesign, assignment: Assignment, seed: int) -> float:
    """Share of the labels of a simulated team that the quick model agrees with."""
    team = simulate_team(replace(design, repeat_share=0.0), seed=seed, assignment=assignment)
    labels = as_labels(team)
    votes = labels.votes(QUESTION)
    try:
        judged = judge_quickly(build_features(labels.items, supplied=team.features, seed=seed), votes, seed=seed)
    except Unavailable:
        return float("nan")
    return float((judged.rows_for(votes.item).argmax(axis=1) == votes.label).mean())


def _agree(item: Ints, label: Ints, n_items: int, n_classes: int) -> float:
    """Share of the pairs of labels on one item that are the same; NaN where no item has two."""
    cells = np.bincount(item * n_classes + label, minlength=n_items * n_classes).astype(float)
    per_item = np.bincount(item, minlength=n_items).astype(float)
    pairs = (per_item * (per_item - 1)).sum()
    return float((cells * (cells - 1)).sum() / pairs) if pairs else float("nan")


def _bisect(measure: Callable[[float], float], wanted: float, ends: tuple[float, float]) -> tuple[float, float]:
    """Find where an increasing measure comes to what is wanted, and what it comes to there."""
    low, high = ends
    middle, reached = (low + high) / 2, float("nan")
    for _ in range(STEPS):
        middle = (low + high) / 2
        reached = measure(middle)
        if not np.isfinite(reached):
            break
        low, high = (middle, high) if reached < wanted else (low, middle)
    return middle, reached


def is_available(evidence: Evidence, name: str) -> bool:
    """Return whether the evidence can be had, and keep it."""
    try:
        getattr(evidence, name)
    except Unavailable:
        return False
    return True
