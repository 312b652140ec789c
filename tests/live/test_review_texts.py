"""The review loop with free texts on a real server: a flagged one is pushed with what the others say."""

from __future__ import annotations

from review_scene import audit_project, photograph, review_tasks, reviewer, same

import annoaudit as aa
from annoaudit.reviewing import apply_corrections, push, unpush, verdicts

AREA = '<TextArea name="said" toName="clip" editable="true" maxSubmissions="1"/>'
CONFIG = f'<View><Text name="clip" value="$clip"/>{AREA}</View>'
SENTENCES = (
    "the train to the coast leaves at nine from platform two",
    "please water the garden before the sun is high",
    "she found an old map under the stairs of the house",
    "nobody expected the river to freeze over in march",
)
WRONG = "some other words that nobody said here"


def make_tasks(people, n_tasks=32):
    """Three write what was said; the second writes something else on each eighth."""
    tasks, planted = [], set()
    for number in range(n_tasks):
        words = SENTENCES[number % 4].split()
        said = " ".join(words[number % 3 :] + words[: number % 3])
        annotations = []
        for seat, who in enumerate(people):
            text = said
            if seat == 1 and number % 8 == 0:
                planted.add(number)
                text = f"{WRONG} {number}"
            result = {"id": f"t{number}-{seat}", "from_name": "said", "to_name": "clip", "type": "textarea"}
            annotations.append({"completed_by": who, "result": [{**result, "value": {"text": [text]}}]})
        tasks.append({"data": {"clip": f"clip {number}", "number": number}, "annotations": annotations})
    return tasks, planted


def test_a_flagged_text_is_pushed_with_the_consensus_and_its_correction_comes_back(label_studio, token, tmp_path):
    people = [user.id for email, user in sorted(label_studio.users.items()) if email.startswith("ann")][:3]
    tasks, planted = make_tasks(people)
    out = tmp_path / "out"
    project, labels = audit_project(label_studio, CONFIG, tasks, "Transcripts", out)
    before = photograph(label_studio, project)
    receipt = push(out, yes=True)
    assert same(photograph(label_studio, project), before)
    by_number = review_tasks(label_studio, receipt.review_project)
    assert set(by_number) == planted
    first = by_number[min(planted)]
    drawn = [one for one in first["predictions"][0]["result"] if one["type"] == "textarea"]
    assert len(drawn) == 1
    assert drawn[0]["value"]["text"] == [f"{WRONG} {min(planted)}"]
    assert SENTENCES[0] in str(first["data"])
    said = {"from_name": "annoaudit_verdict", "to_name": "annoaudit_why", "type": "choices"}
    mended = {**drawn[0], "value": {"text": [SENTENCES[0]]}}
    body = {
        "result": [{"id": "v1", **said, "value": {"choices": ["fixed"]}}, mended],
        "completed_by": reviewer(label_studio),
        "lead_time": 3.0,
    }
    label_studio.call("POST", f"/api/tasks/{first['id']}/annotations/", body)
    assert verdicts(out).n_new == 1
    assert aa.audit(labels, history=out).record.review.suppressed == {"fixed": 1}
    assert same(photograph(label_studio, project), before)
    apply_corrections(out, yes=True)
    task = review_tasks(label_studio, project)[min(planted)]
    texts = [one["result"][0]["value"]["text"] for one in task["annotations"]]
    assert texts.count([SENTENCES[0]]) == 3
    assert [f"{WRONG} {min(planted)}"] in texts
    apply_corrections(out, yes=True, undo=True)
    assert len(label_studio.call("GET", f"/api/tasks/{task['id']}/annotations/")) == 3
    assert unpush(out, yes=True).done
