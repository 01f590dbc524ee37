"""Bass and drum tokens as tracks beside the player's own, in the song's time and feel."""

import typing

import numpy as np
import symusic

from musicvae_jax import events
from surrogate.reading import tracks
from surrogate.rendering import level, song_file, tempo, timing, velocity


def end(melody_T, parts_Tx2) -> np.ndarray:
    """End bass and drums with the melody.

    A last note held from a beat on is struck by all: kick and crash, and a bass note as long as it. Otherwise they play
    to the end of the beat in which the melody ends.

    Args:
        melody_T: uint16 [T], its tokens.
        parts_Tx2: uint16 [T, 2], the tokens of bass and drums.

    Returns:
        uint16 [T, 2], bass and drums with the ending.
    """
    parts_Tx2 = parts_Tx2.copy()
    bass_T = parts_Tx2[:, 0]
    starts, ends, pitches = events.line_notes(melody_T)
    if not len(starts) or not parts_Tx2.any():
        return parts_Tx2
    last, stop = starts[-1], ends[-1]
    if stop - last < events.STEPS_PER_BEAT or last % events.STEPS_PER_BEAT:
        last = stop = -(-stop // events.STEPS_PER_BEAT) * events.STEPS_PER_BEAT
    else:
        # In every second of 275 songs the bass ends on the melody's note.
        pitch = events.LOWEST_BASS + (pitches[-1] - events.LOWEST_BASS) % 12
        parts_Tx2[last] = events.token_of_pitch(pitch), events.KICK | events.CRASH
        last += 1
    parts_Tx2[last:] = 0
    if stop < len(parts_Tx2) and events.held_tokens(bass_T[: stop + 1])[-1]:
        bass_T[stop] = events.NOTE_OFF
    return parts_Tx2


class Arrangement(typing.NamedTuple):
    """A song with its bass and drums.

    score: the tracks that stay, and those written. roles: of each, "melody", "bass", "drums" or "other". content: the
    bytes of the MIDI file, in which what stays is as it was.
    """

    score: symusic.Score
    roles: tuple[str, ...]
    content: bytes


def arrange(melody, parts_Tx2, options) -> Arrangement:
    """Put a bass track and a drum track into a song; everything but the tracks stays as the player had it.

    Args:
        melody: surrogate.reading.melody.Melody.
        parts_Tx2: uint16 [melody.bars * 16, 2], the tokens of bass and drums.
        options: surrogate.accompaniment.options.Options.
    """
    # Dice of their own for each, so that a part that stays is played as it was beside another one.
    bass_force, drum_force, bass_time, drum_time = (np.random.default_rng((options.seed, own)) for own in range(4))
    grid = melody.grid
    bass_T, drums_T = parts_Tx2.T
    starts, _, _ = events.line_notes(melody.tokens)
    loud_bars = velocity.loudness(starts, _velocities(melody, starts), grid.bars)
    score, kept = melody.score.copy(), _kept(melody, options)
    written = {}

    def fast(step):
        return tempo.ticks_per_ms(score, grid.ticks[step])

    if options.bass and "bass" not in kept.values():
        start, stop, pitch = events.line_notes(bass_T)
        sounds = grid.ticks[stop] > grid.ticks[start]
        start, stop, pitch = start[sounds], stop[sounds], pitch[sounds]
        bass = symusic.Track(name="Bass", program=options.program, is_drum=False)
        begin_and_end = timing.bass_notes(grid.ticks, start, stop, fast(start), bass_time, human=options.human)
        bass.notes = _symusic_notes(*begin_and_end, pitch, velocity.bass(start, loud_bars, bass_force))
        bass.controls.append(level.volume(melody.track, velocity.built_in_table().bass.level))
        written["bass"] = bass
    if options.drums and "drums" not in kept.values():
        step, pitch = events.drum_hits(np.where(grid.in_song, drums_T, 0))
        drums = symusic.Track(name="Drums", program=0, is_drum=True)
        begin = timing.drum_onsets(grid.ticks, step, pitch, fast(step), drum_time, human=options.human)
        end = np.minimum(begin + grid.ticks[step + 1] - grid.ticks[step], grid.ticks[-1])
        drums.notes = _symusic_notes(begin, end, pitch, velocity.drums(step, pitch, loud_bars, drum_force))
        drums.controls.append(level.volume(melody.track, velocity.built_in_table().drums.level))
        written["drums"] = drums
    score.tracks = [*_kept_tracks(melody, kept), *written.values()]
    content = song_file.content(melody.song, _voices(melody, options), written.values())
    return Arrangement(score, (*kept.values(), *written), content)


def present(melody, options) -> set[str]:
    """Which of "bass" and "drums" a song, read as a Melody, has already and keeps under these Options."""
    return {"bass", "drums"} & set(_kept(melody, options).values())


def bass_channel(melody, options) -> int | None:
    """The channel that a bass beside the tracks that stay is written on, None where none is free."""
    return song_file.free_channel(melody.song, _voices(melody, options))


def _kept(melody, options) -> dict[int, str]:
    """The song's own tracks that stay: which of the score's, and their roles."""
    if options.keep == "melody":
        return {melody.index: "melody"}
    kept = {}
    for index, role in enumerate(tracks.roles(melody.score)):
        is_asked_for = {"bass": options.bass, "drums": options.drums}.get(role, False)
        if index == melody.index or not (is_asked_for and options.replace):
            kept[index] = "melody" if index == melody.index else role
    return kept


def _kept_tracks(melody, kept):
    own = {index: melody.score.tracks[index].copy() for index in kept}
    others = {track.name for track in melody.score.tracks if len(track.notes)} - {melody.track.name}
    for index, track in enumerate(melody.score.tracks):  # symusic puts lyrics on a track of their own
        if track.name not in others and not len(track.notes):
            own[melody.index].lyrics.extend(track.lyrics)
            if index in own:
                own[index].lyrics = []
    return list(own.values())


def _voices(melody, options):
    return frozenset().union(*(melody.song.voices[index] for index in _kept(melody, options)))


def _velocities(melody, start_n):
    """Velocities of the melody's notes that begin at the line's onsets; of chords the highest note's."""
    notes = melody.track.notes.numpy()
    step_n = melody.grid.nearest(notes["time"].astype(np.int64))
    order = np.lexsort((notes["pitch"], step_n))
    place = np.searchsorted(step_n[order], start_n, side="right") - 1
    return notes["velocity"][order][np.maximum(place, 0)]


def _symusic_notes(begin, end, pitch, velocities):
    """Notes from tick `begin` to tick `end`, int [N] each, a tick long at least."""
    return symusic.Note.from_numpy(
        begin.astype(np.int32),
        np.maximum(end - begin, 1).astype(np.int32),
        pitch.astype(np.int8),
        np.asarray(velocities).astype(np.int8),
    )
