"""Pull: everything once, then what changed, checked against what a filter by time misses.

The filter does not see deleted tasks, annotations copied by an action, nor imported predictions. So the server's own
counts are compared with what is held after each pull; where they differ, an index of all ids and times is; and where
the label config has changed, everything is read again. Renaming labels moves the time of the tasks, though not of
their annotations: tasks are read whole, so it is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from annoaudit.connectors.label_studio.bookmarks import Bookmark, filter_time, hash_ids, parse_server_time
from annoaudit.connectors.label_studio.controls import hash_config, read_controls
from annoaudit.connectors.label_studio.conversion import LeftOut, convert_tasks, in_batches, select_fields
from annoaudit.connectors.label_studio.merging import (
    Scene,
    Tables,
    assemble,
    join_tables,
    keep_snapshot_facts,
    people_of,
    without_tasks,
)  # fmt: skip
from annoaudit.connectors.label_studio.reading import PAGE_SIZE, Counts, Reader, parse_tasks
from annoaudit.connectors.label_studio.spooling import Spool
from annoaudit.connectors.protocol import Pulled
from annoaudit.formats.json_values import Record

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.connector import LabelStudio
    from annoaudit.labels import LabelSet

__all__ = ["SNAPSHOT_UP_TO", "pull_project"]

SNAPSHOT_UP_TO = 50_000
_ROUNDS = 3
_MANY = 0.2
_NO_DRAFTS = (
    "Read in pages: drafts of other people and unique ids are known only as far as an earlier snapshot had them."
)


def pull_project(
    connector: LabelStudio, since: Mapping[str, object] | None, known: LabelSet | None, *, full: bool = False
) -> Pulled:
    """Pull a project; see :meth:`annoaudit.connectors.label_studio.LabelStudio.pull`."""
    puller = _begin(connector)
    bookmark = Bookmark.of(since) if since is not None else None
    usable = bookmark is not None and known is not None and bookmark.fits(connector.address)
    if full or not usable or bookmark is None or known is None:
        return puller.pull_all(known if usable else None)
    held = {name: known.tables[name] for name in ("items", "annotations", "labels", "predictions")}
    if bookmark.config_sha256 != puller.config_sha256 or bookmark.shape != _shape(held):
        return puller.pull_all(known)
    return puller.pull_changes(bookmark, held)


def _begin(connector: LabelStudio) -> _Puller:
    project = connector.project()
    reader = Reader(connector.client, connector.address.project_id)
    shown, addresses = people_of(reader.users())
    config, parsed = str(project.get("label_config") or ""), project.get("parsed_label_config")
    controls = read_controls(config, parsed if isinstance(parsed, dict) else None)
    scene = Scene(connector.address, controls, shown)
    return _Puller(connector, reader, scene, addresses, hash_config(config), Counts.of(project))


@dataclass(frozen=True)
class _Puller:
    """One pull: the project as it was described at its beginning."""

    connector: LabelStudio
    reader: Reader
    scene: Scene
    addresses: Mapping[str, str]
    config_sha256: str
    counts: Counts | None

    @property
    def predictions(self) -> bool:
        """Whether there is any prediction to ask for."""
        return self.counts is None or self.counts.predictions > 0

    # -- everything ---------------------------------------------------------------------------------------

    def pull_all(self, known: LabelSet | None) -> Pulled:
        """Read everything: as one snapshot, or in pages where there is too much for one."""
        spool = Spool.find(self.connector.spool, self.scene.address)
        moved_at = self.reader.moved_at() if spool is None else spool.moved_at
        large = self.counts is not None and self.counts.tasks > SNAPSHOT_UP_TO
        taken = None if spool is not None or large else self.reader.snapshot()
        if taken is not None:
            data, begun_at = taken
            moved_at = max(moved_at, begun_at or moved_at)
            tables, left_out = self._convert(parse_tasks(data))
            notes, how = [], "snapshot"
        else:
            tables, left_out = self._read_pages(spool or self._new_spool(moved_at))
            notes, how = [_NO_DRAFTS], "pages"
            if known is not None:
                tables = keep_snapshot_facts(tables, known.tables)
        gone = set(known.items["item_id"].to_pylist()) if known is not None else set()
        labels = assemble(tables, self.scene, left_out, notes)
        bookmark = self._bookmark(moved_at, tables, left_out, filter_time(datetime.now(UTC)))
        Spool(self.connector.spool, self.scene.address, moved_at).clear()
        changed = sorted(gone | set(tables["items"]["item_id"].to_pylist()), key=int)
        return Pulled(labels, bookmark.as_json(), tuple(changed), how)

    def _new_spool(self, moved_at: datetime) -> Spool:
        spool = Spool(self.connector.spool, self.scene.address, moved_at)
        spool.start()
        return spool

    def _read_pages(self, spool: Spool) -> tuple[Tables, list[LeftOut]]:
        parts: list[Tables] = []
        left_out: list[LeftOut] = []
        for page in spool.pages():
            self._take(page, parts, left_out)
        for page in self.reader.pages(spool.last_id, predictions=self.predictions):
            spool.add(page, max(int(str(task["id"])) for task in page))
            self._take(page, parts, left_out)
        return join_tables(parts), left_out

    def _convert(self, tasks: Iterable[Record]) -> tuple[Tables, list[LeftOut]]:
        parts: list[Tables] = []
        left_out: list[LeftOut] = []
        for batch in in_batches(iter(tasks), PAGE_SIZE):
            self._take(batch, parts, left_out)
        return join_tables(parts), left_out

    def _take(self, page: Iterable[Record], parts: list[Tables], left_out: list[LeftOut]) -> None:
        selected = [select_fields(task, self.scene.address.project_id, self.addresses) for task in page]
        done = convert_tasks(selected, self.scene.address)
        parts.append(done.tables)
        left_out += done.left_out

    # -- what changed ---------------------------------------------------------------------------------------

    def pull_changes(self, bookmark: Bookmark, held: Tables) -> Pulled:
        """Read what changed since a bookmark; more, where the server's counts say that this was not all."""
        moved_at, since = max(bookmark.moved_at, self.reader.moved_at()), bookmark.since
        left_out, changed, how = list(bookmark.left_out), set[str](), "changes"
        counts = self.counts
        for _ in range(_ROUNDS):
            fresh = {str(task["id"]): task for page in self._changes(since) for task in page}
            held, left_out = self._replace(held, left_out, fresh, fresh)
            changed |= set(fresh)
            if counts is None or _held_counts(held, left_out) == counts:
                break
            counts, newer = Counts.of(self.connector.project()), self.reader.moved_at()
            if newer <= moved_at:
                break
            since, moved_at = min(since, moved_at), newer  # somebody was at work meanwhile
        if counts is not None and _held_counts(held, left_out) != counts:
            held, left_out, more = self._compare_all(held, left_out)
            changed |= more
            how = "changes, then compared all"
        labels = assemble(held, self.scene, left_out)
        told = self._bookmark(moved_at, held, left_out, bookmark.full_at)
        return Pulled(labels, told.as_json(), tuple(sorted(changed, key=int)), how)

    def _changes(self, since: datetime) -> Iterable[list[Record]]:
        return self.reader.changes(since, predictions=self.predictions)

    def _replace(
        self, held: Tables, left_out: list[LeftOut], gone: Iterable[str], fresh: Mapping[str, Record]
    ) -> tuple[Tables, list[LeftOut]]:
        """Put fresh tasks in the place of what is held of them; drop those that have gone."""
        dropped = set(gone)
        if not dropped:
            return held, left_out
        tables, found = self._convert(fresh.values())
        tables = keep_snapshot_facts(tables, held)
        joined = join_tables([without_tasks(held, dropped), tables])
        return joined, [one for one in left_out if one.task_id not in dropped] + found

    def _compare_all(self, held: Tables, left_out: list[LeftOut]) -> tuple[Tables, list[LeftOut], set[str]]:
        """Compare ids and times of everything, and read the tasks that differ."""
        known, seen = _index_held(held, left_out), _index_seen(self.reader.index())
        differ = {one for one in seen if seen[one] != known.get(one)}
        gone = set(known) - set(seen)
        fresh: dict[str, Record] = {}
        if len(differ) > _MANY * max(1, len(seen)):
            pages = self.reader.pages(predictions=self.predictions)
        else:
            pages = self.reader.tasks(sorted(differ, key=int), predictions=self.predictions)
        for page in pages:
            fresh |= {str(task["id"]): task for task in page if str(task["id"]) in differ}
        held, left_out = self._replace(held, left_out, differ | gone, fresh)
        return held, left_out, differ | gone

    def _bookmark(self, moved_at: datetime, tables: Tables, left_out: Iterable[LeftOut], full_at: str) -> Bookmark:
        address = self.scene.address
        return Bookmark(
            address.base_url, address.project_id, moved_at, self.config_sha256, _shape(tables), tuple(left_out), full_at
        )


