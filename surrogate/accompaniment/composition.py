"""From songs as they were read to what a band is asked to write, and what it wrote."""

import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax import events, midi, trio
from musicvae_jax.events import BARS_PER_WINDOW, BASS, MELODY, STEPS_PER_BAR
from surrogate.accompaniment import given_chords
from surrogate.accompaniment.options import Options
from surrogate.model.band import Band, ExampleSong, MelodyLine, Wishes, WrittenParts
from surrogate.reading import cadence, chords, song_chords, tracks
from surrogate.reading.keys import Key
from surrogate.reading.melody import Melody
from surrogate.rendering import arrange

_LIKE_WINDOWS = 24


class Revision(typing.NamedTuple):
    """What of a take is written anew while the rest of it stays.

    take: the parts that there are. anew: bool [T, 2], at which steps bass and drums are written anew; chords are, in
    bars of which the whole bass is.
    """

    take: WrittenParts
    anew: np.ndarray


def compose_parts(
    melodies: Sequence[Melody],
    keys: Sequence[Key],
    band: Band,
    options: Options,
    *,
    revisions: Sequence[Revision] | None = None,
) -> list[list[WrittenParts]]:
    """Composes bass and drums for melodies; a bass or drums of the song's own that stay are played along with.

    Args:
        melodies: the lines.
        keys: of each the main one.
        band: what composes.
        options: what the player wants.
        revisions: of each what is written anew of a take, or None to write all.

    Returns:
        Options.takes WrittenParts of each melody, best first.

    Raises:
        musicvae_jax.MidiError: Options.like cannot be read or used.
        musicvae_jax.CheckpointError: the band cannot do what is wanted.
    """
    wishes = Wishes(
        takes=options.takes,
        seed=options.seed,
        reharmonise=options.reharmonise,
        bass_temperature=options.bass_temperature,
        drum_temperature=options.drum_temperature,
        bass_density=options.bass_density,
        drum_density=options.drum_density,
        like=None if options.like is None else _example(options.like),
    )
    each = zip(melodies, keys, [None] * len(melodies) if revisions is None else revisions, strict=True)
    return band.write([_line(*song, options, band) for song in each], wishes)


def _line(melody, key, revision, options, band):
    own, given_Sx2x3 = {}, None
    if melody.chords is not None and (band.knows_chords or given_chords.are_asked_for(options)):
        given_Sx2x3 = melody.chords.half_bars(melody.grid, whole=False)
        own["chords"] = melody.chords.half_bars(melody.grid)
    elif band.knows_chords:
        own["chords"] = given_Sx2x3 = cadence.final_chord(melody.tokens, key)
    if revision is not None:
        own |= _staying(revision, given_Sx2x3)
    for part in arrange.present(melody, options):
        roles = tracks.roles(melody.score)
        playing = [
            track
            for index, (track, role) in enumerate(zip(melody.score.tracks, roles, strict=True))
            if role == part and len(track.notes) and index != melody.index
        ]
        own[part] = _drum_tokens(melody, playing) if part == "drums" else _bass_tokens(melody, playing)
    return MelodyLine(melody.tokens, melody.tempo, semitones=key.semitones_to_c, **own)


def _staying(revision, given_Sx2x3):
    """What of a take stays beside the chords that are given, as MelodyLine takes it."""
    take, anew = revision
    staying = {"bass": take.tokens[:, 0], "drums": take.tokens[:, 1], "anew": anew}
    if take.chords is None:
        return staying
    open_S = anew[:, 0].reshape(-1, STEPS_PER_BAR).all(1)
    chords_Sx2x3 = np.where(open_S[:, None, None], song_chords.UNKNOWN, take.chords[..., [0, 1, 0]])
    if given_Sx2x3 is not None:
        chords_Sx2x3 = np.where(given_Sx2x3 == song_chords.UNKNOWN, chords_Sx2x3, given_Sx2x3)
    return staying | {"chords": song_chords.whole_bars(chords_Sx2x3.reshape(-1, 3))}


def _bass_tokens(melody, playing):
    start, end, pitch = tracks.notes(max(playing, key=lambda track: len(track.notes)))
    first = melody.grid.nearest(start)
    last = np.maximum(first + 1, melody.grid.nearest(end))
    return events.line_tokens(first, last, pitch, len(melody.tokens))


def _drum_tokens(melody, playing):
    columns = [track.notes.numpy() for track in playing]
    tick, pitch = (np.concatenate([column[name] for column in columns]).astype(np.int64) for name in ("time", "pitch"))
    return events.drum_tokens(melody.grid.nearest(tick), pitch, len(melody.tokens))


def _example(path):
    """The 16 bars of a song in which bass and drums play most."""
    survey = trio.survey(path, grid="beats", hop_bars=4, melody_programs=trio.ALL_MELODY_PROGRAMS)
    windows = survey.tokens(_LIKE_WINDOWS, 0)
    if not len(windows):
        raise midi.MidiError(
            path, "has no 16 bars of 4/4 where a melody, a bass and drums all play, so none can be like it"
        )
    notes = (windows[..., BASS] >= events.FIRST_PITCH).sum(1) + (windows[..., BASS + 1] > 0).sum(1)
    window = windows[notes.argmax()]
    labels = chords.of_lines(window[:, MELODY], window[:, BASS])
    return ExampleSong(window.reshape(BARS_PER_WINDOW, STEPS_PER_BAR, -1), labels[..., :2])
