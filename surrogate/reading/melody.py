"""Find the melody of a song and reduce it to one line of tokens."""

import dataclasses

import numpy as np
import symusic

from musicvae_jax import events, midi
from surrogate.reading import (
    beat_groups,
    duets,
    grid,
    meters,
    parts,
    pickup,
    song_time,
    swing,
    tempos,
    tracks,
    two_hands,
    waltz,
)
from surrogate.reading.grid import Grid
from surrogate.reading.parts import Song
from surrogate.reading.song_chords import SongChords
from surrogate.reading.song_time import FileTime, PlayedTime
from surrogate.reading.swing import Swing

_MOST_METERS = 5
"""Meters of a song that are named."""
MOST_MELODY_BARS = 4096  # two hours at 120 a minute; a file that claims more is damaged


@dataclasses.dataclass(frozen=True)
class Melody:
    """The line to accompany.

    song: what it came from. index: which of its tracks holds the melody; reason: why, a line for the player.
    meter: its meters in words. meters: the same, (heard tick, numerator, denominator). grid: where the line's steps lie
    in the song, up to the end of the bar in which the melody ends. time: whose beats these are. pickup: quarter notes
    before the first bar line. swing: of its eighths and 16ths. tokens: uint16 [grid.bars * 16], the line. below: start
    and end, ticks of the file, and pitch of the notes of its track that are not the melody's but another hand's, int64
    [N] each. chords: those that are given for the song.
    """

    song: Song
    index: int
    reason: str
    meter: str
    meters: list[tuple[int, int, int]]
    grid: Grid
    time: FileTime | PlayedTime
    pickup: float
    swing: Swing
    tokens: np.ndarray
    below: tuple[np.ndarray, np.ndarray, np.ndarray]
    chords: SongChords | None = None

    @property
    def score(self) -> symusic.Score:
        """The song's parts."""
        return self.song.score

    @property
    def track(self) -> symusic.Track:
        """The track of the score that holds the melody."""
        return self.score.tracks[self.index]

    @property
    def title(self) -> str:
        """The song's, where a written score tells it."""
        return self.song.notation.title if self.song.notation else ""

    @property
    def bars(self) -> int:
        """How many of the models' bars the line has."""
        return self.grid.bars

    @property
    def tempo(self) -> float:
        """The usual one, quarter notes a minute."""
        if isinstance(self.time, PlayedTime):
            return self.time.found.qpm
        return tempos.longest(self.score.tempos, int(self.grid.ticks[-1]))


