"""Learn how drummers and bassists use velocity from songs, and measure how near the generated velocities come."""

import json
import typing

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import STEPS_PER_BAR
from surrogate.reading.grid import straight_steps
from surrogate.rendering import velocity
from surrogate.rendering.velocity import PartVelocity, VelocityTable

LEAST_NOTES, LEAST_VALUES, LEAST_SPREAD = 64, 4, 2.0
"""A track with fewer notes, different velocities or a smaller standard deviation was not played but typed in."""
_PARTS = ("drums", "bass")
_LEAST_BARS = 16
_LEAST_HITS = 32  # of a drum in a song, for its spread
_SHRINK_SONG, _SHRINK = 4.0, 5.0  # notes of a song, songs: of an accent of 0 that each cell is given on top


class Track(typing.NamedTuple):
    """The notes of a part, int64 [N] each but velocity (float64), in order of step; groups counts its drum groups."""

    step: np.ndarray
    group: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    groups: int


def tracks(song, part: str) -> Track:
    """The drums or the bass of a performances.Performance."""
    notes = getattr(song, part)
    step = straight_steps(notes.start, song.ticks_per_beat)
    group = np.zeros(len(step), np.int64) if part == "bass" else events.DRUM_BIT_OF_PITCH[notes.pitch].astype(np.int64)
    known = group != events.NO_DRUM
    groups = 1 if part == "bass" else len(events.DRUM_GROUPS)
    return Track(step[known], group[known], notes.pitch[known], notes.velocity[known].astype(np.float64), groups)


def varies(track: Track) -> bool:
    values = track.velocity
    return len(values) >= LEAST_NOTES and len(np.unique(values)) >= LEAST_VALUES and values.std() >= LEAST_SPREAD


def fit(songs) -> VelocityTable:
    """Learns from performances.Performance; a part counts where it varies. Raises ValueError where none does."""
    played = {part: [(song, track) for song in songs if varies(track := tracks(song, part))] for part in _PARTS}
    for part, pairs in played.items():
        if not pairs:
            raise ValueError(f"no song has {part} of varying velocity")
    bars = {part: [_bars(song, track) for song, track in pairs] for part, pairs in played.items()}
    moved = np.concatenate([rows for part in _PARTS for rows in bars[part]])
    by_velocity, by_density = np.linalg.lstsq(moved[:, 1:], moved[:, 0], rcond=None)[0]
    density = by_density / by_velocity
    parts = {}
    for part, pairs in played.items():
        own, loud = (np.concatenate([rows @ mix for rows in bars[part]]) for mix in ((1, 0, 0), (0, 1, density)))
        loud = np.clip(loud / velocity.REACH, -1, 1)
        spread, memory = _humanising([track for _, track in pairs])
        level = float(np.mean([track.velocity.mean() for _, track in pairs]))
        parts[part] = PartVelocity(
            level, _accent([track for _, track in pairs]), own @ loud / (loud @ loud), spread, memory
        )
    return VelocityTable(density, **parts)


def to_json(table: VelocityTable) -> str:
    """Text for velocity.from_json, a tenth of a MIDI velocity being as fine as anyone needs."""
    text = {"density": round(float(table.density), 3)}
    for part in _PARTS:
        digits = {"memory": 2}
        columns = getattr(table, part)._asdict().items()
        text[part] = {name: np.round(values, digits.get(name, 1)).tolist() for name, values in columns}
    return json.dumps(text)


def cells(track: Track):
    """Notes and mean velocity, less the track's, by drum group and 16th of the bar: [G, 16] each, 0 where none."""
    cell = track.group * STEPS_PER_BAR + track.step % STEPS_PER_BAR
    count = np.bincount(cell, minlength=track.groups * STEPS_PER_BAR)
    above = np.bincount(cell, track.velocity - track.velocity.mean(), minlength=len(count)) / np.maximum(count, 1)
    return count.reshape(track.groups, -1), above.reshape(track.groups, -1)


