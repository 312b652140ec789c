"""pull(): the labels of a live project, by its address."""

from __future__ import annotations

from pathlib import Path

from annoaudit.connectors.mirroring import mirror
from annoaudit.connectors.opening import open_connector
from annoaudit.labels import LabelSet

__all__ = ["pull"]


def pull(address: str, *, into: str | Path | None = None, full: bool = False) -> LabelSet:
    """Pull the labels of a live project.

    Parameters
    ----------
    address
        As pasted from a browser, such as ``https://host/projects/3/data``. The token comes from the environment.
    into
        Folder that keeps the labels and a bookmark: the next pull into it asks only for what changed.
    full
        Read everything again.

    Returns
    -------
    LabelSet
        Everything the project holds now; ``source`` is the address without secrets.

    Raises
    ------
    UsageError
        No installed connector knows the address, or there is no token.
    AnnoauditError
        The platform refused or could not be reached; says what would mend it.
    """
    connector = open_connector(address)
    return connector.pull().labels if into is None else mirror(connector, into, full=full).labels
