"""One Label Studio project: checked, pulled, and the desk at which people review it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from annoaudit.connectors.failures import NotThere, RequestRefused
from annoaudit.connectors.label_studio.address import Address, parse_address
from annoaudit.connectors.protocol import MediaHost, Pulled
from annoaudit.errors import MissingExtra, UsageError
from annoaudit.formats.json_values import Record

if TYPE_CHECKING:
    from annoaudit.connectors.desk import ReviewDesk
    from annoaudit.connectors.label_studio.client import Client
    from annoaudit.labels import LabelSet

__all__ = ["LabelStudio"]

OLDEST = (1, 8)
MEDIA = ("/data/",)
"""Where uploads and local files lie; other paths of the server are no media, and some of them do things when read."""


@dataclass(frozen=True)
class LabelStudio:
    """A project on a Label Studio server (Community or Enterprise, 1.8 or newer).

    Parameters
    ----------
    address
        Server and project.
    spool
        Folder where a long pull keeps its pages until it is complete, so that the next one goes on where this one
        was cut off; without it, a pull that is cut off starts again.
    token
        From the environment (``LABEL_STUDIO_API_KEY``) if empty; shown nowhere.
    """

    address: Address
    spool: Path | None = None
    token: str = field(default="", repr=False)
    name: str = "label_studio"

    @classmethod
    def recognises(cls, address: str) -> bool:
        """Say whether an address is one of a Label Studio project."""
        try:
            parse_address(address)
        except UsageError:
            return False
        return True

    @classmethod
    def of(cls, address: str) -> Self:
        """Open the project at an address; no request is sent yet.

        Raises
        ------
        UsageError
            It is not the address of a project.
        """
        return cls(parse_address(address))

    def with_spool(self, folder: Path) -> Self:
        """Return the same project, keeping what a long pull has read in a folder until the pull is complete."""
        same = replace(self, spool=folder)
        if "client" in self.__dict__:  # one connection is enough
            same.__dict__["client"] = self.client
        return same

    @cached_property
    def client(self) -> Client:
        """The signed connection.

        Raises
        ------
        UsageError
            There is no token in the environment.
        MissingExtra
            The extra ``label-studio`` is not installed.
        """
        try:
            from annoaudit.connectors.label_studio.client import connect
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith("httpx"):
                raise
            raise MissingExtra(
                "Talking with Label Studio needs an optional package.", hint='pip install "annoaudit[label-studio]"'
            ) from None
        return connect(self.address.base_url, self.token or None)

    def desk(self) -> ReviewDesk:
        """Open the place where people review what was flagged; no request is sent yet.

        Raises
        ------
        UsageError
            There is no token in the environment.
        MissingExtra
            The extra ``label-studio`` is not installed.
        """
        from annoaudit.connectors.label_studio.desk import LabelStudioDesk

        return LabelStudioDesk(self.client, self.address)

    def media_host(self) -> MediaHost:
        """Tell where uploads and local files lie; no request is sent yet.

        Raises
        ------
        UsageError
            There is no token in the environment.
        MissingExtra
            The extra ``label-studio`` is not installed.
        """
        return MediaHost(self.address.base_url, MEDIA, self.client.sign)

    def project(self) -> Record:
        """Return the project as the server describes it now.

        Raises
        ------
        RequestRefused
            The token does not work, or there is no such project for its user.
        ServerTrouble
            The server can't be reached or fails.
        """
        path = f"/api/projects/{self.address.project_id}/"
        try:
            found = self.client.get(path)
        except NotThere as error:
            if not error.known_path:
                raise self._stranger() from None
            raise RequestRefused(
                f"There is no project {self.address.project_id} at {self.address.base_url} for this token's user.",
                hint="Check the number in the address, and that the user is a member of the project.",
            ) from None
        if not isinstance(found, dict) or "label_config" not in found:
            raise self._stranger()
        return found

    def _stranger(self) -> RequestRefused:
        return RequestRefused(
            f"{self.address.base_url} answers, but not as Label Studio does.",
            hint="Use the address up to the path under which Label Studio is installed, then /projects/3.",
        )

    def version(self) -> tuple[int, ...]:
        """Return the server's version, such as (1, 23, 2); () where it does not tell."""
        try:
            said = self.client.get("/api/version")
        except NotThere:
            raise self._stranger() from None
        text = said.get("release", "") if isinstance(said, dict) else ""
        digits = [part for part in str(text).split(".") if part.isdigit()]
        return tuple(int(part) for part in digits)

    def check(self) -> str:
        """Ask whether project and token work, and say in one line what answers.

        Raises
        ------
        RequestRefused
            Address, token or rights must be mended, or the server is too old.
        ServerTrouble
            The server can't be reached or fails.
        """
        version = self.version()
        if version and version < OLDEST:
            raise RequestRefused(
                f"{self.address.base_url} runs Label Studio {'.'.join(map(str, version))}.",
                hint=f"annoaudit needs {'.'.join(map(str, OLDEST))} or newer.",
            )
        project = self.project()
        shown = ".".join(map(str, version)) or "of unknown version"
        title = " ".join(str(project.get("title", "")).split())[:80]
        return f"Label Studio {shown}, project {self.address.project_id} ({title}), {project.get('task_number')} tasks"

    def pull(
        self, since: Mapping[str, object] | None = None, known: LabelSet | None = None, *, full: bool = False
    ) -> Pulled:
        """Pull the project: all of it, or what changed since ``known`` was pulled.

        Parameters
        ----------
        since, known
            Bookmark and labels of the pull before; all is read where either is missing or of another project.
        full
            Read everything again in any case.

        Raises
        ------
        RequestRefused
            Address, token or rights must be mended.
        ServerTrouble
            The server can't be reached or fails; a pull with a spool goes on where it stopped.
        """
        from annoaudit.connectors.label_studio.pulling import pull_project

        return pull_project(self, since, known, full=full)
