"""Songs as the song model reads them: batches, melodies in them, chords and densities as it is told them."""

import numpy as np

from musicvae_jax import beats, codebook
from musicvae_jax.events import FIRST_PITCH, LINE_CLASSES, STEPS_PER_BAR, held_tokens
from surrogate.model.bar_codes import CHORDS_PER_BAR, CODES, FIRST_NOTE, KIND_OF_CODE, PARTS
from surrogate.model.bar_features import FEATURES_PER_BAR, LIKENESS_FEATURES, likeness, melody_features
from surrogate.model.song_encoder import DENSITIES, PLACES

_TEMPO = 120.0


def empty(songs: int, bars: int) -> dict[str, np.ndarray]:
    """A batch of B songs of S bars of which nothing is known.

    melody float32 [B, S, F] and likeness float32 [B, S, S, L], see bar_features; is_bar bool [B, S]; place int [B, S],
    the number of the bar in its song modulo PLACES; edge float32 [B, S, 2], 1 where a song begins, and where it ends;
    tempo float32 [B], octaves above 120 beats a minute; density float32 [B, 4], see density_features; plays float32
    [B, S, 2], 1 where the bass plays, and where drums do; codes int [B, S, CODES]; known bool [B, S, PARTS], of which
    bars' parts the codes are given; given bool [B, S, 2], of which chords besides, unheard by the encoder, which knows
    bars whole; remembered bool [B, S, PARTS], which of them the decoder remembers.
    """
    return {
        "melody": np.zeros((songs, bars, FEATURES_PER_BAR), np.float32),
        "likeness": np.zeros((songs, bars, bars, LIKENESS_FEATURES), np.float32),
        "is_bar": np.zeros((songs, bars), bool),
        "place": np.zeros((songs, bars), np.int32),
        "edge": np.zeros((songs, bars, 2), np.float32),
        "tempo": np.zeros(songs, np.float32),
        "density": np.zeros((songs, 2 * DENSITIES), np.float32),
        "plays": np.zeros((songs, bars, DENSITIES), np.float32),
        "codes": np.zeros((songs, bars, CODES), np.int32),
        "known": np.zeros((songs, bars, len(PARTS)), bool),
        "given": np.zeros((songs, bars, CHORDS_PER_BAR), bool),
        "remembered": np.ones((songs, bars, len(PARTS)), bool),
    }


def put_melody(batch, row: int, melody_T, tempo: float) -> None:
    """Puts the melody of a song, in C, into a row of a batch.

    Args:
        batch: as empty makes it.
        row: which.
        melody_T: int [S' * 16], tokens of no more bars than the batch has.
        tempo: beats a minute.
    """
    bars = len(melody_T) // STEPS_PER_BAR
    batch["melody"][row, :bars] = melody_features(melody_T)
    batch["likeness"][row, :bars, :bars] = likeness(melody_T)
    batch["is_bar"][row, :bars] = True
    batch["place"][row, :bars] = np.arange(bars) % PLACES
    batch["edge"][row, 0, 0] = batch["edge"][row, bars - 1, 1] = 1
    batch["tempo"][row] = np.log2(tempo / _TEMPO)


def density_features(log2_density_2, known_2) -> np.ndarray:
    """What the model is told of a song's density.

    Args:
        log2_density_2: of bass notes and drum hits a bar, as `density` gives them.
        known_2: bool, which are told.

    Returns:
        float32 [4].
    """
    return np.concatenate([np.where(known_2, np.asarray(log2_density_2) / 2 - 1, 0), known_2]).astype(np.float32)


def plays(bass_T, drums_T) -> np.ndarray:
    """In which bars a bass, int [S * 16] tokens, sounds, and drums are struck: bool [S, 2]."""
    sounds = held_tokens(bass_T).reshape(-1, STEPS_PER_BAR).any(1)
    return np.stack([sounds, np.asarray(drums_T).reshape(-1, STEPS_PER_BAR).any(1)], axis=1)


