"""Which track is the melody: each thing a listener notices, names in several languages, what a user asks for."""

import numpy as np
import pytest
import symusic

import musicvae_jax
from surrogate.reading import tracks

LINE = (72, 74, 76, 74, 72, 71, 72, 69)
CHORDS = ((60, 64, 67), (59, 62, 67), (57, 60, 64), (60, 65, 69))


def track(name="", pitches=LINE, *, program=0, beats=32, drums=False, every=1, velocity=80, first=0):
    """A track with a note or a chord every so many beats, over and over."""
    made = symusic.Track(name=name, program=program, is_drum=drums)
    for count, beat in enumerate(range(first, beats, every)):
        chosen = pitches[count % len(pitches)]
        for pitch in np.atleast_1d(chosen):
            made.notes.append(symusic.Note(480 * beat, 480 * every, int(pitch), velocity))
    return made


def song(*parts):
    score = symusic.Score(480)
    score.tracks = list(parts)
    return score


def chosen(score, wanted=None):
    return tracks.choose(score, wanted, path="song.mid").index


PLAIN = track()
LESS = {
    "alone": track(pitches=CHORDS),
    "register and above": track(pitches=[pitch - 24 for pitch in LINE]),
    "above": track(pitches=[pitch - 5 for pitch in LINE]),
    "coverage": track(first=20),
    "density": track(every=4),
    "motion": track(pitches=(72, 84, 72, 79, 67, 79)),
    "repeats": track(pitches=(72, 84)),
    "loud": track(velocity=40),
    "bass": track(program=33),
    "strings": track(program=48),
}


@pytest.mark.parametrize("notice", LESS)
@pytest.mark.parametrize("melody_first", [True, False])
def test_each_thing_noticed_tells_a_melody(notice, melody_first):
    parts = [PLAIN, LESS[notice]] if melody_first else [LESS[notice], PLAIN]
    noticed = tracks.track_features(song(*parts), [0, 1])
    better = 0 if melody_first else 1
    weights = np.array(list(tracks.WEIGHTS.values()))
    weights[list(tracks.WEIGHTS).index("early")] = 0
    score = noticed @ weights
    assert noticed.shape == (2, len(tracks.WEIGHTS)) and np.isfinite(noticed).all()
    assert score[better] > score[1 - better]


@pytest.mark.parametrize("program", [56, 73, 53, 80, 22])
def test_a_wind_a_voice_or_a_synth_lead_is_rather_a_melody_than_a_piano(program):
    assert chosen(song(PLAIN, track(program=program), LESS["alone"])) == 1


def test_of_two_alike_the_first():
    assert chosen(song(track(), track(), track())) == 0


def test_lyrics_fall_on_the_melody():
    high = track("flute", [pitch + 5 for pitch in LINE], program=73)
    sung = track("choir", LINE, first=1, every=2)
    sung.lyrics.extend([symusic.TextMeta(480 * beat + 20, "la") for beat in range(1, 32, 2)])
    score = song(high, sung)
    assert chosen(score) == 0  # both have onsets there
    for note in high.notes:
        note.time += 240
    assert tracks.choose(score, path="x").index == 1
    assert "lyrics" in tracks.choose(score, path="x").reason


