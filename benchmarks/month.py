"""Months of nights of the whole job on the synthetic twin of a team: what they raise, honest and planted.

    python benchmarks/month.py [--nights 30] [--seeds 4] [--items 150] [--kinds NAME ...]

The twin's labels lie on a server of a few lines behind real HTTP, which keeps times and editors as Label Studio does
(tests/job/front_server.py). In every month people correct themselves and reviewers correct them, toward what most of
the item's annotators say; items are imported, annotations deleted, and in night 12 the form is renamed. Months that are
planted have one thing more, from night 15 on. A month that is done is kept in benchmarks/cache/month/; a second run
goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "job")]

from front_server import Front, serving

from annoaudit.connectors.label_studio import pulling
from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from annoaudit.simulation import TeamDesign, simulate_team
from connectors.fake_server import FakeServer

CACHE = Path(__file__).resolve().parent / "cache" / "month"
CLASSES = ["bike", "dock", "fare", "else"]
REVIEWER, MALLORY = 90, 91
PLANTED_FROM = 15
START = datetime(2026, 1, 5, 8, tzinfo=UTC)


class Platform:
    """The twin's labels as a platform has them; every change is made as people make it there, with time and editor."""

    def __init__(self, seed: int, n_items: int) -> None:
        self.rng = np.random.default_rng(seed)
        design = TeamDesign(n_items=n_items * 3, n_annotators=12, n_classes=4, gold_share=0.0, repeat_share=0.0)
        self.team = simulate_team(design, seed=seed)
        self.classes = list(CLASSES)
        self.now, self.next_id, self.next_item = START, 1, 0
        self.server = FakeServer()
        self.import_items(n_items)

    def stamp(self) -> str:
        self.now += timedelta(seconds=int(self.rng.integers(20, 90)))
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.000001Z")

    def result(self, name: str) -> list[dict[str, object]]:
        return [{"id": "r", "from_name": "mood", "to_name": "t", "type": "choices", "value": {"choices": [name]}}]

    def import_items(self, n: int) -> None:
        for item in range(self.next_item, self.next_item + n):
            one = {"id": item + 1, "data": {"text": f"message {item}"}, "annotations": [], "updated_at": self.stamp()}
            self.server.tasks.append(one)
            for row in np.flatnonzero(self.team.item == item):
                self.add(one, int(self.team.annotator[row]) + 1, self.classes[self.team.label[row]])
        self.next_item += n

    def add(self, task: dict, who: int, name: str, at: str = "") -> None:
        at = at or self.stamp()
        made = {
            "id": self.next_id,
            "completed_by": who,
            "result": self.result(name),
            "created_at": at,
            "updated_at": at,
        }
        task["annotations"].append(made)
        task["updated_at"] = self.now.strftime("%Y-%m-%dT%H:%M:%S.000002Z")
        self.next_id += int(self.rng.integers(1, 3))

    def value(self, one: dict) -> str:
        return one["result"][0]["value"]["choices"][0]

    def all(self) -> list[tuple[dict, dict]]:
        return [(task, one) for task in self.server.tasks for one in task["annotations"]]

    def majority(self, task: dict) -> str:
        names = [self.value(one) for one in task["annotations"]]
        return max(sorted(set(names)), key=names.count)

    def edit(self, task: dict, one: dict, name: str, by: int | None = None, *, silent: bool = False) -> None:
        one["result"] = self.result(name)
        if silent:
            return
        one["updated_at"] = task["updated_at"] = self.stamp()
        if by is not None:
            one["updated_by"] = by

    def delete(self, task: dict, one: dict) -> None:
        task["annotations"].remove(one)
        task["updated_at"] = self.stamp()

    def pick(self, n: int, which: Callable[[dict, dict], bool]) -> list[tuple[dict, dict]]:
        known = [(task, one) for task, one in self.all() if len(task["annotations"]) > 1 and which(task, one)]
        return [known[k] for k in self.rng.permutation(len(known))[:n]]

    def wrong(self, task: dict, one: dict) -> bool:
        return self.value(one) != self.majority(task)

    def right(self, task: dict, one: dict) -> bool:
        return not self.wrong(task, one)

    def ordinary_day(self, night: int) -> None:
        self.now = START + timedelta(days=night)
        self.import_items(4 if night % 7 else 20)
        for task, one in self.pick(3, self.wrong):
            self.edit(task, one, self.majority(task))
        for task, one in self.pick(4, self.wrong):
            self.edit(task, one, self.majority(task), REVIEWER)
        for task, one in self.pick(1, self.right):  # a reviewer is wrong, too
            self.edit(task, one, self.other(self.value(one)), REVIEWER)
        for task, one in self.pick(int(self.rng.integers(0, 3)), lambda task, one: True):
            self.delete(task, one)
        if night == 12:
            self.rename("else", "other")

    def rename(self, old: str, new: str) -> None:
        self.classes = [new if one == old else one for one in self.classes]
        for _, one in self.all():
            if self.value(one) == old:
                one["result"] = self.result(new)

    def other(self, name: str) -> str:
        return str(self.rng.choice([one for one in self.classes if one != name]))


