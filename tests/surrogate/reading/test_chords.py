"""Chords of hand-written music: triads and sevenths, inversions, what smoothing does, silence."""

import numpy as np
import pytest

from surrogate.reading import chords, chroma

NAMES = list(chords.QUALITIES)


def played(*half_bars):
    """Chroma and lowest notes of half bars, each given by the MIDI pitches that sound all through it."""
    notes = [(8 * half, 8 * half + 8, pitch) for half, pitches in enumerate(half_bars) for pitch in pitches]
    first, last, pitch = np.array(notes, np.int64).reshape(-1, 3).T
    return chroma.half_bars([(first, last, pitch)], 8 * len(half_bars))


def named(chords_Hx3):
    return [(int(root), NAMES[quality], int(bass)) for root, quality, bass in chords_Hx3]


def test_chroma_counts_steps_of_each_track_and_the_lowest_note():
    piano = np.array([[0, 4, 60], [2, 6, 72], [8, 9, 64]]).T
    bass = np.array([[4, 16, 36]]).T
    counted, lowest = chroma.half_bars([tuple(piano), tuple(bass)], 16)
    assert counted[:, 0].tolist() == [6 + 4, 8] and counted[:, 4].tolist() == [0, 1] and counted.sum() == 19
    assert lowest[:, 0].tolist() == [8, 8] and lowest.sum() == 16


@pytest.mark.parametrize("quality", NAMES)
@pytest.mark.parametrize("root", [0, 5, 11])
def test_every_quality_is_told_from_its_notes(quality, root):
    pitches = [48 + root + note for note in chords.QUALITIES[quality]]
    counted, lowest = played(*[[pitches[0] - 12, *pitches]] * 4)
    assert named(chords.label(counted, lowest)) == 4 * [(root, quality, root)]


@pytest.mark.parametrize(("quality", "notes"), [("maj", (0, 4, 7)), ("min", (0, 3, 7))])
@pytest.mark.parametrize("inversion", [0, 1, 2])
def test_an_inverted_triad_keeps_its_root(quality, notes, inversion):
    bass = (2 + notes[inversion]) % 12
    counted, lowest = played(*[[36 + bass, *(62 + note for note in notes)]] * 4)
    assert named(chords.label(counted, lowest)) == 4 * [(2, quality, bass)]


def test_the_bass_settles_what_the_notes_leave_open():
    for bass, expected in ((36, (0, "sus4", 0)), (41, (5, "maj", 5))):
        counted, lowest = played([bass, 60, 65], [bass, 60, 65])
        assert named(chords.label(counted, lowest))[0] == expected


def test_a_passing_note_does_not_change_the_chord_but_a_new_chord_does():
    c, f = [36, 60, 64, 67], [41, 60, 65, 69]
    between = [43, 64, 65, 67]
    assert named(chords.label(*played(between)))[0][0] == 7
    found = named(chords.label(*played(c, between, c, c, f, f)))
    assert [root for root, *_ in found] == [0, 0, 0, 0, 5, 5]


def test_silence_has_no_chord():
    found = chords.label(*played([36, 60, 64, 67], [], [41, 60, 65, 69]))
    assert found.dtype == np.int8 and found[1].tolist() == [chords.NONE] * 3
    assert found[[0, 2], 0].tolist() == [0, 5]
