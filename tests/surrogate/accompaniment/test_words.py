"""Words of a song, which symusic puts on tracks of their own."""

import pytest
import symusic

import surrogate


def sung_track(name, pitches, syllable):
    track = symusic.Track(name=name)
    track.notes.extend([symusic.Note(480 * beat, 450, pitch, 80) for beat, pitch in enumerate(pitches)])
    track.lyrics.append(symusic.TextMeta(480, syllable))
    return track


@pytest.mark.parametrize("keep", ["melody", "all"])
def test_words_are_sung_by_the_melody(keep, accompanist, tmp_path):
    song = symusic.Score(480)
    lead, other = sung_track("Lead", [72, 74, 76, 74] * 8, "la"), sung_track("Other", [60, 64] * 16, "no")
    song.tracks = [lead, other, sung_track("Words", [], "lo")]
    song.dump_midi(tmp_path / "sung.mid")
    made = surrogate.accompany(tmp_path / "sung.mid", keep=keep, track="Lead", checkpoint=accompanist)
    melody = made.score.tracks[made.roles.index("melody")]
    assert [lyric.text for lyric in melody.lyrics] == ["la", "lo"]
    texts = [lyric.text for track in made.score.tracks for lyric in track.lyrics]
    assert sorted(texts) == {"melody": ["la", "lo"], "all": ["la", "lo", "no"]}[keep]
