"""A work as one file, JSON with the melody's file inside: written, and opened again whatever it holds."""

import base64
import json
import math
import typing

import numpy as np

from musicvae_jax.events import DRUM_CLASSES, LINE_CLASSES
from musicvae_jax.files import FileError
from surrogate.accompaniment.options import Options
from surrogate.model.band import WrittenParts
from surrogate.reading import chord_symbols
from surrogate.reading.chords import NONE, QUALITIES
from surrogate.studio.changes import CHOICES
from surrogate.studio.melody_reader import MelodyFile
from surrogate.studio.work import MOST_TAKES, PARTS, ShelfTake, Work, WorkState

SUFFIX = ".work"
_FORMAT = "musicvae-jax work 1"
_MOST_WORDS = 200


class Reader(typing.Protocol):
    """What reads the melody of a work."""

    def read(self, file: MelodyFile, options: Options) -> WorkState:
        """The state of a work of which no take is written yet."""
        ...


def is_named(name: str) -> bool:
    """Whether a name is that of a work."""
    return name.lower().endswith(SUFFIX)


def content(work: Work) -> bytes:
    """The bytes of a work: what is shown, without what can be taken back."""
    state = work.state
    told = {
        "format": _FORMAT,
        "name": work.file.name,
        "file": base64.b64encode(work.file.content).decode(),
        "choices": {name: getattr(state.options, name) for name in CHOICES},
        "locked": sorted(state.locked),
        "chords": [[half_bar, chord.symbol] for half_bar, chord in enumerate(state.given) if chord],
        "takes": [_told(take) for take in state.takes],
        "current": state.current,
    }
    return json.dumps(told).encode()


def opened(file: MelodyFile, reader: Reader) -> Work:
    """The work that a file holds.

    Raises:
        FileError: it holds none.
    """
    try:
        told = json.loads(file.content)
        if told["format"] != _FORMAT:
            raise ValueError
        name = str(told["name"])[-_MOST_WORDS:]
        melody_file = MelodyFile(name, base64.b64decode(told["file"], validate=True))
        options = Options(**{name: value for name, value in told["choices"].items() if name in CHOICES})
        state = reader.read(melody_file, options)
        return Work(melody_file, (_with_told(state, told),))
    except FileError as mistake:
        raise FileError(file.name, f"holds a melody that {mistake.reason}") from None
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        raise FileError(file.name, "is no work of the studio, or a damaged one") from None


def _told(take):
    return {
        "words": take.words,
        "seed": take.seed,
        "origins": take.origins,
        "rating": take.parts.rating,
        "bass": take.parts.tokens[:, 0].tolist(),
        "drums": take.parts.tokens[:, 1].tolist(),
        "chords": None if take.parts.chords is None else take.parts.chords.reshape(-1).tolist(),
    }


def _with_told(state, told):
    """A state with the takes, locks and chords of a file; raises ValueError or TypeError where they are none."""
    takes = tuple(_take(own, state.melody.bars, len(told["takes"])) for own in told["takes"])
    given = list(state.given)
    for half_bar, symbol in told["chords"]:
        given[_whole(half_bar, 0, len(given))] = chord_symbols.parse(str(symbol)[:_MOST_WORDS])
    if not 1 <= len(takes) <= MOST_TAKES:
        raise ValueError
    current, locked = _whole(told["current"], 0, len(takes)), frozenset(told["locked"])
    if not locked <= set(PARTS):
        raise ValueError
    return WorkState(state.found, state.keys, state.options, takes, current, locked, tuple(given))


def _take(told, bars, takes):
    columns = [
        _tokens(told[part], bars, classes) for part, classes in zip(PARTS, (LINE_CLASSES, DRUM_CLASSES), strict=True)
    ]
    rating = float(told["rating"])
    bass, drums = (None if origin is None else _whole(origin, 0, takes) for origin in told["origins"])
    if not math.isfinite(rating):
        raise ValueError
    parts = WrittenParts(np.stack(columns, 1), rating, _chords(told["chords"], bars))
    return ShelfTake(parts, str(told["words"])[:_MOST_WORDS], _whole(told["seed"], 0, 1 << 32), (bass, drums))


def _tokens(values, bars, classes):
    tokens = np.array(values)
    if tokens.shape != (16 * bars,) or tokens.dtype.kind != "i" or not ((tokens >= 0) & (tokens < classes)).all():
        raise ValueError
    return tokens.astype(np.uint16)


def _chords(values, bars):
    if values is None:
        return None
    chords = np.array(values)
    if chords.shape != (4 * bars,) or chords.dtype.kind != "i":
        raise ValueError
    chords = chords.reshape(bars, 2, 2).astype(np.int64)
    root, quality = chords[..., 0], chords[..., 1]
    are_chords = (root >= 0) & (root < 12) & (quality >= 0) & (quality < len(QUALITIES))
    if not (are_chords | (root == NONE) & (quality == NONE)).all():
        raise ValueError
    return chords


def _whole(value, least, end):
    if not isinstance(value, int) or not least <= value < end:
        raise ValueError
    return value
