"""One message a run, only what is new or failed; and a sign of life for a health check."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from annoaudit.errors import AnnoauditError, DeliveryFailed, MissingExtra, UsageError
from annoaudit.findings import SEVERITIES
from annoaudit.reporting.text import plural, reveal_controls

if TYPE_CHECKING:
    from annoaudit.job.nightly import Night

__all__ = ["Message", "compose_message", "ping", "send_message"]

TIMEOUT_S = 20.0
MOST_SENTENCES = 5


@dataclass(frozen=True)
class Message:
    """What people are told; pseudonyms and ids only, no names."""

    title: str
    body: str


def compose_message(nights: Sequence[Night], errors: Mapping[str, AnnoauditError], link: str) -> Message | None:
    """Return the one message about a run; None where nothing is new and nothing failed.

    Nights that nobody was told of, because a run was cut off or a message did not get through, are told of now.
    """
    parts = [part for night in nights if (part := _tell_night(night))]
    parts += [f"{name}: could not be done. {error.message}" for name, error in errors.items()]
    if not parts:
        return None
    bad = bool(errors) or any(not pending.get("passed") for night in nights for pending in night.pending)
    title = "annoaudit: " + ("something failed" if bad else "new findings")
    body = "\n\n".join([*parts, *([link] if link else [])])
    return Message(title, reveal_controls(body))


def _tell_night(night: Night) -> str:
    new: Counter[str] = Counter()
    failed: dict[str, None] = {}
    for pending in night.pending:
        counts, sentences = pending.get("new"), pending.get("failed")
        new.update({str(k): int(v) for k, v in counts.items()} if isinstance(counts, dict) else {})
        failed |= dict.fromkeys(str(one) for one in sentences) if isinstance(sentences, list) else {}
    lines = [f"- {sentence}" for sentence in list(failed)[:MOST_SENTENCES]]
    lines += [f"- and {len(failed) - MOST_SENTENCES} more" for _ in range(len(failed) > MOST_SENTENCES)]
    lines += [
        f"- {plural(new[severity], 'new finding')} {severity} ({SEVERITIES[severity]})"
        for severity in reversed(SEVERITIES)
        if new[severity]
    ]
    lines += [f"- not delivered: {one}" for one in night.undelivered]
    if not lines:
        return ""
    several = f" ({len(night.pending)} nights)" if len(night.pending) > 1 else ""
    return "\n".join([f"{night.project}{several}:", *lines])


def send_message(message: Message, variable: str) -> None:
    """Send a message to the addresses in an environment variable.

    Raises
    ------
    MissingExtra
        The extra ``notify`` is not installed.
    UsageError
        The variable holds no address that Apprise knows.
    DeliveryFailed
        At least one address did not take it.
    """
    try:
        import apprise
    except ModuleNotFoundError:
        raise MissingExtra("Notifications need an optional package.", hint='pip install "annoaudit[notify]"') from None
    addresses = os.environ.get(variable, "").split()
    if not addresses:
        raise UsageError(f"{variable} is not set, so nobody can be told.", hint="Put Apprise addresses into it.")
    receivers = apprise.Apprise()
    for place, address in enumerate(addresses, start=1):
        if not receivers.add(address):  # the address itself is a secret
            raise UsageError(f"Address {place} in {variable} is none that Apprise knows.", hint="See its wiki.")
    if not receivers.notify(title=message.title, body=message.body):
        raise DeliveryFailed(
            f"The message did not get through to all {len(addresses)} addresses in {variable}.",
            hint="The next run tells of this night, too.",
        )


def ping(variable: str, exit_code: int) -> None:
    """Tell a health check how the run ended: its address, a slash and the exit code, as healthchecks.io takes it.

    Raises
    ------
    UsageError
        The variable holds no http(s) address.
    DeliveryFailed
        It did not answer.
    """
    address = os.environ.get(variable, "").strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{variable} holds no http(s) address to ping.", hint="Put the health check's address in.")
    try:
        request = urllib.request.Request(f"{address.rstrip('/')}/{exit_code}", method="POST", data=b"")  # noqa: S310 - checked above
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - checked above
            pass
    except (OSError, ValueError) as error:  # the address is a secret: its host at most is named
        why = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        raise DeliveryFailed(f"The health check in {variable} did not answer ({why}).") from None
