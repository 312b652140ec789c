"""Whether every mismatch of pinned media is classed, no forbidden address is reached, and which pictures count as near.

    python benchmarks/media_pins.py [--rounds 10] [--pictures 300]

Rounds: the web server of tests/media, over TLS on this machine, serves media that are pinned; then each is swapped,
re-encoded, moved, cut short, taken away, or its server stalls, streams for ever, sends a bomb, redirects inwards or has
a name that changes between look-up and connection; then all are verified. Listeners on forbidden addresses count who
comes. Pictures: digits of scikit-learn and generated ones are encoded and resized again, and compared with themselves
and with all others by the rule of annoaudit.media.picture_hash.
"""

from __future__ import annotations

import argparse
import gzip
import io
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "media"))

from web import FORBIDDEN, HERE, NAMES, Web, picture, running

from annoaudit import read
from annoaudit.media import Access, Limits, pin_media, verify_media
from annoaudit.media.picture_hash import are_near, hash_picture
from annoaudit.statistics.intervals import exact_interval

LIMITS = Limits(max_bytes=2_000_000, max_seconds=2.0)
SEED = 160_000


def share(k: int, n: int) -> str:
    low, high = exact_interval(np.array([float(k)]), np.array([n]))
    return f"{k:,} of {n:,} [{low[0]:.4f}, {high[0]:.4f}]"


@dataclass
class Listener:
    """A socket on a forbidden address that counts connections."""

    address: str
    n: int = 0
    port: int = 0
    raw: socket.socket | None = field(default=None, repr=False)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with closing(socket.socket(family)) as raw:
            raw.bind((self.address, self.port))
            raw.listen()
            raw.setblocking(False)
            self.raw, self.port = raw, raw.getsockname()[1]
            socket.create_connection((self.address, self.port)).close()  # a trap that caught nobody might be broken
            self.count()
            assert self.n == 1, f"the listener on {self.address} does not count"
            self.n = 0
            yield self
            self.count()

    def count(self) -> None:
        try:
            while self.raw is not None:
                self.raw.accept()[0].close()
                self.n += 1
        except BlockingIOError:
            pass


def changes(web: Web, inside: Listener, six: Listener) -> dict[str, tuple[str, Callable[[str, int], None]]]:
    """What is done to a medium between pinning and verifying, and the class that it should get."""

    def away(path: str, host: str, content: bytes) -> None:
        web.serve(f"/away{path}", content)
        web.redirect(path, web.url(f"/away{path}", host))

    def inward(path: str, to: str) -> None:
        web.redirect(path, to)

    return {
        "nothing": ("same", lambda path, n: None),
        "moved inside its domain": ("same", lambda path, n: away(path, NAMES[1], picture(n))),
        "another picture": ("media_changed", lambda path, n: web.serve(path, picture(n + 500_000))),
        "JPEG, quality 75": ("media_reencoded",
                             lambda path, n: web.serve(path, picture(n, "JPEG", quality=75), "image/jpeg")),
        "resized to 60 %": ("media_reencoded", lambda path, n: web.serve(path, picture(n, side=120))),
        "moved to another domain": ("media_moved", lambda path, n: away(path, NAMES[2], picture(n))),
        "moved and changed": ("media_changed media_moved", lambda path, n: away(path, NAMES[2], picture(n + 500_000))),
        "a page for sale": ("media_type_mismatch", lambda path, n: web.serve(path, b"<html>sale", "text/html")),
        "declared as a page": ("media_type_mismatch", lambda path, n: web.serve(path, picture(n), "text/html")),
        "ends early": ("media_truncated", lambda path, n: web.serve(path, picture(n)[:6000])),
        "connection ends early": ("media_truncated",
                                  lambda path, n: web.serve(path, picture(n)[:6000], Content_Length="90000")),
        "gone": ("media_gone", lambda path, n: web.answers.pop(path, None)),
        "server fails": ("unchecked", lambda path, n: web.answers.__setitem__(path, lambda one: one.send_error(503))),
        "streams for ever": ("unchecked", lambda path, n: web.answers.__setitem__(path, stream)),
        "stalls": ("unchecked", lambda path, n: web.answers.__setitem__(path, lambda one: time.sleep(4))),
        "a bomb of gzip": ("unchecked", lambda path, n: web.serve(path, BOMB, Content_Encoding="gzip")),
        "redirects to itself": ("unchecked", lambda path, n: web.redirect(path, web.url(path))),
        "redirects inwards": ("unchecked", lambda path, n: inward(path, f"https://{FORBIDDEN}:{inside.port}/")),
        "redirects to mapped IPv6": ("unchecked",
                                     lambda path, n: inward(path, f"https://[::ffff:{FORBIDDEN}]:{inside.port}/")),
        "redirects to IPv6 loopback": ("unchecked", lambda path, n: inward(path, f"https://[::1]:{six.port}/")),
        "redirects to metadata": ("unchecked", lambda path, n: inward(path, "https://169.254.169.254/latest/")),
    }  # fmt: skip


