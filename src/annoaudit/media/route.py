"""How a host is reached: its name looked up once, every address held against a rule, and only then connected to."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from annoaudit.media.addresses import IPAddress, is_public
from annoaudit.media.refusals import Unchecked

__all__ = ["Deadline", "Route"]

_MOST_ADDRESSES = 3


@dataclass(frozen=True)
class Deadline:
    """The moment at which a fetch ends, whatever it is doing."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that lies so many seconds ahead."""
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left.

        Raises
        ------
        Unchecked
            None are.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise Unchecked("it took longer than the limit on time")
        return left


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True)
class Route:
    """The way to a host. Only Python code can give another one; no option or configuration reaches it.

    Parameters
    ----------
    resolve
        Looks up a name: the addresses of host and port.
    allows
        The rule that every address must pass.
    trust
        Makes the TLS settings; by default those of the system, with names verified.
    """

    resolve: Callable[[str, int], Sequence[str]] = look_up
    allows: Callable[[IPAddress], bool] = is_public
    trust: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)

    def connect(self, host: str, port: int, *, secure: bool, deadline: Deadline) -> socket.socket:
        """Connect to an address that the name had when it was looked up, once, and that the rule allows.

        Raises
        ------
        Unchecked
            The name can't be looked up, an address is forbidden, or nobody answers.
        """
        addresses = self._addresses(host, port, deadline)
        raw = _connect_first(addresses, port, deadline)
        if not secure:
            return raw
        try:
            return _secure(raw, host, self.trust(), deadline)
        except (OSError, ValueError) as error:
            raise Unchecked(f"no secure connection to {host}: {_tell(error)}") from None

    def _addresses(self, host: str, port: int, deadline: Deadline) -> list[IPAddress]:
        try:
            texts = _within(deadline, lambda: self.resolve(host, port))
            found = [ipaddress.ip_address(one.partition("%")[0]) for one in dict.fromkeys(texts)]
        except (OSError, UnicodeError, ValueError) as error:
            raise Unchecked(f"{host} can't be looked up: {_tell(error)}") from None
        if not found:
            raise Unchecked(f"{host} has no address")
        for one in found:
            if not self.allows(one):
                raise Unchecked(f"{host} has the address {one}, which is not of the public internet: not connected to")
        return found


def _connect_first(addresses: Sequence[IPAddress], port: int, deadline: Deadline) -> socket.socket:
    trouble = ""
    for one in addresses[:_MOST_ADDRESSES]:
        family = socket.AF_INET if one.version == 4 else socket.AF_INET6
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(deadline.left())
            raw.connect((str(one), port))
        except OSError as error:
            raw.close()
            trouble = f"{one}: {_tell(error)}"
        else:
            return raw
    raise Unchecked(f"nobody answers at {trouble}")


def _secure(raw: socket.socket, host: str, settings: ssl.SSLContext, deadline: Deadline) -> socket.socket:
    with raw:  # wrapping takes the connection over; closing this end then does nothing
        wrapped = settings.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False)
    try:
        wrapped.settimeout(deadline.left())
        wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _within(deadline: Deadline, work: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Do the work in a thread of its own, because the system's resolver has no limit on time."""
    done: list[Sequence[str] | Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except (OSError, UnicodeError, ValueError) as error:
            done.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if not done:
        raise Unchecked("the look-up of its name took longer than the limit on time")
    if isinstance(done[0], Exception):
        raise done[0]
    return done[0]


def _tell(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
