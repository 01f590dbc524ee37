"""Headless Chromium with one open page, spoken to over a pipe in the DevTools protocol."""

import base64
import fcntl
import itertools
import json
import os
import pathlib
import select
import shutil
import signal
import time

from tests.browser import SECONDS, Browser, address_of

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--mute-audio")


def find():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium(Browser):
    """A browser and its page; use as a context manager.

    complaints: str, every uncaught exception, console error and failed or blocked load so far. downloads: the folder
    where what is downloaded lies.
    """

    def __init__(self, folder):
        ends = [*os.pipe(), *os.pipe()]
        # Away from 3 and 4, which are the ends that Chromium listens on and answers at.
        hears, self._say, self._hear, says = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
        for end in ends:
            os.close(end)
        binary = find()
        folder = pathlib.Path(folder)
        actions = [(os.POSIX_SPAWN_DUP2, hears, 3), (os.POSIX_SPAWN_DUP2, says, 4)]
        for stream in (1, 2):
            log = (str(folder / f"log{stream}"), os.O_WRONLY | os.O_CREAT, 0o600)
            actions.append((os.POSIX_SPAWN_OPEN, stream, *log))
        flags = (*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}", "about:blank")
        self._pid = os.posix_spawn(binary, (binary, *flags), os.environ, file_actions=actions, setpgroup=0)
        os.close(hears)
        os.close(says)
        self._numbers = itertools.count(1)
        self._unread = b""
        self._session = None
        self.complaints = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.downloads = folder / "downloads"
        self.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._say)
        os.close(self._hear)

    def call(self, method, **params):
        """A method of the protocol; returns its result, raises RuntimeError for its error, TimeoutError."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._write(json.dumps(message).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while True:
            answer = self._read(method, until)
            self._listen(answer)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _write(self, raw):
        while raw:
            raw = raw[os.write(self._say, raw) :]

    def _read(self, method, until):
        while b"\0" not in self._unread:
            if not select.select([self._hear], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError(f"Chromium does not answer {method}")
            raw = os.read(self._hear, 1 << 16)
            if not raw:
                raise RuntimeError(f"Chromium is gone at {method}")
            self._unread += raw
        line, self._unread = self._unread.split(b"\0", 1)
        return json.loads(line)

    def _listen(self, message):
        params = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.complaints.append(details.get("exception", {}).get("description") or details["text"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "assert"):
                self.complaints.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                self.complaints.append(params["entry"]["text"])

    def open(self, path, width=1280, height=900, dark=False, dense=1):
        """Load a file or an address in a window of so many CSS pixels, as a phone does where it is narrow."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=dense,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        address = address_of(path)
        self.call("Page.navigate", url=address)
        # A page may add to its address, which names what it shows.
        self.wait(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    def value(self, expression):
        """What a JavaScript expression evaluates to in the page, as JSON types; raises RuntimeError if it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def click(self, selector, across=0.5, down=0.5):
        """A mouse click on an element, at a part of its width and height."""
        box = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{box}.scrollIntoView({{block: 'nearest'}})")
        x, y, width, height = self.value(
            f"(({{x, y, width, height}}) => [x, y, width, height])({box}.getBoundingClientRect())"
        )
        spot = {"x": x + across * width, "y": y + down * height, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **spot)

    def press(self, key, code, modifiers=0):
        """A key pressed and let go; modifiers are 1 Alt, 2 Ctrl, 4 Meta, 8 Shift, added up."""
        text = {"text": key} if len(key) == 1 and modifiers in (0, 8) else {}
        for kind, more in (("keyDown" if text else "rawKeyDown", text), ("keyUp", {})):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=modifiers, **more)

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(picture))
