"""What models and reader do for a work: begin it, and change one thing of it while the rest stays to the note."""

import dataclasses
import secrets

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR, token_of_pitch
from musicvae_jax.files import FileError
from surrogate.accompaniment import take_words
from surrogate.accompaniment.accompanist import song_keys
from surrogate.accompaniment.composition import Revision, compose_parts
from surrogate.accompaniment.options import Options
from surrogate.model import density
from surrogate.model.band import Band, MelodyLine, Wishes
from surrogate.reading import chord_symbols
from surrogate.reading.chord_symbols import ChordError
from surrogate.reading.chroma import STEPS_PER_HALF_BAR
from surrogate.reading.song_time import FileTime
from surrogate.studio.changes import Change, ChangeError
from surrogate.studio.melody_reader import MelodyFile, MelodyReader
from surrogate.studio.work import MOST_TAKES, PARTS, ShelfTake, Work, WorkState

FIRST_TAKES = 3
MOST_BARS = 512
"""Of a song, so that a change is an answer, not a wait."""
LENGTHS = 96, 128, 192
"""Bars of songs that between them need all programs of songs of up to 192 bars, but those that one of 64 bars needs."""
_SEEDS = 1 << 32
_READING = {"track", "hands", "beats", "tempo", "meter", "pickup"}
"""Choices by which a melody becomes another one, swing apart, which only moves it."""
_WRITING = {
    "key": PARTS,
    "seed": PARTS,
    "bass_density": PARTS[:1],
    "bass_temperature": PARTS[:1],
    "drum_density": PARTS[1:],
    "drum_temperature": PARTS[1:],
}
"""Choices by which parts are written anew, and which parts."""


