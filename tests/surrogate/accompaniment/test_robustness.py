"""Damaged files: whatever is read ends in a melody or in one line, and in time."""

import signal

import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import events
from surrogate.reading import tracks
from surrogate.reading.melody import Melody, read_melody
from tests.conftest import SYNTH
from tests.mutations import MUTATIONS, flipped, rewritten, truncated
from tests.notation_files import LEAD_SHEET, TWO_TUNES, compress, musicxml
from tests.paths import EXAMPLES

COUNT = 60  # files of each mutation
SECONDS = 10

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="needs an alarm clock")


class TooSlow(BaseException):
    """No Exception, so that what takes any for a damaged file lets it through."""


@pytest.fixture
def alarm():
    def ring(*_):
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_a_damaged_file_ends_in_a_melody_or_in_one_line(mutate, alarm, tmp_path):
    rng = np.random.default_rng(MUTATIONS.index(mutate))
    raw = [path.read_bytes() for folder in (EXAMPLES, SYNTH) for path in sorted(folder.rglob("*.mid"))]
    path = tmp_path / "tune.mid"
    refused = 0
    for _ in range(COUNT):
        one, other = (raw[place] for place in rng.integers(0, len(raw), 2))
        path.write_bytes(mutate(one, other, rng))
        alarm(SECONDS)
        try:
            melody = read_melody(path)
        except musicvae_jax.MidiError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
            with pytest.raises(musicvae_jax.MidiError):
                tracks.choose(musicvae_jax.midi.read(path), "no such track", path=path)
            continue
        finally:
            alarm(0)
        assert isinstance(melody, Melody)
        assert melody.tokens.dtype == np.uint16 and len(melody.tokens) == events.STEPS_PER_BAR * melody.bars > 0
        assert melody.tokens.max() < events.LINE_CLASSES
        choice = tracks.choose(melody.score, path=path)
        assert choice.reason.isprintable() and len(melody.score.tracks[choice.index].notes)
    assert refused, "some are beyond repair"


@pytest.mark.parametrize("name", ["sheet.musicxml", "sheet.mxl", "tunes.abc"])
def test_a_damaged_score_ends_in_a_melody_or_in_one_line(name, alarm, tmp_path):
    rng = np.random.default_rng(len(name))
    path = tmp_path / name
    if name == "sheet.mxl":
        compress(path, musicxml(LEAD_SHEET))
    else:
        path.write_text(TWO_TUNES if name == "tunes.abc" else musicxml(LEAD_SHEET))
    raw, refused = path.read_bytes(), 0
    for number in range(COUNT):
        mutate = (flipped, truncated, rewritten)[number % 3]
        path.write_bytes(mutate(raw, rng) if mutate is rewritten else mutate(raw, raw, rng))
        alarm(SECONDS)
        try:
            assert len(read_melody(path).tokens)
        except musicvae_jax.FileError as error:
            refused += 1
            assert str(error).startswith(f"{path}: ") and str(error).isprintable()
        finally:
            alarm(0)
    assert 0 < refused < COUNT