BOMB = gzip.compress(bytes(50_000_000))


def stream(one) -> None:
    one.send_response(200)
    one.end_headers()
    while True:
        one.wfile.write(bytes(1 << 16))


def labels_of(uris: list[str], folder: Path):
    rows = [(f"i{n:02d}", who, "x", uri) for n, uri in enumerate(uris) for who in "ab"]
    path = folder / "labels.csv"
    pd.DataFrame(rows, columns=["item_id", "annotator", "label", "uri"]).to_csv(path, index=False)
    return read(path)


def run_rounds(n_rounds: int) -> None:
    """Print the classes that were given, and how often a forbidden address was reached."""
    given: dict[str, Counter[str]] = {}
    right, expected = Counter[str](), {}
    inside, six = Listener(FORBIDDEN), Listener("::1")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name:
        web = stack.enter_context(running(Web(Path(name))))
        stack.enter_context(inside.listening())
        stack.enter_context(six.listening())
        for number in range(n_rounds):
            folder = Path(name) / str(number)
            folder.mkdir()
            planned = changes(web, inside, six)
            paths = [f"/{number}/{at}.png" for at in range(len(planned))]
            seeds = [SEED + 100 * number + at for at in range(len(planned))]
            uris = [web.serve(path, picture(seed)) for path, seed in zip(paths, seeds, strict=True)]
            labels = labels_of(uris, folder)
            pinned = pin_media(labels, folder / "pins.parquet", web.access(LIMITS))
            assert not pinned.failed
            for (_, change), path, seed in zip(planned.values(), paths, seeds, strict=True):
                change(path, seed)
            found = verify_media(labels, pinned.path, web.access(LIMITS))
            for (what, (should, _)), one in zip(planned.items(), found.checks, strict=True):
                told = " ".join(one.mismatches) or one.outcome
                given.setdefault(what, Counter())[told] += 1
                right[what], expected[what] = right[what] + (told == should), should
        n_rebound = rebind(web, Path(name), n_rounds)
        inside.count()
    print("| what was done | class | right |\n|---|---|---|")
    for what, should in expected.items():
        others = ", ".join(f"{told} {n}" for told, n in given[what].items() if told != should)
        print(f"| {what} | {should} | {right[what]} of {n_rounds}{f' ({others})' * bool(others)} |")
    n = sum(sum(one.values()) for one in given.values())
    print(f"\nAll together {share(sum(right.values()), n)}. Connections to forbidden addresses: "
          f"{inside.n + six.n + n_rebound}, in {n_rounds * 4} attempts with a listener there.\n")  # fmt: skip


def rebind(web: Web, folder: Path, n_rounds: int) -> int:
    """Names that lead to a forbidden address from the second look-up on; returns how often that was reached."""
    trap = Listener(FORBIDDEN, port=web.port)
    with trap.listening():
        for number in range(n_rounds):
            asked: list[str] = []

            def look_up(host: str, _: int, asked: list[str] = asked) -> list[str]:
                asked.append(host)
                return [HERE] if len(asked) == 1 else [FORBIDDEN]

            web.redirect(f"/rebound/{number}.png", f"/there/{number}.png")
            web.serve(f"/there/{number}.png", picture(number))
            labels = labels_of([web.url(f"/rebound/{number}.png")], folder)
            result = pin_media(labels, folder / f"rebound{number}.parquet",
                               Access(limits=LIMITS, route=web.route(look_up)))  # fmt: skip
            assert len(result.failed) == 1, "the second connection should have been refused"
    return trap.n


# --- pictures -----------------------------------------------------------------------------------------------------


