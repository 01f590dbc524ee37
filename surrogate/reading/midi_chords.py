"""Chords that a MIDI file holds: symbols in its texts and markers, those of Yamaha's XF, a track of block chords, or
what a left hand plays.

MuseScore, Band-in-a-Box, JJazzLab and others write symbols as texts, markers, cues or lyrics; XF as events of its own.
"""

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR
from musicvae_jax.meta_events import CUE, LYRIC, MARKER, SEQUENCER, TEXT
from surrogate.reading import chord_symbols, chords, chroma, track_names, tracks, xf_chords
from surrogate.reading.chord_symbols import Chord, ChordError
from surrogate.reading.chords import NONE
from surrogate.reading.song_chords import SongChords, of_changes, of_labels

_NAMES = {MARKER: "markers", TEXT: "texts", CUE: "cue points", SEQUENCER: "XF events", LYRIC: "lyrics"}
"""Kinds of meta events that may be chord symbols, the likeliest first."""
_LEAST_SHARE = dict.fromkeys(_NAMES, 0.5) | {LYRIC: 0.9}
"""Of a kind's events that must be chord symbols for it to be a kind that holds them: words of lyrics may look alike."""
_SECTION_BARS = 4
"""Single letters that are farther apart, A, B, C, name sections."""
_BLOCK_SHARE, _NAMED_SHARE = 0.6, 0.3
"""Of a track's notes that begin with two or more others: more is a track of chords; one of such a name needs less."""
_KEYBOARDS = range(8)
"""Programs that two hands play, each perhaps on a track of its own."""
_LOWER = 7
"""Semitones by which the middle of a left hand's pitches is below the melody's, at least."""
_LEAST_BARS = 0.25
"""Of the song's bars in which a track of chords plays."""


def find(melody) -> SongChords | None:
    """The chords that the file of a song, MIDI or a score, holds, or None.

    Args:
        melody: surrogate.reading.melody.Melody.
    """
    notation = melody.song.notation
    if notation is not None and notation.chords:
        return of_changes(notation.chords, f"{_count(notation.chords)} in the score")
    return _symbols(melody.song.chunks) or _chord_track(melody)


def _symbols(chunks) -> SongChords | None:
    messages = [message for chunk in chunks.chunks for message in chunk if message.meta in _NAMES]
    best, origin, unread = [], None, []
    for kind, name in _NAMES.items():
        of_kind = ((message.tick, message.content) for message in messages if message.meta == kind)
        own = [(tick, _chord(kind, content), content) for tick, content in of_kind if content.strip()]
        changes = [(tick, chord) for tick, chord, _ in own if chord is not None]
        is_kind = len(changes) >= _LEAST_SHARE[kind] * len(own) or kind == SEQUENCER
        if len(changes) > len(best) and is_kind and not _names_sections(changes, chunks.ticks_per_beat):
            best, origin = changes, name
            unread = [f'"{_text(content)}"' for _, chord, content in own if chord is None and kind != SEQUENCER]
    if not best:
        return None
    return of_changes(best, f"{_count(best)} in the file's {origin}", dict.fromkeys(unread))


def _count(symbols):
    return f"{len(symbols)} symbol{'s' * (len(symbols) > 1)}"


def _chord(kind, content) -> Chord | None:
    if kind == SEQUENCER:
        return xf_chords.decode(content)
    try:
        return chord_symbols.parse(_text(content))
    except ChordError:
        return None


def _text(content):
    return content.decode("utf-8", "replace").strip("\x00 \r\n\t")


def _names_sections(changes, beat):
    """Whether symbols are rehearsal letters."""
    ticks = sorted(tick for tick, _ in changes)
    gaps = np.diff(ticks)
    far = not len(gaps) or np.median(gaps) >= _SECTION_BARS * BEATS_PER_BAR * beat
    return far and all(len(chord.symbol) == 1 for _, chord in changes)


def _chord_track(melody) -> SongChords | None:
    """Chords of the hand below the melody, a left hand's track or one of block chords, whichever plays in most bars."""
    heard = []
    if len(melody.below[0]):
        heard.append((_labels(melody, _on_grid(melody.below, melody.grid)), "the hand below the melody"))
    for index, track in enumerate(melody.score.tracks):
        if index == melody.index or not len(track.notes) or tracks.role(track) != "other":
            continue
        notes = _on_grid(tracks.notes(track), melody.grid)
        least = _NAMED_SHARE if track_names.names_chords(track.name) else _BLOCK_SHARE
        if _share_in_blocks(notes[0]) >= least or _is_left_hand(track, melody.track):
            heard.append((_labels(melody, notes), tracks.label(melody.score, index)))
    bars = [np.count_nonzero((labels_Sx2x3[..., 0] != NONE).any(1)) for labels_Sx2x3, _ in heard]
    if max(bars, default=0) < _LEAST_BARS * melody.bars:
        return None
    labels_Sx2x3, origin = heard[bars.index(max(bars))]
    changes = of_labels(labels_Sx2x3, melody.tokens, melody.grid, silence=None)
    return SongChords(changes, f"heard on {origin}")


def _is_left_hand(track, of_melody) -> bool:
    """Whether a track is a keyboard's left hand, of which another one has the right hand's melody."""
    if track.program not in _KEYBOARDS or track.program != of_melody.program:
        return False
    own, melodys = (tracks.notes(each)[2] for each in (track, of_melody))
    return len(own) > 0 and bool(np.median(own) <= np.median(melodys) - _LOWER)


def _labels(melody, notes):
    return chords.label(*chroma.half_bars([notes], len(melody.tokens))).reshape(-1, 2, 3)


def _on_grid(notes, grid):
    """First step, last step and pitch of notes, start, end and pitch, in the song."""
    start, end, pitch = notes
    first = grid.nearest(start)
    kept = first < grid.nearest(grid.ticks[-1])
    return first[kept], np.maximum(first + 1, grid.nearest(end))[kept], pitch[kept]


def _share_in_blocks(first):
    """Of notes, those that begin with two or more others."""
    together = np.unique(first, return_counts=True)[1]
    return together[together >= 3].sum() / max(together.sum(), 1)
