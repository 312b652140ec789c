"""What a Label Studio server, or the way to it, answers when something is wrong, in words that tell the mend."""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING, Protocol

import httpx

from annoaudit.connectors.failures import NotThere, RequestRefused, ServerTrouble
from annoaudit.errors import AnnoauditError

if TYPE_CHECKING:
    from annoaudit.connectors.label_studio.credentials import TokenAuth

__all__ = ["broken_json", "explain_answer", "explain_failure"]

_PASSING = (408, 429, 500, 502, 503, 504)
_LONGEST_WAIT_S = 120.0
_AGAIN = "Run the same command again; it goes on where this one stopped."
_NEW_TOKEN = "Copy a new one from Account & Settings on that server into LABEL_STUDIO_API_KEY."  # noqa: S105 # a hint
_WRONG_PATH = (
    "Use the address up to the path under which Label Studio itself is installed, then /projects/ and the number."
)


class Speaker(Protocol):
    """Who asked: its server and its token."""

    @property
    def base_url(self) -> str:
        """Address of the server."""
        ...

    @property
    def auth(self) -> TokenAuth:
        """The token, hidden."""
        ...


def explain_failure(error: Exception, client: Speaker, path: str) -> AnnoauditError:
    """Turn what the connection raised into an error of ours."""
    text = client.auth.hide(str(error)).strip().splitlines()
    reason = text[0][:200] if text else type(error).__name__
    where = client.base_url
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return RequestRefused(
            f"The certificate of {where} can't be verified: {reason}",
            hint="For a certificate of your own, set SSL_CERT_FILE to the file of the authority that signed it.",
        )
    if "WRONG_VERSION_NUMBER" in str(error) or "RECORD_LAYER_FAILURE" in str(error):
        return RequestRefused(f"{where} does not speak https.", hint="Use http:// where the server has no certificate.")
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return RequestRefused(f"{where} is no usable address: {reason}", hint=_WRONG_PATH)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return ServerTrouble(f"{where} can't be reached: {reason}", hint="Check the address, and that the server runs.")
    if isinstance(error, httpx.TimeoutException):
        return ServerTrouble(f"{where} did not answer {path} in time.", hint=_AGAIN)
    return ServerTrouble(f"The connection to {where} broke off during {path}: {reason}", hint=_AGAIN)


def explain_answer(answer: httpx.Response, client: Speaker, path: str) -> AnnoauditError:
    """Turn an answer that is no success into an error of ours."""
    status, detail, where = answer.status_code, _detail(answer, client), client.base_url
    said = f": {detail}" if detail else "."
    if status in _PASSING:
        trouble = ServerTrouble(f"{where} answered {status} to {path}{said}", hint=_AGAIN)
        trouble.pause_s = _wait_s(answer)
        return trouble
    if status == 401:
        return _unknown(detail, client)
    if status == 403:
        return RequestRefused(
            f"This token's user may not use {path} at {where}{said}",
            hint="Ask for access to the project, or use the token of somebody who has it.",
        )
    if status == 404:
        missing = NotThere(f"{path} is not there at {where}{said}", hint="It may have been deleted meanwhile.")
        missing.known_path = _is_json(answer)
        return missing
    if 300 <= status < 400:
        target = client.auth.hide(answer.headers.get("location", "another address")).split("?", 1)[0]
        return RequestRefused(f"{where} sends its visitors on to {target[:120]}.", hint="Use that address instead.")
    if status == 413:
        return RequestRefused(f"{where} takes no request as large as the one to {path}.", hint="Raise its limit.")
    return RequestRefused(f"{where} refused {path} ({status}){said}", hint="See what it says, and mend that.")


def broken_json(answer: httpx.Response, client: Speaker, path: str) -> AnnoauditError:
    """Build the error for an answer that should be JSON and is not."""
    if "html" in answer.headers.get("content-type", ""):
        return RequestRefused(f"{client.base_url} answers, but not as Label Studio does.", hint=_WRONG_PATH)
    return ServerTrouble(f"The answer of {client.base_url} to {path} is not whole JSON.", hint=_AGAIN)


def _unknown(detail: str, client: Speaker) -> RequestRefused:
    where, kind = client.base_url, client.auth.kind
    if "legacy token" in detail.lower():
        return RequestRefused(
            f"The organisation at {where} has switched legacy tokens off.",
            hint="Put a Personal Access Token (Account & Settings) into LABEL_STUDIO_API_KEY, "
            "or let an administrator allow legacy tokens (Organization > Access Token Settings).",
        )
    said = f": {detail}" if detail else ""
    return RequestRefused(f"{where} does not know this {kind}, or it has ended{said}", hint=_NEW_TOKEN)


def _detail(answer: httpx.Response, client: Speaker) -> str:
    """What the server says in its JSON, in one short line without tokens."""
    if not _is_json(answer):
        return ""
    try:
        said = answer.json()
    except ValueError:
        return ""
    if isinstance(said, dict):
        said = said.get("validation_errors") or said.get("detail") or said.get("error") or said
    return " ".join(client.auth.hide(str(said)).split())[:300]


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _wait_s(answer: httpx.Response) -> float | None:
    """Seconds that the server asks to wait, bounded; None where it says nothing."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isdigit():
        return min(float(asked), _LONGEST_WAIT_S)
    parsed = email.utils.parsedate_tz(asked) if asked else None
    if parsed is None:
        return None
    return min(max(email.utils.mktime_tz(parsed) - time.time(), 0.0), _LONGEST_WAIT_S)
