"""Every class of mismatch, found against real servers and files; and nothing lost or repeated by a killed run."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import PIL.Image
import pytest
from web import FORBIDDEN, NAMES, picture, untouched

import annoaudit as aa
from annoaudit.errors import RefusedInput, UsageError
from annoaudit.media import Access, pin_media, verify_media
from annoaudit.media.pins import Pins


def labels_of(uris, folder):
    rows = [(f"i{n}", who, "x", uri) for n, uri in enumerate(uris) for who in "ab"]
    path = folder / "labels.csv"
    pd.DataFrame(rows, columns=["item_id", "annotator", "label", "uri"]).to_csv(path, index=False)
    return aa.read(path)


def by_item(found):
    return {one.item_id: one for one in found.checks}


def test_every_class_of_mismatch_is_found_and_what_cannot_be_checked_is_no_match(web, tmp_path):
    paths = ["same", "swap", "soft", "move", "type", "lie", "cut", "gone", "busy", "inward", "resized"]
    uris = [web.serve(f"/{name}.png", picture(seed)) for seed, name in enumerate(paths)]
    labels = labels_of(uris, tmp_path)
    pinned = pin_media(labels, tmp_path / "pins.parquet", web.access())
    assert (pinned.n_media, pinned.n_new, pinned.failed, pinned.exit_code) == (11, 11, (), 0)
    assert {one.outcome for one in verify_media(labels, pinned.path, web.access()).checks} == {"same"}

    web.serve("/swap.png", picture(99))
    web.serve("/soft.png", picture(2, "JPEG", quality=60), "image/jpeg")
    web.serve("/elsewhere.png", picture(3))
    web.redirect("/move.png", web.url("/elsewhere.png", NAMES[2]))
    web.serve("/type.png", b"<!doctype html><title>This domain is for sale</title>", "text/html")
    web.serve("/lie.png", picture(5), "text/html")
    web.serve("/cut.png", picture(6)[:5000])
    del web.answers["/gone.png"]
    web.answers["/busy.png"] = lambda one: one.send_error(503)
    web.serve("/resized.png", picture(10, side=150))
    with untouched() as port:
        web.redirect("/inward.png", f"https://{FORBIDDEN}:{port}/")
        found = verify_media(labels, pinned.path, web.access())
    assert [one.mismatches for one in found.checks] == [
        (), ("media_changed",), ("media_reencoded",), ("media_moved",), ("media_type_mismatch",),
        ("media_type_mismatch",), ("media_truncated",), ("media_gone",), (), (), ("media_reencoded",),
    ]  # fmt: skip
    assert [one.outcome for one in found.checks].count("same") == 1
    assert by_item(found)["i8"].outcome == by_item(found)["i9"].outcome == "unchecked"
    assert found.counts["unchecked"] == 2
    assert (found.n_differ, found.share, found.exit_code) == (8, 8 / 9, 1)
    assert all(one.why for one in found.checks if one.outcome != "same")


def test_a_move_within_the_domain_is_none_and_a_moved_and_changed_medium_is_both(web, tmp_path):
    uris = [web.serve("/a.png", picture(1)), web.serve("/b.png", picture(2))]
    labels = labels_of(uris, tmp_path)
    pinned = pin_media(labels, tmp_path / "pins.parquet", web.access())
    web.serve("/a2.png", picture(1))
    web.redirect("/a.png", web.url("/a2.png", NAMES[1]))
    web.serve("/b2.png", picture(9))
    web.redirect("/b.png", web.url("/b2.png", NAMES[2]))
    found = by_item(verify_media(labels, pinned.path, web.access()))
    assert found["i0"].outcome == "same"
    assert found["i1"].mismatches == ("media_changed", "media_moved")


def test_media_that_cannot_be_checked_end_in_code_3(web, tmp_path):
    labels = labels_of([web.serve("/a.png", picture())], tmp_path)
    pin_media(labels, tmp_path / "pins.parquet", web.access())
    web.answers["/a.png"] = lambda one: one.send_error(500)
    found = verify_media(labels, tmp_path / "pins.parquet", web.access())
    assert (found.n_differ, found.n_unchecked, found.exit_code) == (0, 1, 3)
    assert (found.low, found.high) == (0.0, 1.0), "nothing is known"


def test_a_lie_about_the_type_is_told_when_it_is_pinned(web, tmp_path):
    uri = web.serve("/a.png", b"<html>", "image/png")
    pinned = pin_media(labels_of([uri], tmp_path), tmp_path / "pins.parquet", web.access())
    assert [one.media_type for one in pinned.misdeclared] == ["text/html"]


def test_what_is_pinned_is_not_asked_for_again_and_what_failed_is(web, tmp_path):
    web.serve("/a.png", picture())
    labels = labels_of([web.url("/a.png"), web.url("/late.png")], tmp_path)
    first = pin_media(labels, tmp_path / "pins.parquet", web.access())
    assert [one.why for one in first.failed] == ["the server says 404"]
    assert first.exit_code == 3
    web.serve("/late.png", picture(1))
    second = pin_media(labels, tmp_path / "pins.parquet", web.access())
    assert (second.n_new, second.failed, second.exit_code) == (1, (), 0)
    assert web.asked == {"/a.png": 1, "/late.png": 2}


def test_a_run_that_breaks_off_loses_nothing(web, tmp_path):
    uris = [web.serve(f"/{n}.png", picture(n, side=30)) for n in range(40)]
    labels, path = labels_of(uris, tmp_path), tmp_path / "pins.parquet"

    def break_off(n_done, _):
        if n_done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pin_media(labels, path, web.access(), on_pinned=break_off)
    assert not path.exists()
    n_kept = len(Pins(path).read())
    assert 5 <= n_kept < 40
    result = pin_media(labels, path, web.access())
    assert result.n_new == 40 - n_kept
    assert set(web.asked.values()) == {1}


def test_a_killed_command_loses_nothing_and_the_next_one_repeats_nothing(tmp_path):
    root = tmp_path / "media"
    root.mkdir()
    for n in range(600):
        (root / f"{n}.txt").write_text(f"text {n} " * 50)
    labels_of([f"{n}.txt" for n in range(600)], tmp_path)
    pins = Pins(tmp_path / "pins.parquet")
    command = [sys.executable, "-m", "annoaudit", "media", "pin", "labels.csv", "--media-root", "media", "--json"]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (pins.journal.exists() and pins.journal.stat().st_size > 2000) and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.wait()
    with pins.journal.open("ab") as journal:
        journal.write(b'{"item_id": "half')  # as a crash of the machine may leave it
    n_kept = len(pins.read())
    assert 0 < n_kept < 600
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["n_media"], told["n_new"], told["failed"]) == (600, 600 - n_kept, [])
    assert len(pins.read()) == 600
    assert not pins.journal.exists()


def test_local_media_stay_inside_their_folder(tmp_path):
    root, secret = tmp_path / "media", tmp_path / "secret.png"
    root.mkdir()
    secret.write_bytes(picture(1))
    (root / "a.png").write_bytes(picture())
    (root / "link.png").symlink_to(secret)
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.png")
    outside = ["../secret.png", str(secret), "link.png", "up/secret.png"]
    uris = ["a.png", *outside, "pipe.png", "none.png", "a\0b.png", "data:image/png;base64,AAAA", "file:///etc/passwd"]
    result = pin_media(labels_of(uris[:7], tmp_path), tmp_path / "pins.parquet", Access(media_root=root))
    assert {one.uri: one.why for one in result.failed} == {
        **dict.fromkeys(outside, "it lies outside the media root: not opened"),
        "pipe.png": "it is no regular file: not read",
        "none.png": "there is no such file under the media root",
    }
    for uri in uris[7:]:
        with pytest.raises(Exception, match=r"can't be followed|are not fetched"):
            Access(media_root=root).look(uri)


def test_local_media_are_classed_too(tmp_path):
    root = tmp_path / "media"
    root.mkdir()
    for n in range(4):
        (root / f"{n}.png").write_bytes(picture(n))
    labels = labels_of([f"{n}.png" for n in range(4)], tmp_path)
    access = Access(media_root=root)
    pinned = pin_media(labels, tmp_path / "pins.parquet", access)
    (root / "1.png").write_bytes(picture(1)[:6000])
    (root / "2.png").unlink()
    (root / "3.png").write_bytes(picture(77))
    found = verify_media(labels, pinned.path, access)
    assert [one.mismatches for one in found.checks] == [
        (), ("media_truncated",), ("media_gone",), ("media_changed",),
    ]  # fmt: skip


def test_a_sample_states_an_interval_and_the_same_seed_draws_the_same(tmp_path):
    root = tmp_path / "media"
    root.mkdir()
    for n in range(60):
        (root / f"{n}.txt").write_text(f"text {n}")
    labels, access = labels_of([f"{n}.txt" for n in range(60)], tmp_path), Access(media_root=root)
    pinned = pin_media(labels, tmp_path / "pins.parquet", access)
    for n in range(0, 60, 3):
        (root / f"{n}.txt").write_text("other")
    draws = [verify_media(labels, pinned.path, access, sample=30, seed=seed) for seed in (1, 1, 2)]
    items = [[one.item_id for one in draw.checks] for draw in draws]
    assert items[0] == items[1] != items[2]
    for draw in draws:
        assert draw.is_sample
        assert draw.low < 1 / 3 < draw.high
    whole = verify_media(labels, pinned.path, access)
    assert whole.low == whole.share == whole.high == 1 / 3


def test_flat_pictures_of_other_lightness_are_not_near(web, tmp_path):
    def flat(shade):
        out = io.BytesIO()
        PIL.Image.new("L", (64, 64), shade).save(out, "PNG")
        return out.getvalue()

    labels = labels_of([web.serve("/a.png", flat(40))], tmp_path)
    pin_media(labels, tmp_path / "pins.parquet", web.access())
    web.serve("/a.png", flat(200))
    (check,) = verify_media(labels, tmp_path / "pins.parquet", web.access()).checks
    assert check.mismatches == ("media_changed",)


def test_what_is_no_file_of_pins_is_refused(tmp_path):
    labels = labels_of(["a.png"], tmp_path)
    with pytest.raises(UsageError, match="There is no file"):
        verify_media(labels, tmp_path / "none.parquet")
    pd.DataFrame({"item_id": ["i0"]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(RefusedInput, match="no file of pins"):
        verify_media(labels, tmp_path / "other.parquet")
    Pins(tmp_path / "empty.parquet").settle([])
    with pytest.raises(RefusedInput, match="no pin of these labels"):
        verify_media(labels, tmp_path / "empty.parquet")
    with pytest.raises(UsageError, match="has a medium"):
        pin_media(aa.read(pd.DataFrame({"item_id": ["a"], "annotator": ["u"], "label": ["x"]})), tmp_path / "p.parquet")


def test_the_commands_say_what_they_found(tmp_path):
    root = tmp_path / "media"
    root.mkdir()
    for n in range(3):
        (root / f"{n}.txt").write_text(f"text {n}")
    labels_of([f"{n}.txt" for n in range(3)], tmp_path)
    start = [sys.executable, "-m", "annoaudit", "media"]
    rest = ["labels.csv", "--media-root", "media"]
    pinned = subprocess.run([*start, "pin", *rest], cwd=tmp_path, capture_output=True, text=True)
    assert pinned.returncode == 0
    assert "3 of 3 media are pinned in pins.parquet, 3 of them now." in pinned.stdout
    (root / "1.txt").write_text("\x1b[31mother")
    (root / "2.txt").unlink()
    found = subprocess.run([*start, "verify", rest[0], "pins.parquet", *rest[1:]], cwd=tmp_path, capture_output=True,
                           text=True)  # fmt: skip
    assert found.returncode == 1
    assert "3 of 3 media were checked (all pinned media); 2 differ." in found.stdout
    assert "i2: gone: there is no such file" in found.stdout