def draw_pictures(kind: str, n: int) -> list[PIL.Image.Image]:
    if kind == "digits":
        from sklearn.datasets import load_digits

        points = load_digits(return_X_y=True)[0]
        chosen = np.random.default_rng(SEED).permutation(len(points))[:n]
        return [
            PIL.Image.fromarray((points[at].reshape(8, 8) * 15).astype(np.uint8)).resize((128, 128)) for at in chosen
        ]
    return [draw_scene(np.random.default_rng(SEED + at)) for at in range(n)]


def draw_scene(rng: np.random.Generator) -> PIL.Image.Image:
    """A background of soft colours with shapes and some grain: no photograph, but with edges, faces and texture."""
    from PIL import ImageDraw

    coarse = rng.integers(0, 255, (5, 5, 3), dtype=np.uint8)
    image = PIL.Image.fromarray(coarse).resize((320, 240), PIL.Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 9))):
        x, y, w, h = rng.integers(0, 250), rng.integers(0, 180), rng.integers(10, 120), rng.integers(10, 100)
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape((int(x), int(y), int(x + w), int(y + h)), fill=tuple(int(one) for one in rng.integers(0, 255, 3)))
    grain = rng.normal(0, 6, (240, 320, 3))
    return PIL.Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def encode(image: PIL.Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def resized(image: PIL.Image.Image, factor: float) -> PIL.Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), PIL.Image.Resampling.LANCZOS)


def patched(image: PIL.Image.Image) -> PIL.Image.Image:
    """A white square of a twentieth of the width in a corner: what a planted trigger looks like."""
    changed, side = image.copy(), max(image.width // 20, 2)
    changed.paste(
        255 if image.mode == "L" else (255, 255, 255),
        (image.width - side, image.height - side, image.width, image.height),
    )
    return changed


AGAIN: dict[str, Callable[[PIL.Image.Image], bytes]] = {
    **{f"JPEG, quality {q}": lambda one, q=q: encode(one, "JPEG", quality=q) for q in (50, 70, 85, 95)},
    "WebP, quality 60": lambda one: encode(one, "WEBP", quality=60),
    "resized to 50 %, PNG": lambda one: encode(resized(one, 0.5), "PNG"),
    "resized to 150 %, PNG": lambda one: encode(resized(one, 1.5), "PNG"),
    "resized to 50 %, JPEG, quality 70": lambda one: encode(resized(one, 0.5), "JPEG", quality=70),
}
OTHERS: dict[str, Callable[[PIL.Image.Image], bytes]] = {
    "a white square of 5 % of the width": lambda one: encode(patched(one), "PNG"),
    "5 % cut off each side": lambda one: encode(
        one.crop((one.width // 20, one.height // 20, one.width * 19 // 20, one.height * 19 // 20)), "PNG"
    ),
    "turned by 2 degrees": lambda one: encode(one.rotate(2), "PNG"),
    "mirrored": lambda one: encode(one.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT), "PNG"),
    "lighter by a tenth": lambda one: encode(one.point(lambda shade: min(round(shade * 1.1), 255)), "PNG"),
}


def run_pictures(n: int) -> None:
    """Print how often a picture is near itself encoded again, altered, and near another one."""
    kinds = ("digits", "generated")
    drawn = {kind: draw_pictures(kind, n) for kind in kinds}
    before = {kind: [hash_picture(encode(one, "PNG"), 10**8)[0] for one in drawn[kind]] for kind in kinds}
    print("| the same picture | near, digits | near, generated |\n|---|---|---|")
    for group in (AGAIN, OTHERS):
        for what, make in group.items():
            near = [
                sum(
                    are_near(old, hash_picture(make(one), 10**8)[0])
                    for one, old in zip(drawn[k], before[k], strict=True)
                )
                for k in kinds
            ]
            print(f"| {what} | {share(near[0], n)} | {share(near[1], n)} |")
    pairs = [sum(are_near(before[k][a], before[k][b]) for a in range(n) for b in range(a)) for k in kinds]
    told = [share(one, n * (n - 1) // 2) for one in pairs]
    print(f"| **another picture** (all pairs) | {told[0]} | {told[1]} |")


def main() -> None:
    """Print both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=300)
    given = parser.parse_args()
    run_rounds(given.rounds)
    run_pictures(given.pictures)


if __name__ == "__main__":
    main()
