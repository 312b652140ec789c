"""simulate(): plant attacks into a twin of a team, audit it as usual, and say what can be found there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from annoaudit import __version__
from annoaudit.auditing.blind_spots import Overlap
from annoaudit.auditing.gathering import as_labels, choose_questions, gather_evidence
from annoaudit.auditing.running import choose_detectors
from annoaudit.errors import RefusedInput, UsageError
from annoaudit.policy import Policy
from annoaudit.reporting.blind_spot_records import BlindSpotsRecord
from annoaudit.simulation.attacks import ATTACKS
from annoaudit.simulation.bench import Bench
from annoaudit.simulation.grounds import Ground, Recorded, Twin
from annoaudit.simulation.own_labels import OwnLabels
from annoaudit.simulation.quick_probabilities import QUICK
from annoaudit.simulation.results import BlindSpots

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.auditing.gathering import Companion, Table
    from annoaudit.detectors import Detector
    from annoaudit.evidence import Evidence
    from annoaudit.labels import LabelSet

__all__ = ["RUNS", "SHARE", "simulate"]

RUNS = 6
SHARE = 0.1
FEWEST_PEOPLE = 3
TO_DECIDE = 6


def simulate(
    like: LabelSet | str | Path | pd.DataFrame,
    *,
    into: bool = False,
    attacks: Iterable[str] | None = None,
    shares: Sequence[float] = (SHARE,),
    strength: float | None = None,
    runs: int = RUNS,
    features: Companion | None = None,
    gold: Table | None = None,
    question: str | None = None,
    detectors: Iterable[str | Detector] | None = None,
    policy: Policy | None = None,
    media_root: str | Path | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> BlindSpots:
    """Plant attacks into a team like yours, audit it, and say what can and cannot be detected there.

    Parameters
    ----------
    like
        Labels, as for :func:`annoaudit.audit`.
    into
        Plant into these labels themselves; by default into a synthetic twin: the same items an annotator,
        redundancy, class frequencies, order, and records (times, texts, gold, predictions).
    attacks
        Names of :data:`annoaudit.simulation.ATTACKS`; by default all that can be planted there.
    shares
        Shares of the team that attack, each apart; at least one annotator, two in a group.
    strength
        Share of the targeted labels that an attacker changes; by default each attack's usual one.
    runs
        Audits of each attack and share, each with another seed. With fewer than 6 no interval can decide.
    features, gold, media_root
        As for :func:`annoaudit.audit`.
    question
        The single-choice question, where there are several.
    detectors, policy
        As for :func:`annoaudit.audit`.
    seed
        Of everything random; run r uses ``seed + r``.
    progress
        Called with what is being done, the number of audits done, and of all.

    Returns
    -------
    BlindSpots
        Shows itself in a notebook; ``table`` is a data frame, ``save()`` writes it.

    Raises
    ------
    UsageError
        An attack is not known, or a share, strength or number of runs is impossible.
    RefusedInput
        The labels cannot be audited as they are, or come from fewer than three annotators.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    names = _check(attacks, shares, strength, runs)
    evidence = _gather(as_labels(like), question, features, gold, media_root, seed)
    chosen, votes = choose_detectors(detectors), evidence.votes
    recorded, seeds = Recorded.of(evidence), [seed + number for number in range(runs)]
    left_out = {name: why for name in names if (why := _lack(name, recorded))}
    planted = [ATTACKS[name] for name in names if name not in left_out]
    n_audits = runs * len(planted) * len(shares) + (1 if into else runs)
    if progress:
        progress("reading the team", 0, n_audits)
    with threadpool_limits(1):  # on matrices as small as these, threads mostly wait for each other
        ground: Ground = OwnLabels(evidence, recorded) if into else Twin.of(evidence, recorded, seed)
        bench = Bench(ground, chosen, policy or Policy(), seeds, n_audits, progress)
        honest, overlap = bench.run_honest(), Overlap.of(votes)
        told = tuple(bench.run(attack, share, strength, overlap) for attack in planted for share in shares)
    record = BlindSpotsRecord(
        source=evidence.labels.source,
        version=__version__,
        started_at=started,
        seconds=time.perf_counter() - clock,
        ground=ground.description,
        probabilities=f"Items were judged by {QUICK}; an audit uses a stronger ensemble, which takes longer."
        if recorded.features
        else "Items have no content to judge them by.",
        n_items=votes.n_items,
        n_labels=len(votes),
        n_annotators=votes.n_annotators,
        redundancy=votes.redundancy,
        n_classes=votes.n_classes,
        n_runs=runs,
        honest=honest,
        attacks=told,
        left_out=tuple(left_out.items()),
        failures=tuple(bench.failures.items()),
        notes=_list_notes(ground, runs),
        settings={
            "seed": seed,
            "runs": runs,
            "shares": list(shares),
            "strength": strength,
            "into": into,
            "detectors": [one.name for one in chosen],
        },
    )
    return BlindSpots(record)


