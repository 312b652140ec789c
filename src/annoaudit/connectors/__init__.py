"""Live platforms: pull labels, plan, apply, read verdicts, undo."""

from annoaudit.connectors.desk import Reviewable, ReviewDesk
from annoaudit.connectors.failures import NotThere, RequestRefused, ServerTrouble
from annoaudit.connectors.mirroring import mirror
from annoaudit.connectors.opening import find_media_host, is_address, list_connectors, open_connector
from annoaudit.connectors.protocol import Connector, HoldsMedia, MediaHost, Pulled
from annoaudit.connectors.pulls import pull

__all__ = [
    "Connector",
    "HoldsMedia",
    "MediaHost",
    "NotThere",
    "Pulled",
    "RequestRefused",
    "ReviewDesk",
    "Reviewable",
    "ServerTrouble",
    "find_media_host",
    "is_address",
    "list_connectors",
    "mirror",
    "open_connector",
    "pull",
]
