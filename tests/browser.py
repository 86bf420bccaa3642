"""A real headless Chromium, driven by its own protocol over a pipe: no driver and no library between."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",  # surfaces need WebGL, also where there is no graphics card
    "--window-size=1400,1000",
    "--remote-debugging-pipe",
)
PATIENCE = 240.0  # seconds; a starved machine is slow


class Page:
    """One page of the browser, and what it complained of: errors on the console, exceptions, and what did not load."""

    def __init__(self, write: int, read: int) -> None:
        self.write, self.read, self.left, self.number, self.session = write, read, b"", 0, ""
        self.errors: list[str] = []
        self.asked: list[str] = []  # addresses
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        self.number += 1
        message = {"id": self.number, "method": method, "params": values}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self.number:
            self._note(answer)
        assert "error" not in answer, (method, answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, file: Path) -> None:
        self.errors.clear()
        self.call("Page.navigate", url=file.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script: str) -> Any:
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, (script, done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        end = time.monotonic() + PATIENCE
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"never came true: {condition}; errors: {self.errors}"
            time.sleep(0.1)

    def picture(self, file: Path) -> None:
        import base64

        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.left:
            part = os.read(self.read, 1 << 20)
            assert part, "the browser ended"
            self.left += part
        whole, _, self.left = self.left.partition(b"\0")
        message: dict[str, Any] = json.loads(whole)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        values = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                details = values["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Runtime.consoleAPICalled" if values["type"] in ("error", "assert"):
                self.errors.append(" ".join(str(part.get("value", part)) for part in values["args"]))
            case "Log.entryAdded" if values["entry"]["level"] == "error":
                self.errors.append(f"{values['entry']['text']} {values['entry'].get('url', '')}")
            case "Network.loadingFailed" if not values.get("canceled"):
                self.errors.append(f"not loaded: {values['errorText']}")
            case "Network.requestWillBeSent":
                self.asked.append(values["request"]["url"])


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Start Chromium with a profile folder of its own, and end it."""
    assert PROGRAM, "there is no Chromium; install the package chromium"
    to_read, write = os.pipe()
    read, to_write = os.pipe()

    def place() -> None:
        os.dup2(to_read, 13)  # not yet 3 and 4: one of them may be in the way
        os.dup2(to_write, 14)
        os.dup2(13, 3)
        os.dup2(14, 4)

    process = subprocess.Popen(
        [PROGRAM, *OPTIONS, f"--user-data-dir={profile}"], pass_fds=(3, 4, to_read, to_write), preexec_fn=place,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(to_read)
    os.close(to_write)
    try:
        yield Page(write, read)
    finally:
        process.terminate()
        process.wait()
        os.close(write)
        os.close(read)
