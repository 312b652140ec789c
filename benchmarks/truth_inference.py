"""Truth inference on real crowd labels with gold: accuracy, honest choice of the rule, ranking of raters.

    python benchmarks/truth_inference.py > table.md          (about two minutes on one core)

Needs `../shared/data/crowd` beside the project, or the folder named by ANNOAUDIT_SHARED (the one holding `crowd/`).

What is chosen where
  * Model and shrinkage of one data set: from its labels alone, inside `infer_truth`; gold is never seen.
  * The rule that does so (`ChoiceRule`): from the declared grid below, by leave-one-set-out over the 13 comparable
    sets. For each set the rule is the one with the best mean on the others (CF and CF_amt share their items, so
    neither helps to choose for the other). The 8 remaining sets never take part in the choice. Ties go to the rule
    declared first.
  * The families in the grid (shrinking to the team or to one's own one-coin matrix, the dominance condition) were
    thought out while looking at these same sets, so "held out" covers the choice inside the grid, not the
    invention of the grid.

One vote an (item, annotator): exact repeats dropped, then the first kept. Majority ties count as the share of the tied
classes that is right. Intervals: 2,000 paired bootstrap samples of gold items (raters in the ranking).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from annoaudit.statistics.dawid_skene import Fit, ModelSettings, expected_confusions, fit_votes
from annoaudit.statistics.model_choice import (
    SCREENING,
    ChoiceRule,
    is_diagonally_dominant,
    leave_one_out_score,
)
from annoaudit.statistics.truth_inference import DEFAULT_RULE, TruthInference, infer_truth, majority_vote
from annoaudit.statistics.votes import Votes

SHARED = Path(__file__).resolve().parents[1] / "../shared/data"
CROWD = Path(os.environ.get("ANNOAUDIT_SHARED", SHARED)) / "crowd"
COMPARABLE = [
    *("bluebird", "dog", "rte", "trec", "product", "sentiment", "face", "AdultContent2"),
    *("CF", "CF_amt", "MS", "SP_amt", "ZenCrowd_in"),
]
TWINS = {"CF": "CF_amt", "CF_amt": "CF"}
N_BOOTSTRAP = 2000

GRID = tuple(
    ChoiceRule(toward, strengths, needs_dominance, prior)
    for toward, strengths, needs_dominance, prior in product(
        (("one_coin", "pooled"), ("pooled",), ("one_coin",)),
        ((1.0, 4.0, 16.0), (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)),
        (True, False),
        ("uniform", "estimated"),
    )
)


@dataclass
class CrowdSet:
    """One set of labels with gold; fits are cached because the rules of the grid share them."""

    name: str
    votes: Votes
    annotator_ids: pd.Index
    gold_item: np.ndarray
    gold: np.ndarray
    tried: dict[ModelSettings, tuple[Fit, float, bool]] = field(default_factory=dict)
    scores: dict[ModelSettings, np.ndarray] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> CrowdSet:
        labels = pd.read_parquet(folder / "labels.parquet", columns=["item", "annotator", "label"])
        labels = labels.drop_duplicates().drop_duplicates(["item", "annotator"])
        gold = pd.read_parquet(folder / "gold.parquet")
        classes = pd.Index(sorted(set(labels["label"]) | set(gold["label"])))
        item, items = pd.factorize(labels["item"])
        annotator, annotators = pd.factorize(labels["annotator"])
        votes = Votes(
            item,
            annotator,
            classes.get_indexer(labels["label"]),
            len(items),
            len(annotators),
            len(classes),
        )
        return cls(
            folder.name,
            votes,
            pd.Index(annotators),
            pd.Index(items).get_indexer(gold["item"]),
            classes.get_indexer(gold["label"]),
        )

    def right(self, posterior: np.ndarray) -> np.ndarray:
        """Share of the leading classes that is right, for each gold item."""
        rows = posterior[self.gold_item]
        lead = rows >= rows.max(axis=1, keepdims=True) - 1e-12
        return lead[np.arange(len(rows)), self.gold] / lead.sum(axis=1)

    @cached_property
    def majority(self) -> np.ndarray:
        v = self.votes
        return self.right(majority_vote(v.item, v.label, n_items=v.n_items, n_classes=v.n_classes)[1])

    def try_out(self, settings: ModelSettings) -> tuple[Fit, float, bool]:
        if settings not in self.tried:
            fit = fit_votes(self.votes, settings, n_iterations=SCREENING)
            score = leave_one_out_score(self.votes, fit)
            counts = expected_confusions(self.votes, fit.posterior).sum(axis=0)
            self.tried[settings] = fit, score, settings.is_one_coin or is_diagonally_dominant(counts)
        return self.tried[settings]

    def chosen(self, rule: ChoiceRule) -> ModelSettings:
        eligible = [s for s in rule.candidates() if self.try_out(s)[2] or not rule.needs_dominance]
        return max(eligible, key=lambda s: self.try_out(s)[1])

    def scored(self, settings: ModelSettings) -> np.ndarray:
        if settings not in self.scores:
            fit = self.try_out(settings)[0]
            if not fit.converged:
                fit = fit_votes(self.votes, settings, resume=fit)
            self.scores[settings] = self.right(fit.posterior)
        return self.scores[settings]

    def under(self, rule: ChoiceRule) -> np.ndarray:
        return self.scored(self.chosen(rule))

    def infer(self, model: str, rule: ChoiceRule = DEFAULT_RULE) -> TruthInference:
        v = self.votes
        sizes = {"n_items": v.n_items, "n_annotators": v.n_annotators, "n_classes": v.n_classes}
        return infer_truth(v.item, v.annotator, v.label, **sizes, model=model, rule=rule)


def best_rule(sets: dict[str, CrowdSet], names: list[str]) -> ChoiceRule:
    means = [np.mean([sets[name].under(rule).mean() for name in names]) for rule in GRID]
    return GRID[int(np.argmax(np.round(means, 12)))]


def held_out_rules(sets: dict[str, CrowdSet]) -> dict[str, ChoiceRule]:
    """For each set, the rule chosen without it (and without its twin); outside the 13, the final rule."""
    final = best_rule(sets, COMPARABLE)
    rules = dict.fromkeys(sets, final)
    for name in COMPARABLE:
        rules[name] = best_rule(sets, [n for n in COMPARABLE if n not in (name, TWINS.get(name))])
    return rules


def describe(settings: ModelSettings) -> str:
    return "one-coin" if settings.is_one_coin else f"to {settings.toward}, {settings.strength:g}"


def describe_rule(rule: ChoiceRule) -> str:
    strengths = ",".join(f"{s:g}" for s in rule.strengths)
    return (
        f"to {'+'.join(rule.toward)} ({strengths}), {'dominant only' if rule.needs_dominance else 'all'}, "
        f"one-coin prior {rule.one_coin_prior}"
    )


def paired_interval(difference: np.ndarray, seed: int = 0) -> tuple[float, float]:
    n = len(difference)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), N_BOOTSTRAP)
    low, high = np.quantile(weights @ difference / n, [0.025, 0.975])
    return float(low), float(high)


def print_accuracy(sets: dict[str, CrowdSet]) -> None:
    rules, final = held_out_rules(sets), best_rule(sets, COMPARABLE)
    print("## Accuracy on gold\n")
    print(
        "| set | gold | MV | one-coin | DS-ML | ours, held out | ours, final | final - MV [95 %] | chosen from labels |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    rows: dict[str, list[float]] = {}
    below = []
    for name in [*COMPARABLE, *(n for n in sets if n not in COMPARABLE)]:
        data = sets[name]
        one_coin = data.scored(ModelSettings("one_coin", float("inf"), "estimated"))
        plain = data.right(data.infer("dawid_skene").posterior)
        held, ours = data.under(rules[name]), data.under(final)
        rows[name] = [x.mean() for x in (data.majority, one_coin, plain, held, ours)]
        highs = []
        for mine in (held, ours):
            low, high = paired_interval(mine - data.majority)
            highs.append(high)
        if min(highs) < 0:
            below.append(name)
        cells = " | ".join(f"{x:.3f}" for x in rows[name])
        gain = rows[name][4] - rows[name][0]
        print(
            f"| {name} | {len(data.gold)} | {cells} | {gain:+.3f} [{low:+.3f}, {high:+.3f}] | "
            f"{describe(data.chosen(final))} |"
        )
    means = " | ".join(f"**{x:.4f}**" for x in np.mean([rows[n] for n in COMPARABLE], axis=0))
    print(f"| **mean of the first 13** | | {means} | | |")
    print("\nPublished means over the same 13: MV .806, BWA .816, DS .831, EBCC .836, IBCC .838.")
    print(
        f"\nSets where the upper end of (ours - MV), held out or final, lies below zero: {', '.join(below) or 'none'}."
    )
    print(f"\nFinal rule: {describe_rule(final)}. It {'is' if final == DEFAULT_RULE else 'IS NOT'} the default.")
    print_agreement_with_public_call(sets, final)


def print_agreement_with_public_call(sets: dict[str, CrowdSet], final: ChoiceRule) -> None:
    """The table is made from cached fits; the public call must say the same."""
    differing = [n for n in sets if sets[n].infer("auto", final).settings != sets[n].chosen(final)]
    print(f"\n`infer_truth` chooses otherwise than the table on: {', '.join(differing) or 'none'}.")


def print_grid(sets: dict[str, CrowdSet]) -> None:
    rules = held_out_rules(sets)
    print("\n## The declared grid of rules\n")
    print("| rule | mean of 13 | chosen when held out |\n|---|---|---|")
    for rule in GRID:
        mean = np.mean([sets[name].under(rule).mean() for name in COMPARABLE])
        chosen = [name for name in COMPARABLE if rules[name] == rule]
        print(f"| {describe_rule(rule)} | {mean:.4f} | {', '.join(chosen)} |")


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def print_ranking(data: CrowdSet) -> None:
    answers = pd.read_parquet(CROWD / "imagenet_raters/raters_gold.parquet").query("role == 'rater'")
    gold = (answers["label"] == answers["gold"]).groupby(answers["annotator"]).mean()
    index = data.annotator_ids.get_indexer(gold.index)
    votes = data.votes.per_annotator[index]
    ours = data.infer("auto")
    baseline = data.infer("one_coin", ChoiceRule(one_coin_prior="estimated"))
    print("\n## Ranking of imagenet_raters: Spearman of estimated accuracy with accuracy on gold\n")
    print("| raters | n | ours [95 %] | one-coin, estimated prior | ours - one-coin [95 %, paired] |")
    print("|---|---|---|---|---|")
    for title, keep in (("all", votes > 0), ("500 votes or more", votes >= 500)):
        mine, theirs = ours.accuracy[index][keep], baseline.accuracy[index][keep]
        print_ranking_row(title, mine, theirs, gold.to_numpy()[keep])


def print_ranking_row(title: str, mine: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    samples = rng.integers(0, len(truth), (N_BOOTSTRAP, len(truth)))
    first = np.array([spearman(mine[s], truth[s]) for s in samples])
    second = np.array([spearman(theirs[s], truth[s]) for s in samples])
    low, high = np.quantile(first, [0.025, 0.975])
    a, b = spearman(mine, truth), spearman(theirs, truth)
    gain_low, gain_high = np.quantile(first - second, [0.025, 0.975])
    print(
        f"| {title} | {len(truth)} | {a:.3f} [{low:.3f}, {high:.3f}] | {b:.3f} | "
        f"{a - b:+.3f} [{gain_low:+.3f}, {gain_high:+.3f}] |"
    )


def main() -> int:
    if not CROWD.is_dir():
        print(f"skipped: no crowd labels at {CROWD} (set ANNOAUDIT_SHARED)", file=sys.stderr)
        return 0
    folders = sorted(path for path in CROWD.iterdir() if (path / "labels.parquet").exists())
    sets = {folder.name: CrowdSet.read(folder) for folder in folders}
    print_accuracy(sets)
    print_ranking(sets["imagenet_raters"])
    print_grid(sets)
    return 0


if __name__ == "__main__":
    sys.exit(main())
