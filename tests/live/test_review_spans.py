"""The review loop with spans on a real server: what is flagged is pushed with its spans drawn; verdicts come back."""

from __future__ import annotations

from review_scene import audit_project, photograph, review_tasks, reviewer, same

import annoaudit as aa
from annoaudit.reviewing import push, unpush, verdicts

CONFIG = (
    '<View><Labels name="names" toName="text"><Label value="place"/><Label value="person"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)
NAMES = {"place": ("Oslo", "Quito", "Lagos"), "person": ("Mei", "Ruth", "Omar")}


def make_tasks(people, n_tasks=40):
    """Every text names a person and a place; the second annotator is wrong on each eighth: class, edge or missing."""
    tasks, planted = [], {}
    for number in range(n_tasks):
        person, place = NAMES["person"][number % 3], NAMES["place"][number % 3]
        text = f"{person} left {place} early [{number}]"
        truth = [("person", 0, len(person)), ("place", text.index(place), text.index(place) + len(place))]
        annotations = []
        for seat, who in enumerate(people):
            spans = list(truth)
            if seat == 1 and number % 8 == 0:
                planted[number] = ("class", "edge", "missing")[number // 8 % 3]
                start, end = spans[1][1:]
                spans[1:] = {
                    "class": [("person", start, end)],
                    "edge": [("place", start, end + 6)],
                    "missing": [],
                }[planted[number]]
            annotations.append({"completed_by": who, "result": [mark(text, *one) for one in spans]})
        tasks.append({"data": {"text": text, "number": number}, "annotations": annotations})
    return tasks, planted


def mark(text, label, start, end):
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return {"id": f"{label}{start}", "from_name": "names", "to_name": "text", "type": "labels", "value": value}


def test_flagged_spans_are_pushed_as_they_are_drawn_and_their_verdicts_read(label_studio, token, tmp_path):
    people = [user.id for email, user in sorted(label_studio.users.items()) if email.startswith("ann")][:3]
    tasks, planted = make_tasks(people)
    out = tmp_path / "out"
    project, labels = audit_project(label_studio, CONFIG, tasks, "Names", out)
    before = photograph(label_studio, project)
    receipt = push(out, yes=True)
    assert same(photograph(label_studio, project), before)
    by_number = review_tasks(label_studio, receipt.review_project)
    assert set(by_number) >= set(planted)
    for number, slip in planted.items():
        drawn = by_number[number]["predictions"][0]["result"]
        spans = [one for one in drawn if one["type"] == "labels"]
        assert len(spans) == (1 if slip == "missing" else 2), slip
    first = by_number[min(planted)]
    said = {"from_name": "annoaudit_verdict", "to_name": "annoaudit_why", "type": "choices"}
    body = {
        "result": [{"id": "v1", **said, "value": {"choices": ["confirmed"]}}, *first["predictions"][0]["result"]],
        "completed_by": reviewer(label_studio),
        "lead_time": 3.0,
    }
    label_studio.call("POST", f"/api/tasks/{first['id']}/annotations/", body)
    assert verdicts(out).n_new == 1
    again = aa.audit(labels, history=out)
    assert again.record.review.suppressed["confirmed"] > 0
    answered = set(again.findings["fingerprint"]) & set(again.record.review.by_fingerprint)
    assert answered
    assert not set(again.findings.loc[again.findings["rank"] > 0, "fingerprint"]) & answered
    assert unpush(out, yes=True).done
    assert same(photograph(label_studio, project), before)
