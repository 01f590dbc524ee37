"""What headless browsers have in common."""

import pathlib
import time

SECONDS = 30  # to start, for one answer, or one value


def address_of(path) -> str:
    """The address of a file, or the one that it is."""
    return path if str(path).startswith(("http:", "about:")) else pathlib.Path(path).resolve().as_uri()


class Browser:
    """A browser and its page, of which value(expression) is asked."""

    def wait(self, expression, seconds=SECONDS):
        """Until an expression is true; raises TimeoutError."""
        until = time.monotonic() + seconds
        while not self.value(expression):
            if time.monotonic() > until:
                raise TimeoutError(f"still not true: {expression}")
            time.sleep(0.02)
