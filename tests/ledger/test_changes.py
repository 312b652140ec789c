"""What explains a change and what does not; an honest month gives no finding, planted changes each give one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pyarrow as pa
import pytest

from annoaudit.labels import LabelSet
from annoaudit.ledger.changes import Scene, list_changes
from annoaudit.ledger.sealing import Difference, seal_labels

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
CLASSES = ["good", "bad", "unsure"]


@dataclass
class Platform:
    """A platform in memory, with the history that Label Studio keeps: creation and edit times, and who edited."""

    rng: Random
    now: datetime = START
    form: list[str] = field(default_factory=lambda: list(CLASSES))
    items: dict[str, str] = field(default_factory=dict)
    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    ours: set[str] = field(default_factory=set)
    n: int = 0

    def tick(self) -> datetime:
        self.now += timedelta(seconds=self.rng.randrange(20, 400))
        return self.now

    def import_items(self, n: int, n_labels: int = 0, at: datetime | None = None) -> None:
        for _ in range(n):
            item = f"{len(self.items):05d}"
            self.items[item] = f"text {item}"
            for who in range(n_labels):
                self.annotate(item, f"p{who}", at or self.tick())

    def annotate(self, item: str, who: str, at: datetime | None = None) -> str:
        self.n += 1
        moment = at or self.tick()
        key = f"1-{self.n}-{moment.isoformat()}"
        self.rows[key] = {
            "annotation_id": key, "item_id": item, "annotator_id": who, "status": "submitted", "native_id": str(self.n),
            "created_at": moment, "updated_at": moment, "updated_by": who, "value": self.rng.choice(self.form),
            "review_outcome": None,
        }  # fmt: skip
        return key

    def edit(self, key: str, by: str | None) -> None:
        row = self.rows[key]
        value = self.rng.choice([one for one in self.form if one != row["value"]])
        row |= {"value": value, "updated_at": self.tick(), "updated_by": by}

    def rename(self, old: str, new: str) -> None:
        self.form = [new if one == old else one for one in self.form]
        for row in self.rows.values():
            row["value"] = new if row["value"] == old else row["value"]

    def a_row(self) -> str:
        return self.rng.choice(sorted(self.rows))

    def pull(self) -> LabelSet:
        rows = sorted(self.rows.values(), key=lambda one: int(str(one["native_id"])))
        people = sorted({str(one["annotator_id"]) for one in rows} | {f"p{k}" for k in range(6)})
        annotations = [{k: v for k, v in one.items() if k != "value"} for one in rows]
        labels = [
            {"label_id": f"l{one['native_id']}", "annotation_id": one["annotation_id"], "item_id": one["item_id"],
             "annotator_id": one["annotator_id"], "question": "mood", "kind": "choice", "value": one["value"]}
            for one in rows
        ]  # fmt: skip
        return LabelSet(
            items=pa.table({"item_id": list(self.items), "text": list(self.items.values())}),
            annotators=pa.table({"annotator_id": people, "pseudonym": [f"a-{one}" for one in people]}),
            questions=pa.table({"question": ["mood"], "kind": ["choice"], "options": [self.form]}),
            annotations=pa.Table.from_pylist(annotations),
            labels=pa.Table.from_pylist(labels),
        )


def changes(before: LabelSet, after: LabelSet, began_at: datetime, *, ours=(), live=True):
    difference = Difference.of(seal_labels(before, b"k" * 32), seal_labels(after, b"k" * 32))
    scene = Scene(live, began_at, ours, lambda one: f"a-{one}")
    return list_changes(before, after, difference, scene)


def ready(seed: int = 1) -> Platform:
    platform = Platform(Random(seed))
    platform.import_items(20, 2)
    return platform


def unexplained(found):
    return [one for one in found if one.status == "unexplained"]


def apply_correction(p):
    key = p.annotate(sorted(p.items)[0], "p1", p.now - timedelta(days=3))
    p.ours.add(str(p.rows[key]["native_id"]))


HONEST = {
    "work": lambda p: [p.annotate(p.rng.choice(sorted(p.items)), f"p{k % 4}") for k in range(6)],
    "edits": lambda p: [p.edit(p.a_row(), "p5") for _ in range(4)],
    "own edits": lambda p: [p.edit(key := p.a_row(), str(p.rows[key]["annotator_id"])) for _ in range(3)],
    "deletions": lambda p: [p.rows.pop(p.a_row()) for _ in range(2)],
    "import": lambda p: p.import_items(3, 2),
    "import of old answers": lambda p: p.import_items(2, 2, at=p.now - timedelta(days=400)),
    "rename": lambda p: p.rename(p.form[0], f"{p.form[0]}+"),
    "correction": apply_correction,
    "new option": lambda p: p.form.append(f"option {len(p.form)}"),
    "approval": lambda p: p.rows[p.a_row()].update(review_outcome="accepted", updated_at=p.tick()),
    "edit of an item": lambda p: p.items.update({sorted(p.items)[0]: f"text {p.tick()}"}),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_an_honest_month_has_no_unexplained_change(seed):
    platform = ready(seed)
    seen = set()
    for night in range(30):
        before, began_at = platform.pull(), platform.now + timedelta(seconds=5)
        platform.now = START + timedelta(days=night + 1)
        for kind in platform.rng.sample(sorted(HONEST), 4):
            HONEST[kind](platform)
        found = changes(before, platform.pull(), began_at, ours=platform.ours)
        assert unexplained(found) == []
        seen |= {one.status for one in found}
    assert seen == {"explained", "told"}


def silent_edit(p):
    key = p.a_row()
    p.rows[key]["value"] = next(one for one in p.form if one != p.rows[key]["value"])
    return key


def silent_reattribution(p):
    key = p.a_row()
    p.rows[key]["annotator_id"] = "p4" if p.rows[key]["annotator_id"] != "p4" else "p3"
    return key


def back_dated_insert(p):
    return p.annotate(p.rng.choice(sorted(p.items)[:20]), "p2", START + timedelta(minutes=p.rng.randrange(5)))


def edit_put_back_in_time(p):
    key = silent_edit(p)
    p.rows[key]["updated_at"] -= timedelta(minutes=1)
    return key


PLANTED = {one.__name__: one for one in (silent_edit, silent_reattribution, back_dated_insert, edit_put_back_in_time)}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_change_that_the_history_contradicts_is_named_among_honest_ones(kind):
    for seed in range(25):
        platform = ready(seed)
        before, began_at = platform.pull(), platform.now + timedelta(seconds=5)
        planted = PLANTED[kind](platform)
        platform.now = START + timedelta(days=1)
        for key in platform.rng.sample(sorted(platform.rows.keys() - {planted}), 5):
            platform.edit(key, "p5")
        platform.import_items(2, 2)
        found = unexplained(changes(before, platform.pull(), began_at))
        assert [one.annotation_id for one in found] == [planted], (kind, seed)


def test_an_approved_answer_changed_by_nobody_the_platform_names():
    platform = ready()
    key = platform.a_row()
    platform.rows[key]["review_outcome"] = "accepted"
    before, began_at = platform.pull(), platform.now
    platform.edit(key, None)
    (found,) = changes(before, platform.pull(), began_at)
    assert found.status == "unexplained"
    assert "approved" in found.why
    platform.rows[key]["updated_by"] = "p5"
    (found,) = changes(before, platform.pull(), began_at)
    assert found.status == "explained"
    assert found.by == "a-p5"


def test_facts_say_who_what_from_and_to():
    platform = ready()
    key = platform.a_row()
    was, who = platform.rows[key]["value"], platform.rows[key]["annotator_id"]
    before = platform.pull()
    platform.edit(key, "p5")
    (found,) = changes(before, platform.pull(), platform.now)
    assert (found.what, found.record) == ("changed", f"annotation/{key}")
    assert (found.was, found.now) == (was, platform.rows[key]["value"])
    assert (found.annotator, found.by) == (f"a-{who}", "a-p5")


def test_a_file_keeps_no_history_so_nothing_in_it_is_contradictory():
    platform = ready()
    before = platform.pull()
    for plant in PLANTED.values():
        plant(platform)
    found = changes(before, platform.pull(), platform.now, live=False)
    assert found
    assert unexplained(found) == []


def test_a_late_write_and_a_clock_that_runs_ahead_are_no_contradiction():
    platform = ready()
    before, began_at = platform.pull(), platform.now
    platform.annotate(sorted(platform.items)[0], "p1", platform.now - timedelta(minutes=9))
    assert unexplained(changes(before, platform.pull(), began_at)) == []
    assert unexplained(changes(before, platform.pull(), began_at + timedelta(days=400))) == []


def test_a_rename_of_only_some_labels_is_not_taken_for_a_rename():
    platform = ready()
    before, began_at = platform.pull(), platform.now
    old = platform.form[0]
    platform.form[0] = "renamed"
    of_old = [key for key, row in platform.rows.items() if row["value"] == old]
    for key in of_old[:-1]:
        platform.rows[key]["value"] = "renamed"
    found = unexplained(changes(before, platform.pull(), began_at))
    assert {one.annotation_id for one in found} == set(of_old[:-1])
