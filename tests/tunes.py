"""Traditional tunes, in the notation of examples/write_examples.py, and what files without a full first bar hold."""

import importlib.util
import typing

import numpy as np

from tests.paths import EXAMPLES

_spec = importlib.util.spec_from_file_location("write_examples", EXAMPLES / "write_examples.py")
write_examples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(write_examples)

QUARTER = write_examples.TICKS_PER_QUARTER


class Notes(typing.NamedTuple):
    """start, end: ticks from the first note on. pitch. meter. pickup: quarter notes before the first bar line."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    meter: tuple[int, int]
    pickup: float


# name: meter, phrases, the first bar filled up with rests
TUNES = {
    "Auld Lang Syne": (
        (4, 4),
        """Rh. C4q | F4q. F4e F4q A4q | G4q. F4e G4q A4q | F4q. F4e A4q C5q | D5h. D5q | C5q. A4e A4q F4q |
        G4q. F4e G4q A4q | F4q. D4e D4q C4q | F4h. D5q | C5q. A4e A4q F4q | G4q. F4e G4q D5q | C5q. A4e A4q C5q |
        D5h. D5q | C5q. A4e A4q F4q | G4q. F4e G4q A4q | F4q. D4e D4q C4q | F4h. Rq |""",
    ),
    "Home on the Range": (
        (3, 4),
        """Rh C4q | C4q F4q G4q | A4h F4e E4e | D4q Bb4q Bb4q | Bb4h Bb4e Bb4e | C5q F4q F4q | F4q E4q F4q | G4h. |
        G4h C4q | C4q F4q G4q | A4h F4e E4e | D4q Bb4q Bb4q | Bb4h Bb4e Bb4e | A4q. G4e F4q | E4q F4q G4q | F4h. |
        F4h Rq |""",
    ),
    "For He's a Jolly Good Fellow": (
        (6, 8),
        """Rq Re Re Re F4e | A4q A4e A4q A4e | G4q G4e G4q A4e | Bb4q. A4q Bb4e | C5q. A4q F4e | A4q A4e A4q A4e |
        G4q. F4q G4e | A4q F4e D4q E4e | F4q. Rq F4e | A4q A4e A4q. | Bb4q G4e G4q. | A4q A4e A4q F4e |
        E4q G4e C4q F4e | A4q A4e A4q A4e | G4q G4e G4q A4e | Bb4q. A4q G4e | F4q. Rq Re |""",
    ),
    "Yankee Doodle": (
        (2, 4),
        """F4e F4e G4e A4e | F4e A4e G4e C4e | F4e F4e G4e A4e | F4q E4e C4e | F4e F4e G4e A4e | Bb4e A4e G4e F4e |
        E4e C4e D4e E4e | F4q F4q | D4e. E4s D4e C4e | D4e E4e F4q | C4e. D4s C4e Bb3e | A3q C4q |
        D4e. E4s D4e C4e | D4e E4e F4e D4e | C4e F4e E4e G4e | F4q F4q |""",
    ),
    "Twinkle, Twinkle, Little Star": (
        (4, 4),
        """C4q C4q G4q G4q | A4q A4q G4h | F4q F4q E4q E4q | D4q D4q C4h | G4q G4q F4q F4q | E4q E4q D4h |
        G4q G4q F4q F4q | E4q E4q D4h | C4q C4q G4q G4q | A4q A4q G4h | F4q F4q E4q E4q | D4q D4q C4h |""",
    ),
    "Oh, My Darling Clementine": (
        (3, 4),
        """Rh F4e. F4s | F4q C4q A4e. A4s | A4q F4q F4e. A4s | C5q C5q Bb4e. A4s | G4h G4e. A4s | Bb4q Bb4q A4e. G4s |
        A4q F4q F4e. A4s | G4q C4q E4e. G4s | F4h F4e. F4s | F4q C4q A4e. A4s | A4q F4q F4e. A4s | C5q C5q Bb4e. A4s |
        G4h G4e. A4s | Bb4q Bb4q A4e. G4s | A4q F4q F4e. A4s | G4q C4q E4e. G4s | F4h Rq |""",
    ),
    "Pop Goes the Weasel": (
        (6, 8),
        """C4q C4e D4q D4e | E4e G4e E4e C4q. | C4q C4e D4q D4e | E4q. C4q. | C4q C4e D4q D4e | E4e G4e E4e C4q. |
        A4q. D4q F4e | E4q. C4q. | C5q C5e A4q C5e | B4e D5e B4e G4q. | C5q C5e A4q C5e | B4q. G4q. |
        F4q E4e F4q G4e | A4q B4e C5q. | A4q. D4q F4e | E4q. C4q. |""",
    ),
}  # fmt: skip


def notes(name, times=1) -> Notes:
    """A tune from its first note on, so many times over."""
    meter, phrases = TUNES[name]
    bar = 4 * QUARTER * meter[0] // meter[1]
    parsed = np.array(write_examples.parse(phrases, bar, 0))
    bars = phrases.count("|")
    full = bars - (parsed[0, 0] > 0)  # the last bar lacks what the pickup has
    once = parsed[:, 0]
    start = np.concatenate([once + bar * full * again for again in range(times)]) - once[0]
    length, pitch = np.tile(parsed[:, 1], times), np.tile(parsed[:, 2], times)
    return Notes(start, start + length, pitch, meter, float(-once[0] % bar / QUARTER))
