"""A system Chromium without a window, driven through its own debugging protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_S = 60.0


class NoBrowser(Exception):
    """There is no browser here, or it does not start."""


def find_browser() -> str:
    """Return the path of a Chromium, from ``ANNOAUDIT_BROWSER`` or of the system.

    Raises
    ------
    NoBrowser
        There is none, or the package that speaks with it is missing.
    """
    try:
        import websocket  # noqa: F401
    except ImportError:
        raise NoBrowser("the development dependency websocket-client is not installed") from None
    for name in (os.environ.get("ANNOAUDIT_BROWSER", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    raise NoBrowser(f"no Chromium found (looked for {', '.join(NAMES)}); on Debian: apt-get install chromium")


@dataclass
class Browser:
    """One page of a headless Chromium."""

    folder: Path
    width: int = 1200
    height: int = 620
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _numbers: int = 0

    def start(self) -> Browser:
        """Start the browser with a profile of its own."""
        import websocket

        self.folder.mkdir(parents=True, exist_ok=True)
        options = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
            "--remote-debugging-port=0", "--remote-allow-origins=*", f"--window-size={self.width},{self.height}",
            f"--user-data-dir={self.folder}",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            [find_browser(), *options, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        port = self._port()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=30) as answer:
            page = next(one for one in json.load(answer) if one["type"] == "page")
        self._socket = websocket.create_connection(page["webSocketDebuggerUrl"], timeout=WAIT_S)
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=self.width, height=self.height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        return self

    def _port(self) -> int:
        file, deadline = self.folder / "DevToolsActivePort", time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError, IndexError):
                return int(file.read_text().splitlines()[0])
            time.sleep(0.1)
        self.stop()
        raise NoBrowser("Chromium did not start")

    def stop(self) -> None:
        """End the browser that was started here, and nothing else."""
        if self._process is None:
            return
        with suppress(Exception):
            self._socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None

    def call(self, method: str, **parameters: object) -> dict:
        """Send one command and return its result."""
        self._numbers += 1
        self._socket.send(json.dumps({"id": self._numbers, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == self._numbers:
                if "error" in said:
                    raise AssertionError(f"{method}: {said['error']}")
                return said["result"]

    def ask(self, script: str) -> object:
        """Evaluate JavaScript in the page and return its value."""
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in said:
            raise AssertionError(f"{script}: {said['exceptionDetails'].get('exception', said['exceptionDetails'])}")
        return said["result"].get("value")

    def wait(self, script: str, what: str = "") -> object:
        """Wait until JavaScript gives something true."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            with suppress(AssertionError):
                if value := self.ask(script):
                    return value
            time.sleep(0.2)
        shown = self.ask("document.body ? document.body.innerText.slice(0, 1500) : ''")
        raise AssertionError(f"waited in vain for {what or script}; the page says: {shown}")

    def settle(self) -> None:
        """Wait until the page has shown the same for two seconds: keys pressed while it is being built are lost."""
        shown, since, deadline = "", time.monotonic(), time.monotonic() + WAIT_S
        while time.monotonic() < deadline and time.monotonic() - since < 2:
            if (now := self.text()) != shown:
                shown, since = now, time.monotonic()
            time.sleep(0.2)

    def open(self, url: str) -> None:
        """Go to an address and wait for its document."""
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def text(self) -> str:
        """What the page shows."""
        return str(self.ask("document.body.innerText"))

    def fill(self, selector: str, value: str) -> None:
        """Put text into a field of a plain form."""
        self.ask(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(value)}")

    def click(self, selector: str) -> None:
        """Click the middle of an element as a mouse does."""
        place = self.wait(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (!e) return null;"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return r.width ? [r.x + r.width / 2, r.y + r.height / 2] : null; })()",
            selector,
        )
        self.click_at(*place)

    def click_at(self, x: float, y: float) -> None:
        """Click a place."""
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, *, ctrl: bool = False) -> None:
        """Press one key."""
        code = {"Enter": 13, "Escape": 27}.get(key) or ord(key.upper())
        name = f"Key{key.upper()}" if len(key) == 1 else key
        same = {"key": key, "code": name, "windowsVirtualKeyCode": code, "modifiers": 2 if ctrl else 0}
        shown = {"text": key} if len(key) == 1 and not ctrl else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **same, **shown)
        self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    def photograph(self, path: Path) -> None:
        """Write a picture of what is seen."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def log_in(self, url: str, email: str, password: str) -> None:
        """Log in to Label Studio."""
        self.open(f"{url}/user/login/")
        self.wait("!!document.querySelector('input[name=email]')")
        self.fill("input[name=email]", email)
        self.fill("input[name=password]", password)
        self.ask("document.querySelector('input[name=password]').form.submit()")
        self.wait("location.pathname.startsWith('/projects') || location.pathname === '/'", "the page after login")