def _shape(tables: Mapping[str, pa.Table]) -> str:
    ids = ("items", "item_id"), ("annotations", "annotation_id"), ("predictions", "prediction_id")
    return hash_ids([str(one) for name, key in ids for one in tables[name][key].to_pylist()])


def _held_counts(tables: Mapping[str, pa.Table], left_out: Iterable[LeftOut]) -> Counts:
    """What the server would count, if it held what is held here."""
    status = tables["annotations"]["status"]
    skipped = pc.sum(pc.equal(status, "skipped")).as_py() or 0
    drafts = pc.sum(pc.equal(status, "draft")).as_py() or 0
    lost = [(one.what, one.skipped) for one in left_out]
    return Counts(
        tables["items"].num_rows + lost.count(("task", False)),
        tables["annotations"].num_rows - skipped - drafts + lost.count(("annotation", False)),
        skipped + lost.count(("annotation", True)),
        tables["predictions"].num_rows + lost.count(("prediction", False)),
    )


Index = dict[str, frozenset[tuple[str, str, str]]]


def _index_held(tables: Mapping[str, pa.Table], left_out: Iterable[LeftOut]) -> Index:
    found: dict[str, set[tuple[str, str, str]]] = {one: set() for one in tables["items"]["item_id"].to_pylist()}
    annotations = tables["annotations"].filter(pc.not_equal(tables["annotations"]["status"], "draft"))
    columns = (annotations[key].to_pylist() for key in ("item_id", "native_id", "created_at", "updated_at"))
    for item_id, native, created_at, updated_at in zip(*columns, strict=True):
        found[item_id].add((native, *(filter_time(at) if at else "" for at in (created_at, updated_at))))
    predictions = (tables["predictions"][key].to_pylist() for key in ("item_id", "prediction_id"))
    for item_id, prediction_id in zip(*predictions, strict=True):
        found[item_id].add((f"prediction {prediction_id}", "", ""))
    for one in left_out:
        entry = found.setdefault(one.task_id, set())
        if one.what == "annotation":
            entry.add((one.native_id, _same_time(one.created_at), _same_time(one.updated_at)))
        elif one.what == "prediction":
            entry.add((f"prediction {one.native_id}", "", ""))
    return {key: frozenset(value) for key, value in found.items()}


def _index_seen(pages: Iterable[list[Record]]) -> Index:
    found: Index = {}
    for page in pages:
        for task in page:
            annotations, predictions = task.get("annotations"), task.get("predictions")
            entries = {
                (str(one["id"]), _same_time(one.get("created_at")), _same_time(one.get("updated_at")))
                for one in (annotations if isinstance(annotations, list) else [])
            }
            listed = predictions if isinstance(predictions, list) else []
            entries |= {(f"prediction {one['id'] if isinstance(one, dict) else one}", "", "") for one in listed}
            found[str(task["id"])] = frozenset(entries)
    return found


def _same_time(text: object) -> str:
    """A time in one writing; the server leaves a fraction of zero away."""
    try:
        return filter_time(parse_server_time(str(text)))
    except ValueError:
        return ""