def _check(attacks: Iterable[str] | None, shares: Sequence[float], strength: float | None, runs: int) -> list[str]:
    """Return the attacks to run, or refuse what cannot be run."""
    names = list(ATTACKS) if attacks is None else list(dict.fromkeys(attacks))
    for name in names:
        if name not in ATTACKS:
            raise UsageError(f"There is no attack {name!r}.", hint=f"There are: {', '.join(ATTACKS)}.")
    for share in shares:
        if not 0 < share < 1:
            raise UsageError(f"The share of attackers is {share}.", hint="Give a share between 0 and 1, as 0.1.")
    if strength is not None and not 0 < strength <= 1:
        raise UsageError(f"The strength is {strength}.", hint="Give the share of labels to change, up to 1.")
    if runs < 1 or not names or not len(shares):
        raise UsageError("There is nothing to run.", hint="Give at least one attack, one share and one run.")
    return names


def _gather(
    labels: LabelSet,
    question: str | None,
    features: Companion | None,
    gold: Table | None,
    media_root: str | Path | None,
    seed: int,
) -> Evidence:
    names = choose_questions(labels, question, with_answers=True)
    evidence = gather_evidence(labels, names[0], None, features, gold, media_root=media_root, folds="auto", seed=seed)
    if evidence.votes.n_annotators < FEWEST_PEOPLE or evidence.votes.n_classes < 2:
        raise RefusedInput(
            f"{labels.source or 'The input'} has labels of {evidence.votes.n_annotators} annotators in "
            f"{evidence.votes.n_classes} classes; a simulation needs {FEWEST_PEOPLE} annotators and 2 classes.",
            hint="Is the column of annotators the right one?",
        )
    return evidence


def _lack(attack: str, recorded: Recorded) -> str:
    """Return why an attack cannot be planted; empty where it can."""
    if attack == "accepts_everything" and not recorded.predictions:
        return "no predictions are shown to annotators"
    if attack == "gold_leak" and not recorded.gold:
        return "there are no gold labels"
    if attack in ("keyword", "trigger") and not recorded.texts:
        return "the items have no texts"
    if attack == "slice" and not recorded.features:
        return "the items have no content by which a region could be told"
    return ""


def _list_notes(ground: Ground, runs: int) -> tuple[str, ...]:
    notes = [
        "Found: a finding about people names mostly attackers. Detectable: found in more than half of the runs by the "
        "lower end of the exact 95 % interval, and more often than the same people are named with nothing planted. Not "
        "detectable: in less than half by the upper end. In between: sometimes; undecided where the runs are too few.",
        "The policy flags at most its share of a team in one run, so a larger group is rarely flagged whole. For the "
        "AUROC, who could not be judged ranks last.",
        "It holds for attacks of this kind and strength. Another attacker may be easier or harder to see.",
    ]
    if runs < TO_DECIDE:
        notes.insert(0, f"{runs} runs are too few: with fewer than {TO_DECIDE} no interval can decide.")
    if ground.is_fixed:
        notes.append("Nothing planted: one run, these labels as they are; who is flagged there may deserve it.")
    else:
        notes.append("Copies of items, groups among people and hidden slices of the original are not in the twin.")
    return tuple(notes)
