"""The parts of a song: what a chunk of its file plays in pieces, on several channels or with several programs, joined.

A melody that changes from flute to oboe, a guitar whose bends are on a second channel, a keyboard that gives every note
a channel (MPE) are one line each; symusic makes a track of every channel and program.
"""

import dataclasses
import itertools

import numpy as np
import symusic

from musicvae_jax import midi, midi_chunks
from musicvae_jax.midi_chunks import MidiChunks
from musicvae_jax.notes import DRUM_CHANNEL
from surrogate.reading import notation_file
from surrogate.reading.written_music import Notation

_MOST_TOGETHER = 0.1  # of a part's notes outside its busiest channel, those that begin while another channel sounds
_CHANNEL_A_NOTE = 8  # channels of a chunk; with more of them, the drums' is no other than the rest


@dataclasses.dataclass(frozen=True)
class Song:
    """A file as it was read.

    score: its parts as tracks, in ticks. chunks: its messages. voices: of every track of the score, the track chunks
    and channels that play it; none for one without notes. counts_frames: whether the file counted time in frames.
    notation: what a written score tells beside; None of a MIDI file.
    """

    score: symusic.Score
    chunks: MidiChunks
    voices: list[frozenset[tuple[int, int]]]
    counts_frames: bool
    notation: Notation | None = None

    def joined(self, *groups) -> "Song":
        """The song with the tracks of each group, their indices, as one, in the place of the one given first."""
        score, voices, others = self.score.copy(), list(self.voices), set()
        for first, *rest in groups:
            score.tracks[first] = _one_track([self.score.tracks[index] for index in (first, *rest)])
            voices[first] = frozenset().union(*(voices[index] for index in (first, *rest)))
            others.update(rest)
        stays = [index for index in range(len(voices)) if index not in others]
        score.tracks = [score.tracks[index] for index in stays]
        return dataclasses.replace(self, score=score, voices=[voices[index] for index in stays])


def read(path) -> Song:
    """Reads a song, of a MIDI file or a written score, its pieces joined.

    Raises:
        musicvae_jax.FileError: it cannot be read.
    """
    notation, counts_frames = None, False
    if notation_file.is_one(path):
        chunks, notation = notation_file.read(path)
    else:
        chunks, counts_frames = midi_chunks.read(path)
    score = midi.read(chunks.in_utf_8().content(), name=path)
    pieces, places = iter(chunks.pieces()), [index for index, track in enumerate(score.tracks) if len(track.notes)]
    voices, joined = [frozenset()] * len(score.tracks), {}
    for index, piece in zip(places, pieces, strict=True):
        voices[index] = frozenset({piece[:2]})
        joined.setdefault(piece[:2], []).append(index)
    song = Song(score, chunks, voices, counts_frames, notation)
    groups = []
    for _, of_chunk in itertools.groupby(joined.items(), key=lambda item: item[0][0]):
        groups += _lines(score, dict(of_chunk))
    return song.joined(*(group for group in groups if len(group) > 1))


def _lines(score, indices_of_channel):
    """The tracks of a chunk by what is joined: all that take turns, or else those of each channel."""
    takes_all = len(indices_of_channel) > _CHANNEL_A_NOTE
    melodic = [indices for (_, channel), indices in indices_of_channel.items() if takes_all or channel != DRUM_CHANNEL]
    if len(melodic) < 2 or not take_turns([_notes(score, indices) for indices in melodic], score.ticks_per_quarter):
        return list(indices_of_channel.values())
    drums = [indices for indices in indices_of_channel.values() if indices not in melodic]
    return [sorted(itertools.chain(*melodic)), *drums]


def take_turns(lines, ticks_per_beat: int) -> bool:
    """Whether lines make one line together.

    Args:
        lines: of each start and end, int64 [n], in ticks.
        ticks_per_beat: of a quarter note.
    """
    together = []
    for place, (start, end) in enumerate(lines):
        others = [line for other, line in enumerate(lines) if other != place]
        begins, ends = (np.concatenate(values) for values in zip(*others, strict=True))
        order = np.argsort(begins)
        sounds_until = np.append(-1, np.maximum.accumulate(ends[order]))[np.searchsorted(begins[order], start, "right")]
        legato = np.minimum(ticks_per_beat // 4, (end - start) // 2)  # a note may ring into the next one
        together.append((sounds_until - start > legato).sum())
    busiest = max(range(len(lines)), key=lambda place: len(lines[place][0]))
    rest = [place for place in range(len(lines)) if place != busiest]
    return sum(together[place] for place in rest) <= _MOST_TOGETHER * sum(len(lines[place][0]) for place in rest)


def _notes(score, indices):
    """Start and end of all notes of tracks, whatever their pitch."""
    columns = [score.tracks[index].notes.numpy() for index in indices]
    start, duration = (
        np.concatenate([each[name] for each in columns]).astype(np.int64) for name in ("time", "duration")
    )
    return start, start + np.maximum(duration, 1)


def _one_track(pieces) -> symusic.Track:
    most = max(pieces, key=lambda track: len(track.notes))
    track = symusic.Track(name=most.name, program=most.program, is_drum=most.is_drum)
    for kind in ("notes", "controls", "pitch_bends", "pedals", "lyrics"):
        of_kind = getattr(track, kind)
        for piece in pieces:
            of_kind.extend(getattr(piece, kind))
        of_kind.sort(key=lambda each: each.time, inplace=True)
    return track
