"""
Chromium without a window, driven over a pipe by its DevTools protocol: nothing listens on a port.

https://chromedevtools.github.io/devtools-protocol/; a message is JSON and ends in a zero byte. Chromium reads from
its file descriptor 3 and writes to 4.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 30.0
"""Seconds that one answer may take; a busy machine is slow to start a browser."""

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--remote-debugging-pipe", "about:blank"),
)


class Browser:
    """A browser; its pages come from `open_page`."""

    def __init__(self, to: int, source: int) -> None:
        self._to, self._source = to, source
        self._rest = b""
        self._count = 0
        self.events: list[dict] = []

    def call(self, method: str, session: str | None = None, **params: object) -> dict:
        """Send a command and return its result; what happens meanwhile is put into `events`."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        view = memoryview(json.dumps(message).encode() + b"\0")
        while view:
            view = view[os.write(self._to, view) :]
        answer = self.wait_for(lambda told: told.get("id") == self._count)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, is_wanted, *, patience: float = PATIENCE) -> dict:
        """Return the first message that is wanted."""
        deadline = time.monotonic() + patience
        while True:
            while b"\0" not in self._rest:
                ready, _, _ = select.select([self._source], [], [], max(0, deadline - time.monotonic()))
                chunk = os.read(self._source, 1 << 20) if ready else b""
                if not chunk:
                    raise AssertionError("the browser does not answer" if not ready else "the browser has gone")
                self._rest += chunk
            told, _, self._rest = self._rest.partition(b"\0")
            message = json.loads(told)
            if "method" in message:
                self.events.append(message)
            if is_wanted(message):
                return message

    def open_page(self) -> "Page":
        """Open an empty page that reports what it does."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Log", "Audits"):
            page.call(f"{domain}.enable")
        page.call("Page.setLifecycleEventsEnabled", enabled=True)
        return page


class Page:
    """One page; `events` is everything that it reported."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def call(self, method: str, **params: object) -> dict:
        return self._browser.call(method, self._session, **params)

    def load(self, url: str) -> None:
        """Load a page and wait until it is there."""
        self._go("about:blank")  # a new fragment alone would load nothing
        self._browser.events.clear()
        self._go(url)

    def _go(self, url: str) -> None:
        loader = self.call("Page.navigate", url=url)["loaderId"]

        def is_loaded(event: dict) -> bool:
            return event.get("method") == "Page.lifecycleEvent" and (
                (event["params"]["loaderId"], event["params"]["name"]) == (loader, "load")
            )

        if not any(is_loaded(event) for event in self.events()):
            self._browser.wait_for(is_loaded)

    def run(self, script: str):
        """Run a script, with a user's rights and under the page's policy, and return its value."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
            allowUnsafeEvalBlockedByCSP=False,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_until(self, condition: str) -> None:
        """Wait until a condition, in the page's language, is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(condition):
            if time.monotonic() > deadline:
                raise AssertionError(f"it never came true that {condition}")
            time.sleep(0.01)

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key if len(key) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def events(self) -> list[dict]:
        return [event for event in self._browser.events if event.get("sessionId") == self._session]


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextlib.contextmanager
def start_chromium(program: str, profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile and end it with all its processes."""
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
    # A shell, for only that gives a child's descriptors their numbers.
    script = f'exec "$@" 3<&{to_read} 4>&{from_write}'
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", program, *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(to_read, from_write),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        os.close(to_read)
        os.close(from_write)
        yield Browser(to_write, from_read)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        os.close(to_write)
        os.close(from_read)