NAMES = [
    "Melody", "MELODIE", "Melodía", "melody 1", "Vocals", "Lead Vox", "voice", "Voix", "Chant", "Canto", "Gesang",
    "Stimme", "Singer", "Lead", "Lead guitar", "Solo", "Lyrics", "Мелодия", "melody\x00", "Theme",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_decides(name):
    chords = track(name, CHORDS, program=48)
    choice = tracks.choose(song(track("Flute"), chords, track("Bass", program=33)), path="x")
    assert choice.index == 1 and "named so" in choice.reason and choice.reason.isprintable()


PARTS = [
    "Chords",
    "Warm pad",
    "Strings",
    "Accompaniment",
    "Rhythm Gtr",
    "Comping",
    "Arp",
    "Harmony",
    "Percussion",
    "Bass",
]
DOUBTFUL = ["Backing vocals", "Melody (echo)", "Vocal harmony", "Lead bass", "Bass + Lead", "2nd Melody"]


@pytest.mark.parametrize("name", PARTS + DOUBTFUL)
def test_a_name_that_says_accompaniment_decides_the_other_way(name):
    assert chosen(song(track(name), track("Melody" if name in DOUBTFUL else "Piano"))) == 1


@pytest.mark.parametrize("name", ["Lead 2 (sawtooth)", "Synth Voice", "Square Lead", "Voice Oohs", "Melodic Tom"])
def test_general_midi_names_of_sounds_say_nothing(name):
    assert chosen(song(track("Flute"), track(name, CHORDS))) == 0


def test_names_that_all_tracks_share_decide_nothing():
    choice = tracks.choose(song(track("My melody", CHORDS), track("My melody"), track("My melody", CHORDS)), path="x")
    assert choice.index == 1 and "named so" not in choice.reason


def test_the_right_hand_of_a_piano():
    left = track("Piano left", [pitch - 24 for pitch in LINE])
    right = track("Piano right", [(pitch, pitch - 4) for pitch in LINE])
    for parts in ((left, right), (right, left)):
        assert parts[chosen(song(*parts))].name == "Piano right"


def test_channels_of_a_format_0_file_are_told_apart(tmp_path):
    import mido

    one = mido.MidiTrack([mido.MetaMessage("track_name", name="all in one")])
    for beat in range(32):
        one += [mido.Message("note_on", channel=1, note=note) for note in CHORDS[beat % 4]]
        one += [mido.Message("note_on", channel=4, note=LINE[beat % 8]), mido.Message("note_on", channel=9, note=36)]
        one += [mido.Message("note_off", channel=4, note=LINE[beat % 8], time=480)]
        one += [mido.Message("note_off", channel=9, note=36)]
        one += [mido.Message("note_off", channel=1, note=note) for note in CHORDS[beat % 4]]
    file = mido.MidiFile(type=0, tracks=[one])
    file.save(tmp_path / "zero.mid")
    score = musicvae_jax.midi.read(tmp_path / "zero.mid")
    melody = score.tracks[chosen(score)]
    assert {note.pitch for note in melody.notes} == set(LINE)


def test_one_line_for_a_musician():
    parts = [track("Drums", drums=True), track("Piano", CHORDS), track("Flute", program=73), track("Bass", program=33)]
    reason = tracks.choose(song(symusic.Track(name="empty"), *parts), path="x").reason
    assert reason == 'track 3 "Flute" (of 4): 100 % of its notes sound alone, mostly above the others'
    assert tracks.choose(song(PLAIN), path="x").reason == "track 1 (of 1): the only one that can be the melody"


BAND = song(
    symusic.Track(name="Conductor"),
    track("Lead", LINE, program=80),
    track("Lead Guitar", CHORDS, program=27),
    track("Kit\n1", drums=True),
    track("Sub", [10], program=38),
    track("piano", CHORDS),
    track("Piano", LINE),
)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [(1, 1), (2, 2), ("2", 2), (" 5 ", 5), ("Lead", 1), ("Piano", 6), ("piano", 5), ("guitar", 2), ("LEAD", 1)],
)
def test_a_wanted_track_is_taken(wanted, index):
    choice = tracks.choose(BAND, wanted, path="x")
    assert choice.index == index and "asked for" in choice.reason


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        (0, "has no track 0"),
        ("7", "has no track 7"),
        ("9" * 5000, "has no track"),
        ("Oboe", 'has no track "Oboe"'),
        ("", 'has no track ""'),
        ("PIANO", 'has several tracks "PIANO", 5, 6: give a number'),
        ("ea", 'has several tracks "ea", 1, 2'),
        ("Sub", "no note between pitches 21 and 108"),
    ],
)
def test_a_wanted_track_that_cannot_be_ends_in_one_line(wanted, complaint):
    with pytest.raises(musicvae_jax.MidiError) as caught:
        tracks.choose(BAND, wanted, path="song.mid")
    message = str(caught.value)
    assert message.startswith("song.mid: ") and complaint in message and "\n" not in message
    listed = '1 "Lead" (synth lead, 32 notes); 2 "Lead Guitar" (guitar, 96 notes); 3 "Kit 1" (drums, 32 notes); '
    listed += '4 "Sub" (bass, 32 notes); 5 "piano" (piano, 96 notes); 6 "Piano" (piano, 32 notes)'
    assert message.endswith(listed)


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ([], "holds no notes"),
        ([symusic.Track(name="empty")], "holds no notes"),
        ([track(drums=True)], "holds only drums"),
        ([track(pitches=[10, 20, 109])], "has no note between pitches 21 and 108"),
    ],
)
def test_no_track_can_be_the_melody(parts, complaint):
    with pytest.raises(musicvae_jax.MidiError, match=complaint):
        tracks.choose(song(*parts), path="song.mid")
    if not parts or not len(parts[0].notes):
        with pytest.raises(musicvae_jax.MidiError, match=complaint):
            tracks.choose(song(*parts), 1, path="song.mid")


def test_a_bass_alone_is_the_melody():
    assert chosen(song(track(drums=True), track("Bass", program=33))) == 1


@pytest.mark.parametrize(
    ("name", "program", "drums", "role"),
    [
        ("", 33, False, "bass"), ("Fretless", 35, False, "bass"), ("BASS", 0, False, "bass"),
        ("Basse", 0, False, "bass"),
        ("Synth bass", 81, False, "bass"), ("Bass 2", 87, False, "bass"), ("Bass + Lead", 87, False, "other"),
        ("Bass clarinet", 71, False, "other"), ("Bassoon", 70, False, "other"), ("Piano", 0, False, "other"),
        ("Bass drum", 0, True, "drums"), ("Bass", 33, True, "drums"),
    ],
)  # fmt: skip
def test_roles_of_the_other_tracks(name, program, drums, role):
    assert tracks.role(track(name, program=program, drums=drums)) == role
