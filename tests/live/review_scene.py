"""A project worth reviewing on a real server: texts that three people labelled, some wrongly, and its audit."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import annoaudit as aa
from annoaudit.connectors.label_studio import LabelStudio

if TYPE_CHECKING:
    from server import LabelStudioServer

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="sentiment" toName="text" choice="single" showInLine="true">'
    '<Choice value="Positive" hotkey="p"/><Choice value="Negative"/><Choice value="Neutral"/></Choices></View>'
)
CLASSES = ("Positive", "Negative", "Neutral")
WORDS = {
    "Positive": ("wonderful", "brilliant", "delightful", "superb", "moving"),
    "Negative": ("dreadful", "tedious", "clumsy", "awful", "boring"),
    "Neutral": ("released", "filmed", "screened", "directed", "produced"),
}
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    '{{7*7}} ${7*7} $annoaudit_title #{7*7} =HYPERLINK("http://evil","x") <b>bold</b>',
)


@dataclass
class Scene:
    """A source project, and the folder in which it was audited."""

    server: LabelStudioServer
    project: int
    out: Path
    planted: set[int]

    @property
    def address(self) -> str:
        return f"{self.server.url}/projects/{self.project}"

    def audit(self, **settings: object) -> aa.Audit:
        labels = LabelStudio.of(self.address).pull().labels
        result = aa.audit(labels, **settings)
        result.save(self.out)
        labels.to_parquet(self.out / "labels")
        return result


def make_scene(
    server: LabelStudioServer,
    out: Path,
    n_tasks: int = 60,
    seed: int = 1,
    evil: str = "",
    who: int = 0,
    title: str = "",
) -> Scene:
    """Create a project in which one in eight labels of one annotator is wrong; ``evil`` goes into texts and labels."""
    random.seed(seed)
    people = [user.id for email, user in sorted(server.users.items()) if email.startswith("ann")][:3]
    people = [who, *people[1:]] if who else people
    names = [f"{name} {evil}".strip() for name in CLASSES]
    tasks, planted = [], set()
    for number in range(n_tasks):
        truth = CLASSES[number % 3]
        words = random.choices(WORDS[truth], k=6)
        text = f"A {words[0]} and {words[1]} picture, {words[2]}, {words[3]}, {words[4]} and {words[5]} [{number}]."
        if number < len(HOSTILE) and not title:
            text = f"{HOSTILE[number]} {text}"
        text += f" {evil}" if evil else ""
        annotations = []
        for place, person in enumerate(people):
            wrong = place == 1 and number % 8 == 0
            label = CLASSES[(number + 1) % 3] if wrong else truth
            if wrong:
                planted.add(number)
            annotations.append(
                {"completed_by": person, "lead_time": 5.0 + place, "result": [choice(names[CLASSES.index(label)])]}
            )
        tasks.append({"data": {"text": text, "number": number}, "annotations": annotations})
    config = CONFIG
    for plain, name in zip(CLASSES, names, strict=True):
        config = config.replace(f'"{plain}"', quoteattr(name))
    project = server.create_project(config, tasks, title=title or "Reviews <b>of</b> films & $text")
    return Scene(server, project, out, planted)


def choice(label: str) -> dict[str, object]:
    return {
        "id": "c1",
        "from_name": "sentiment",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": [label]},
        "origin": "manual",
    }


def photograph(server: LabelStudioServer, project: int) -> str:
    """Everything the source project is and holds, as one text: compared byte for byte."""
    tasks, page = [], 1
    while True:
        with server.client() as client:
            answer = client.get(
                "/api/tasks",
                params={"project": project, "fields": "all", "resolve_uri": "false", "page": page, "page_size": 500},
            )
        if answer.status_code == 404:
            break
        found = answer.json()["tasks"]
        tasks += found
        page += 1
        if len(found) < 500:
            break
    rest = [
        server.call("GET", f"/api/projects/{project}/"),
        server.call("GET", "/api/dm/views/", project=project),
        server.call("GET", f"/api/projects/{project}/summary/"),
        server.call("GET", "/api/projects/counts/", ids=project),
    ]
    for task in tasks:
        for one in task["annotations"]:
            del one["created_ago"]  # worked out anew for each answer: "2 minutes"
    return json.dumps([tasks, rest], sort_keys=True)


def review_tasks(server: LabelStudioServer, project: int) -> dict[int, dict]:
    """The tasks of a review project by the number that the source's texts carry."""
    found = server.call("GET", "/api/tasks", project=project, fields="all", page_size=1000)
    return {one["data"]["number"]: one for one in found["tasks"]}


def answer(server: LabelStudioServer, task: int, said: str, label: str | None, *, by: int, note: str = "") -> int:
    """Answer a review task as a person's browser would; return the annotation's id."""
    result = [] if label is None else [choice(label)]
    if said != "skipped":
        item = {
            "from_name": "annoaudit_verdict",
            "to_name": "annoaudit_why",
            "type": "choices",
            "value": {"choices": [said]},
        }
        result = [*result, {"id": "v1", **item}]
    if note:
        item = {
            "from_name": "annoaudit_note",
            "to_name": "annoaudit_why",
            "type": "textarea",
            "value": {"text": [note]},
        }
        result = [*result, {"id": "n1", **item}]
    body = {"result": result, "completed_by": by, "lead_time": 4.5, "was_cancelled": said == "skipped"}
    return int(server.call("POST", f"/api/tasks/{task}/annotations/", body)["id"])


def differences(one: str, other: str) -> list[str]:
    """Name what differs between two photographs, for a person who looks for the reason."""
    found = []
    for name, left, right_one in zip(("tasks", "rest"), json.loads(one), json.loads(other), strict=True):
        found += [f"{name}: {len(left)} and {len(right_one)}"] if len(left) != len(right_one) else []
        for place, (a, b) in enumerate(zip(left, right_one, strict=False)):
            if a != b:
                keys = [key for key in a if a[key] != b.get(key)] if isinstance(a, dict) else []
                found.append(f"{name}[{place}]: {[(key, a[key], b.get(key)) for key in keys] or (a, b)}"[:400])
    return found


def same(one: str, other: str) -> bool:
    return one == other  # pytest would take minutes to show how two megabytes differ


def right(number: int) -> str:
    return CLASSES[number % 3]


def current(task: dict) -> str:
    return task["predictions"][0]["result"][0]["value"]["choices"][0]


def reviewer(server: LabelStudioServer) -> int:
    return server.users["reviewer@example.com"].id


def audit_project(
    server: LabelStudioServer, config: str, tasks: list[dict], title: str, out: Path
) -> tuple[int, aa.LabelSet]:
    """Make a project of these tasks, pull and audit it into a folder; return its number and its labels."""
    project = server.create_project(config, tasks, title=title)
    labels = LabelStudio.of(f"{server.url}/projects/{project}").pull().labels
    aa.audit(labels).save(out)
    labels.to_parquet(out / "labels")
    return project, labels