def nothing(place: Platform, night: int) -> None:
    """An honest month."""


def guideline(place: Platform, night: int) -> None:
    """Honest, too: on one day, a reviewer corrects 25 labels of one class, because a rule changed."""
    if night == PLANTED_FROM:
        for task, one in place.pick(25, lambda task, one: place.value(one) == "bike"):
            place.edit(task, one, "dock", REVIEWER)


def against(place: Platform, night: int) -> None:
    """Five right labels a night are turned into any other class."""
    for task, one in place.pick(5, place.right):
        place.edit(task, one, place.other(place.value(one)), MALLORY)


def one_pair(place: Platform, night: int) -> None:
    """Five right labels a night, always from one class into one other."""
    for task, one in place.pick(5, lambda task, one: place.right(task, one) and place.value(one) == "fare"):
        place.edit(task, one, "bike", MALLORY)


def removals(place: Platform, night: int) -> None:
    """Five annotations of one class a night are deleted."""
    for task, one in place.pick(5, lambda task, one: place.majority(task) == "fare"):
        place.delete(task, one)


def mass(place: Platform, night: int) -> None:
    """In one night, 80 labels are edited by one person, toward what most say: only their number is odd."""
    if night == PLANTED_FROM + 3:
        for task, one in place.pick(80, lambda task, one: True):
            place.edit(task, one, place.majority(task) if place.wrong(task, one) else place.other(place.value(one)), 1)


def silent(place: Platform, night: int) -> None:
    """Two labels a night are changed in the database, without a trace in the platform's times."""
    for task, one in place.pick(2, place.right):
        place.edit(task, one, place.other(place.value(one)), silent=True)


