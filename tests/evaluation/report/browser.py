"""A real browser, driven over its own protocol through a pair of pipes: nothing to install but the
browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
PATIENCE = 120
"""Seconds that a browser may take for all of a test, lest one that hangs hold up the rest."""

# The protocol speaks through descriptors 3 and 4; the shell lays them over standard input and output.
_START = (
    'exec "$0" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run '
    "--remote-debugging-pipe"
    ' --user-data-dir="$1" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null'
)


class Page:
    """One page. Whatever its policy let it fetch is in `requests`; what went wrong in `errors`."""

    def __init__(self, browser: subprocess.Popen[bytes]) -> None:
        self.browser, self.number, self.session = browser, 0, ""
        self.requests, self.errors = dict[str, str](), list[str]()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: object) -> dict[str, Any]:
        """One command and its answer; what the page says meanwhile is noted."""
        assert self.browser.stdin is not None
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        self.browser.stdin.write(
            json.dumps(message | ({"sessionId": self.session} if self.session else {})).encode() + b"\0"
        )
        self.browser.stdin.flush()
        while (answer := self._read()).get("id") != self.number:
            self._note(answer)
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def open(self, file: Path, state: str = "") -> None:
        """Open a page and wait until it has drawn itself."""
        self.send(
            "Page.navigate", url="about:blank"
        )  # else another state of the same page would not load it anew
        self.send("Page.navigate", url=f"{file.absolute().as_uri()}#{state}")
        while not self.run("location.protocol === 'file:' && document.readyState === 'complete'"):
            time.sleep(0.02)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def size(self, width: int, height: int) -> None:
        """The window."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def scheme(self, name: str) -> None:
        """What the system prefers: light or dark."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def place(self, selector: str) -> tuple[float, float]:
        """The middle of an element, scrolled into view, once the page has noticed the scrolling."""
        x, y = self.run(
            f"""new Promise((done) => {{
                const element = document.querySelector({json.dumps(selector)});
                element.scrollIntoView({{ block: "center", behavior: "instant" }});
                requestAnimationFrame(() => requestAnimationFrame(() => {{
                    const box = element.getBoundingClientRect();
                    done([box.x + box.width / 2, box.y + box.height / 2]);
                }}));
            }})"""
        )
        return x, y

    def move(self, selector: str) -> None:
        """The pointer to an element."""
        x, y = self.place(selector)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        """A click with the pointer."""
        x, y = self.place(selector)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Text into whatever has the focus."""
        self.send("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """One key, by its name: Tab, ArrowDown."""
        codes = {
            "Tab": 9,
            "Enter": 13,
            "Escape": 27,
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }
        text = {"text": "\r"} if key == "Enter" else {}
        self.send(
            "Input.dispatchKeyEvent",
            type="keyDown",
            key=key,
            code=key,
            windowsVirtualKeyCode=codes[key],
            **text,
        )
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=codes[key])

    def _read(self) -> dict[str, Any]:
        assert self.browser.stdout is not None
        letters = bytearray()
        while (letter := self.browser.stdout.read(1)) != b"\0":
            assert letter, "the browser has ended"
            letters += letter
        found: dict[str, Any] = json.loads(letters)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests[params["requestId"]] = params["request"]["url"]
        elif event.get("method") == "Network.loadingFailed" and params.get("blockedReason") == "csp":
            self.requests.pop(params["requestId"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded":
            self.errors.append(params["entry"]["text"])


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A page of a browser that keeps what it writes in `folder`."""
    assert CHROMIUM is not None
    with subprocess.Popen(
        ["/bin/sh", "-c", _START, CHROMIUM, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as browser:
        watchdog = threading.Timer(PATIENCE, browser.kill)
        watchdog.start()
        try:
            yield Page(browser)
        finally:
            watchdog.cancel()
            browser.kill()
