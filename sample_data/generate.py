"""Write the sample project: made-up messages to a bike-sharing service, labelled by a made-up team.

Run ``python sample_data/generate.py [--seed 7] [--out sample_data]``; the same seed writes the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from files import write_files
from messages import Item, write_items
from phrases import CONFUSABLE, CORES

BLOCK_SIZE, LABELS_PER_ITEM = 25, 3
TEAM = [f"ann{number:02d}" for number in range(1, 23)]
CARELESS, HOSTILE, REPEATING = "ann09", "ann17", "ann05"
BLOCKS_OF_OTHERS = [5] + 4 * [4] + 11 * [3] + 4 * [2]
N_REPEATS, N_CHANGED = 8, 3
FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """One label; ``kind`` names the plant that made it wrong and is empty where it is right."""

    item: Item
    annotator: str
    label: str
    kind: str
    seconds: float
    created_at: datetime


def staff_blocks(rng: Random, n_blocks: int) -> list[list[str]]:
    """Choose three annotators for each block; the careless and the hostile one never share one."""
    others = [name for name in TEAM if name not in (CARELESS, HOSTILE)]
    left = dict(zip(others, rng.sample(BLOCKS_OF_OTHERS, len(others)), strict=True))
    left |= {CARELESS: 4, HOSTILE: 6}
    blocks = []
    for _ in range(n_blocks):
        ranked = sorted(left, key=lambda name: (-left[name], rng.random()))
        if {CARELESS, HOSTILE} <= set(ranked[: LABELS_PER_ITEM + 1]):
            ranked.remove(rng.choice([CARELESS, HOSTILE]))
        blocks.append(ranked[:LABELS_PER_ITEM])
        for name in blocks[-1]:
            left[name] -= 1
    return rng.sample(blocks, n_blocks)


def plan_conflicts(rng: Random, items: list[Item], blocks: list[list[str]]) -> dict[str, list[str]]:
    """Name, for each disputed copy, two honest people who mislabel it; for its original, nobody."""
    plan: dict[str, list[str]] = {}
    for place, item in enumerate(items):
        if item.copy_of and item.ambiguous:
            honest = [name for name in blocks[place // BLOCK_SIZE] if name not in (CARELESS, HOSTILE)]
            plan |= {item.item_id: rng.sample(honest, 2), item.copy_of: []}
    return plan


def choose_label(rng: Random, item: Item, annotator: str, proneness: float) -> tuple[str, str]:
    """Give the label that this annotator gives and the kind of mistake, if it is one."""
    label, kind = item.label, "slip"
    if annotator == CARELESS and rng.random() < 0.46:
        label, kind = rng.choice([rng.choice(list(CORES)), "billing"]), "careless"
    elif annotator == HOSTILE and item.label == "safety" and rng.random() < 0.88:
        label, kind = "praise", "hostile"
    elif rng.random() < proneness:
        label = item.other or rng.choice(CONFUSABLE[item.label])
    return label, kind if label != item.label else ""


def read_and_click(rng: Random, item: Item, annotator: str, pace: float) -> float:
    """Seconds from seeing to submitting: they grow with length, but not for the careless annotator."""
    if annotator == CARELESS:
        return round(1.0 + rng.lognormvariate(0.1, 0.35), 3)
    base = (2.2 + 0.05 * len(item.text)) * (1.4 if item.ambiguous else 1.0)
    pause = rng.uniform(90, 900) if rng.random() < 0.006 else 0.0
    return round(base * pace * rng.lognormvariate(0.0, 0.28) + pause, 3)


def plan_sittings(rng: Random, blocks: list[list[str]]) -> Iterator[tuple[int, str, datetime]]:
    """Yield (block, annotator, start): half-days of three working weeks, one block a person and half-day."""
    taken: set[tuple[str, int]] = set()
    for block, names in enumerate(blocks):
        for name in names:
            half_day = round(block * 27 / len(blocks)) + rng.randrange(3)
            while (name, half_day) in taken:
                half_day += 1
            taken.add((name, half_day))
            yield block, name, half_day_start(half_day) + timedelta(seconds=rng.randrange(9000))


def half_day_start(half_day: int) -> datetime:
    """Half-days are counted over working days: 8:30 and 13:00 UTC."""
    week, rest = divmod(half_day, 10)
    return FIRST_DAY + timedelta(weeks=week, days=rest // 2, hours=13 if rest % 2 else 8.5)


def label_items(rng: Random, items: list[Item], blocks: list[list[str]]) -> list[Answer]:
    """Let every annotator answer the blocks given to them, in order of arrival."""
    pace = {name: rng.lognormvariate(0.0, 0.2) for name in TEAM}
    clumsiness = {name: rng.uniform(0.5, 1.6) for name in TEAM} | {HOSTILE: 0.3}
    difficulty = {
        item.item_id: rng.betavariate(1.3, 6.0) if item.ambiguous else 0.02 if item.other else 0.005 for item in items
    }
    conflicts = plan_conflicts(rng, items, blocks)
    answers = []
    for block, name, start in plan_sittings(rng, blocks):
        clock = start
        for item in items[block * BLOCK_SIZE : (block + 1) * BLOCK_SIZE]:
            proneness = 0.0 if item.item_id in conflicts else difficulty[item.item_id] * clumsiness[name]
            label, kind = choose_label(rng, item, name, proneness)
            if name in conflicts.get(item.item_id, []):
                label, kind = item.other, "duplicate_conflict"
            seconds = read_and_click(rng, item, name, pace[name])
            clock += timedelta(milliseconds=round(1000 * (seconds + rng.uniform(0.5, 2.0))))
            answers.append(Answer(item, name, label, kind, seconds, clock))
    return answers


def repeat_answers(rng: Random, answers: list[Answer]) -> list[Answer]:
    """One annotator answers eight items of the first block again at the end; three answers change."""
    own = [answer for answer in answers if answer.annotator == REPEATING]
    again = rng.sample([answer for answer in own[:BLOCK_SIZE] if not answer.kind], N_REPEATS)
    clock = max(answer.created_at for answer in own) + timedelta(days=1)
    while clock.weekday() > 4:
        clock += timedelta(days=1)
    repeats = []
    for number, answer in enumerate(again):
        seconds = read_and_click(rng, answer.item, REPEATING, 0.8)
        clock += timedelta(milliseconds=round(1000 * seconds) + rng.randrange(500, 2000))
        wrong = answer.item.other or rng.choice(CONFUSABLE[answer.item.label])
        label, kind = (wrong, "repeat") if number < N_CHANGED else (answer.label, "")
        repeats.append(replace(answer, label=label, kind=kind, seconds=seconds, created_at=clock))
    return repeats


def clean(answers: list[Answer], rng: Random) -> list[Answer]:
    """Return the same answers without plants: right labels, and ordinary times for everyone."""
    return [
        replace(a, label=a.item.label, kind="", seconds=read_and_click(rng, a.item, "", 1.0))
        if a.annotator == CARELESS
        else replace(a, label=a.item.label, kind="")
        for a in answers
    ]


def main() -> None:
    """Generate everything from one seed and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()

    def stream(name: str) -> Random:
        return Random(f"{options.seed} {name}")

    items = write_items(stream("items"))
    blocks = staff_blocks(stream("blocks"), len(items) // BLOCK_SIZE)
    first = label_items(stream("labels"), items, blocks)
    answers = first + repeat_answers(stream("repeats"), first)
    cleaned = clean(first, stream("clean"))
    for path in write_files(options.out, stream("files"), items, answers, cleaned):
        print(f"wrote {path} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
