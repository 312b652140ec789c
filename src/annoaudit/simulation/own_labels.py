"""The user's own labels as a team into which attacks can be planted; the consensus stands in for the truth."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annoaudit.evidence import Evidence
from annoaudit.simulation.designs import TeamDesign
from annoaudit.simulation.grounds import Recorded, is_available, judge_evidence
from annoaudit.simulation.tables import TRIGGER
from annoaudit.simulation.teams import Team

if TYPE_CHECKING:
    from annoaudit.labels import LabelSet

__all__ = ["OwnLabels"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

N_WORDS = 12
WORD_SHARE = 0.025
N_DIRECTIONS = 8
TRIGGER_CODE = N_WORDS
FROM_TEXTS: tuple[str, ...] = ("near_duplicates", "features", "neighbours")
"""What labels do not change; all but the first changes where a word is inserted."""
_WORD = re.compile(r"\w{4,}")


@dataclass(frozen=True, eq=False)
class OwnLabels:
    """Real labels with people's real mistakes in them; what is planted is known, what was there before is not."""

    original: Evidence
    recorded: Recorded

    @property
    def description(self) -> str:
        """What is planted into."""
        return (
            "These labels themselves, with the attacks planted into them; the consensus stands in for the truth, and "
            "mistakes that were there before count as honest."
        )

    @property
    def is_fixed(self) -> bool:
        """Before anything is planted they are what they are."""
        return True

    @cached_property
    def order(self) -> Ints:
        """(L,) positions of the votes, sorted by annotator and time."""
        votes = self.original.votes
        at = self.original.submitted_ms if self.recorded.submitted else votes.row
        return np.asarray(np.lexsort((at, votes.annotator)), dtype=np.int64)

    def team(self, seed: int) -> Team:
        """Return the labels as a team; the same for every seed."""
        del seed
        return self._team

    @cached_property
    def _team(self) -> Team:
        evidence, votes, order = self.original, self.original.votes, self.order
        truth, distractor, difficulty = self._judge_items()
        gold = evidence.gold if self.recorded.gold else np.full(votes.n_items, -1, dtype=np.int64)
        seconds = evidence.lead_time_s if self.recorded.lead_times else np.ones(len(votes))
        at = evidence.submitted_ms if self.recorded.submitted else np.arange(len(votes))
        able = np.clip(evidence.consensus.accuracy, 0.02, 0.98)
        return Team(
            TeamDesign.like(votes), np.where(gold >= 0, gold, truth), distractor, difficulty, self._directions(),
            self._lengths(), self._predictions(), gold >= 0, self._keywords(),
            votes.item[order], votes.annotator[order], votes.label[order],
            np.where(np.isfinite(seconds), seconds, np.nanmedian(seconds))[order], at[order],
            again=np.zeros(len(votes), dtype=bool),
            ability=np.repeat(np.log(able / (1 - able))[:, None], votes.n_classes, axis=1),
            suspects=np.zeros(votes.n_annotators, dtype=bool), malicious=np.zeros(len(votes), dtype=bool),
        )  # fmt: skip

    def evidence(self, team: Team, seed: int) -> Evidence:
        """Return what an audit would know of the labels after something was planted."""
        labels = self._write(team)
        kept: dict[str, object] = {}
        for name in FROM_TEXTS[:1] if (team.keyword == TRIGGER_CODE).any() else FROM_TEXTS:
            if is_available(self.original, name):
                kept[name] = self.original.kept[name]
        fresh = Evidence(
            labels, self.original.question, given_features=self.original.given_features,
            gold_codes=self.original.gold_codes, media_root=self.original.media_root, seed=seed, kept=kept,
        )  # fmt: skip
        return judge_evidence(fresh)

    def order_labels(self, of_team: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Bring values of the team's labels back into the order of the votes."""
        placed = np.empty_like(of_team)
        placed[self.order] = of_team
        return placed

    def _write(self, team: Team) -> LabelSet:
        """Put the team's labels, times and inserted words into the tables."""
        labels, votes = self.original.labels, self.original.votes
        label = np.empty(len(votes), dtype=np.int64)
        label[self.order] = team.label
        values = np.array(labels.labels["value"].to_pylist(), dtype=object)
        values[votes.row] = np.array(votes.classes, dtype=object)[label]
        written = replace(labels, labels=_put(labels.labels, "value", values.tolist(), pa.string()))
        if self.recorded.lead_times and not np.array_equal(team.seconds, self._team.seconds):
            written = self._write_times(written, team)
        return self._insert_words(written, team)

    def _write_times(self, labels: LabelSet, team: Team) -> LabelSet:
        place = {one: number for number, one in enumerate(labels.annotations["annotation_id"].to_pylist())}
        owners = labels.labels["annotation_id"].take(pa.array(self.original.votes.row[self.order])).to_pylist()
        seconds = labels.annotations["lead_time_s"].to_pylist()
        for owner, taken in zip(owners, team.seconds.tolist(), strict=True):
            seconds[place[owner]] = taken
        return replace(labels, annotations=_put(labels.annotations, "lead_time_s", seconds, pa.float64()))

    def _insert_words(self, labels: LabelSet, team: Team) -> LabelSet:
        touched = np.flatnonzero(team.keyword == TRIGGER_CODE)
        if not len(touched):
            return labels
        texts = labels.items["text"].to_pylist()
        for item in touched:
            texts[item] = f"{texts[item] or ''} {TRIGGER}"
        return replace(labels, items=_put(labels.items, "text", texts, pa.string()))

    def _judge_items(self) -> tuple[Ints, Ints, Floats]:
        """Truth and distractor from the consensus; difficulty from how many said otherwise."""
        votes, posterior = self.original.votes, self.original.consensus.posterior
        ranked = np.argsort(-posterior, axis=1, kind="stable")
        truth, second = ranked[:, 0], ranked[:, min(1, votes.n_classes - 1)]
        n_right = votes.counts[np.arange(votes.n_items), truth]
        share = (n_right + 0.5) / (votes.counts.sum(axis=1) + 1.0)
        odds = np.log(share / (1 - share))
        return truth.astype(np.int64), second.astype(np.int64), np.asarray(odds.mean() - odds)

    def _directions(self) -> Floats:
        """(N, D) dense vectors, of which the slice attack takes a region; noise where there are no features."""
        n_items = self.original.votes.n_items
        if not self.recorded.features:
            return np.random.default_rng(self.original.seed).normal(size=(n_items, N_DIRECTIONS))
        scaled = self.original.features.scaled
        if not self.original.features.is_sparse:
            return np.asarray(scaled, dtype=np.float64)
        from sklearn.decomposition import TruncatedSVD

        width = max(1, min(N_DIRECTIONS, min(scaled.shape) - 1))
        return np.asarray(TruncatedSVD(width, random_state=self.original.seed).fit_transform(scaled), dtype=np.float64)

    @cached_property
    def _words(self) -> list[list[str]]:
        texts = self.original.labels.items["text"].to_pylist()
        return [_WORD.findall((text or "").casefold()) for text in texts]

    def _lengths(self) -> Ints:
        return np.array([max(1, len(words)) for words in self._words], dtype=np.int64)

    def _keywords(self) -> Ints:
        """(N,) which of twelve words of middling frequency the item has; -1 for none."""
        found = Counter(word for words in self._words for word in set(words))
        wanted = WORD_SHARE * len(self._words)
        chosen = sorted(found, key=lambda word: (abs(found[word] - wanted), word))[:N_WORDS]
        code = {word: number for number, word in enumerate(chosen)}
        return np.array([next((code[word] for word in words if word in code), -1) for words in self._words])

    def _predictions(self) -> Ints:
        """(N,) most probable class of the item's prediction; -1 without."""
        votes, code = self.original.votes, np.full(self.original.votes.n_items, -1, dtype=np.int64)
        place = {one: number for number, one in enumerate(votes.item_ids.to_pylist())}
        classes = {name: number for number, name in enumerate(votes.classes)}
        for row in self.original.labels.predictions.select(["item_id", "question", "probabilities"]).to_pylist():
            said = dict(row["probabilities"] or ())
            best = classes.get(max(said, key=lambda name: said[name] or 0.0)) if said else None
            if best is not None and row["question"] in (None, votes.question):
                code[place[row["item_id"]]] = best
        return code


def _put(table: pa.Table, column: str, values: list[object], kind: pa.DataType) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, column, pa.array(values, kind))