def _accent(played):
    count, above = (np.stack(values) for values in zip(*map(cells, played), strict=True))
    trust = count / (count + _SHRINK_SONG)
    return (trust * above).sum(0) / (trust.sum(0) + _SHRINK)


def _beyond_accent(track: Track):
    """Velocities less those that the song itself gives the same drum at the same place of the bar."""
    _, above = cells(track)
    return track.velocity - track.velocity.mean() - above[track.group, track.step % STEPS_PER_BAR]


def _bars(song, track: Track):
    """A song's bars with melody and part: float64 [n, 3], the part's velocity, the melody's, its notes, less means."""
    melody_step = straight_steps(song.melody.start, song.ticks_per_beat)
    bars = int(max(melody_step.max(), track.step.max())) // STEPS_PER_BAR + 1
    loud, dense, known = velocity.movement(melody_step, song.melody.velocity, bars)
    count = np.bincount(track.step // STEPS_PER_BAR, minlength=bars)
    own = np.bincount(track.step // STEPS_PER_BAR, _beyond_accent(track), minlength=bars) / np.maximum(count, 1)
    both = known & (count > 0)
    if both.sum() < _LEAST_BARS:
        return np.zeros((0, 3))
    rows = np.stack([own, loud, dense], axis=1)[both]
    return rows - rows.mean(0)


def _humanising(played):
    """Standard deviation and correlation from note to note of what neither accent nor section tells: [G] each."""
    found = [[] for _ in range(played[0].groups)]
    for track in played:
        left = _beyond_accent(track)
        bar = track.step // STEPS_PER_BAR
        left -= velocity.smooth(np.bincount(bar, left), np.bincount(bar))[bar]
        for group, values in enumerate(found):
            own = left[track.group == group]
            if len(own) >= _LEAST_HITS:
                own = own - own.mean()
                values.append((own.std(), own[1:] @ own[:-1] / max(own @ own, 1e-9)))
    return np.array([np.median(values, axis=0) if values else (0.0, 0.0) for values in found]).T


def measure(table: VelocityTable, songs, *, seed=0) -> dict:
    """How the velocities of a table compare with those of performances.Performance: values by name, {part} {what}.

    tracks, varying: how many there are, and how many of them are compared. accent r: the median over songs of the
    correlation of the table's accents with the song's own, over cells of four notes or more. std, low, high: standard
    deviation, 5 % and 95 % of a song's velocities, medians over songs, for the human and the generated ones.
    """
    rng = np.random.default_rng(seed)
    figures = {}
    for part in _PARTS:
        found = [(song, track) for song in songs if len((track := tracks(song, part)).step)]
        pairs = [(song, track) for song, track in found if varies(track)]
        figures |= {f"{part} tracks": len(found), f"{part} varying": len(pairs)}
        correlations, human, generated = [], [], []
        for song, track in pairs:
            count, above = cells(track)
            known = count >= 4
            if known.sum() >= 4 and above[known].std() > 0:
                correlations.append(np.corrcoef(above[known], getattr(table, part).accent[known])[0, 1])
            human.append(_summary(track.velocity))
            generated.append(_summary(_generate(table, song, track, part, rng)))
        figures[f"{part} accent r"] = float(np.median(correlations)) if correlations else np.nan
        for name, values in (("human", human), ("generated", generated)):
            for what, value in zip(("std", "low", "high"), np.median(values or [(np.nan,) * 3], axis=0), strict=True):
                figures[f"{part} {name} {what}"] = float(value)
    return figures


def _generate(table, song, track, part, rng):
    melody_step = straight_steps(song.melody.start, song.ticks_per_beat)
    bars = int(track.step.max()) // STEPS_PER_BAR + 1
    loud = velocity.loudness(melody_step, song.melody.velocity, bars, table=table)
    if part == "bass":
        return velocity.bass(track.step, loud, rng, table=table)
    return velocity.drums(track.step, track.pitch, loud, rng, table=table)


def _summary(values):
    return (values.std(), *np.percentile(values, (5, 95)))
