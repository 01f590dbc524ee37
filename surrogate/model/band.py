"""What writes bass and drums for melodies, whichever kind of surrogate it has: songs whole, or windows of 16 bars."""

import dataclasses
import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax import events
from surrogate.reading import key_finder
from surrogate.reading.chords import NONE


class MelodyLine(typing.NamedTuple):
    """A melody of S bars in its own key, and what else of its song is known and stays.

    tokens: uint16 [S * 16]. tempo: beats a minute. bass, drums: uint16 [S * 16] tokens, or None to be written. chords:
    int [S, 2, 3], root, quality and bass of half bars as surrogate.reading.song_chords has them, or None to be found.
    semitones: up to C (surrogate.reading.keys); None finds the key. anew: bool [S * 16, 2], the steps at which bass and
    drums that are given are written anew, the rest staying; None: nowhere.
    """

    tokens: np.ndarray
    tempo: float
    bass: np.ndarray | None = None
    drums: np.ndarray | None = None
    chords: np.ndarray | None = None
    semitones: int | None = None
    anew: np.ndarray | None = None

    @property
    def written(self) -> np.ndarray:
        """At which steps bass and drums are written, bool [S * 16, 2]; the others stay."""
        anew_Tx2 = np.zeros((len(self.tokens), 2), bool) if self.anew is None else self.anew
        return anew_Tx2 | [self.bass is None, self.drums is None]

    @property
    def semitones_to_c(self) -> int:
        """The semitones that were given, or those of the key that is found."""
        if self.semitones is not None:
            return self.semitones
        chords = None if self.chords is None else np.maximum(self.chords, NONE)  # what is open tells no key
        return key_finder.find(self.tokens, chords_SxHx2=chords).main.semitones_to_c


class ExampleSong(typing.NamedTuple):
    """Bars of another song to be like, in its own key: uint16 [S, 16, 3], the chords of their half bars as above."""

    bars: np.ndarray
    chords: np.ndarray


@dataclasses.dataclass(frozen=True)
class Wishes:
    """How it is to be written.

    bass_temperature, drum_temperature: 0 is safe, 1 as free as people are; None: the band's own.
    bass_density, drum_density: steps of twice as many notes, or half as many for negative ones.
    like: a song to be like, or None. reharmonise: whether takes are to differ in their chords.
    """

    takes: int = 1
    seed: int = 0
    bass_temperature: float | None = None
    drum_temperature: float | None = None
    bass_density: float = 0.0
    drum_density: float = 0.0
    like: ExampleSong | None = None
    reharmonise: bool = False


NO_WISHES = Wishes()


class WrittenParts(typing.NamedTuple):
    """A take.

    tokens: uint16 [S * 16, 2], bass and drums in the melody's key. rating: what takes are ranked by, best first.
    chords: int64 [S, 2, 2], root (a pitch class in the melody's key, -1 for none) and quality (the place in
        surrogate.reading.chords.QUALITIES) of each half bar; None where the models know no chords.
    """

    tokens: np.ndarray
    rating: float
    chords: np.ndarray | None = None


def with_what_stays(line: MelodyLine, parts_KxTx2: np.ndarray) -> np.ndarray:
    """Lays draws of bass and drums, uint16 [K, T, 2], around what of a song's own stays, which stays to the note.

    A note of the bass that sounds where the bass stays, stays as long as it is; a drawn one goes on after it.
    """
    written_Tx2, whole_KxTx2 = line.written, parts_KxTx2.copy()
    if line.drums is not None:
        whole_KxTx2[..., 1] = np.where(written_Tx2[:, 1], parts_KxTx2[..., 1], line.drums)
    if line.bass is not None:
        whole_KxTx2[..., 0] = _bass_around(line.bass, ~written_Tx2[:, 0], parts_KxTx2[..., 0])
    return whole_KxTx2


def _bass_around(own_T, stays_T, drawn_KxT):
    stays_T = stays_T.copy()
    for start, end, _ in zip(*events.line_notes(own_T), strict=True):
        stays_T[start:end] |= stays_T[start:end].any()
    whole_KxT = np.where(stays_T, own_T, drawn_KxT)
    edges = np.diff(stays_T.astype(np.int8))
    resumes = np.flatnonzero(edges < 0) + 1
    going_on_KxN = np.maximum(events.held_tokens(drawn_KxT)[:, resumes], events.NOTE_OFF)
    whole_KxT[:, resumes] = np.where(whole_KxT[:, resumes], whole_KxT[:, resumes], going_on_KxN)
    lasts = np.flatnonzero(edges > 0)
    whole_KxT[:, lasts[own_T[lasts + 1] == events.NO_EVENT]] = events.NOTE_OFF  # it was silent there, and stays so
    return whole_KxT


class Band(typing.Protocol):
    """Models that write bass and drums.

    in_c: whether melodies are brought to C for them. knows_chords: whether they can be given chords, and tell them, and
    what roots they hear, as SongBand.heard_roots does.
    """

    in_c: bool
    knows_chords: bool

    def write(self, lines: Sequence[MelodyLine], wishes: Wishes = NO_WISHES) -> list[list[WrittenParts]]:
        """Writes wishes.takes of each melody, best first; what is written for one does not depend on the others.

        Raises:
            musicvae_jax.CheckpointError: the models cannot do what is wished.
        """
        ...
