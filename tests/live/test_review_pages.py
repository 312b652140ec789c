"""What a reviewer sees and does, in a real browser: the sorted tab, a flagged task, one key for the verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, NoBrowser
from review_scene import Scene, make_scene, review_tasks
from server import PASSWORD, REVIEWER

from annoaudit.reviewing import push, verdicts

PICTURES = os.environ.get("ANNOAUDIT_PICTURES", "")  # a folder: the pictures of the docs come from this run


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    made = Browser(tmp_path / "profile")
    try:
        made.start()
    except NoBrowser as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"page tests need a browser: {error}")
        pytest.skip(f"page tests need a browser: {error}")
    yield made
    made.stop()


@pytest.fixture
def pushed(label_studio, token, tmp_path) -> tuple[Scene, str, int]:
    scene = make_scene(label_studio, tmp_path / "out", title="Film reviews")
    scene.audit(budget=12)
    receipt = push(scene.out, yes=True)
    return scene, receipt.url, receipt.review_project


def test_a_reviewer_opens_the_tab_and_a_task_presses_one_key_and_the_verdict_is_read_back(browser, pushed):
    scene, url, project = pushed
    browser.log_in(scene.server.url, REVIEWER, PASSWORD)
    browser.open(url)
    browser.wait("document.body.innerText.includes('annoaudit_why') && document.body.innerText.includes('[48]')")
    shown = browser.text()
    assert "Highest first" in shown
    assert "@example.com" not in shown.replace(REVIEWER, "")  # pseudonyms only
    _picture(browser, "review_tab.png")
    tasks = review_tasks(scene.server, project)
    number = max(scene.planted)
    task = tasks[number]
    browser.open(f"{url}&task={task['id']}")
    browser.wait("document.body.innerText.includes('Label is right')")
    browser.wait("!!document.querySelector('input[type=checkbox]:checked')", "the current label, pre-filled")
    assert task["data"]["annoaudit_title"] in browser.text()
    _picture(browser, "review_task.png")
    browser.settle()
    browser.press("c")
    browser.wait("!!document.querySelector('input[type=radio]:checked')", "a verdict by its key")
    _submit(browser, scene, task["id"])
    figures = verdicts(scene.out)
    assert figures.verdicts["decision"].tolist() == ["confirmed"]
    assert figures.verdicts["warning"].tolist() == [""]


def test_submitting_without_a_verdict_is_refused_and_a_corrected_label_counts_as_fixed(browser, pushed):
    scene, url, project = pushed
    browser.log_in(scene.server.url, REVIEWER, PASSWORD)
    task = review_tasks(scene.server, project)[48]  # whose right label is "Positive"
    browser.open(f"{url}&task={task['id']}")
    browser.wait("!!document.querySelector('input[type=checkbox]:checked')", "the current label, pre-filled")
    browser.press("Enter", ctrl=True)
    browser.wait("document.body.innerText.includes('Please record a verdict')")
    assert scene.server.call("GET", f"/api/tasks/{task['id']}/")["annotations"] == []
    browser.press("Escape")
    browser.settle()
    browser.press("f")
    browser.wait("!!document.querySelector('input[type=radio]:checked')", "a verdict by its key")
    browser.press("p")  # the source's own hotkey of "Positive"
    _wait_for_positive(browser)
    _submit(browser, scene, task["id"])
    row = verdicts(scene.out).verdicts.iloc[0]
    assert (row["decision"], row["corrected"], row["said"]) == ("fixed", "Positive", "fixed")


def test_the_tab_in_the_source_opens_shows_what_is_flagged_and_breaks_no_other(browser, label_studio, token, tmp_path):
    scene = make_scene(label_studio, tmp_path / "out", title="Film reviews")
    scene.audit(budget=12)
    receipt = push(scene.out, yes=True, tab=True, predictions=True)
    usual, ours = label_studio.call("GET", "/api/dm/views/", project=scene.project)
    browser.log_in(label_studio.url, REVIEWER, PASSWORD)
    browser.open(f"{label_studio.url}/projects/{scene.project}/data?tab={ours['id']}")
    browser.wait("document.body.innerText.includes('[48]')")
    shown = browser.text()
    assert "annoaudit: flagged" in shown
    assert {number for number in range(60) if f"[{number}]" in shown} == set(
        review_tasks(label_studio, receipt.review_project)
    )
    _picture(browser, "source_tab.png")
    browser.open(f"{label_studio.url}/projects/{scene.project}/data?tab={usual['id']}")
    browser.wait("document.body.innerText.includes('[1]')")


def test_hostile_text_in_tasks_titles_labels_names_and_reasons_is_inert(browser, label_studio, token, tmp_path):
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>{{7*7}}${7*7}$text"
    server = label_studio
    name = evil[:120]
    user = next((one for one in server.users.values() if one.email.startswith("evil")), None)
    who = user or server.add_user("evil@example.com", first_name=name, last_name="=cmd()")
    scene = make_scene(server, tmp_path / "out", evil=evil, who=who.id)
    scene.audit(budget=12)
    receipt = push(scene.out, yes=True)
    tasks = server.call("GET", "/api/tasks", project=receipt.review_project, fields="all", page_size=100)["tasks"]
    assert any("<img src=x" in one["data"]["annoaudit_why"] for one in tasks)
    browser.log_in(server.url, REVIEWER, PASSWORD)
    browser.open(receipt.url)
    browser.wait("document.body.innerText.includes('annoaudit_why') && document.body.innerText.includes('[48]')")
    assert "49" not in browser.text().replace("[49]", "").split("annoaudit_why", 1)[0]
    for task in tasks[:3]:
        browser.open(f"{receipt.url}&task={task['id']}")
        browser.wait("document.body.innerText.includes('Label is right')")
        assert "{{7*7}}${7*7}$text" in browser.text()
        assert browser.ask("document.title") != "owned"
        assert browser.ask("document.querySelectorAll('img[src=\"x\"]').length") == 0


def test_a_blinded_task_shows_neither_reason_nor_label_nor_severity(browser, label_studio, token, tmp_path):
    scene = make_scene(label_studio, tmp_path / "out")
    scene.audit(budget=6)
    receipt = push(scene.out, yes=True, blind=True, decoys=10)
    browser.log_in(scene.server.url, REVIEWER, PASSWORD)
    browser.open(receipt.url)
    browser.wait("document.body.innerText.includes('To label')")
    tasks = review_tasks(scene.server, receipt.review_project)
    number = min(scene.planted & set(tasks))
    browser.open(f"{receipt.url}&task={tasks[number]['id']}")
    browser.wait("document.body.innerText.includes('My own answer is below')")
    shown = browser.text()
    for word in ("suspicion", "similar items", "suggested", "a-"):
        assert word not in shown.split("My own answer")[0]
    assert not browser.ask("!!document.querySelector('input[type=checkbox]:checked')")
    browser.settle()
    browser.press("f")
    browser.wait("!!document.querySelector('input[type=radio]:checked')", "a verdict by its key")
    browser.press("p")
    _wait_for_positive(browser)
    _submit(browser, scene, tasks[number]["id"])
    row = verdicts(scene.out).verdicts.iloc[0]
    assert (row["review"], row["said"]) == ("blind", "answered")


def _wait_for_positive(browser: Browser) -> None:
    browser.wait(
        "[...document.querySelectorAll('label')]"
        ".some(one => one.innerText.startsWith('Positive') && one.querySelector('input:checked'))",
        "Positive, chosen by its key",
    )


def _submit(browser: Browser, scene: Scene, task: int) -> None:
    """Press the keys that submit until the answer is there: pressed while a draft is being saved they do nothing."""
    for _ in range(4):
        browser.press("Enter", ctrl=True)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if scene.server.call("GET", f"/api/tasks/{task}/")["annotations"]:
                return
            time.sleep(0.3)
    raise AssertionError(f"the answer never arrived; the page says: {browser.text()[:1500]}")


def _picture(browser: Browser, name: str) -> None:
    if PICTURES:
        time.sleep(1.5)
        browser.photograph(Path(PICTURES) / name)