def back_dated(place: Platform, night: int) -> None:
    """One annotation a night is put into the database with a time of ten days ago."""
    ((task, _),) = place.pick(1, lambda task, one: True)
    place.add(task, 3, place.other("fare"), (place.now - timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%S.000001Z"))


KINDS: dict[str, tuple[Callable[[Platform, int], None], str]] = {
    "honest": (nothing, ""),
    "honest, a rule changes": (guideline, ""),
    "edits against the others": (against, "L2"),
    "edits of one pair": (one_pair, "L2"),
    "removals of one class": (removals, "L2"),
    "a mass of edits": (mass, "L2"),
    "silent edits in the database": (silent, "L3"),
    "back-dated annotations": (back_dated, "L3"),
}


def run_month(kind: str, seed: int, n_nights: int, n_items: int) -> dict[str, object]:
    place, (plant, _) = Platform(seed, n_items), KINDS[kind]
    began, rows, known = time.process_time(), [], set()
    with tempfile.TemporaryDirectory() as scratch, serving(Front(place.server)) as front:
        path = Path(scratch) / "annoaudit.yaml"
        for night in range(1, n_nights + 1):
            if night > 1:
                place.ordinary_day(night)
                if night >= PLANTED_FROM:
                    plant(place, night)
            place.server.classes = place.classes
            path.write_text(
                f"projects: {{twin: {{source: '{front.url}/projects/3', full_pull_days: 0}}}}\n"
                "ledger: {heads: elsewhere}\n"
            )
            result = run_job(read_job(path), (), lambda _: None)
            assert not result.errors, result.errors
            findings = result.nights[0].record.findings
            fresh = findings[~findings["fingerprint"].isin(known)]
            known |= set(fresh["fingerprint"])
            people = fresh[fresh["severity"].isin(["L1", "L2", "L3"])]
            rows.append([[row.detector, row.severity, row.annotator, row.reason] for row in people.itertuples()])
        with opened_past(read_job(path), "twin") as past:
            intact = past.verify().intact
            assert len(past.trend()) == n_nights
    return {"kind": kind, "seed": seed, "nights": rows, "intact": intact, "cpu_s": time.process_time() - began}


def tell(months: list[dict]) -> None:
    print("| month | months | found in | first in night | new L3 | new L2 of changes | other new L1, L2 | log intact |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, (_, level) in KINDS.items():
        of_kind = [one for one in months if one["kind"] == kind]
        if of_kind:
            print(f"| {kind} | {len(of_kind)} | {' | '.join(row_of(of_kind, level))} |")
    n, cpu_s = sum(len(one["nights"]) for one in months), sum(one["cpu_s"] for one in months)
    print(f"\n{n:,} nights, {cpu_s / max(n, 1):.1f} s of CPU each. What is planted begins in night {PLANTED_FROM} (the")
    print(f"mass in night {PLANTED_FROM + 3}). Counts are of all nights of all months of the row.")


def row_of(months: list[dict], level: str) -> list[str]:
    firsts = [first for one in months if (first := first_night(one, level))]
    n_l3 = count(months, lambda row: row[1] == "L3")
    n_edits = count(months, lambda row: row[0] == "edits")
    n_other = count(months, lambda row: row[1] != "L3" and row[0] != "edits")
    found = f"{len(firsts)} of {len(months)}" if level else "-"
    intact = f"{sum(bool(one['intact']) for one in months)} of {len(months)}"
    return [found, ", ".join(map(str, firsts)) or "-", str(n_l3), str(n_edits), str(n_other), intact]


def first_night(month: dict, level: str) -> int:
    wanted = "ledger" if level == "L3" else "edits"
    for number, rows in enumerate(month["nights"], start=1):
        if level and number >= PLANTED_FROM and any(row[0] == wanted for row in rows):
            return number
    return 0


def count(months: list[dict], test: Callable[[list], bool]) -> int:
    return sum(test(row) for one in months for rows in one["nights"] for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--items", type=int, default=150)
    parser.add_argument("--report", action="store_true", help="Tell of the months that are done.")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS), help="Run only these; tell of all.")
    arguments = parser.parse_args()
    os.environ["LABEL_STUDIO_API_KEY"] = "t" * 40
    pulling.SNAPSHOT_UP_TO = 0  # the server of a few lines knows pages only
    CACHE.mkdir(parents=True, exist_ok=True)
    months = []
    for seed in range(1, arguments.seeds + 1):
        for kind in KINDS:
            kept = CACHE / f"{kind.replace(' ', '_').replace(',', '')}-{seed}-{arguments.nights}-{arguments.items}.json"
            if kind in arguments.kinds and not kept.exists() and not arguments.report:
                kept.write_text(json.dumps(run_month(kind, seed, arguments.nights, arguments.items)))
            if kept.exists():
                months.append(json.loads(kept.read_text()))
    tell(months)


if __name__ == "__main__":
    main()
