"""Agreement statistics: published values, peers, cost, and how often intervals cover the truth.

    python benchmarks/agreement.py --replications 2000 --seed 7 > agreement.md

Items are drawn from a population whose coefficients are known in closed form. Annotators are few and stay the same;
items differ in class and in difficulty, which all annotators share, so that their errors go together.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from annoaudit.statistics import agreement as ag
from annoaudit.statistics.agreement.alpha import KrippendorffSums, OrdinalSums
from annoaudit.statistics.agreement.pairs import pairwise_agreement
from annoaudit.statistics.agreement.sums import CongerSums, CountSums
from annoaudit.statistics.agreement.weights import class_weights
from annoaudit.statistics.intervals import exact_interval, logit_interval
from annoaudit.statistics.votes import Votes

SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[1] / "../shared")) / "data"
DIFFICULTY = np.array([0.5, 0.35, 0.15])  # shares of easy, medium and hard items
EASE = np.array([3.0, 1.2, -0.3])  # on the logit scale; on hard items most annotators err together
LEVELS = {"low": 0.0, "middle": 1.5, "high": 3.0}


# --- the population ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Population:
    """Kinds of items, their shares (C,), and the class shares of each annotator on each kind (C, A, K)."""

    share: np.ndarray
    answers: np.ndarray

    def draw(self, rng: np.random.Generator, n_items: int, keep: float) -> Votes:
        """Label items; each label is kept with probability ``keep``, at least one an item."""
        _, a, k = self.answers.shape
        kind = rng.choice(len(self.share), size=n_items, p=self.share)
        label = (rng.random((n_items, a, 1)) > np.cumsum(self.answers, -1)[kind][..., :-1]).sum(-1)
        given = rng.random((n_items, a)) < keep
        given[np.arange(n_items), rng.integers(0, a, n_items)] |= ~given.any(1)
        item, annotator = np.nonzero(given)
        return Votes.of(item, annotator, label[item, annotator], k, n_items=n_items, n_annotators=a)

    def truth(self) -> dict[str, float]:
        """Coefficients of infinitely many items."""
        _, a, k = self.answers.shape
        total = self.answers.sum(1)
        both = np.einsum("c,ck,cl->kl", self.share, total, total)
        pairs = (both - np.einsum("c,cgk,cgl->kl", self.share, self.answers, self.answers)) / (a * (a - 1))
        own = np.einsum("c,cgk->gk", self.share, self.answers)
        pooled = own.mean(0)
        w = class_weights("quadratic", k) if k > 1 else np.eye(k)
        rank = np.cumsum(pooled) - pooled / 2
        conger = (np.outer(own.sum(0), own.sum(0)) - own.T @ own) / (a * (a - 1))
        found = {"percent_agreement": np.trace(pairs)}
        for name, chance in {
            "fleiss_kappa": pooled @ pooled,
            "conger_kappa": np.trace(conger),
            "krippendorff_alpha": pooled @ pooled,
            "gwet_ac1": (pooled * (1 - pooled)).sum() / (k - 1),
            "brennan_prediger": 1 / k,
        }.items():
            found[name] = (np.trace(pairs) - chance) / (1 - chance)
        for name, distance in {
            "krippendorff_alpha_ordinal": (rank[:, None] - rank) ** 2,
            "krippendorff_alpha_interval": 1 - w,
        }.items():
            found[name] = 1 - (pairs * distance).sum() / (pooled @ distance @ pooled)
        chance = w.sum() * (pooled * (1 - pooled)).sum() / (k * (k - 1))
        found["gwet_ac2"] = ((w * pairs).sum() - chance) / (1 - chance)
        found["conger_kappa_quadratic"] = ((w * (pairs - conger)).sum()) / (1 - (w * conger).sum())
        if a == 2:
            found["cohen_kappa"], found["scott_pi"] = found["conger_kappa"], found["fleiss_kappa"]
            found["bangdiwala_b"] = (np.diag(pairs) ** 2).sum() / (own[0] @ own[1])
        return {name: float(value) for name, value in found.items()}


def binary_population(seed: int, n_annotators: int, prevalence: float, ability: float) -> Population:
    rng = np.random.default_rng(seed)
    skill, bias = rng.normal(0, 0.5, n_annotators), rng.normal(0, 0.4, n_annotators)
    sign = np.array([1, -1])[:, None, None]
    right = 1 / (1 + np.exp(-(ability + EASE[:, None] + skill + sign * bias)))  # class, difficulty, annotator
    answers = np.stack([np.where(sign > 0, right, 1 - right), np.where(sign > 0, 1 - right, right)], -1)
    share = np.outer([prevalence, 1 - prevalence], DIFFICULTY).ravel()
    return Population(share, answers.reshape(6, n_annotators, 2))


def ordinal_population(seed: int, n_annotators: int, ability: float, k: int = 4) -> Population:
    rng = np.random.default_rng(seed)
    shift = rng.normal(0, 0.25, n_annotators)
    spread = np.array([0.5, 0.9, 1.6]) / (1 + ability / 2)
    centre = np.arange(k)[:, None, None, None] + shift[:, None]
    density = np.exp(-(((np.arange(k) - centre) / spread[:, None, None]) ** 2) / 2)
    share = np.outer(rng.dirichlet(np.full(k, 4.0)), DIFFICULTY).ravel()
    return Population(share, (density / density.sum(-1, keepdims=True)).reshape(-1, n_annotators, k))


# --- coverage of the default interval ---------------------------------------------------------------------------


def sums_by_name(votes: Votes, names: list[str]) -> dict:
    w = class_weights("quadratic", votes.n_classes)
    make = {
        "percent_agreement": lambda: CountSums.of(votes, None, "none"),
        "fleiss_kappa": lambda: CountSums.of(votes, None, "fleiss"),
        "conger_kappa": lambda: CongerSums.of(votes, None),
        "krippendorff_alpha": lambda: KrippendorffSums.of(votes, None),
        "gwet_ac1": lambda: CountSums.of(votes, None, "gwet"),
        "brennan_prediger": lambda: CountSums.of(votes, None, "uniform"),
        "krippendorff_alpha_ordinal": lambda: OrdinalSums.of(votes, np.arange(votes.n_classes)),
        "krippendorff_alpha_interval": lambda: KrippendorffSums.of(votes, w),
        "gwet_ac2": lambda: CountSums.of(votes, w, "gwet"),
        "conger_kappa_quadratic": lambda: CongerSums.of(votes, w),
    }
    return {name: make[name]() for name in names}


CALLS = {
    "percent_agreement": ag.percent_agreement,
    "fleiss_kappa": ag.fleiss_kappa,
    "conger_kappa": ag.conger_kappa,
    "krippendorff_alpha": ag.krippendorff_alpha,
    "gwet_ac1": ag.gwet_ac,
    "brennan_prediger": ag.brennan_prediger,
    "krippendorff_alpha_ordinal": lambda v, **o: ag.krippendorff_alpha(v, "ordinal", **o),
    "krippendorff_alpha_interval": lambda v, **o: ag.krippendorff_alpha(v, "interval", **o),
    "gwet_ac2": lambda v, **o: ag.gwet_ac(v, "quadratic", **o),
    "conger_kappa_quadratic": lambda v, **o: ag.conger_kappa(v, "quadratic", **o),
    "cohen_kappa": ag.cohen_kappa,
    "scott_pi": ag.scott_pi,
    "bangdiwala_b": ag.bangdiwala_b,
}
NOMINAL = list(CALLS)[:6]
ORDINAL = list(CALLS)[6:10]


def coverage(population: Population, rng: np.random.Generator, n: int, r: int, keep: float, names: list[str]) -> dict:
    """Share of r replications whose default interval holds the truth, misses below and above, and mean width.

    All replications are summed up at once with the library's own sums; those without disagreement, and four others
    as a check, go through the public functions.
    """
    votes, truth, found = population.draw(rng, r * n, keep), population.truth(), {}
    shared = np.bincount(votes.item, minlength=r * n) >= 2
    for name, sums in sums_by_name(votes, names).items():
        index = np.flatnonzero(shared) if "alpha" in name else np.arange(r * n)
        group, rows = index // n, sums.rows.toarray()
        totals = np.zeros((r, rows.shape[1]))
        np.add.at(totals, group, rows)
        with np.errstate(all="ignore"):
            influence = (rows * sums.gradient(totals)[group]).sum(1)
            m = np.bincount(group, weights=sums.paired, minlength=r)
            se = np.sqrt(np.bincount(group, weights=influence**2, minlength=r) * m / (m - 1))
            low, high = (np.array(e) for e in logit_interval(sums.value(totals), se, m - 1, floor=sums.floor))
        odd = np.flatnonzero(~(se > 1e-12) | np.isnan(low))
        for j in [*odd, *range(4)]:
            c = CALLS[name](one_replication(votes, j, n))
            if j not in odd:
                np.testing.assert_allclose([low[j], high[j]], [c.low, c.high], rtol=1e-8)
            low[j], high[j] = c.low, c.high
        found[name] = summarise(low, high, truth[name])
    return found


def one_replication(votes: Votes, j: int, n: int) -> Votes:
    start, end = np.searchsorted(votes.item, [j * n, (j + 1) * n])
    part = slice(start, end)
    return Votes.of(votes.item[part] - j * n, votes.annotator[part], votes.label[part], votes.n_classes, n_items=n)


def direct_coverage(
    population: Population, rng: np.random.Generator, n: int, r: int, names: list[str], kind: str
) -> dict:
    """The same, every replication through the public functions."""
    truth, ends = population.truth(), {name: [] for name in names}
    for j in range(r):
        votes = population.draw(rng, n, 1.0)
        for name in names:
            c = CALLS[name](votes, interval=ag.Interval(kind, seed=j))
            ends[name].append((c.low, c.high))
    return {name: summarise(*np.array(pairs).T, truth[name]) for name, pairs in ends.items()}


def summarise(low: np.ndarray, high: np.ndarray, truth: float) -> tuple[float, float, float, float, float]:
    known = ~np.isnan(low)
    low, high = low[known], high[known]
    below, above = np.mean(high < truth), np.mean(low > truth)
    return truth, 1 - below - above, below, above, float(np.mean(high - low))


# --- tables -----------------------------------------------------------------------------------------------------


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |")


def header(*cells: str) -> None:
    row(*cells)
    print("|" + "---|" * len(cells))


def coverage_table(replications: int, seed: int) -> None:
    print(f"\n## Coverage at nominal .95, default interval, {replications} replications, seed {seed}\n")
    print("Disputed items: how many of the items are expected to show two classes.\n")
    header("items", "annotators", "labels kept", "ability", "prevalence", "disputed items", *NOMINAL)
    cells: list[tuple[int, bool, float]] = []
    designs = product((30, 50, 100, 300), (3, 5), (1.0, 0.6), LEVELS, (0.2, 0.5, 0.8))
    for j, (n, a, keep, level, prevalence) in enumerate(designs):
        if level == "high" and n < 100:
            continue  # most replications would show no dispute at all
        population = binary_population(seed + 1000 * j, a, prevalence, LEVELS[level])
        rng = np.random.default_rng([seed, j])
        disputed = disputed_items(population, rng, n, keep)
        found = coverage(population, rng, n, replications, keep, NOMINAL)
        row(n, a, keep, level, prevalence, f"{disputed:.1f}", *(found[name][1] for name in NOMINAL))
        cells += [(n, disputed < 10, found[name][1]) for name in NOMINAL]
    summary(cells)


def disputed_items(population: Population, rng: np.random.Generator, n: int, keep: float) -> float:
    votes = population.draw(rng, 20_000, keep)
    return n * float((np.diff(votes.counts.indptr) > 1).mean())


def summary(cells: list[tuple[int, bool, float]]) -> None:
    print("\nRange of coverage over designs and coefficients:\n")
    header("items", "disputed items expected", "cells", "lowest", "highest", "cells in .93-.97")
    for n, few in product(sorted({c[0] for c in cells}), (False, True)):
        x = np.array([c[2] for c in cells if c[:2] == (n, few)])
        held = int(((x >= 0.93) & (x <= 0.97)).sum())
        row(n, "under 10" if few else "10 or more", len(x), *([x.min(), x.max()] if len(x) else "--"), held)


def ordinal_table(replications: int, seed: int) -> None:
    print(f"\n## Coverage, four ordered classes, {replications} replications\n")
    header("items", "annotators", "labels kept", "ability", *ORDINAL)
    for j, (n, a, keep, level) in enumerate(product((50, 100, 300), (3, 5), (1.0, 0.6), ("low", "middle"))):
        population = ordinal_population(seed + 1000 * j, a, LEVELS[level])
        rng = np.random.default_rng([seed, 1, j])
        found = coverage(population, rng, n, replications, keep, ORDINAL)
        row(n, a, keep, level, *(found[name][1] for name in ORDINAL))


def two_table(replications: int, seed: int) -> None:
    names = ["cohen_kappa", "scott_pi", "bangdiwala_b"]
    print(f"\n## Coverage, two annotators (not claimed), {replications // 2} replications\n")
    header("items", "ability", "prevalence", *names)
    for j, (n, level, prevalence) in enumerate(product((50, 100, 300), ("low", "middle"), (0.2, 0.5))):
        population = binary_population(seed + 1000 * j, 2, prevalence, LEVELS[level])
        found = direct_coverage(
            population, np.random.default_rng([seed, 2, j]), n, replications // 2, names, "analytic"
        )
        row(n, level, prevalence, *(found[name][1] for name in names))


def kind_table(replications: int, seed: int) -> None:
    names = ["percent_agreement", "fleiss_kappa", "gwet_ac1"]
    print(f"\n## Coverage by kind of interval, 3 annotators, prevalence .2, {replications // 2} replications\n")
    print("Each cell: coverage (misses: truth above, truth below the interval; mean width).\n")
    header("items", "ability", "kind", *names)
    for j, (n, level) in enumerate(product((50, 100), ("low", "middle"))):
        for kind in ("analytic", "published", "bootstrap"):
            population = binary_population(seed + 1000 * j, 3, 0.2, LEVELS[level])
            found = direct_coverage(population, np.random.default_rng([seed, 3, j]), n, replications // 2, names, kind)
            cells = [f"{c:.3f} ({b:.3f}, {a:.3f}; {w:.3f})" for _t, c, b, a, w in (found[name] for name in names)]
            row(n, level, kind, *cells)


def published_table() -> None:
    path = SHARED / "agreement" / "examples.json"
    print("## Published values\n")
    if not path.exists():
        print(f"Skipped: {path.name} is not beside the project (tests restate these tables).")
        return
    header(
        "table", "coefficient", "published", "here", "difference", "published se", "here", "published interval", "here"
    )
    for example in json.loads(path.read_text())["examples"]:
        if example["kind"] == "reference":
            reference_rows(example)
            continue
        votes, values = read_example(example)
        for name, expected in example["expected"].items():
            c = by_published_name(name, votes, values)
            ends = "{} to {}".format(*expected["ci95"]) if "ci95" in expected else "-"
            here = f"{c.low:.3f} to {c.high:.3f}" if "ci95" in expected else "-"
            se = f"{c.se:.8f}" if "se" in expected else "-"
            gap = abs(c.value - expected["value"])
            found = [str(expected["value"]), f"{c.value:.8f}", f"{gap:.1e}"]
            row(example["name"], name, *found, str(expected.get("se", "-")), se, ends, here)


def reference_rows(example: dict) -> None:
    """A table kept in a file of its own."""
    import pandas as pd

    table, expected = pd.read_parquet(SHARED / example["file"]), example["expected"]
    item, annotator, label = (pd.factorize(table[name], sort=True)[0] for name in ("item", "annotator", "label"))
    votes = Votes.of(item, annotator, label, label.max() + 1)
    found = {
        "krippendorff_alpha": [ag.krippendorff_alpha(votes).value],
        "unanimous": [(np.diff(votes.counts.indptr) == 1).mean()],
        "pairwise_agreement_12_13_23": pairwise_agreement(votes).percent,
    }
    for name, values in found.items():
        for ours, theirs in zip(values, np.atleast_1d(expected[name]["value"]), strict=True):
            row(example["name"], name, str(theirs), f"{ours:.8f}", f"{abs(ours - theirs):.1e}", *"----")


def by_published_name(name: str, votes: Votes, values: list | None) -> ag.Coefficient:
    options = {"interval": ag.Interval("published")}
    if name.startswith("krippendorff_alpha_"):
        return ag.krippendorff_alpha(votes, name.rsplit("_", 1)[1], values, **options)
    return CALLS[name](votes, **options)


def read_example(example: dict) -> tuple[Votes, list | None]:
    if example["kind"] == "contingency":
        rows = [(a, b) for a, r in enumerate(example["table"]) for b, n in enumerate(r) for _ in range(n)]
    elif example["kind"] == "counts_items_by_categories":
        rows = [[k for k, n in enumerate(r) for _ in range(n)] for r in example["counts"]]
    else:
        rows = example["ratings"]
        rows = list(zip(*rows, strict=True)) if example["kind"] == "raw_raters_by_items" else rows
    seen = sorted({x for r in rows for x in r if x is not None})
    codes = [(i, a, seen.index(x)) for i, r in enumerate(rows) for a, x in enumerate(r) if x is not None]
    return Votes.of(*np.array(codes).T, len(seen)), None if isinstance(seen[0], str) else seen


def peer_table(seed: int) -> None:
    from sklearn.metrics import cohen_kappa_score

    print("\n## Same tables, other libraries\n")
    header("peer", "tables", "largest difference")
    rng, gaps = np.random.default_rng(seed), []
    for k, weights in product((2, 3, 7), (None, "linear", "quadratic")):
        a = rng.integers(0, k, 500)
        b = np.where(rng.random(500) < 0.6, a, rng.integers(0, k, 500))
        votes = Votes.of(np.tile(np.arange(500), 2), np.repeat([0, 1], 500), np.concatenate([a, b]), k)
        gaps.append(abs(ag.cohen_kappa(votes, weights or "identity").value - cohen_kappa_score(a, b, weights=weights)))
    row("sklearn.metrics.cohen_kappa_score (none, linear, quadratic)", len(gaps), f"{max(gaps):.1e}")
    try:
        from statsmodels.stats.inter_rater import fleiss_kappa
    except ImportError:
        row("statsmodels fleiss_kappa", 0, "not installed")
        return
    gaps = []
    for k in (2, 3, 7):
        votes = ordinal_population(k, 5, 0.0, k).draw(rng, 300, 1.0)
        gaps.append(abs(ag.fleiss_kappa(votes).value - fleiss_kappa(votes.counts.toarray())))
    row("statsmodels fleiss_kappa", len(gaps), f"{max(gaps):.1e}")


def cost_table(seed: int) -> None:
    from sklearn.metrics import cohen_kappa_score

    rng, n = np.random.default_rng(seed), 200_000
    annotator = (rng.integers(0, 1000, n)[:, None] + np.arange(5) * rng.integers(1, 200, n)[:, None]) % 1000
    truth = rng.integers(0, 5, (n, 1))
    label = np.where(rng.random((n, 5)) < 0.7, truth, rng.integers(0, 5, (n, 5)))
    votes = Votes.of(np.repeat(np.arange(n), 5), annotator.ravel(), label.ravel(), 5)
    print("\n## Cost: 1 M labels, 1,000 annotators, 5 classes, one thread\n")
    header("what", "seconds")
    for name in (*NOMINAL, *ORDINAL):
        row(name + ", analytic interval", timed(lambda name=name: CALLS[name](votes)))
    row("pairwise_agreement (all pairs that share items)", timed(lambda: pairwise_agreement(votes)))
    bootstrap = ag.Interval("bootstrap")
    row("fleiss_kappa, 1,000 bootstrap replicates", timed(lambda: ag.fleiss_kappa(votes, interval=bootstrap)))
    a, b = label[:, 0], label[:, 1]
    two = Votes.of(np.tile(np.arange(n), 2), np.repeat([0, 1], n), np.concatenate([a, b]), 5)
    row("cohen_kappa with interval, 200,000 items", timed(lambda: ag.cohen_kappa(two)))
    row("sklearn cohen_kappa_score (value only), same", timed(lambda: cohen_kappa_score(a, b)))


def timed(call: object) -> float:
    start = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    print("# Agreement\n")
    published_table()
    peer_table(arguments.seed)
    cost_table(arguments.seed)
    coverage_table(arguments.replications, arguments.seed)
    ordinal_table(arguments.replications, arguments.seed)
    two_table(arguments.replications, arguments.seed)
    kind_table(arguments.replications, arguments.seed)
    worst = float(exact_interval(round(0.95 * arguments.replications), arguments.replications, 0.99)[0])
    print(f"\nSampling error: an interval that covers .95 shows less than {worst:.3f} in one of 200 cells.")


if __name__ == "__main__":
    main()
