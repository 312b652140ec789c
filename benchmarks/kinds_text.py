"""Free texts: consensus of transcripts against gold, planted and real bad answers, copies, people who ignore the input.

    python benchmarks/kinds_text.py [crowdspeech planted null people cost] [--set test_clean] [--seeds 20]

Seeds start at 100,000. Real data are those of ../shared/data (or ANNOAUDIT_SHARED); where absent, their part says so.
Settings were chosen on dev_clean and on seeds from 5,000. crowd-kit, where installed, is compared in the same run; its
RASA and HRRASA get hashed character n-grams of 2 to 4 as embeddings.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
from audit_cost import spend
from sklearn.metrics import average_precision_score

import annoaudit as aa
from annoaudit.evidence import Evidence
from annoaudit.simulation.transcripts import FAULTS, TranscriptDesign, simulate_transcripts
from annoaudit.statistics.intervals import exact_interval
from annoaudit.statistics.multiplicity import adjust_p
from annoaudit.statistics.texts import read_units
from annoaudit.statistics.texts.consensus import find_medoids, infer_texts
from annoaudit.statistics.texts.edits import count_edits
from annoaudit.statistics.texts.following import choose_partners, measure_following
from annoaudit.statistics.texts.network import align_texts
from annoaudit.statistics.texts.shared_errors import count_shared_errors

SHARED = Path(os.environ.get("ANNOAUDIT_SHARED", Path(__file__).resolve().parents[1] / "../shared")) / "data"
FIRST_SEED = 100_000
CUTS = (0.2, 0.3, 0.5, 0.8)


def measure_crowdspeech(name: str, seeds: int) -> None:
    print(f"\n### crowdspeech {name}: seven transcripts of each clip\n")
    folder = SHARED / "transcripts/crowdspeech"
    if not folder.exists():
        print("Not measured: ../shared/data/transcripts/crowdspeech is not there.")
        return
    rows = pd.read_parquet(folder / f"{name}_labels.parquet")
    gold = pd.read_parquet(folder / f"{name}_gold.parquet")
    place = {one: k for k, one in enumerate(gold["item"])}
    item = rows["item"].map(place).to_numpy().astype(np.int64)
    annotator = pd.factorize(rows["annotator"])[0].astype(np.int64)
    units = read_units(rows["label"].tolist() + gold["label"].tolist(), "words")
    texts, truth = units.coded[: len(rows)], units.coded[len(rows) :]
    length = units.length[len(rows) :]
    start = time.process_time()
    found = infer_texts(texts, item, annotator, n_items=len(gold), n_annotators=int(annotator.max()) + 1)
    spent = time.process_time() - start
    rivals = {
        "all transcripts (no choice)": None,
        "transcript of the best annotator found without gold": best_writers(texts, item, found.rate[annotator]),
        "medoid transcript": find_medoids(texts, item, len(gold)),
        "vote without weights": vote_without_weights(texts, item, len(gold)),
        "weighted vote (annoaudit)": found.coded,
    }
    print("| consensus | word error rate | 95 % interval (clips) | seconds |\n|---|---|---|---|")
    for words, coded in rivals.items():
        edits = np.bincount(item, count_edits(texts, truth[item])) / 7 if coded is None else count_edits(coded, truth)
        value, low, high = rate_of(edits, length)
        print(f"| {words} | {value:.4f} | {low:.4f} to {high:.4f} | {f'{spent:.1f}' if coded is found.coded else ''} |")
    ours = count_edits(found.coded, truth)
    compare_crowd_kit(rows, gold, units, texts, truth, length, ours)
    for words in ("medoid transcript", "vote without weights"):
        low, high = difference(count_edits(rivals[words], truth) - ours, length)
        print(f"\n{words} less ours: {low:+.4f} to {high:+.4f} (95 %, bootstrap of clips).")
    measure_bad_answers(rows, texts, truth, item, length)


def best_writers(texts: np.ndarray, item: np.ndarray, rate: np.ndarray) -> np.ndarray:
    order = np.lexsort((rate, item))
    first = np.r_[True, item[order][1:] != item[order][:-1]]
    return texts[order[first]]


def vote_without_weights(texts: np.ndarray, item: np.ndarray, n_items: int) -> np.ndarray:
    coded = find_medoids(texts, item, n_items)
    for _ in range(3):
        coded = align_texts(texts, item, coded).vote(np.ones(len(texts)))
    return coded


def rate_of(edits: np.ndarray, length: np.ndarray) -> tuple[float, float, float]:
    value = float(edits.sum() / length.sum())
    drawn = np.random.default_rng(FIRST_SEED).integers(0, len(edits), (1000, len(edits)))
    many = edits[drawn].sum(axis=1) / length[drawn].sum(axis=1)
    return value, float(np.quantile(many, 0.025)), float(np.quantile(many, 0.975))


def difference(edits: np.ndarray, length: np.ndarray) -> tuple[float, float]:
    return rate_of(edits, length)[1:]


def compare_crowd_kit(
    rows: pd.DataFrame, gold: pd.DataFrame, units: object, texts: np.ndarray, truth: np.ndarray, length: np.ndarray,
    ours: np.ndarray,
) -> None:  # fmt: skip
    try:
        from crowdkit.aggregation import ROVER, TextHRRASA, TextRASA
    except ImportError:
        print("\ncrowd-kit is not installed: ROVER, RASA and HRRASA are not compared.")
        return
    from sklearn.feature_extraction.text import HashingVectorizer

    hashed = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2048, alternate_sign=False)

    def encode(text: str) -> np.ndarray:
        return hashed.transform([text]).toarray()[0].astype(np.float32)

    spelled = [units.spell(one) for one in texts]
    table = pd.DataFrame({"task": rows["item"], "worker": rows["annotator"], "text": spelled})
    back = dict(zip(spelled, texts, strict=True))
    word = {one: chr(k) for k, one in enumerate(units.spelled)}
    rivals = {
        "ROVER": lambda: ROVER(tokenizer=lambda text: text.split(" "), detokenizer=" ".join).fit_predict(table),
        "RASA": lambda: TextRASA(encoder=encode).fit_predict(table, None),
        "HRRASA": lambda: TextHRRASA(encoder=encode).fit_predict(table, None),
    }
    for name, run in rivals.items():
        start = time.process_time()
        try:
            said = run().reindex(gold["item"]).fillna("")
        except (TypeError, ValueError) as error:
            print(f"| crowd-kit {name} | did not run: {type(error).__name__} | | |", flush=True)
            continue
        spent = time.process_time() - start
        coded = [back.get(one) or "".join(word.get(part, "\U0010fffe") for part in one.split()) for one in said]
        edits = count_edits(np.array(coded, dtype=object), truth)
        value, low, high = rate_of(edits, length)
        print(f"| crowd-kit {name} | {value:.4f} | {low:.4f} to {high:.4f} | {spent:.0f} |", flush=True)
        low, high = difference(edits - ours, length)
        print(f"| less ours | | {low:+.4f} to {high:+.4f} | |", flush=True)


def measure_bad_answers(
    rows: pd.DataFrame, texts: np.ndarray, truth: np.ndarray, item: np.ndarray, length: np.ndarray
) -> None:
    labels = aa.read(rows.rename(columns={"label": "transcript"}))
    evidence = Evidence(labels, labels.questions["question"][0].as_py())
    doubt, apart = evidence.transcripts.doubt, evidence.transcripts.apart
    wrong = count_edits(texts, truth[item]) / np.maximum(length[item], 1)
    print("\n| transcripts with a word error rate above | share | average precision of text_distance | of the plain "
          "share of differing words |\n|---|---|---|---|")  # fmt: skip
    for cut in CUTS:
        bad = wrong > cut
        ours, plain = (average_precision_score(bad, one) for one in (doubt, apart))
        print(f"| {cut} | {bad.mean():.3f} | {ours:.3f} | {plain:.3f} |")
    flagged = doubt >= 0.3
    print(f"\nFlagged by default: {int(flagged.sum()):,} of {len(doubt):,}; word error rate above .2 in "
          f"{(wrong[flagged] > 0.2).mean():.3f} of them.")  # fmt: skip
    writers = evidence.transcripts.writers
    who = evidence.transcripts.texts.annotator
    real = np.bincount(who, wrong * length[item]) / np.bincount(who, length[item])
    many = writers.n >= 20
    print(f"Annotators with 20 transcripts or more: {int(many.sum())}; correlation of their rate with that against "
          f"gold {np.corrcoef(writers.rate.value[many], real[many])[0, 1]:.3f}.")  # fmt: skip
    shared = count_shared_errors(evidence.transcripts.consensus.network, who, len(writers.n))
    p = np.where(shared.n_items >= 5, shared.p, np.nan)
    print(f"Pairs with five shared clips or more: {int(np.isfinite(p).sum()):,}; at a false discovery rate of .05 "
          f"near_copies flags {int((adjust_p(p) <= 0.05).sum())}. Nobody knows which of them copied.")  # fmt: skip


def measure_planted(name: str, seeds: int) -> None:
    print(f"\n### Planted faults: average precision, {seeds} teams of each size\n")
    print("200 items, 12 annotators, about 16 words; each fault against answers without a planted one. Honest answers "
          "have slips in 2 % or 8 % of their words.\n")  # fmt: skip
    print(
        "| slips | answers an item | rate of each fault | "
        + " | ".join(FAULTS)
        + " |\n|---|---|---|"
        + "---|" * len(FAULTS)
    )
    for slips in (0.02, 0.08):
        for redundancy in (3, 5):
            for rate in (0.025, 0.05):
                found: dict[str, list[float]] = {one: [] for one in FAULTS}
                for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                    design = TranscriptDesign(
                        n_words=16, redundancy=redundancy, error_rate=slips, fault_rate=rate * len(FAULTS)
                    )
                    team = simulate_transcripts(design, seed)
                    doubt = Evidence(team.labels, "transcript").transcripts.doubt
                    for fault in FAULTS:
                        beside = (team.fault == "") | (team.fault == fault)
                        if (team.fault == fault).any():
                            found[fault].append(average_precision_score(team.fault[beside] == fault, doubt[beside]))
                told = " | ".join(f"{np.mean(one):.2f}" for one in found.values())
                print(f"| {slips} | {redundancy} | {rate} | {told} |", flush=True)


def measure_null(name: str, seeds: int) -> None:
    print(f"\n### Nulls: honest teams, {seeds} of each\n")
    cases = {
        "5 answers": {},
        "7 answers, 10 annotators": {"redundancy": 7, "n_annotators": 10},
        "hard items, most mishearings the usual ones": {
            "error_rate": 0.2, "usual_mishearing": 0.8, "difficulty_sd": 1.0
        },
        "unequal people": {"error_sd": 1.0, "n_annotators": 20, "n_items": 400},
    }  # fmt: skip
    print("| team | pairs | near_copies p < .05 | p < .01 | teams with a pair flagged | annotators | ignores_input p > "
          ".05 |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for words, settings in cases.items():
        p: list[float] = []
        flagged, ignoring = 0, []
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            team = simulate_transcripts(TranscriptDesign(**settings), seed)
            one, follows = test_people(team)
            p += one[np.isfinite(one)].tolist()
            flagged += bool((adjust_p(one) <= 0.05).any())
            ignoring += follows[np.isfinite(follows)].tolist()
        values, follow = np.array(p), np.array(ignoring)
        print(f"| {words} | {len(values):,} | {(values < 0.05).mean():.4f} | {(values < 0.01).mean():.4f} | {flagged} "
              f"of {seeds} | {len(follow)} | {int((follow > 0.05).sum())} |", flush=True)  # fmt: skip


def test_people(team: object) -> tuple[np.ndarray, np.ndarray]:
    found = Evidence(team.labels, "transcript").transcripts
    texts = found.texts
    n = len(texts.annotator_ids)
    shared = count_shared_errors(found.consensus.network, texts.annotator, n)
    partner = choose_partners(texts.item, found.consensus.weight)
    follows = measure_following(found.units.coded, partner, texts.annotator, n)
    return np.where(shared.n_items >= 5, shared.p, np.nan), follows.p


def measure_people(name: str, seeds: int) -> None:
    print(f"\n### Planted people, {seeds} teams of each\n")
    print("| team | planted pairs | found | other pairs flagged | planted who ignore the input | found | others |"
          "\n|---|---|---|---|---|---|---|")  # fmt: skip
    for redundancy in (4, 5, 7):
        for rate in (0.04, 0.08):
            counts = np.zeros(6, dtype=np.int64)
            for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                design = TranscriptDesign(redundancy=redundancy, error_rate=rate, n_copying=2, n_deaf=1)
                team = simulate_transcripts(design, seed)
                counts += count_people(team)
            low, high = exact_interval([counts[1]], [counts[0]])
            print(f"| {redundancy} answers, slips {rate} | {counts[0]} | {counts[1]} ({low[0]:.2f} to {high[0]:.2f}) | "
                  f"{counts[2]} | {counts[3]} | {counts[4]} | {counts[5]} |", flush=True)  # fmt: skip


def count_people(team: object) -> np.ndarray:
    audit = aa.audit(team.labels, names=True, detectors=["near_copies", "ignores_input"])
    rows = audit.findings
    pairs = {" + ".join(one) for one in team.copying}
    told = set(rows.loc[rows["detector"] == "near_copies", "annotator"])
    deaf = set(rows.loc[rows["detector"] == "ignores_input", "annotator"])
    return np.array(
        [len(pairs), len(pairs & told), len(told - pairs), len(team.deaf), len(deaf & set(team.deaf)),
         len(deaf - set(team.deaf))]
    )  # fmt: skip


def measure_cost(name: str, seeds: int) -> None:
    print("\n### Cost: 3 answers an item of about 12 words, report included\n")
    print("| answers | CPU seconds | most memory, MB |\n|---|---|---|")
    for n_items in (10_000, 33_334):
        design = TranscriptDesign(n_items=n_items, n_annotators=200, redundancy=3, n_vocabulary=20_000)
        labels = simulate_transcripts(design, FIRST_SEED).labels
        spent, peak = spend(labels)
        print(f"| {labels.labels.num_rows:,} | {spent:.0f} | {peak:.0f} |", flush=True)


MEASURES = {
    "crowdspeech": measure_crowdspeech,
    "planted": measure_planted,
    "null": measure_null,
    "people": measure_people,
    "cost": measure_cost,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(MEASURES))
    parser.add_argument("--set", default="test_clean")
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    for part in chosen.parts or MEASURES:
        MEASURES[part](chosen.set, chosen.seeds)


if __name__ == "__main__":
    main()