def read_melody(path, *, track=None, hands=None, pickup=None, swung=None, meter=None, beats=None, tempo=None) -> Melody:
    """The melody of a MIDI file or a written score, reduced to one line on the 16th-note grid.

    Steps are counted in the file's ticks per quarter note, so the tempo map does not matter; where the melody was
    played freely, whatever the file's beats, in beats that are found.

    Args:
        path: the file.
        track: number (from 1) or name of the melody's track; None chooses it (surrogate.reading.tracks).
        hands: how many play that track, 1 or 2, of which the upper one has the melody; None finds it
            (surrogate.reading.two_hands).
        pickup: quarter notes before the first bar line; None finds it (surrogate.reading.pickup).
        swung: where in a beat its second eighth is played, 0.5 being straight; None finds it (surrogate.reading.swing).
        meter: surrogate.reading.meters.Meter of the whole song; None reads it from the file.
        beats: "file": the file's own; "played": those that are found; None: these where the file's cannot be right.
        tempo: about how fast the melody was played, in beats a minute, which means "played".

    Raises:
        musicvae_jax.FileError: the file cannot be read, or holds no such track or no melody.
    """
    song = parts.read(path)
    score, beat = song.score, song.score.ticks_per_quarter
    chosen = tracks.choose(score, track, path=path)
    index, reason = chosen.index, chosen.reason
    if song.notation is not None and song.notation.which:
        reason = f"{song.notation.which}; {reason}"
    others = duets.partners(score, index) if track is None else []
    if others:
        names = " and ".join(tracks.label(score, other) for other in others)
        reason += f", in turns with {names}"
        song = song.joined([index, *others])
        score, index = song.score, index - sum(other < index for other in others)
    notes = tracks.notes(score.tracks[index])
    is_melody = two_hands.is_melody(*notes, beat, hands=hands)
    below = tuple(values[~is_melody] for values in notes)
    start, end, pitch = notes = [values[is_melody] for values in notes]
    if not is_melody.all():
        reason += ", the upper of two hands"
    bars = -(-int(end.max()) // (events.BEATS_PER_BAR * beat))
    if bars > MOST_MELODY_BARS:
        raise midi.MidiError(path, f"has a melody of {bars} bars; cut it to {MOST_MELODY_BARS} or fewer")
    onset = np.concatenate([each.notes.numpy()["time"] for each in score.tracks if len(each.notes)]).astype(np.int64)
    if song.notation is None:
        pitched = [tracks.notes(each) for i, each in enumerate(score.tracks) if i != index and not each.is_drum]
        how = {"beats": beats, "qpm": tempo, "has_beats": not song.counts_frames}
        time = song_time.find(score, onset, notes, others=[below, *pitched], **how)
    else:
        time = FileTime(0)
    start, end, onset = (np.maximum(time.heard(tick), 0) for tick in (start, end, onset))
    end = np.maximum(end, start + 1)
    marked = _meters(score, meter, int(end.max()), time)
    is_waltz = meter is None and song.notation is None and _is_waltz(marked, score, start, pitch, time)
    if is_waltz:
        marked = meters.Written([(0, 3, 4)], None)
    if pickup is None and song.notation is not None:
        pickup = song.notation.pickup % (meter.quarters if meter else MOST_MELODY_BARS)
    pickup_beats = _pickup_beats(path, marked, start, end, pitch, beat, pickup)
    swing_of_song = _detect_swing(onset, beat, pickup_beats) if swung is None else Swing(eighth=swung)

    groups = beat_groups.find(marked.meters, start, int(end.max()), beat, pickup=pickup_beats)
    if meter is not None and meter.groups:
        groups[meter.signature] = meter.groups
    layout = {"pickup": pickup_beats, "swung": swing.step_offsets(swing_of_song), "groups": groups}
    if not pickup_beats:
        layout["first_beat"] = _first_beat(marked.meters, start, end, pitch, beat)
    laid_out = grid.lay_out(marked.meters, int(end.max()), beat, **layout)
    # Rounding must not open a bar of its own, for an onset just before the last bar line or an end just after.
    first = np.minimum(laid_out.nearest(start), np.flatnonzero(laid_out.in_song)[-1])
    last = np.maximum(first + 1, laid_out.nearest(end))
    laid_out = grid.lay_out(marked.meters, int(laid_out.ticks[last.max()]), beat, **layout)
    tokens = events.line_tokens(first, last, pitch, len(laid_out.in_song))
    meter_words = _meter_words(marked, groups, score, asked=meter is not None, heard=is_waltz)
    if song.counts_frames and isinstance(time, FileTime):
        qpm = tempos.longest(score.tempos, int(end.max()))
        meter_words += f" (the file counts frames, not beats: read at {qpm:g} beats a minute)"
    in_file = grid.Grid(np.maximum(time.in_file(laid_out.ticks), 0), time.in_file(laid_out.bar_ticks))
    heard = in_file, time, pickup_beats, swing_of_song, tokens
    return Melody(song, index, reason, meter_words, marked.meters, *heard, below)


def _meters(score, meter, end_tick, time) -> meters.Written:
    """The song's meters: the one asked for, or the file's, of which free playing has the first."""
    if meter is not None:
        return meters.Written([(0, *meter.signature)], None)
    marks = [(mark.time, mark.numerator, mark.denominator) for mark in score.time_signatures]
    marks.sort(key=lambda mark: mark[0])
    if isinstance(time, PlayedTime):
        marks = [(0, *signature) for _, *signature in marks[:1]]
    return meters.written(marks, score.ticks_per_quarter, end_tick)


def _is_waltz(marked, score, start, pitch, time) -> bool:
    """Whether a song is heard in three, where the file says 4/4 throughout or nothing."""
    if marked != ([(0, *meters.DEFAULT)], None):
        return False
    is_told = len(score.time_signatures) and isinstance(time, FileTime)
    needed = waltz.TOLD if is_told else waltz.UNTOLD
    return waltz.log_odds(start, pitch, score.ticks_per_quarter) > needed


def _meter_words(marked, groups, score, *, asked, heard):
    all_meters = (meters.Meter(*meter, groups.get(tuple(meter), ())) for _, *meter in marked.meters)
    names = list(dict.fromkeys(map(str, all_meters)))
    more = len(names) - _MOST_METERS
    words = " and ".join(names if more < 2 else [*names[:_MOST_METERS], f"{more} more"])
    if asked:
        return f"{words}, as asked"
    named = "says 4/4" if heard and len(score.time_signatures) else "names none"
    return words if len(score.time_signatures) and not heard else f"{words}{', as heard' * heard} (the file {named})"


def _pickup_beats(path, marked, start, end, pitch, beat, wanted):
    """Quarter notes before the first bar line: those wanted, those written, or those found."""
    (_, *signature), *later = marked.meters
    bar = 4 * signature[0] / signature[1]
    if wanted is None and marked.pickup is not None:
        return marked.pickup
    if wanted is None:
        until = later[0][0] if later else end.max()
        if later and until % meters.bar_ticks(signature, beat) == 0:
            return 0.0  # the file's own bar lines meet
        inside = start < until
        return pickup.upbeat(start[inside], end[inside], pitch[inside], beat, signature)
    if not 0 <= wanted < bar:
        raise midi.MidiError(path, f"a pickup of {wanted:g} beats does not fit into its first bar of {bar:g}")
    return wanted


def _first_beat(marks, start, end, pitch, beat):
    """The beat of the models' bar on which the song's first bar begins."""
    [beats, *others] = grid.beats_of(*marks[0][1:], beat)
    if others or len(set(beats)) > 1:
        return 0
    until = marks[1][0] if len(marks) > 1 else end.max()
    inside = start < until
    return -pickup.grouping(start[inside], end[inside], pitch[inside], beats[0], len(beats)) % events.BEATS_PER_BAR


def _detect_swing(onset, beat, pickup_beats):
    return swing.detect(onset - round(pickup_beats * beat), beat)
