"""The studio's page in a browser, with a server of a small random song model behind it."""

import base64
import contextlib
import json
import socket
import threading

import uvicorn

from surrogate.studio import examples, guard, server
from surrogate.studio.bandleader import Bandleader
from surrogate.studio.melody_reader import MelodyReader
from tests import song_model

TOKEN = "token"
COMPILING = 120  # seconds at most, before a first take
DROP = """(() => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([Uint8Array.from(atob(%s), (each) => each.charCodeAt(0))], %s));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
})()"""


@contextlib.contextmanager
def served(font=None, band=None):
    """The address of a studio that runs, with a soundfont's path."""
    with socket.socket() as listener, MelodyReader() as reader:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # so that who comes early waits
        port = listener.getsockname()[1]
        studio = server.Studio(lambda: Bandleader(band or song_model.band(), reader), examples.found(), soundfont=font)
        app = guard.Guard(studio.app(), port=port, token=TOKEN)
        serving = uvicorn.Server(
            uvicorn.Config(app, log_config=None, log_level="critical", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=serving.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/{TOKEN}/"
        finally:
            serving.should_exit = True
            thread.join(20)


class StudioPage:
    """The page, and what is done there with it."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address
        browser.open(address)
        browser.wait("document.querySelectorAll('#start .choices button').length > 0", COMPILING)

    def drop(self, content, name):
        """Drops a file on the page, and waits for its band."""
        before = self.browser.value("studio.state?.work ?? null")
        self.browser.value(DROP % (json.dumps(base64.b64encode(content).decode()), json.dumps(name)))
        self.wait(f"Boolean(studio.state) && studio.state.work !== {json.dumps(before)}")
        return self.state

    def wait(self, expression):
        """Until an expression is true, which may take what is compiled at first, or until the page tells a mistake."""
        wrong = "document.querySelector('#status').classList.contains('wrong')"
        self.browser.wait(f"{wrong} || ({expression})", COMPILING)
        told = self.browser.value(f"{wrong} ? document.querySelector('#status').textContent : ''")
        assert not told, told

    def open_again(self):
        """Loads the page once more with the work that it has open, and waits for it."""
        address = f"{self.address}#{self.state['work']}"
        self.browser.open("about:blank")
        self.browser.open(address)
        self.wait("globalThis.studio?.state?.work === location.hash.slice(1)")
        return self.state

    @property
    def state(self):
        return self.browser.value("JSON.parse(JSON.stringify(studio.state))")

    def changed(self, act):
        """The state after an expression or a click's selector led to a change."""
        number = self.browser.value("studio.state.number")
        if act.startswith(("#", ".", "[")):
            self.browser.click(act)
        else:
            self.browser.value(f"({act}, 0)")
        self.wait(f"studio.state.number > {number} && !document.body.classList.contains('busy')")
        return self.state
