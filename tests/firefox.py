"""Headless Firefox with one open page, spoken to over a socket in the Marionette protocol."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from tests.browser import SECONDS, Browser, address_of

NAMES = ("firefox-esr", "firefox")
FLAGS = ("--headless", "--marionette", "--no-remote", "--remote-allow-system-access")
ERRORS = """return Services.console.getMessageArray()
  .filter((message) => message instanceof Ci.nsIScriptError && message.sourceName === arguments[0])
  .map((message) => message.errorMessage);"""
EVALUATE = """const script = document.createElement("script"), { dataset } = document.body;
delete dataset.answer;
script.textContent = `(async () => ({ value: await (${arguments[0]}) }))()
  .catch((error) => ({ error: String(error) }))
  .then((answer) => { document.body.dataset.answer = JSON.stringify(answer); })`;
document.body.append(script);
script.remove();"""  # in the scope of the page's own scripts, where eval is forbidden
FROM_OUTSIDE = """const done = arguments[arguments.length - 1], page = window.wrappedJSObject ?? window;
(async () => {{ with (page) return {{ value: await ({}) }} }})()
  .catch((error) => ({{ error: String(error) }}))
  .then((answer) => done(JSON.stringify(answer)));"""  # where the page's policy forbids scripts that are not its own


def find():
    """The path of a Firefox, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox(Browser):
    """A browser and its page; use as a context manager.

    downloads: the folder where what is downloaded lies.
    """

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = free.getsockname()
        self.downloads = folder / "downloads"
        preferences = {
            "marionette.port": address[1],
            "media.autoplay.default": 0,
            "browser.download.folderList": 2,
            "browser.download.dir": str(self.downloads),
        }
        lines = [f'user_pref("{name}", {json.dumps(value)});\n' for name, value in preferences.items()]
        (folder / "user.js").write_text("".join(lines))
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [find(), *FLAGS, "--profile", folder],
                stdout=log,
                stderr=log,
                env=os.environ | {"HOME": str(folder)},
                start_new_session=True,
            )
        self._socket = self._connect(address)
        self._stream = self._socket.makefile("rwb")
        self._read()  # its greeting
        self._number = 0
        self.call("WebDriver:NewSession")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stream.close()
        self._socket.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _connect(self, address):
        until = time.monotonic() + SECONDS
        while True:
            try:
                return socket.create_connection(address, timeout=SECONDS)
            except ConnectionRefusedError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _read(self):
        length = b""
        while not length.endswith(b":"):
            length += self._stream.read(1)
        return json.loads(self._stream.read(int(length[:-1])))

    def call(self, method, **params):
        """A method of the protocol; returns its result, raises RuntimeError for its error, TimeoutError."""
        self._number += 1
        message = json.dumps([0, self._number, method, params]).encode()
        self._stream.write(b"%d:%s" % (len(message), message))
        self._stream.flush()
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{method}: {error['message']}")
        return result

    def _script(self, script, *args):
        return self.call("WebDriver:ExecuteScript", script=script, args=args)["value"]

    def open(self, path):
        """Load a file or an address."""
        self._address = address_of(path)
        self.call("WebDriver:Navigate", url=self._address)

    def complaints(self):
        """list of str: errors and warnings that the page has raised."""
        self.call("Marionette:SetContext", value="chrome")
        found = self._script(ERRORS, self._address)
        self.call("Marionette:SetContext", value="content")
        return found

    def value(self, expression):
        """What a JavaScript expression or its promise comes to, as JSON types; raises RuntimeError if it throws."""
        if self._address.startswith("http"):
            script = self.call("WebDriver:ExecuteAsyncScript", script=FROM_OUTSIDE.format(expression), args=[])["value"]
            return self._answer(expression, script)
        self._script(EVALUATE, expression)
        until = time.monotonic() + SECONDS
        while (answer := self._script("return document.body.dataset.answer")) is None:
            if time.monotonic() > until:
                raise TimeoutError(f"no answer: {expression}")
        return self._answer(expression, answer)

    @staticmethod
    def _answer(expression, answer):
        answer = json.loads(answer)
        if "error" in answer:
            raise RuntimeError(f"{expression}: {answer['error']}")
        return answer.get("value")

    def click(self, selector):
        """A mouse click on the middle of an element."""
        element = self.call("WebDriver:FindElement", using="css selector", value=selector)["value"]
        self.call("WebDriver:ElementClick", id=next(iter(element.values())))
