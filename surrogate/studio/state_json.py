"""A work as the page is told it: docs/studio.md, whose schema is docs/studio.schema.json."""

import dataclasses
import re

import numpy as np

from musicvae_jax.events import STEPS_PER_BEAT
from surrogate.accompaniment.assumptions import assumptions
from surrogate.reading import sections
from surrogate.reading.chroma import STEPS_PER_HALF_BAR
from surrogate.reading.song_time import PlayedTime
from surrogate.reading.tempos import tempo_map
from surrogate.rendering import page
from surrogate.studio.changes import CHOICES
from surrogate.studio.work import PARTS, Work


def of_work(name: str, work: Work, number: int, *, knows_chords: bool, soundfont: bool = False) -> dict:
    """The state of a work, as JSON types.

    Args:
        name: by which addresses call it.
        work: what it is.
        number: of the change that led here.
        knows_chords: whether the models know chords.
        soundfont: whether the machine has one to listen with.
    """
    state, take, grid = work.state, work.state.rendered(), work.state.melody.grid
    ticks, seconds = tempo_map(take.score, int(grid.bar_ticks[-1]))

    def at(tick_N):
        return np.interp(tick_N, ticks, seconds).round(4).tolist()

    found = sections.find(state.melody)
    return {
        "work": name,
        "name": work.file.name,
        "number": number,
        "can_undo": work.can_undo,
        "can_redo": work.can_redo,
        "locked": {part: part in state.locked for part in PARTS},
        "tracks": _tracks(state),
        "assumed": _assumed(state, knows_chords),
        "choices": {name: getattr(state.options, name) for name in CHOICES},
        "bars": _bars(grid, at, found),
        "sections": [section._asdict() for section in found],
        "chords": _chords(state, take, at),
        "takes": [
            {"take": place, "words": own.words, "seed": own.seed}
            | dict(zip(("bass_from", "drums_from"), own.origins, strict=True))
            for place, own in enumerate(state.takes)
        ],
        "current": state.current,
        "soundfont": soundfont,
        "song": page.song(
            title=work.title,
            scores=[take.score],
            labels=[f"take {state.current + 1}: {state.take.words}"],
            roles=take.roles,
            bar_ticks=grid.bar_ticks,
            chords=[take.chord_changes],
            sections=found,
        ),
    }


def _tracks(state):
    """The tracks that can be the melody, the guess first."""
    guess = state.found.guess
    each = sorted(state.found.tracks, key=lambda track: track.number != guess)
    return [
        {"number": track.number, "name": track.name, "guess": track.number == guess, "why": track.words}
        for track in each
    ]


def _assumed(state, knows_chords):
    melody = state.melody
    words = assumptions(melody, state.keys, state.options, knows_chords=knows_chords)
    return {
        "hands": 2 if len(melody.below[0]) else 1,
        "key": state.keys.main.name,
        "meter": re.match(r"\S*", melody.meter)[0].rstrip(","),
        "pickup": melody.pickup,
        "swing": melody.swing.eighth,
        "tempo": melody.tempo,
        "beats": "played" if isinstance(melody.time, PlayedTime) else "file",
        "words": {"melody": melody.reason, "hands": melody.reason} | dataclasses.asdict(words),
    }


def _bars(grid, at, found):
    """Where bars begin and where their beats are, in seconds; a pickup's bar begins with the song."""
    letter_of_bar = [section.letter for section in found for _ in range(section.first, section.end)]
    beats = grid.ticks[:-1:STEPS_PER_BEAT][grid.in_song[::STEPS_PER_BEAT]]
    bar_of_beat = np.searchsorted(grid.bar_ticks, beats, side="right") - 1
    starts = at(np.maximum(grid.bar_ticks[:-1], 0))
    return [
        {"start": start, "beats": at(beats[bar_of_beat == bar]), "section": letter}
        for bar, (start, letter) in enumerate(zip(starts, letter_of_bar, strict=True))
    ]


def _chords(state, take, at):
    """The chord of each of the models' half bars, by whose number it is changed."""
    if not take.chord_changes:
        return []
    grid, chords = state.melody.grid, state.melody.chords
    change_ticks, changes = zip(*take.chord_changes, strict=True)
    in_song_HxT = grid.in_song.reshape(-1, STEPS_PER_HALF_BAR)
    found = []
    for half_bar in np.flatnonzero(in_song_HxT.any(1)).tolist():
        tick = int(grid.ticks[half_bar * STEPS_PER_HALF_BAR + in_song_HxT[half_bar].argmax()])
        bar = int(np.searchsorted(grid.bar_ticks, tick, side="right")) - 1
        middle = (grid.bar_ticks[bar] + grid.bar_ticks[bar + 1]) / 2
        sounding = changes[max(np.searchsorted(change_ticks, tick, side="right") - 1, 0)]
        found.append(
            {
                "bar": bar,
                "half": int(tick >= middle),
                "half_bar": half_bar,
                "seconds": at(tick),
                "symbol": sounding.symbol,
                "given": chords is not None and chords.at([tick])[0] is not None,
            }
        )
    return found
