"""Sound of a score: pitches, programs, tempo and silence as written, no clipping, mistakes in one line."""

import importlib.util
import os
import shutil
import sys
import wave

import numpy as np
import pytest
import symusic

import musicvae_jax
from musicvae_jax import midi
from surrogate.rendering import sound
from tests.paths import EXAMPLES
from tests.soundfont import DRUM_HZ, soundfont

EXAMPLE = EXAMPLES / "korobeiniki.mid"
SYNTHESISERS = {
    "tinysoundfont": importlib.util.find_spec("tinysoundfont") is not None,
    "fluidsynth": shutil.which("fluidsynth") is not None,
}


@pytest.fixture(params=SYNTHESISERS)
def synthesiser(request, monkeypatch):
    """Each synthesiser that is installed, alone."""
    if not SYNTHESISERS[request.param]:
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setattr(sound, "_synthesiser", lambda path: getattr(sound, f"_{request.param}"))
    return request.param


@pytest.fixture(scope="module")
def font(tmp_path_factory):
    path = tmp_path_factory.mktemp("font") / "sines.sf2"
    path.write_bytes(soundfont())
    return path


def song(*parts, tempos=((0, 120.0),), resolution=480):
    """Parts are (program, is_drum, notes), notes (start, duration, pitch, velocity) in ticks."""
    score = symusic.Score(resolution)
    score.tempos = [symusic.Tempo(tick, qpm) for tick, qpm in tempos]
    for program, is_drum, notes in parts:
        track = symusic.Track(program=program, is_drum=is_drum)
        track.notes.extend([symusic.Note(*note) for note in notes])
        score.tracks.append(track)
    return score


def heard(score, path, font):
    """What was written, float64 [F, 2] of full scale."""
    sound.render(score, path, soundfont=font)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44100)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32767
    assert os.listdir(path.parent) == [path.name]
    return frames


def pitch_hz(frames, begin, end):
    """The strongest frequency between two moments in seconds."""
    piece = frames[int(44100 * begin) : int(44100 * end)].sum(1)
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 18))
    return spectrum.argmax() * 44100 / (1 << 18)


def level(frames, begin, end):
    return np.sqrt((frames[int(44100 * begin) : int(44100 * end)] ** 2).mean())


def test_notes_sound_when_and_as_high_as_written(synthesiser, font, tmp_path):
    score = song((0, False, [(960, 960, 69, 100), (2880, 960, 57, 100)]))
    frames = heard(score, tmp_path / "a.wav", font)
    assert abs(len(frames) / 44100 - (4.0 + sound.TAIL_SECONDS)) < 0.01
    assert level(frames, 0, 0.99) == 0
    assert level(frames, 1.1, 1.9) > 100 * level(frames, 2.6, 2.95) and level(frames, 5.5, 6) < 0.01
    assert pitch_hz(frames, 1.1, 1.9) == pytest.approx(440, abs=0.5)
    assert pitch_hz(frames, 3.1, 3.9) == pytest.approx(220, abs=0.5)


def test_the_peak_is_just_below_full_scale_however_many_play(synthesiser, font, tmp_path):
    quiet = heard(song((0, False, [(0, 960, 69, 9)])), tmp_path / "quiet.wav", font)
    (tmp_path / "quiet.wav").unlink()
    loud = song(*[(0, False, [(0, 960, 60 + key, 127) for key in range(24)]) for _ in range(10)])
    for frames in (quiet, heard(loud, tmp_path / "loud.wav", font)):
        assert np.abs(frames).max() == pytest.approx(sound.PEAK, abs=1e-3)


def test_programs_and_drums_are_heeded(synthesiser, font, tmp_path):
    bass = heard(song((33, False, [(0, 960, 69, 100)])), tmp_path / "a.wav", font)
    assert pitch_hz(bass, 0.1, 0.9) == pytest.approx(220, abs=0.5)
    for key in (36, 42):
        drums = heard(song((0, True, [(0, 960, key, 100)])), tmp_path / "a.wav", font)
        assert pitch_hz(drums, 0.1, 0.9) == pytest.approx(DRUM_HZ, abs=0.5)


