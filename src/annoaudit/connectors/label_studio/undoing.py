"""Taking back what annoaudit made: the review project with all in it, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annoaudit.connectors.failures import NotThere
from annoaudit.connectors.label_studio.originals import as_object
from annoaudit.errors import RefusedInput

if TYPE_CHECKING:
    from annoaudit.connectors.desk import ReviewProject
    from annoaudit.connectors.label_studio.client import Client

__all__ = ["delete_review_project"]


def delete_review_project(client: Client, project: ReviewProject, marker: str) -> bool:
    """Delete a review project with its tasks, answers and tab; False if it had gone already.

    Raises
    ------
    RefusedInput
        The project under this id is not one that annoaudit made: ids are used again.
    """
    path = f"/api/projects/{project.project_id}/"
    try:
        found = as_object(client.get(path), "a project")
        if marker not in str(found.get("description") or ""):
            raise RefusedInput(
                f"Project {project.project_id} does not carry annoaudit's marker, so it is not deleted.",
                hint="Was its description edited? Put the marker back, or delete the project by hand.",
            )
        client.send("DELETE", path)
    except NotThere:
        return False
    return True