class Bandleader:
    """Models and a reader of files that works are begun and changed with; one thread at a time."""

    def __init__(self, band: Band, reader: MelodyReader):
        self._band, self._reader = band, reader

    @property
    def knows_chords(self) -> bool:
        """Whether the models know chords."""
        return self._band.knows_chords

    def warm_up(self, bars: int = 64) -> None:
        """Has everything compiled that the first work and the first change of a song of so many bars need."""
        tokens = np.zeros(bars * STEPS_PER_BAR, np.uint16)
        tokens[::4] = token_of_pitch(60)
        line = MelodyLine(tokens, 120.0, semitones=0)
        [[parts, *_]] = self._band.write([line], Wishes(takes=FIRST_TAKES))
        anew = np.zeros((len(tokens), 2), bool)
        anew[: len(tokens) // 2] = True
        self._band.write([line._replace(bass=parts.tokens[:, 0], drums=parts.tokens[:, 1], anew=anew)])

    def read(self, file: MelodyFile, options: Options) -> WorkState:
        """The state of a work of which no take is written yet.

        Raises:
            FileError: it cannot be read.
        """
        found = self._reader.read(file, options)
        if found.melody.bars > MOST_BARS:
            bars = found.melody.bars
            raise FileError(file.name, f"has {bars} bars, and the studio takes up to {MOST_BARS}; accompany takes more")
        return WorkState(found, song_keys(found.melody, options), options, (), given=(None,) * (2 * found.melody.bars))

    def begin(self, file: MelodyFile, options: Options) -> Work:
        """Reads a melody and writes its first takes.

        Raises:
            FileError: it cannot be read.
        """
        return Work(file, (self._composed(file, options),))

    def changed(self, work: Work, change: Change) -> Work:
        """A work with one thing changed.

        Raises:
            ChangeError: it cannot be done; says why.
        """
        if change.kind in ("undo", "redo"):
            if not (work.can_undo if change.kind == "undo" else work.can_redo):
                raise ChangeError(f"there is nothing to {change.kind}")
            return dataclasses.replace(work, place=work.place + (-1 if change.kind == "undo" else 1))
        changers = {
            "regenerate": self._regenerate,
            "choose": lambda state, change: self._choose(work.file, state, change),
            "chord": self._chord,
            "lock": _lock,
            "show": _show,
            "combine": _combine,
        }
        return work.with_state(changers[change.kind](work.state, change))

    def _composed(self, file, options):
        state = self.read(file, options)
        asked = dataclasses.replace(options, takes=FIRST_TAKES)
        [written] = compose_parts([state.melody], [state.keys.main], self._band, asked)
        words = take_words.words([density.notes(parts.tokens[None])[0] for parts in written])
        takes = tuple(ShelfTake(*each, options.seed) for each in zip(written, words, strict=True))
        return dataclasses.replace(state, takes=takes)

    def _revised(self, state, anew_Tx2, options):
        """The parts of the current take, written anew where said; what is not written has no density to reach."""
        densities = zip(("bass_density", "drum_density"), anew_Tx2.any(0), strict=True)
        options = dataclasses.replace(options, **{name: 0.0 for name, is_written in densities if not is_written})
        revision = Revision(state.take.parts, anew_Tx2)
        [[parts]] = compose_parts([state.melody], [state.keys.main], self._band, options, revisions=[revision])
        return parts

    def _regenerate(self, state, change):
        free = [part for part in change.parts if part not in state.locked]
        if not free:
            verb = "are" if len(change.parts) > 1 else "is"
            raise ChangeError(f"{' and '.join(change.parts)} {verb} locked; unlock first")
        bars = len(state.melody.grid.bar_ticks) - 1
        first, end = change.bars or (0, bars)
        if not 0 <= first < end <= bars:
            raise ChangeError(f"bars must be from 0 up to {bars}, not {first} to {end}")
        seed = secrets.randbelow(_SEEDS)
        options = dataclasses.replace(state.options, seed=seed)
        parts = self._revised(state, _steps(free, _in_bars(state.melody.grid, first, end)), options)
        of_bars = "" if change.bars is None else f" of bar{f's {first + 1} to' if end > first + 1 else ''} {end}"
        return _with_take(state, ShelfTake(parts, f"{' and '.join(free)}{of_bars} anew", seed))

    def _choose(self, file, state, change):
        try:
            options = dataclasses.replace(state.options, **change.choices)
        except ValueError as mistake:
            raise ChangeError(str(mistake)) from None
        names = {name for name in change.choices if getattr(options, name) != getattr(state.options, name)}
        chosen = dataclasses.replace(state, options=options)
        if names & {*_READING, "swing"}:
            try:
                chosen = dataclasses.replace(chosen, found=self._reader.read(file, options))
            except FileError as mistake:
                raise ChangeError(mistake.reason) from None
            if names & {"beats", "tempo"} and _wants_beats(options) and isinstance(chosen.melody.time, FileTime):
                raise ChangeError("no beats are found in this melody; it keeps those of its file")
            if names & _READING or chosen.melody.bars != state.melody.bars:
                if state.locked:
                    raise ChangeError("another melody or other bars need other parts; unlock bass and drums first")
                return self._composed(file, options)
        if "key" in names:
            chosen = dataclasses.replace(chosen, keys=song_keys(chosen.melody, options))
        free = {part for name in names for part in _WRITING.get(name, ())} - state.locked
        if not free:
            return chosen
        parts = self._revised(chosen, _steps(free, np.ones(len(chosen.melody.tokens), bool)), options)
        return _with_parts(chosen, parts, options.seed)

    def _chord(self, state, change):
        if not self.knows_chords:
            raise ChangeError("these models know no chords; the default ones do")
        grid, halves = state.melody.grid, range(len(state.given))
        begins = grid.ticks[:-1:STEPS_PER_HALF_BAR]
        is_there = grid.in_song.reshape(len(halves), -1).any(1)
        if change.half_bar not in halves or not is_there[change.half_bar]:
            raise ChangeError(f"there is no half bar {change.half_bar} in the song")
        try:
            chord = None if change.symbol is None else chord_symbols.parse(change.symbol)
        except ChordError as mistake:
            raise ChangeError(str(mistake)) from None
        later = [tick for tick, _ in state.rendered().chord_changes if tick > begins[change.half_bar]]
        covers = (halves >= np.int64(change.half_bar)) & (begins < min(later, default=grid.ticks[-1]))
        given = tuple(chord if is_covered else own for is_covered, own in zip(covers, state.given, strict=True))
        chosen = dataclasses.replace(state, given=given)
        covered_T = np.repeat(covers, STEPS_PER_HALF_BAR)
        anew_Tx2 = _steps({"bass"} - state.locked, covered_T)
        return _with_parts(chosen, self._revised(chosen, anew_Tx2, state.options), state.options.seed)


def _wants_beats(options):
    return options.beats == "played" or options.tempo is not None


def _lock(state, change):
    others = state.locked - {change.part}
    return dataclasses.replace(state, locked=others | {change.part} if change.locked else others)


def _show(state, change):
    return dataclasses.replace(state, current=_number(state, change.take))


def _combine(state, change):
    bass, drums = (state.takes[_number(state, take)] for take in (change.bass, change.drums))
    tokens = np.stack([bass.parts.tokens[:, 0], drums.parts.tokens[:, 1]], 1)
    words = f"bass of take {change.bass + 1}, drums of take {change.drums + 1}"
    take = ShelfTake(bass.parts._replace(tokens=tokens), words, bass.seed, (change.bass, change.drums))
    return _with_take(state, take)


def _number(state, take):
    if take not in range(len(state.takes)):
        raise ChangeError(f"there is no take {take}; they are 0 to {len(state.takes) - 1}")
    return take


def _with_take(state, take):
    """A state with one more take, which is the current one."""
    if len(state.takes) >= MOST_TAKES:
        raise ChangeError(f"the shelf is full with {MOST_TAKES} takes; begin a new work with one of them")
    return dataclasses.replace(state, takes=(*state.takes, take), current=len(state.takes))


def _with_parts(state, parts, seed):
    """A state whose current take plays other parts."""
    take = state.take._replace(parts=parts, seed=seed)
    return dataclasses.replace(
        state, takes=tuple(take if number == state.current else own for number, own in enumerate(state.takes))
    )


def _in_bars(grid, first, end):
    """Which steps are in bars of the song from first up to end, bool [T]."""
    bar_T = np.searchsorted(grid.bar_ticks, grid.ticks[:-1], side="right") - 1
    return (bar_T >= first) & (bar_T < end)


def _steps(parts, steps_T):
    """Steps of parts, bool [T, 2]."""
    return steps_T[:, None] & np.isin(PARTS, list(parts))