def test_tracks_beyond_the_channels_keep_their_programs(synthesiser, font, tmp_path):
    parts = [(33 * (place >= 15), False, [(960 * place, 480, 69, 100)]) for place in range(20)]
    frames = heard(song(*parts), tmp_path / "a.wav", font)
    assert [round(pitch_hz(frames, place + 0.1, place + 0.4)) for place in (0, 14, 15, 19)] == [440, 440, 220, 220]


def test_the_tempo_map_is_followed(synthesiser, font, tmp_path):
    tempos = [(480, 60.0), (1440, 240.0)]  # 0.5 s at the default of 120, 2 s, then 0.25 s a beat
    score = song((0, False, [(1440, 480, 69, 100)]), tempos=tempos)
    frames = heard(score, tmp_path / "a.wav", font)
    assert abs(len(frames) / 44100 - (2.75 + sound.TAIL_SECONDS)) < 0.01
    onset = np.flatnonzero(np.abs(frames).max(1) > 0.05)[0] / 44100
    assert onset == pytest.approx(2.5, abs=0.01)


def test_controls_and_pitch_bends_are_heeded(synthesiser, font, tmp_path):
    score = song((0, False, [(0, 960, 69, 100), (960, 960, 69, 100)]))
    score.tracks[0].controls.append(symusic.ControlChange(960, 7, 20))
    score.tracks[0].pitch_bends.append(symusic.PitchBend(960, 8191))
    frames = heard(score, tmp_path / "a.wav", font)
    assert level(frames, 0.2, 0.8) > 3 * level(frames, 1.2, 1.8)
    assert pitch_hz(frames, 1.2, 1.8) == pytest.approx(440 * 2 ** (2 / 12), abs=1)


def test_silence_is_silent(synthesiser, font, tmp_path):
    frames = heard(song(), tmp_path / "a.wav", font)
    assert len(frames) == 2 * 44100 and not frames.any()


def test_messages_are_in_order_and_a_note_has_some_length():
    notes = [(0, 480, 60, 80), (480, 0, 60, 80), (480, 480, 60, 80)]
    messages, end = sound.frame_messages(song((5, False, notes)))
    assert end == 44100
    kinds = [(frame, message.type) for frame, message in messages]
    assert kinds == [
        (0, "program_change"),
        (0, "note_on"),
        (22050, "note_off"),
        (22050, "note_on"),
        (22050, "note_on"),
        (22051, "note_off"),
        (44100, "note_off"),
    ]


def refused(path, font):
    with pytest.raises(musicvae_jax.FileError) as caught:
        sound.render(song((0, False, [(0, 480, 69, 100)])), path, soundfont=font)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_bad_soundfont_ends_in_one_line(synthesiser, font, tmp_path):
    whole = font.read_bytes()
    files = {"text.sf2": b"not a soundfont", "empty.sf2": b"", "cut.sf2": whole[:3000], "wave.sf2": b"RIFF\4\0\0\0WAVE"}
    hollow = whole[:4] + (4).to_bytes(4, "little") + b"sfbk"
    for name, content in (files | {"hollow.sf2": hollow}).items():
        (tmp_path / name).write_bytes(content)
        assert name in refused(tmp_path / "a.wav", tmp_path / name)
    assert "folder" in refused(tmp_path / "a.wav", tmp_path) or "directory" in refused(tmp_path / "a.wav", tmp_path)
    assert "no such soundfont" in refused(tmp_path / "a.wav", tmp_path / "missing.sf2")
    assert sorted(os.listdir(tmp_path)) == sorted([*files, "hollow.sf2"])


