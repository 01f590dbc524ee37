"""Bass and drum tokens as tracks beside the player's own, in the song's time and feel."""

import numpy as np
import symusic

from musicvae_jax import events
from surrogate.reading import tracks
from surrogate.rendering import tempo, timing, velocity


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


def arrange(melody, parts_Tx2, options) -> tuple[symusic.Score, tuple[str, ...]]:
    """Put a bass track and a drum track into a song; everything but the tracks stays as the player had it.

    Args:
        melody: surrogate.reading.melody.Melody.
        parts_Tx2: uint16 [melody.bars * 16, 2], the tokens of bass and drums.
        options: surrogate.accompaniment.options.Options.

    Returns:
        The score, and a role for each of its tracks: "melody", "bass", "drums" or "other".
    """
    grid, rng, strays = melody.grid, np.random.default_rng(options.seed), np.random.default_rng((options.seed, 1))
    bass_T, drums_T = parts_Tx2.T
    starts, _, _ = events.line_notes(melody.tokens)
    loud_bars = velocity.loudness(starts, _velocities(melody, starts), grid.bars)
    score = melody.score.copy()

    def fast(step):
        return tempo.ticks_per_ms(score, grid.ticks[step])

    written, roles = _kept_tracks(melody, score, options)
    if options.bass and "bass" not in roles:
        start, stop, pitch = events.line_notes(bass_T)
        sounds = grid.ticks[stop] > grid.ticks[start]
        start, stop, pitch = start[sounds], stop[sounds], pitch[sounds]
        bass = symusic.Track(name="Bass", program=options.program, is_drum=False)
        begin_and_end = timing.bass_notes(grid.ticks, start, stop, fast(start), strays, human=options.human)
        bass.notes = _symusic_notes(*begin_and_end, pitch, velocity.bass(start, loud_bars, rng))
        written.append(bass)
        roles.append("bass")
    if options.drums and "drums" not in roles:
        step, pitch = events.drum_hits(np.where(grid.in_song, drums_T, 0))
        drums = symusic.Track(name="Drums", program=0, is_drum=True)
        begin = timing.drum_onsets(grid.ticks, step, pitch, fast(step), strays, human=options.human)
        end = np.minimum(begin + grid.ticks[step + 1] - grid.ticks[step], grid.ticks[-1])
        drums.notes = _symusic_notes(begin, end, pitch, velocity.drums(step, pitch, loud_bars, rng))
        written.append(drums)
        roles.append("drums")
    score.tracks = written
    return score, tuple(roles)


def present(melody, options) -> set[str]:
    """Which of "bass" and "drums" a song, read as a Melody, has already and keeps under these Options."""
    return {"bass", "drums"} & set(_kept_tracks(melody, melody.score, options)[1])


def _kept_tracks(melody, score, options):
    """The song's own tracks that are written, and their roles."""
    if options.keep == "melody":
        track = score.tracks[melody.index].copy()
        for other in score.tracks:  # symusic puts lyrics on a track of their own
            if other.name == track.name and not len(other.notes):
                track.lyrics.extend(other.lyrics)
        return [track], ["melody"]
    kept, roles = [], []
    for index, track in enumerate(score.tracks):
        role = "melody" if index == melody.index else tracks.role(track)
        is_asked_for = {"bass": options.bass, "drums": options.drums}.get(role, False)
        if not (is_asked_for and options.replace):
            kept.append(track)
            roles.append(role)
    return kept, roles


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
