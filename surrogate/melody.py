"""Find the melody of a song and reduce it to one line of tokens."""

import dataclasses

import numpy as np
import symusic

from musicvae_jax import events, midi
from surrogate import keys

BASS_PROGRAMS = range(32, 40)
METERS = ((4, 4), (2, 2))
MAX_BARS = 4096  # two hours at 120 a minute; a file that claims more is damaged


@dataclasses.dataclass(frozen=True)
class Melody:
    """The line to accompany.

    score: the song it came from. track: its notes and controls, as the player wrote them. tokens: uint16 [bars * 16],
    the line on the 16th-note grid, from the song's start to the end of the bar in which the melody ends.
    """

    score: symusic.Score
    track: symusic.Track
    tokens: np.ndarray

    @property
    def bars(self) -> int:
        return len(self.tokens) // events.STEPS_PER_BAR


def read_melody(path) -> Melody:
    """The melody of a MIDI file, reduced to one line on the 16th-note grid.

    Steps are counted in the file's ticks per quarter note, so the tempo map does not matter. Raises midi.MidiError
    for a file that cannot be read, holds no melody, or is in a meter other than 4/4 and 2/2.
    """
    score = midi.read(path)
    if score.ticks_per_quarter < events.STEPS_PER_BEAT:
        reason = f"its {score.ticks_per_quarter} ticks a quarter note cannot hold 16th notes; export it with 480"
        raise midi.MidiError(path, reason)
    track = _choose_melody(path, score)
    start, end, pitch = _notes(track)
    _check_meter(path, score, end.max())
    bar_ticks = events.BEATS_PER_BAR * score.ticks_per_quarter
    bars = int(-(-end.max() // bar_ticks))
    if bars > MAX_BARS:
        raise midi.MidiError(path, f"has a melody of {bars} bars; cut it to {MAX_BARS} or fewer")

    # Rounding must not open a bar of its own, be it for an onset just before the last bar line or an end just after.
    first = np.minimum(_steps(start, score.ticks_per_quarter), events.STEPS_PER_BAR * bars - 1)
    last = np.maximum(first + 1, _steps(end, score.ticks_per_quarter))
    bars = min(bars, int(-(-last.max() // events.STEPS_PER_BAR)))
    return Melody(score, track, events.line_tokens(first, last, pitch, events.STEPS_PER_BAR * bars))


def held(line_T) -> np.ndarray:
    """The token of the note that sounds at each step of a line, 0 where none does: uint16 [T]."""
    pitch_T = keys.held_pitches(line_T)
    return np.where(pitch_T >= 0, pitch_T - events.MIN_PITCH + events.FIRST_PITCH, 0).astype(np.uint16)


def _choose_melody(path, score) -> symusic.Track:
    """A copy of the non-drum track with the most notes that sound alone, bass programs only where nothing else is."""
    pitched = [track for track in score.tracks if len(track.notes) and not track.is_drum]
    if not pitched:
        has = "only drums" if any(len(track.notes) for track in score.tracks) else "no notes"
        raise midi.MidiError(path, f"holds {has}; give a file with a melody")
    in_range = [track for track in pitched if len(_notes(track)[0])]
    if not in_range:
        lowest, highest = events.MIN_PITCH, events.MAX_PITCH
        reason = f"has no note between pitches {lowest} and {highest}, a piano's; transpose its melody by octaves"
        raise midi.MidiError(path, reason)
    leads = [track for track in in_range if track.program not in BASS_PROGRAMS] or in_range

    def notes_alone(track):
        start, end, _ = _notes(track)
        order = np.argsort(start, kind="stable")
        start, end = start[order], end[order]
        # Legato players let a note ring into the next one: up to a 16th of overlap is still one line.
        rings_until = np.append(-1, np.maximum.accumulate(end)[:-1]) - score.ticks_per_quarter // 4
        with_another = np.append(start[1:] == start[:-1], False) | np.append(False, start[1:] == start[:-1])
        return int((~with_another & (rings_until <= start)).sum()), len(start)

    chosen = max(leads, key=notes_alone)
    melody = chosen.copy()
    for track in score.tracks:  # symusic puts lyrics on a track of their own
        if track.name == chosen.name and not len(track.notes):
            melody.lyrics.extend(track.lyrics)
    return melody


def _check_meter(path, score, end_tick) -> None:
    for meter in score.time_signatures:
        if meter.time < end_tick and (meter.numerator, meter.denominator) not in METERS:
            meter = f"{meter.numerator}/{meter.denominator}"
            raise midi.MidiError(path, f"is in {meter} time; only 4/4 and 2/2 can be accompanied")


def _notes(track):
    """Start and end (ticks, the end after the start) and MIDI pitch of a track's notes within the models' range."""
    notes = track.notes.numpy()
    start = notes["time"].astype(np.int64)
    end = start + np.maximum(notes["duration"].astype(np.int64), 1)
    pitch = notes["pitch"].astype(np.int64)
    kept = (pitch >= events.MIN_PITCH) & (pitch <= events.MAX_PITCH)
    return start[kept], end[kept], pitch[kept]


def _steps(ticks, ticks_per_beat):
    """Ticks to the nearest 16th-note step, halves up."""
    return (2 * events.STEPS_PER_BEAT * ticks + ticks_per_beat) // (2 * ticks_per_beat)
