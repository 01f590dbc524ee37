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


class PartNotes(typing.NamedTuple):
    """The notes of a part, int64 [N] each but velocity (float64), in order of step; groups counts its drum groups."""

    step: np.ndarray
    group: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    groups: int


def part_notes(song, part: str) -> PartNotes:
    """The "drums" or the "bass" of a performances.Performance."""
    notes = getattr(song, part)
    step = straight_steps(notes.start, song.ticks_per_beat)
    group = np.zeros(len(step), np.int64) if part == "bass" else events.DRUM_BIT_OF_PITCH[notes.pitch].astype(np.int64)
    known = group != events.NO_DRUM
    groups = 1 if part == "bass" else len(events.DRUM_GROUPS)
    return PartNotes(step[known], group[known], notes.pitch[known], notes.velocity[known].astype(np.float64), groups)


def varies(notes: PartNotes) -> bool:
    """Whether the velocities of a part vary as those of a player do."""
    values = notes.velocity
    return len(values) >= LEAST_NOTES and len(np.unique(values)) >= LEAST_VALUES and values.std() >= LEAST_SPREAD


def fit(songs) -> VelocityTable:
    """Learn velocities from songs; a part of a song counts where it varies.

    Args:
        songs: performances.Performance.

    Raises:
        ValueError: drums or bass vary in no song.
    """
    varying = {part: _varying(songs, part) for part in _PARTS}
    for part, pairs in varying.items():
        if not pairs:
            raise ValueError(f"no song has {part} of varying velocity")
    bars_nx3 = {part: np.concatenate([_bar_movement(*pair) for pair in pairs]) for part, pairs in varying.items()}
    all_bars_nx3 = np.concatenate([bars_nx3[part] for part in _PARTS])
    by_velocity, by_density = np.linalg.lstsq(all_bars_nx3[:, 1:], all_bars_nx3[:, 0], rcond=None)[0]
    density = by_density / by_velocity
    parts = {part: _fit_part([notes for _, notes in varying[part]], bars_nx3[part], density) for part in _PARTS}
    return VelocityTable(density, **parts)


def _varying(songs, part):
    """The songs in which a part varies, each with the notes of that part."""
    pairs = [(song, part_notes(song, part)) for song in songs]
    return [(song, notes) for song, notes in pairs if varies(notes)]


def _fit_part(played, bars_nx3, density) -> PartVelocity:
    """How a part is played.

    Args:
        played: PartNotes of each song.
        bars_nx3: of all songs, as _bar_movement gives them.
        density: how much velocity of the melody one more note of it is worth.
    """
    own, loud = bars_nx3 @ (1, 0, 0), bars_nx3 @ (0, 1, density)
    loud = np.clip(loud / velocity.REACH, -1, 1)
    spread, memory = _spread_and_memory(played)
    level = float(np.mean([notes.velocity.mean() for notes in played]))
    return PartVelocity(level, _accent(played), own @ loud / (loud @ loud), spread, memory)


def to_json(table: VelocityTable) -> str:
    """Text for velocity.from_json, a tenth of a MIDI velocity being as fine as anyone needs."""
    text = {"density": round(float(table.density), 3)}
    for part in _PARTS:
        digits = {"memory": 2}
        columns = getattr(table, part)._asdict().items()
        text[part] = {name: np.round(values, digits.get(name, 1)).tolist() for name, values in columns}
    return json.dumps(text)


def cells(notes: PartNotes):
    """Notes and mean velocity, less the part's, by drum group and 16th of the bar: [G, 16] each, 0 where none."""
    cell = notes.group * STEPS_PER_BAR + notes.step % STEPS_PER_BAR
    count = np.bincount(cell, minlength=notes.groups * STEPS_PER_BAR)
    above = np.bincount(cell, notes.velocity - notes.velocity.mean(), minlength=len(count)) / np.maximum(count, 1)
    return count.reshape(notes.groups, -1), above.reshape(notes.groups, -1)


def _accent(played):
    count, above = (np.stack(values) for values in zip(*map(cells, played), strict=True))
    trust = count / (count + _SHRINK_SONG)
    return (trust * above).sum(0) / (trust.sum(0) + _SHRINK)


