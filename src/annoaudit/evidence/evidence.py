"""Evidence: everything detectors reason from, computed once, when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from annoaudit.errors import Unavailable
from annoaudit.evidence.gold import marked_gold
from annoaudit.evidence.kinds import read_votes
from annoaudit.evidence.lazy import lazy
from annoaudit.labels import EXTENDED, NOMINAL, REGIONS, LabelSet, Selections, Spans, Votes

if TYPE_CHECKING:
    from annoaudit.evidence.arbitrary_details import Details
    from annoaudit.evidence.features import Features
    from annoaudit.evidence.kinds.rankings import ComparedRankings, JudgedRankings
    from annoaudit.evidence.kinds.ratings import JudgedRatings
    from annoaudit.evidence.kinds.regions import Units
    from annoaudit.evidence.kinds.sides import Sides
    from annoaudit.evidence.kinds.span_doubts import VoteDoubts
    from annoaudit.evidence.kinds.spans import MatchedSpans
    from annoaudit.evidence.kinds.texts import Transcripts
    from annoaudit.evidence.marks import Marks
    from annoaudit.evidence.neighbours import Neighbours
    from annoaudit.evidence.peers import PeerEvidence
    from annoaudit.evidence.probabilities import Probabilities
    from annoaudit.evidence.slices import Slices
    from annoaudit.evidence.token_model import TokenModel
    from annoaudit.evidence.tokens import Tokens
    from annoaudit.statistics.cells import Cells
    from annoaudit.statistics.pair_agreement import PairAgreement
    from annoaudit.statistics.peer_predictive import PeerPredictive
    from annoaudit.statistics.ring_scan import Ring
    from annoaudit.statistics.spans.extents import Extents
    from annoaudit.statistics.truth_inference import TruthInference

__all__ = ["Evidence"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known about one question, computed lazily and shared by all detectors.

    Every property either returns its value or raises :class:`annoaudit.errors.Unavailable` with the
    reason; both are remembered. Random choices follow ``seed``.

    Parameters
    ----------
    labels
        The labels to audit.
    question
        Name of a question of a kind that can be audited.
    given_probabilities
        (N, K) class probabilities of a model that did not see these labels; NaN rows where unknown.
    given_features
        (N, D) feature vectors, dense or sparse.
    gold
        (N,) class codes known to be right; -1 where unknown.
    media_root
        Folder under which image files may be opened; None opens none.
    folds
        "item", "annotator" or "auto": whose labels a model never sees when it judges them.
    overlap
        Similarity from which the regions of two people mean the same thing.
    reading
        How texts are compared, see :func:`annoaudit.statistics.texts.read_units`.
    state
        What detectors that watch streams kept from the last run, by detector name.
    """

    labels: LabelSet
    question: str
    given_probabilities: Floats | None = None
    given_features: Floats | None = None
    gold_codes: Ints | None = None
    media_root: Path | None = None
    folds: str = "auto"
    seed: int = 0
    overlap: float = 0.5
    reading: str = "auto"
    state: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    kept: dict[str, object] = field(default_factory=dict, repr=False)

    @cached_property
    def kind(self) -> str:
        """Kind of the question."""
        return self.labels.kind_of(self.question)

    @cached_property
    def votes(self) -> Votes:
        """The votes on the question: one of each annotator for each item, or for each part of an item."""
        return read_votes(self)

    @lazy
    def selections(self) -> Selections:
        """The sets of options chosen, for multiple choice."""
        if self.kind != "multichoice":
            raise Unavailable(f"questions of kind {self.kind} have no sets of options")
        return self.labels.selections(self.question)

    @lazy
    def units(self) -> Units:
        """What the regions of the question are about, with the votes on each."""
        from annoaudit.evidence.kinds.regions import gather_units

        if self.kind not in REGIONS:
            raise Unavailable(f"questions of kind {self.kind} have no regions")
        return gather_units(self.labels, self.question, threshold=self.overlap)

    @lazy
    def matched_spans(self) -> MatchedSpans:
        """Spans matched across annotators, and the units that these make."""
        from annoaudit.evidence.kinds.spans import read_matched

        return read_matched(self)

    @lazy
    def repeated(self) -> Ints:
        """(L,) number of other labels on the item of each vote; needs an item with two labels."""
        per_item = np.bincount(self.votes.item, minlength=self.votes.n_items)
        if not (per_item > 1).any():
            raise Unavailable(
                "no item has labels of two annotators", hint="Let a share of the items be labelled twice."
            )
        return per_item[self.votes.item] - 1

    @lazy
    def spans(self) -> Spans:
        """Spans as they were marked."""
        if self.kind not in EXTENDED:
            raise Unavailable(f"questions of kind {self.kind} have no spans")
        return self.labels.spans(self.question)

    @lazy
    def token_model(self) -> TokenModel:
        """Class probabilities of tokens, from a model that did not see their labels."""
        from annoaudit.evidence.token_model import fit_token_model

        if self.kind != "span":
            raise Unavailable("only spans of text can be judged by words")
        return fit_token_model(self.labels.items["text"], self.spans, self.tokens, self.seed)

    @lazy
    def span_doubts(self) -> VoteDoubts:
        """What a model that did not see them says against votes on spans."""
        from annoaudit.evidence.kinds.span_doubts import doubt_votes

        return doubt_votes(self)

    @lazy
    def extents(self) -> Extents:
        """Where each unit truly starts and ends, and how probable each span's own extent is."""
        from annoaudit.evidence.kinds.spans import infer_matched_extents

        return infer_matched_extents(self.matched_spans)

    @lazy
    def tokens(self) -> Tokens:
        """The texts of the items as tokens."""
        from annoaudit.evidence.tokens import tokenise

        return tokenise(self.labels.items)

    @lazy
    def gold(self) -> Ints:
        """(N,) gold class codes, -1 where unknown: given ones, else those marked in the labels."""
        if self.gold_codes is None and self.kind not in NOMINAL:
            raise Unavailable(f"gold labels of kind {self.kind} are not compared yet")
        codes = self.gold_codes if self.gold_codes is not None else marked_gold(self.labels, self.votes)
        if not (codes >= 0).any():
            raise Unavailable("there are no gold labels", hint="Give some with gold=.")
        return codes

    @lazy
    def features(self) -> Features:
        """Feature vectors of the items; of pairs, what sets the left side apart from the right."""
        if self.kind == "pair":
            from annoaudit.evidence.kinds.pairs import describe_pairs

            return describe_pairs(self)
        from annoaudit.evidence.features import build_features

        return build_features(
            self.labels.items, supplied=self.given_features, media_root=self.media_root, seed=self.seed
        )

    @lazy
    def near_duplicates(self) -> Ints:
        """(N,) cluster of each item; items of one cluster are copies or near copies of each other."""
        if self.kind == "pair":
            from annoaudit.evidence.kinds.pairs import cluster_pairs

            return cluster_pairs(self)
        from annoaudit.evidence.near_duplicates import cluster_near_duplicates

        limited = partial(self.kept.__setitem__, "near_duplicates_limit")
        return np.asarray(cluster_near_duplicates(self.labels.items, self.features, on_bound=limited), dtype=np.int64)

    @property
    def near_duplicates_limit(self) -> str:
        """Why near copies may be missing; empty where all items were compared."""
        return str(self.kept.get("near_duplicates_limit", ""))

    @lazy
    def sides(self) -> Sides:
        """What stood on the left and on the right of each item; for pairs."""
        from annoaudit.evidence.kinds.sides import read_sides

        if self.kind != "pair":
            raise Unavailable(f"questions of kind {self.kind} have no sides")
        return read_sides(self.labels)

    @lazy
    def ratings(self) -> JudgedRatings:
        """What each rating was expected to be, and how severely each annotator rates; for ratings and numbers."""
        from annoaudit.evidence.kinds.ratings import judge_ratings

        if self.votes.numbers is None:
            raise Unavailable(f"answers of kind {self.kind} are no numbers")
        return judge_ratings(self)

    @lazy
    def compared_rankings(self) -> ComparedRankings:
        """The rankings of the question as comparisons of things inside their items."""
        from annoaudit.evidence.kinds.rankings import compare_rankings

        if self.kind != "ranking":
            raise Unavailable(f"answers of kind {self.kind} are no orders")
        return compare_rankings(self.labels, self.labels.rankings(self.question))

    @lazy
    def rankings(self) -> JudgedRankings:
        """What the others say against each ranking, and the consensus of each item."""
        from annoaudit.evidence.kinds.rankings import judge_rankings

        return judge_rankings(self.compared_rankings)

    @lazy
    def transcripts(self) -> Transcripts:
        """The free texts of the question, what each item's text is, and how each answer differs from the others'."""
        from annoaudit.evidence.kinds.texts import read_transcripts

        if self.kind != "text":
            raise Unavailable(f"answers of kind {self.kind} are no free texts")
        return read_transcripts(self)

    @lazy
    def neighbours(self) -> Neighbours:
        """The most similar items of each item, near duplicates collapsed."""
        from annoaudit.evidence.neighbours import find_neighbours

        if self.kind == "pair":
            from annoaudit.evidence.kinds.pairs import require_few

            require_few(self.votes.n_items)
        return find_neighbours(self.features, cluster=self.near_duplicates)

    @lazy
    def votes_consensus(self) -> TruthInference:
        """Truth inferred from the votes alone."""
        from annoaudit.evidence.consensus import infer_from_votes

        return infer_from_votes(self, None)

    @lazy
    def probabilities(self) -> Probabilities:
        """Class probabilities of a model that never saw the labels it judges."""
        from annoaudit.evidence.probabilities import judge_items

        return judge_items(self)

    @lazy
    def consensus(self) -> TruthInference:
        """Truth inferred from the votes, with the model's probabilities as item prior where there are any."""
        from annoaudit.evidence.consensus import infer_with_model

        return infer_with_model(self)

    @lazy
    def peer_evidence(self) -> PeerEvidence:
        """Peers, pairs and rings; needs other labels on the items or features."""
        from annoaudit.evidence.peers import read_peers

        return read_peers(self)

    @property
    def peers(self) -> PeerPredictive:
        """What a typical other annotator would say, for each label."""
        return self.peer_evidence.peers

    @lazy
    def pairs(self) -> PairAgreement:
        """How far each pair of annotators agrees beyond honest people."""
        found = self.peer_evidence.pairs
        if found is None:
            raise Unavailable(
                "no item has labels of two annotators", hint="Let a share of the items be labelled twice."
            )
        return found

    @lazy
    def ring(self) -> Ring:
        """The most agreeing group of the team."""
        found = self.peer_evidence.ring
        if found is None:
            raise Unavailable(
                "no item has labels of three annotators", hint="Let a share of the items be labelled three times."
            )
        return found

    @lazy
    def cells(self) -> Cells:
        """How often each annotator gave b where peers expected a, and how often peers would have."""
        from annoaudit.statistics.cells import count_cells

        votes = self.votes
        return count_cells(votes.annotator, votes.label, self.peers, votes.n_annotators)

    @lazy
    def slices(self) -> Slices:
        """Neighbourhoods, words, sources and periods that labels lie in."""
        from annoaudit.evidence.slices import gather_slices

        return gather_slices(self)

    @lazy
    def marks(self) -> Marks:
        """Words, phrases, metadata values and image patches that items carry."""
        from annoaudit.evidence.marks import gather_marks

        return gather_marks(self.labels.items, self.media_root)

    @lazy
    def submitted_ms(self) -> Ints:
        """(L,) time of submission of each vote, milliseconds since 1970 (UTC)."""
        from annoaudit.evidence.times import read_submission_times

        return read_submission_times(self.labels, self.votes)

    @lazy
    def lead_time_s(self) -> Floats:
        """(L,) seconds that each vote took, NaN where not measured."""
        from annoaudit.evidence.times import read_lead_times

        return read_lead_times(self.labels, self.votes)

    @lazy
    def shown(self) -> Ints:
        """(L,) class that a prediction showed to the annotator of each vote; -1 where none was."""
        from annoaudit.evidence.shown_predictions import find_shown

        codes = find_shown(self.labels, self.votes)
        if not (codes >= 0).any():
            raise Unavailable(
                "no label was made with a prediction on show", hint="Predictions come with Label Studio exports."
            )
        return codes

    @lazy
    def details(self) -> dict[str, Details]:
        """Arbitrary detail of the voters' submissions on the whole project, by kind."""
        from annoaudit.evidence.arbitrary_details import gather_details

        found = gather_details(self.labels, self.votes.annotator_ids)
        if not found:
            raise Unavailable("there are no boxes, odd spans, long texts or measured times made by people")
        return found
