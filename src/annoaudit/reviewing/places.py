"""Where a review loop lives: the folder of an audit, its store, and the live project that was audited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from annoaudit.auditing import Audit
from annoaudit.auditing.saving import make_folder
from annoaudit.connectors import Reviewable, is_address, open_connector
from annoaudit.errors import UsageError
from annoaudit.labels import LabelSet
from annoaudit.reviewing.locking import alone
from annoaudit.store import has_store, open_store, store_of
from annoaudit.store.reviews import Reviews

if TYPE_CHECKING:
    import pandas as pd

    from annoaudit.connectors import ReviewDesk
    from annoaudit.store import Store

__all__ = ["LABELS_NAME", "Place", "Where", "open_place", "opened_desk"]

Where = str | Path | Audit
LABELS_NAME = "labels"


@dataclass(frozen=True, eq=False)
class Place:
    """The folder of an audit, opened.

    Parameters
    ----------
    findings
        Of the latest run.
    questions
        The questions that run audited.
    address
        The source project's address, as the run recorded it.
    key
        The store's secret, from which pseudonyms and random draws are made.
    """

    folder: Path
    store: Store
    reviews: Reviews
    findings: pd.DataFrame
    questions: tuple[str, ...]
    address: str
    key: bytes

    def labels(self) -> LabelSet:
        """Read the labels that were audited.

        Raises
        ------
        UsageError
            The folder does not hold them.
        """
        folder = self.folder / LABELS_NAME
        if not folder.is_dir():
            raise UsageError(
                f"{self.folder} does not hold the labels that were audited.",
                hint=f"Audit the project again: annoaudit audit {self.address} --out {self.folder}",
            )
        return LabelSet.from_parquet(folder)


@contextmanager
def open_place(where: Where, out: str | Path | None = None, *, to_write: str = "") -> Iterator[Place]:
    """Open the folder of an audit, for the length of a block.

    Parameters
    ----------
    where
        The folder, or an Audit; an Audit that is not the latest run of its folder is first saved there.
    out
        The folder, where an Audit is given; ``out`` by default.
    to_write
        What will be written to the platform, such as ``push``: the folder is then locked against other writers.

    Raises
    ------
    UsageError
        The folder holds no audit, or one of files rather than of a live project.
    DeliveryFailed
        Another run writes to the platform from this folder.
    """
    folder = make_folder(Path(out or "out")) if isinstance(where, Audit) else Path(where)
    if not isinstance(where, Audit) and not has_store(folder):
        raise UsageError(
            f"{folder} holds no audit.", hint="Run: annoaudit audit https://host/projects/3 --out " + str(folder)
        )
    with alone(folder, to_write) if to_write else nullcontext():
        if isinstance(where, Audit):
            _keep(where, folder)
        with _opened(folder) as place:
            yield place


@contextmanager
def _opened(folder: Path) -> Iterator[Place]:
    with open_store(store_of(folder)) as store:
        runs = store.runs()
        said = str(runs["source"].iloc[-1]) if len(runs) else ""
        address = _address_of(said, folder)
        if not address:
            raise UsageError(
                f"The audit in {folder} was made from {said or 'nothing'}, not from a live project.",
                hint="Audit the project itself: annoaudit audit https://host/projects/3 --out " + str(folder),
            )
        questions = tuple(str(one["question"]) for one in json.loads(store.run_json())["questions"])
        yield Place(folder, store, Reviews(store, address), store.findings(), questions, address, store.pseudonym_key())


@contextmanager
def opened_desk(place: Place) -> Iterator[ReviewDesk]:
    """Open the review desk of the live project that was audited, for the length of a block.

    Raises
    ------
    UsageError
        The platform knows no reviews, or there is no token in the environment.
    MissingExtra
        The extra of the connector is not installed.
    """
    connector = open_connector(place.address)
    if not isinstance(connector, Reviewable):
        raise UsageError(
            f"{place.address} can be audited, but not reviewed.", hint="Its connector offers no review desk."
        )
    desk = connector.desk()
    try:
        yield desk
    finally:
        desk.close()


def _address_of(said: str, folder: Path) -> str:
    """The audited project's address: as the run recorded it, or as the labels' own addresses begin; "" for files."""
    found = said
    file = folder / LABELS_NAME / "annotations.parquet"
    if not is_address(found) and file.is_file():
        urls = pq.read_table(file, columns=["native_url"])["native_url"].drop_null()
        found = str(urls[0]) if len(urls) else ""
    try:
        return str(open_connector(found).address)
    except UsageError:  # a file, or an address that no installed connector knows
        return ""


def _keep(audit: Audit, folder: Path) -> None:
    """Save an audit and its labels, unless they are what the folder holds already."""
    if has_store(folder):
        with open_store(store_of(folder)) as store:
            runs = store.runs()
        if len(runs) and runs["started_at"].iloc[-1] == audit.record.started_at:
            return
    audit.save(folder)
    audit.evidence[0].labels.to_parquet(folder / LABELS_NAME)
