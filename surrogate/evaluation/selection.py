"""The songs to judge a model by, each from the first bar with melody to the last."""

import pathlib
import sys
import typing

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import BASS, DRUMS, MELODY, STEPS_PER_BAR, WINDOW_STEPS
from surrogate.corpus import collection, song_pack
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.tunes import TuneTable
from surrogate.corpus.whole_song import WholeSong
from surrogate.corpus.whole_song_reader import WholeSongReader
from surrogate.reading import chords, chroma, keys, song_chords

MOST_BARS = 256


class Song(typing.NamedTuple):
    """A song with melody, bass and drums, in its own key.

    tokens: uint16 [S * 16, 3]. roots: int64 [S, 2], the pitch class of the root of each half bar's chord.
    tempo: beats a minute. tune: the number of its tune. shift: the semitones up that bring its melody to C.
    chords: int64 [S, 2, 3], those of all tracks but the bass, as surrogate.reading.song_chords has them; or None.
    """

    tokens: np.ndarray
    roots: np.ndarray
    tempo: float
    tune: int
    shift: int
    chords: np.ndarray | None = None


def read(path, max_songs: int, *, tunes=None, seed: int = 0) -> list[Song]:
    """Reads the songs to judge by, of a folder of MIDI or of the validation split of a pack of whole songs.

    What is left out is told on stderr.

    Args:
        path: of either.
        max_songs: at most so many are drawn.
        tunes: a table with the columns file and tune_group; songs of a folder that it does not name are a tune each.
        seed: of the draw.

    Raises:
        DatasetError: it is neither, or holds no song with melody, bass and drums.
        OSError: the table cannot be read.
    """
    is_pack = pathlib.Path(path).suffix == ".npz"
    songs = list(_of_pack(path, "validation") if is_pack else _of_folder(path, tunes))
    if not songs:
        raise DatasetError(f"{path}: holds no {'validation ' * is_pack}song with melody, bass and drums")
    chosen = np.random.default_rng(seed).choice(len(songs), min(max_songs, len(songs)), replace=False)
    return [songs[i] for i in np.sort(chosen)]


def training_windows(path, most: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws songs of the training split of a pack of whole songs, and cuts them to windows.

    Args:
        path: of the pack.
        most: songs are drawn until there are so many windows.
        seed: of the draw.

    Returns:
        tokens uint16 [n, 256, 3] and tune int64 [n].

    Raises:
        DatasetError: it is no such pack, or holds no training song with melody, bass and drums.
    """
    gathered, tune = [], []
    for song in _of_pack(path, "train", order=np.random.default_rng(seed)):
        gathered.append(windows(song.tokens))
        tune += [song.tune] * len(gathered[-1])
        if len(tune) >= most:
            break
    if not gathered:
        raise DatasetError(f"{path}: holds no training song with melody, bass and drums")
    return np.concatenate(gathered)[:most], np.array(tune)[:most]


def windows(tokens) -> np.ndarray:
    """Cuts a song's tokens, uint16 [T, 3], into windows of 16 bars end to end, the last filled with silence."""
    silence = -len(tokens) % WINDOW_STEPS
    return np.pad(tokens, ((0, silence), (0, 0))).reshape(-1, WINDOW_STEPS, tokens.shape[1])


def cut(whole: WholeSong, tune: int) -> Song | str:
    """The bars with the first melody of a whole song, MOST_BARS at most; or the part that does not play in them."""
    tokens = whole.trio.reshape(-1, len(events.TRACKS))
    sounds = (events.held_pitches(tokens[:, MELODY]) >= 0).reshape(-1, STEPS_PER_BAR).any(-1)
    first, last = np.flatnonzero(sounds)[[0, -1]]
    bars = slice(first, min(last + 1, first + MOST_BARS))
    tokens = tokens[bars.start * STEPS_PER_BAR : bars.stop * STEPS_PER_BAR]
    for part, plays in (("bass", tokens[:, BASS] >= events.FIRST_PITCH), ("drums", tokens[:, DRUMS] > 0)):
        if not plays.any():
            return f"no {part}"
    shift = keys.semitones_to_c(tokens[:, MELODY])
    return Song(tokens, whole.roots[bars], whole.tempo, int(tune), shift, _chords_without_bass(whole)[bars])


def _chords_without_bass(whole):
    """The chords of half bars that a song's tracks but the bass tell; in bars where nothing sounds they are open."""
    bass_T = whole.trio.reshape(-1, len(events.TRACKS))[:, BASS]
    own_Hx12, _ = chroma.half_bars([events.line_notes(bass_T)], len(bass_T))
    others_Hx12 = np.maximum(whole.chroma.reshape(-1, 12).astype(np.int64) - own_Hx12, 0)
    labels_Hx3 = chords.label(others_Hx12, np.zeros_like(others_Hx12)).astype(np.int64)
    labels_Hx3[:, 2] = labels_Hx3[:, 0]
    return song_chords.whole_bars(np.where(labels_Hx3 == chords.NONE, song_chords.UNKNOWN, labels_Hx3))


def _of_pack(path, split, *, order=None):
    """The songs of a split, in the pack's order, or shuffled by a generator of random numbers."""
    pack = song_pack.open(path)
    numbers = pack.indices(split)
    for number in numbers if order is None else order.permutation(numbers):
        song = cut(pack[number], pack.tune[number])
        if isinstance(song, Song):
            yield song
        elif order is None:
            _tell_skipped(pack.name[number], song)


def _of_folder(path, tunes):
    table, found = TuneTable.read(tunes), collection.songs(str(path))
    if mismatch := table.describe_mismatch([song.name for song in found]):
        print(f"evaluate: {mismatch}", file=sys.stderr)
    reader = WholeSongReader()
    for listed, result in zip(found, reader.map(reader.read, found), strict=True):
        if not isinstance(result, str):
            content, whole = result
            result = cut(whole, table.tune_id(listed.name, content))
        if isinstance(result, Song):
            yield result
        else:
            _tell_skipped(listed.name, result)


def _tell_skipped(name, reason):
    print(f"evaluate: skipped {name}: {reason}", file=sys.stderr)