def _beyond_accent(notes: PartNotes):
    """Velocities less those that the song itself gives the same drum at the same place of the bar."""
    _, above = cells(notes)
    return notes.velocity - notes.velocity.mean() - above[notes.group, notes.step % STEPS_PER_BAR]


def _bar_movement(song, notes: PartNotes):
    """A song's bars with melody and part: float64 [n, 3], the part's velocity, the melody's, its notes, less means."""
    melody_step = straight_steps(song.melody.start, song.ticks_per_beat)
    bars = int(max(melody_step.max(), notes.step.max())) // STEPS_PER_BAR + 1
    loud, dense, has_melody = velocity.movement(melody_step, song.melody.velocity, bars)
    count = np.bincount(notes.step // STEPS_PER_BAR, minlength=bars)
    own = np.bincount(notes.step // STEPS_PER_BAR, _beyond_accent(notes), minlength=bars) / np.maximum(count, 1)
    has_both = has_melody & (count > 0)
    if has_both.sum() < _LEAST_BARS:
        return np.zeros((0, 3))
    rows = np.stack([own, loud, dense], axis=1)[has_both]
    return rows - rows.mean(0)


def _spread_and_memory(played):
    """Standard deviation and correlation from note to note of what neither accent nor section tells: [G] each."""
    of_group = [[] for _ in range(played[0].groups)]
    for notes in played:
        rest = _beyond_accent(notes)
        bar = notes.step // STEPS_PER_BAR
        rest -= velocity.smooth(np.bincount(bar, rest), np.bincount(bar))[bar]
        for group, values in enumerate(of_group):
            own = rest[notes.group == group]
            if len(own) >= _LEAST_HITS:
                own = own - own.mean()
                values.append((own.std(), own[1:] @ own[:-1] / max(own @ own, 1e-9)))
    return np.array([np.median(values, axis=0) if values else (0.0, 0.0) for values in of_group]).T


def measure(table: VelocityTable, songs, *, seed=0) -> dict[str, float]:
    """How the velocities of a table compare with people's.

    Args:
        table: what velocities are generated by.
        songs: performances.Performance.
        seed: of the generated velocities.

    Returns:
        Values by name, {part} {what}. tracks, varying: how many there are, and how many of them are compared. accent r:
        the median over songs of the correlation of the table's accents with the song's own, over cells of four notes or
        more. std, low, high: standard deviation, 5 % and 95 % of a song's velocities, medians over songs, for the human
        and the generated ones.
    """
    rng = np.random.default_rng(seed)
    figures = {}
    for part in _PARTS:
        pairs = _varying(songs, part)
        has_part = [len(part_notes(song, part).step) > 0 for song in songs]
        figures |= {f"{part} tracks": sum(has_part), f"{part} varying": len(pairs)}
        correlations, human, generated = [], [], []
        for song, notes in pairs:
            count, above = cells(notes)
            known = count >= 4
            if known.sum() >= 4 and above[known].std() > 0:
                correlations.append(np.corrcoef(above[known], getattr(table, part).accent[known])[0, 1])
            human.append(_std_low_high(notes.velocity))
            generated.append(_std_low_high(_generate(table, song, notes, part, rng)))
        figures[f"{part} accent r"] = float(np.median(correlations)) if correlations else np.nan
        for name, values in (("human", human), ("generated", generated)):
            for what, value in zip(("std", "low", "high"), np.median(values or [(np.nan,) * 3], axis=0), strict=True):
                figures[f"{part} {name} {what}"] = float(value)
    return figures


def _generate(table, song, notes, part, rng):
    melody_step = straight_steps(song.melody.start, song.ticks_per_beat)
    bars = int(notes.step.max()) // STEPS_PER_BAR + 1
    loud = velocity.loudness(melody_step, song.melody.velocity, bars, table=table)
    if part == "bass":
        return velocity.bass(notes.step, loud, rng, table=table)
    return velocity.drums(notes.step, notes.pitch, loud, rng, table=table)


def _std_low_high(values):
    return (values.std(), *np.percentile(values, (5, 95)))
