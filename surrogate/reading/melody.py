"""Find the melody of a song and reduce it to one line of tokens."""

import dataclasses

import numpy as np
import symusic

from musicvae_jax import events, midi
from surrogate.reading import grid, pickup, swing, tracks
from surrogate.reading.grid import Grid
from surrogate.reading.song_chords import SongChords
from surrogate.reading.swing import Swing

MOST_MELODY_BARS = 4096  # two hours at 120 a minute; a file that claims more is damaged


@dataclasses.dataclass(frozen=True)
class Melody:
    """The line to accompany.

    score: the song it came from. index: which of its tracks holds the melody; reason: why, a line for the player.
    grid: where the line's steps lie in the song, up to the end of the bar in which the melody ends. swing: of its
    eighths and 16ths. tokens: uint16 [grid.bars * 16], the line. chords: those that are given for the song.
    """

    score: symusic.Score
    index: int
    reason: str
    grid: Grid
    swing: Swing
    tokens: np.ndarray
    chords: SongChords | None = None

    @property
    def track(self) -> symusic.Track:
        """The track of the score that holds the melody."""
        return self.score.tracks[self.index]

    @property
    def bars(self) -> int:
        """How many of the models' bars the line has."""
        return self.grid.bars


def read_melody(path, *, track=None, pickup=None, swung=None) -> Melody:
    """The melody of a MIDI file, reduced to one line on the 16th-note grid.

    Steps are counted in the file's ticks per quarter note, so the tempo map does not matter.

    Args:
        path: the file.
        track: number (from 1) or name of the melody's track; None chooses it (surrogate.reading.tracks).
        pickup: quarter notes before the first bar line; None finds it (surrogate.reading.pickup).
        swung: where in a beat its second eighth is played, 0.5 being straight; None finds it (surrogate.reading.swing).

    Raises:
        musicvae_jax.midi.MidiError: the file cannot be read, holds no such track or no melody, or is in a meter that
            surrogate.reading.grid cannot lay out.
    """
    score = midi.read(path)
    beat = score.ticks_per_quarter
    if beat < events.STEPS_PER_BEAT:
        raise midi.MidiError(path, f"its {beat} ticks a quarter note cannot hold 16th notes; export it with 480")
    chosen = tracks.choose(score, track, path=path)
    start, end, pitch = tracks.notes(score.tracks[chosen.index])
    bars = -(-int(end.max()) // (events.BEATS_PER_BAR * beat))
    if bars > MOST_MELODY_BARS:
        raise midi.MidiError(path, f"has a melody of {bars} bars; cut it to {MOST_MELODY_BARS} or fewer")
    meters = [(meter.time, meter.numerator, meter.denominator) for meter in score.time_signatures]
    meters.sort(key=lambda meter: meter[0])
    pickup_beats = _pickup_beats(path, meters, start, end, pitch, beat, pickup)
    swing_of_song = _detect_swing(score, pickup_beats) if swung is None else Swing(eighth=swung)

    try:
        layout = {"pickup": pickup_beats, "swung": swing.step_offsets(swing_of_song)}
        if not pickup_beats:
            layout["first_beat"] = _first_beat(meters, start, end, pitch, beat)
        laid_out = grid.lay_out(meters, int(end.max()), beat, **layout)
        # Rounding must not open a bar of its own, for an onset just before the last bar line or an end just after.
        first = np.minimum(laid_out.nearest(start), np.flatnonzero(laid_out.in_song)[-1])
        last = np.maximum(first + 1, laid_out.nearest(end))
        laid_out = grid.lay_out(meters, int(laid_out.ticks[last.max()]), beat, **layout)
    except grid.MeterError as meter:
        beats = "one to four quarter notes or dotted quarter notes"
        raise midi.MidiError(path, f"is in {meter} time; only bars of {beats} can be accompanied") from None
    tokens = events.line_tokens(first, last, pitch, len(laid_out.in_song))
    return Melody(score, chosen.index, chosen.reason, laid_out, swing_of_song, tokens)


def _pickup_beats(path, meters, start, end, pitch, beat, wanted):
    """Quarter notes before the first bar line: those wanted, or those found."""
    numerator, denominator = _first_meter(meters)
    bar = 4 * numerator / denominator
    if wanted is None:
        return pickup.find(start, end, pitch, beat) if bar == events.BEATS_PER_BAR and denominator != 8 else 0
    if not 0 <= wanted < bar:
        raise midi.MidiError(path, f"a pickup of {wanted:g} beats does not fit into its first bar of {bar:g}")
    return wanted


def _first_beat(meters, start, end, pitch, beat):
    """The beat of the models' bar on which the song's first bar begins; raises grid.MeterError."""
    beats, beat_ticks, _ = grid.beats_of(*_first_meter(meters), beat)
    until = min((tick for tick, *_ in meters if tick > 0), default=end.max())
    inside = start < until
    return -pickup.grouping(start[inside], end[inside], pitch[inside], beat_ticks, beats) % events.BEATS_PER_BAR


def _first_meter(meters):
    """Numerator and denominator at tick 0; of several the last counts."""
    return ([meter for tick, *meter in meters if tick == 0] or [(4, 4)])[-1]


def _detect_swing(score, pickup_beats):
    onsets = [track.notes.numpy()["time"] for track in score.tracks if len(track.notes)]
    onset = np.concatenate(onsets).astype(np.int64) - round(pickup_beats * score.ticks_per_quarter)
    return swing.detect(onset, score.ticks_per_quarter)