def test_a_place_that_cannot_be_written_ends_in_one_line(synthesiser, font, tmp_path):
    assert "there is no folder" in refused(tmp_path / "no" / "a.wav", font)
    assert "is a folder" in refused(tmp_path, font)
    old = tmp_path / "a.wav"
    old.write_bytes(b"old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        assert "No space left" in refused(old, font)
    assert old.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.wav"]


def test_an_endless_song_is_refused(synthesiser, font, tmp_path):
    score = song((0, False, [(0, 2**31 - 1, 69, 100)]), tempos=[(0, 20.0)])
    with pytest.raises(musicvae_jax.FileError, match="hours"):
        sound.render(score, tmp_path / "a.wav", soundfont=font)


def test_what_is_missing_is_told(font, tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "FOLDERS", (str(tmp_path),))
    monkeypatch.delenv("SOUNDFONT", raising=False)
    said = refused(tmp_path / "a.wav", None)
    assert "apt install fluid-soundfont-gm" in said and "GeneralUser" in said and "--soundfont" in said
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    said = refused(tmp_path / "a.wav", font)
    assert "apt install fluidsynth" in said and "tinysoundfont" in said
    assert not os.listdir(tmp_path)


def test_soundfonts_are_looked_for(font, tmp_path, monkeypatch):
    monkeypatch.setattr(sound, "FOLDERS", (str(tmp_path),))
    monkeypatch.delenv("SOUNDFONT", raising=False)
    for name in ("aaa.sf2", "GeneralUser-GS.sf3", "default-GM.sf2"):
        shutil.copy(font, tmp_path / name)
    (tmp_path / "._FluidR3.sf2").write_bytes(b"what macOS keeps beside FluidR3.sf2 on other disks")
    (tmp_path / "fluidr3.sf2").mkdir()
    assert sound.find_soundfont("a.wav") == str(tmp_path / "GeneralUser-GS.sf3")
    monkeypatch.setenv("SOUNDFONT", str(font))
    assert sound.find_soundfont("a.wav") == str(font)
    assert sound.find_soundfont("a.wav", tmp_path / "aaa.sf2") == str(tmp_path / "aaa.sf2")


def test_a_synthesiser_is_fed_block_by_block(font, tmp_path, monkeypatch):
    """With one that stands in for those that may not be installed."""

    class Synth:
        def __init__(self, samplerate):
            self.level, self.blocks = 0.0, []
            made.append(self)

        def sfload(self, path):
            assert path == str(font)

        def program_change(self, channel, program, is_drums):
            assert is_drums == (channel == 9)
            raise RuntimeError("no such preset")

        def noteon(self, channel, key, velocity):
            self.level += velocity

        def noteoff(self, channel, key):
            self.level = 0.0

        def generate_simple(self, count):
            self.blocks.append(count)
            return memoryview(np.full(2 * count, self.level, np.float32).tobytes())

    made = []
    monkeypatch.setattr(sound, "_synthesiser", lambda path: sound._tinysoundfont)
    monkeypatch.setitem(sys.modules, "tinysoundfont", type(sys)("tinysoundfont"))
    sys.modules["tinysoundfont"].Synth = Synth
    score = song((0, False, [(480, 9600, 69, 50)]), (0, True, [(960, 480, 36, 50)]))
    frames = heard(score, tmp_path / "a.wav", font)
    assert len(frames) == sum(made[0].blocks) == 44100 * 12.5
    assert max(made[0].blocks) <= sound.BLOCK
    np.testing.assert_allclose(
        frames[[22049, 22050, 44099, 44100, 66149, 66150], 0], np.array([0, 0.5, 0.5, 1, 1, 0]) * sound.PEAK, atol=1e-4
    )


@pytest.mark.skipif(not any(SYNTHESISERS.values()), reason="no synthesiser is installed")
def test_a_real_soundfont_plays_an_example(tmp_path, monkeypatch):
    try:
        real = sound.find_soundfont(tmp_path)
    except musicvae_jax.FileError:
        pytest.skip("no soundfont is installed")
    score = midi.read(EXAMPLE)
    frames = heard(score, tmp_path / "a.wav", real)
    assert np.abs(frames).max() == pytest.approx(sound.PEAK, abs=1e-3)
    seconds = score.to("second").end() + sound.TAIL_SECONDS
    assert len(frames) / 44100 == pytest.approx(seconds, abs=0.05)


def test_a_soundfont_that_is_no_file_is_refused_unopened(tmp_path):
    for path in ("/dev/zero", tmp_path):
        with pytest.raises(musicvae_jax.FileError, match=f"^{path}: is a folder or a device"):
            sound.find_soundfont("out.wav", path)
