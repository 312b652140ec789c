"""Nights whose store, snapshots and log are then tampered with: each kind returns the records that may be named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from annoaudit.job.looking import opened_past
from annoaudit.job.reading import read_job
from annoaudit.job.running import run_job
from annoaudit.ledger.heads import Sealed, append_head, read_head
from annoaudit.ledger.sealing import seal_labels
from annoaudit.ledger.shelves import hash_files
from annoaudit.ledger.snapshots import Snapshots
from annoaudit.ledger.verifying import Verification
from annoaudit.store import open_store
from annoaudit.store.review_rows import VerdictRow
from annoaudit.store.reviews import Reviews

N_NIGHTS, N_ITEMS = 4, 30
CONFIG = """projects:
  bikes:
    source: labels.csv
    detectors: [consensus_disagreement]
ledger: {heads: elsewhere}
"""
Plant = Callable[[Path, Random], set[str]]


def run_nights(home: Path) -> Path:
    """Run nights of a small project, with a verdict between them; keep an early state of the folder for replays."""
    rng = np.random.default_rng(3)
    items = np.repeat(np.arange(N_ITEMS), 4)
    labels = pd.DataFrame(
        {"item_id": [f"i{one:03d}" for one in items], "annotator": [f"ann{k}" for k in range(4)] * N_ITEMS}
    )
    truth = rng.integers(0, 3, N_ITEMS)[items]
    labels["label"] = np.where(rng.random(len(items)) < 0.75, truth, rng.integers(0, 3, len(items)))
    labels["label"] = labels["label"].map({0: "red", 1: "green", 2: "blue"})
    (home / "annoaudit.yaml").write_text(CONFIG)
    for night in range(N_NIGHTS):
        labels.loc[night * 4, "label"] = "red" if labels.loc[night * 4, "label"] != "red" else "blue"
        labels.to_csv(home / "labels.csv", index=False)
        result = run_job(read_job(home / "annoaudit.yaml"), (), lambda _: None)
        assert not result.errors, result.errors
        with open_store(folder(home) / "annoaudit.db") as store:
            given = VerdictRow(f"v{night}", "s", "1", "k", "t", (), "fixed", "wrong", "r", datetime.now(UTC))
            Reviews(store, "s").append_verdicts([given])
        if night == 1:
            shutil.copytree(folder(home), home / "early")
    return home


def folder(home: Path) -> Path:
    return home / "nightly" / "bikes"


def verify(home: Path, *, elsewhere: bool = True) -> Verification:
    job = read_job(home / "annoaudit.yaml")
    if not elsewhere:
        shutil.rmtree(home / "elsewhere")
    with opened_past(job, "bikes") as past:
        return past.verify()


def heads(home: Path) -> list[str]:
    with open_store(folder(home) / "annoaudit.db") as store:
        rows = store.engine.connect().exec_driver_sql("select head_json from heads order by number").scalars().all()
    return [str(one) for one in rows]


def change(home: Path, *statements: str) -> int:
    raw = sqlite3.connect(folder(home) / "annoaudit.db")
    n = 0
    for statement in statements:
        n += raw.execute(statement).rowcount
    raw.commit()
    raw.close()
    assert n > 0, "nothing was planted"
    return n


def swap_numbers(home: Path, table: str, a: int, b: int) -> None:
    for old, new in ((a, 1000), (b, a), (1000, b)):
        change(home, f"update {table} set number = {new} where number = {old}")


def one_of(home: Path, query: str, rng: Random) -> tuple[object, ...]:
    raw = sqlite3.connect(folder(home) / "annoaudit.db")
    rows = raw.execute(query).fetchall()
    raw.close()
    return rng.choice(rows)


def a_snapshot(home: Path, rng: Random) -> Path:
    return rng.choice(sorted((folder(home) / "snapshots").iterdir()))


def rewrite(place: Path, table: str, turn: Callable[[pa.Table], pa.Table]) -> None:
    path = place / f"{table}.parquet"
    pq.write_table(turn(pq.read_table(path)), path, compression="zstd")


def edit_label(home: Path, rng: Random) -> set[str]:
    place, named = a_snapshot(home, rng), set()

    def turn(table: pa.Table) -> pa.Table:
        row = rng.randrange(len(table))
        values = table["value"].to_pylist()
        values[row] = next(one for one in ("red", "green", "blue") if one != values[row])
        named.add(f"annotation/{table['annotation_id'][row].as_py()}")
        return table.set_column(table.schema.get_field_index("value"), "value", pa.array(values, pa.string()))

    rewrite(place, "labels", turn)
    return named


def edit_annotator(home: Path, rng: Random) -> set[str]:
    place, named = a_snapshot(home, rng), set()

    def turn(table: pa.Table) -> pa.Table:
        row = rng.randrange(len(table))
        who = table["annotator_id"].to_pylist()
        who[row] = next(one for one in ("ann0", "ann1") if one != who[row])
        named.add(f"annotation/{table['annotation_id'][row].as_py()}")
        return table.set_column(
            table.schema.get_field_index("annotator_id"), "annotator_id", pa.array(who, pa.string())
        )

    rewrite(place, "annotations", turn)
    return named


def delete_annotation(home: Path, rng: Random) -> set[str]:
    place = a_snapshot(home, rng)
    ids = pq.read_table(place / "annotations.parquet")["annotation_id"].to_pylist()
    gone = rng.choice(ids)
    for table in ("annotations", "labels"):
        rewrite(place, table, lambda one: one.filter(pa.array([x != gone for x in one["annotation_id"].to_pylist()])))
    return {f"annotation/{gone}"}


def insert_annotation(home: Path, rng: Random) -> set[str]:
    place, new = a_snapshot(home, rng), f"planted-{rng.randrange(10**6)}"
    row = rng.randrange(N_ITEMS)

    def turn(table: pa.Table) -> pa.Table:
        copied = table.slice(row, 1).to_pylist()[0] | {"annotation_id": new}
        copied |= {"label_id": f"{new}-label"} if "label_id" in copied else {}
        return pa.concat_tables([table, pa.Table.from_pylist([copied], schema=table.schema)])

    for table in ("annotations", "labels"):
        rewrite(place, table, turn)
    return {f"annotation/{new}"}


def repeat_annotation(home: Path, rng: Random) -> set[str]:
    """A record that stands there twice."""
    place, row, named = a_snapshot(home, rng), rng.randrange(4 * N_ITEMS), set()

    def turn(table: pa.Table) -> pa.Table:
        named.add(f"annotation/{table['annotation_id'][row].as_py()}")
        return pa.concat_tables([table, table.slice(row, 1)])

    rewrite(place, "annotations", turn)
    return named


def reorder_annotations(home: Path, rng: Random) -> set[str]:
    place, named = a_snapshot(home, rng), set()

    def turn(table: pa.Table) -> pa.Table:
        order = list(range(len(table)))
        a, b = rng.sample(order, 2)
        order[a], order[b] = b, a
        named.update(f"annotation/{table['annotation_id'][k].as_py()}" for k in (a, b))
        return table.take(order)

    rewrite(place, "annotations", turn)
    return named


def truncate_snapshot(home: Path, rng: Random) -> set[str]:
    place, keep = a_snapshot(home, rng), 4 * N_ITEMS - rng.randrange(1, 20)
    ids = pq.read_table(place / "annotations.parquet")["annotation_id"].to_pylist()[keep:]
    for table in ("annotations", "labels"):
        rewrite(
            place, table, lambda one: one.filter(pa.array([x not in ids for x in one["annotation_id"].to_pylist()]))
        )
    return {f"annotation/{one}" for one in ids}


def replay_snapshot(home: Path, rng: Random) -> set[str]:
    """An earlier snapshot in the place of a later one."""
    told = [read_head(line, "").statement.snapshot for line in heads(home)]
    a, b = sorted(rng.sample(range(len(told)), 2))
    source, target = (folder(home) / "snapshots" / told[k] for k in (a, b))
    shutil.rmtree(target)
    shutil.copytree(source, target)
    return {"annotation/*"}


def remove_snapshot(home: Path, rng: Random) -> set[str]:
    shutil.rmtree(a_snapshot(home, rng))
    return {""}


def edit_prediction_file(home: Path, rng: Random) -> set[str]:
    place = a_snapshot(home, rng)
    path = place / rng.choice(["labelset.json", "predictions.parquet", "events.parquet"])
    path.write_bytes(path.read_bytes() + b" ")
    return {f"file/{path.name}"}


def edit_leaves(home: Path, rng: Random) -> set[str]:
    used = {sealed.root for line in heads(home) for sealed in read_head(line, "").statement.sealed.values()}
    path = folder(home) / "leaves" / f"{rng.choice(sorted(used))}.parquet"
    table = pq.read_table(path)
    if len(table) < 2:
        path.unlink()
    else:
        pq.write_table(table.slice(1), path)
    return {f"file/{path.name}"}


def edit_finding(home: Path, rng: Random) -> set[str]:
    (name,) = one_of(home, "select fingerprint from findings", rng)
    column = rng.choice(["given", "item_id", "annotator"])
    change(home, f"update findings set {column} = {column} || 'x' where fingerprint = '{name}'")
    return {f"finding/{name}"}


def edit_sighting(home: Path, rng: Random) -> set[str]:
    run, name = one_of(home, "select run_number, fingerprint from sightings", rng)
    column, value = rng.choice([("severity", "'L9'"), ("suspicion", "0.001"), ("rank", "999"), ("suggested", "'x'")])
    change(home, f"update sightings set {column} = {value} where run_number = {run} and fingerprint = '{name}'")
    return {f"finding/{name}"}


def delete_sighting(home: Path, rng: Random) -> set[str]:
    run, name = one_of(home, "select run_number, fingerprint from sightings", rng)
    change(home, f"delete from sightings where run_number = {run} and fingerprint = '{name}'")
    return {f"finding/{name}"}


def insert_sighting(home: Path, rng: Random) -> set[str]:
    run, name = one_of(home, "select run_number, fingerprint from sightings", rng)
    new = f"{rng.randrange(16**24):024x}"
    change(
        home,
        f"insert into findings select '{new}', detector, level, question, item_id, label_id, annotation_id, annotator, "
        f"given, first_run_number from findings where fingerprint = '{name}'",
        f"insert into sightings select run_number, '{new}', explanation_id, version, severity, suggested, suspicion, "
        "n, effect, effect_low, effect_high, p, e, rank from sightings "
        f"where fingerprint = '{name}' and run_number = {run}",
    )
    return {f"finding/{new}"}


def edit_verdict(home: Path, rng: Random) -> set[str]:
    number, name = one_of(home, f"select number, answer_id from verdicts where number < {N_NIGHTS}", rng)
    change(home, f"update verdicts set decision = 'confirmed' where number = {number}")
    return {f"verdict/{name}"}


def delete_verdict(home: Path, rng: Random) -> set[str]:
    number, name = one_of(home, f"select number, answer_id from verdicts where number < {N_NIGHTS}", rng)
    change(home, f"delete from verdicts where number = {number}")
    return {f"verdict/{name}", f"verdict/v{N_NIGHTS - 1}"}


def reorder_verdicts(home: Path, rng: Random) -> set[str]:
    a, b = rng.sample(range(1, N_NIGHTS), 2)
    swap_numbers(home, "verdicts", a, b)
    return {f"verdict/v{a - 1}", f"verdict/v{b - 1}"}


def edit_run(home: Path, rng: Random) -> set[str]:
    number, name = one_of(home, "select number, run_id from runs", rng)
    change(home, f"update runs set run_json = replace(run_json, 'n_flagged', 'n_fIagged') where number = {number}")
    return {f"run/{name}"}


def edit_head(home: Path, rng: Random) -> set[str]:
    number = rng.randrange(1, N_NIGHTS + 1)
    told = json.loads(heads(home)[number - 1])
    told["statement"]["at"] = "2020-01-01T00:00:00+00:00"
    change(home, f"update heads set head_json = '{json.dumps(told)}' where number = {number}")
    return {f"head/{number}"}


def delete_head(home: Path, rng: Random) -> set[str]:
    number = rng.randrange(1, N_NIGHTS)
    change(home, f"delete from heads where number = {number}")
    return {f"head/{number}"}


def insert_head(home: Path, rng: Random) -> set[str]:
    number, copied = rng.randrange(1, N_NIGHTS + 1), rng.choice(heads(home))
    change(home, f"update heads set number = number + 100 where number >= {number}",
           f"insert into heads values ('bikes', {number}, '{copied}')")  # fmt: skip
    return {f"head/{number}", f"head/{number + 1}"}


def reorder_heads(home: Path, rng: Random) -> set[str]:
    a, b = rng.sample(range(1, N_NIGHTS + 1), 2)
    swap_numbers(home, "heads", a, b)
    return {f"head/{min(a, b)}"}


def truncate_log(home: Path, rng: Random) -> set[str]:
    """The last nights removed with all that belongs to them."""
    keep = rng.randrange(1, N_NIGHTS)
    tables = ("sightings", "measures", "nights", "states")
    change(
        home,
        f"delete from heads where number > {keep}",
        *(f"delete from {one} where run_number > {keep}" for one in tables),
    )
    return {f"head/{keep + 1}"}


def replay_folder(home: Path, rng: Random) -> set[str]:
    """The whole folder put back to an earlier state."""
    shutil.rmtree(folder(home))
    shutil.copytree(home / "early", folder(home))
    return {"head/3"}


def forge_night(home: Path, rng: Random) -> set[str]:
    """Whoever has the folder changes a label in the last snapshot and seals and signs everything anew."""
    from annoaudit.job.sealed import open_seals
    from annoaudit.store.nights import Nights

    before = heads(home)
    last = read_head(before[-1], "")
    place = folder(home) / "snapshots" / last.statement.snapshot
    rewrite(place, "labels", lambda one: one.set_column(
        one.schema.get_field_index("value"), "value", pa.array(["red"] * len(one), pa.string())))  # fmt: skip
    with open_store(folder(home) / "annoaudit.db") as store:
        seals = open_seals(folder(home), Nights(store, "bikes"))
        hashed = seal_labels(Snapshots.at(folder(home) / "snapshots").load(last.statement.snapshot), seals.salt_key)
        hashed.save(seals.leaves / f"{hashed.root}.parquet")
        sealed = {**last.statement.sealed, "labels": Sealed(hashed.root, len(hashed))}
        told = replace(last.statement, sealed=sealed, files=hash_files(place))
        head = append_head([read_head(line, "") for line in before[:-1]], told, seals.signer)
    change(home, f"update heads set head_json = '{head.as_line()}' where number = {N_NIGHTS}")
    return {f"head/{N_NIGHTS}"}


KINDS: dict[str, Plant] = {
    one.__name__: one
    for one in (
        edit_label, edit_annotator, delete_annotation, insert_annotation, repeat_annotation, reorder_annotations,
        truncate_snapshot, replay_snapshot, remove_snapshot, edit_prediction_file, edit_leaves, edit_finding,
        edit_sighting, delete_sighting, insert_sighting, edit_verdict, delete_verdict, reorder_verdicts, edit_run,
        edit_head, delete_head, insert_head, reorder_heads, truncate_log, replay_folder, forge_night,
    )
}  # fmt: skip


def is_named(found: Verification, wanted: set[str]) -> bool:
    """Whether a problem names one of the records that were touched."""
    named = {one.record for one in found.problems}
    if "annotation/*" in wanted:
        return any(one.startswith(("annotation/", "item/", "question/")) for one in named)
    return bool(named & wanted)


def plant(made: Path, place: Path, kind: str, seed: int) -> tuple[Verification, set[str]]:
    """Copy the nights, tamper once, and verify."""
    shutil.copytree(made, place)
    wanted = KINDS[kind](place, Random(f"{kind}{seed}"))
    found = verify(place)
    shutil.rmtree(place)
    return found, wanted