def density(codes_SxK, plays_Sx2, hits_of_code) -> np.ndarray:
    """Logarithms to base 2 of half a note more than bass notes, and drum hits, a bar in which they play: float64 [2].

    Args:
        codes_SxK: int [S, CODES].
        plays_Sx2: bool, as plays gives it.
        hits_of_code: as codebook.densities gives them.
    """
    drums, bass = np.split(np.asarray(codes_SxK)[:, CHORDS_PER_BAR:], 2, axis=1)
    low, high, notes = hits_of_code
    hits = low[drums[:, ::2]].sum() + high[drums[:, 1::2]].sum()
    return np.log2(0.5 + np.array([notes[bass[:, ::2]].sum(), hits]) / np.maximum(plays_Sx2.sum(0), 1))


def chord_codes(chords_xHx3) -> np.ndarray:
    """Codes of chord labels, int [..., H, 3] as surrogate.reading.chords.label gives them: int [..., H]."""
    root, quality = (np.asarray(chords_xHx3)[..., i].astype(np.int64) for i in (0, 1))
    return np.where(root < 0, 0, 1 + 12 * quality + root)


def chord_roots(codes_x) -> np.ndarray:
    """Roots of chords' codes: pitch classes, beats.NO_ROOT where there is none."""
    codes_x = np.asarray(codes_x)
    return np.where(codes_x > 0, (codes_x - 1) % 12, beats.NO_ROOT)


def known_roots(codes_xSxH) -> np.ndarray:
    """Roots of the chords of songs' half bars, codes int [..., S, 2], silence filled in: int64 [..., S, 2]."""
    root_xSxH = chord_roots(codes_xSxH)
    return beats.known_roots(root_xSxH.reshape(*root_xSxH.shape[:-2], -1)).reshape(root_xSxH.shape)


def chord_labels(codes_x) -> np.ndarray:
    """Root and quality (the place in QUALITIES) of chords' codes: int64 [..., 2], -1 for none."""
    codes_x = np.asarray(codes_x, np.int64)
    quality, root = np.divmod(codes_x - 1, 12)
    return np.where(codes_x[..., None] > 0, np.stack([root, quality], -1), -1)


def transposed_chords(codes_x, semitones: int) -> np.ndarray:
    """Chords' codes, their roots moved up by semitones."""
    codes_x = np.asarray(codes_x)
    return np.where(codes_x > 0, (codes_x - 1) // 12 * 12 + (codes_x - 1 + semitones) % 12 + 1, 0)


def transposed_codes(codes_xSxK, semitones: int) -> np.ndarray:
    """Codes of songs' bars, int [..., S, CODES], moved up by semitones: int64.

    First notes of the bass are told above the root in its lowest octave, so a root that is moved into the next octave
    moves them by one. What would leave their range comes back by octaves.
    """
    codes_xSxK = np.array(codes_xSxK, np.int64)
    chords_xSxH = codes_xSxK[..., :CHORDS_PER_BAR]
    root_xSxH = known_roots(chords_xSxH)
    octaves_xSxH = beats.root_height(root_xSxH) + semitones - beats.root_height(root_xSxH + semitones)
    is_first = np.array(KIND_OF_CODE) == FIRST_NOTE
    first_xSxB = codes_xSxK[..., is_first]
    moved_xSxB = first_xSxB + np.repeat(octaves_xSxH, first_xSxB.shape[-1] // CHORDS_PER_BAR, -1)
    codes_xSxK[..., is_first] = np.where(first_xSxB > 0, beats.within(moved_xSxB, 1, codebook.FIRST_NOTES - 1), 0)
    codes_xSxK[..., :CHORDS_PER_BAR] = transposed_chords(chords_xSxH, semitones)
    return codes_xSxK


def transposed_line(line_T, semitones: int) -> np.ndarray:
    """A line's tokens, int [T], moved up by semitones; what would leave the vocabulary stays at its end."""
    line_T = np.asarray(line_T).astype(np.int64)
    return np.where(line_T >= FIRST_PITCH, np.clip(line_T + semitones, FIRST_PITCH, LINE_CLASSES - 1), line_T)
