"""The part of a host's name that somebody registers, by which a move to another owner is told."""

from __future__ import annotations

import ipaddress

__all__ = ["registrable_domain"]

_SECOND_LEVELS = frozenset(
    ("ac", "co", "com", "edu", "gen", "go", "gob", "gov", "gv", "id", "in", "info", "ltd", "me", "mil", "ne", "net",
     "nom", "or", "org", "plc", "sch", "web")
)  # fmt: skip
_SHARED = (
    "amazonaws.com", "appspot.com", "azureedge.net", "azurewebsites.net", "backblazeb2.com", "blogspot.com",
    "cloudfront.net", "core.windows.net", "digitaloceanspaces.com", "fastly.net", "firebaseapp.com", "fly.dev",
    "github.io", "githubusercontent.com", "gitlab.io", "herokuapp.com", "hf.space", "netlify.app", "ngrok.io",
    "onrender.com", "pages.dev", "r2.dev", "s3.wasabisys.com", "storage.googleapis.com", "surge.sh", "vercel.app",
    "web.app", "workers.dev",
)  # fmt: skip
"""Domains under which strangers are neighbours; there the whole name counts."""


def registrable_domain(host: str) -> str:
    """Return the registrable domain of a host, by rules of thumb; addresses are returned as they are.

    The last two parts of the name, three where the last but one is a usual second level under a country, and the
    whole name under hosting services where everybody may have one. There is no list to download or to grow old; where
    the rules err, a move inside one domain is told as a move, or one between neighbours of an unlisted service is not.
    """
    name = host.rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        pass
    if any(name == one or name.endswith("." + one) for one in _SHARED):
        return name
    parts = name.split(".")
    n_kept = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVELS else 2
    return ".".join(parts[-n_kept:])
