"""Accompanying a melody: the melody stays, bass and drums keep to the song, mistakes end in one line."""

import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import unittest.mock

import mido
import numpy as np
import pytest
import symusic

import musicvae_jax
import surrogate
from musicvae_jax.events import NO_EVENT, NOTE_OFF, WINDOW_STEPS
from scripts.accompany import main
from surrogate import takes
from surrogate.melody import held, read_melody
from surrogate.prior import Prior

accompany = sys.modules[surrogate.accompany.__module__]  # the module behind the function of that name

ROOT = pathlib.Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.mid"))
PRETRAINED = ROOT / "musicvae_jax" / "pretrained"


@pytest.fixture(scope="module", autouse=True)
def compile_cache(tmp_path_factory):
    """Keep what these tests compile out of the user's cache folder."""
    import jax

    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("xla")))
    yield
    jax.config.update("jax_compilation_cache_dir", before)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder with a small random MusicVAE and a surrogate for it."""
    from flax import nnx

    folder = tmp_path_factory.mktemp("model")
    sizes = {"encoder_sizes": (8, 8), "conductor_sizes": (16,), "decoder_sizes": (16,)}
    config = musicvae_jax.MusicVAEConfig(z_size=8, encoder="hierarchical", **sizes)
    musicvae_jax.save(folder, musicvae_jax.MusicVAE(config, rngs=nnx.Rngs(0)))
    config = surrogate.SurrogateConfig(z_size=8, width=16, layers=1, heads=2)
    surrogate.save(folder, surrogate.Surrogate(config, rngs=nnx.Rngs(1)))
    return str(folder)


def write_midi(path, notes, *, resolution=480, program=0, channel=0, meter=(4, 4), extra=()):
    """A one-track MIDI file: notes are (start, end, pitch, velocity) in ticks, extra (tick, message) pairs."""
    song = mido.MidiFile(ticks_per_beat=resolution)
    events = [(0, 0, mido.MetaMessage("track_name", name="Tune"))]
    if meter is not None:
        events.append((0, 1, mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])))
    events.append((0, 2, mido.Message("program_change", channel=channel, program=program)))
    events += [(tick, 3, message) for tick, message in extra]
    for start, end, pitch, velocity in notes:
        events.append((start, 5, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((end, 4, mido.Message("note_off", channel=channel, note=pitch)))
    events.sort(key=lambda event: event[:2])
    track, now = mido.MidiTrack(), 0
    for tick, _, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    song.tracks.append(track)
    song.save(path)
    return path


def quarters(bars, resolution=480, first_bar=0):
    """A scale in quarter notes, a bar's last beat left free."""
    beats = [beat for beat in range(4 * first_bar, 4 * bars) if beat % 4 < 3]
    return [(beat * resolution, (beat + 1) * resolution, 60 + beat % 12, 60 + beat % 50) for beat in beats]


def note_rows(track):
    return sorted((note.time, note.duration, note.pitch, note.velocity) for note in track.notes)


@pytest.mark.parametrize("resolution", [480, 96, 120, 1000, 30])
def test_melody_and_song_stay_as_they_are(resolution, model, tmp_path):
    beat = resolution
    notes = quarters(7, resolution)
    notes += [(beat // 2, 3 * beat, 72, 99), (beat // 2, 2 * beat, 76, 98)]  # a chord over the line
    notes += [(9 * beat + 7, 9 * beat + 8, 80, 1), (11 * beat + 3, 11 * beat + 4, 81, 127)]  # shorter than a 16th
    notes += [(31 * beat - 5, 32 * beat - 1, 110, 64)]  # above the models' range
    extra = [
        (0, mido.MetaMessage("set_tempo", tempo=512345)),
        (beat + 1, mido.MetaMessage("set_tempo", tempo=400001)),
        (9 * beat, mido.MetaMessage("set_tempo", tempo=1234567)),
        (0, mido.MetaMessage("key_signature", key="F#m")),
        (5 * beat, mido.MetaMessage("marker", text="verse")),
        (0, mido.Message("control_change", control=7, value=101)),
        (beat, mido.Message("control_change", control=64, value=127)),
        (2 * beat, mido.Message("control_change", control=64, value=0)),
        (3, mido.Message("pitchwheel", pitch=-321)),
        (4, mido.MetaMessage("lyrics", text="la")),
    ]
    path = write_midi(tmp_path / "tune.mid", notes, resolution=resolution, program=22, extra=extra)
    song = surrogate.accompany(path, checkpoint=model)
    song.save(tmp_path / "out.mid")
    before, after = symusic.Score(path), symusic.Score(tmp_path / "out.mid")

    assert after.ticks_per_quarter == resolution
    assert list(after.time_signatures) == list(before.time_signatures)
    assert list(after.key_signatures) == list(before.key_signatures)
    assert list(after.markers) == list(before.markers)
    assert [(t.time, t.mspq) for t in after.tempos] == [(t.time, t.mspq) for t in before.tempos]
    was, now = before.tracks[0], after.tracks[0]
    assert note_rows(now) == note_rows(was) == sorted((s, e - s, pitch, v) for s, e, pitch, v in notes)
    assert (now.name, now.program, now.is_drum) == (was.name, was.program, was.is_drum) == ("Tune", 22, False)
    assert list(now.controls) == list(was.controls)
    assert list(now.pitch_bends) == list(was.pitch_bends)
    assert [lyric.text for track in after.tracks for lyric in track.lyrics] == ["la"]
    assert [(t.name, t.program, t.is_drum) for t in song.score.tracks[1:]] == [("Bass", 33, False), ("Drums", 0, True)]
    assert song.tempos == (before.tempos[2].qpm, before.tempos[1].qpm)


def test_a_model_that_knows_c_alone_follows_the_melody_into_any_key(model, tmp_path):
    from flax import nnx

    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    config = surrogate.SurrogateConfig(z_size=8, width=16, layers=1, heads=2, in_c=True)
    surrogate.save(folder, surrogate.Surrogate(config, rngs=nnx.Rngs(1)))
    scale = [0, 2, 4, 5, 7, 9, 11, 12]
    parts = {}
    for up in (0, 3, -4):
        notes = [(480 * beat, 480 * beat + 400, 60 + up + scale[beat % 8], 90) for beat in range(80)]
        song = surrogate.accompany(write_midi(tmp_path / f"{up}.mid", notes), checkpoint=folder, temperature=1.0)
        parts[up] = [[(n.time, n.duration, n.pitch) for n in track.notes] for track in song.score.tracks]
        assert parts[up][0] == [(start, end - start, pitch) for start, end, pitch, _ in notes]
    assert len(parts[0][1]) > 10
    for up in (3, -4):
        moved = [(time, duration, (pitch + up) % 12) for time, duration, pitch in parts[0][1]]  # or back in by octaves
        assert [(time, duration, pitch % 12) for time, duration, pitch in parts[up][1]] == moved
        assert parts[up][2] == parts[0][2]


@pytest.mark.parametrize("bars", [1, 15, 16, 17, 33, 40])
def test_nothing_after_the_bar_in_which_the_melody_ends(bars, model, tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(bars))
    song = surrogate.accompany(path, checkpoint=model, temperature=1.0)
    assert song.tokens.shape == (16 * bars, 3) and song.tokens.dtype == np.uint16
    np.testing.assert_array_equal(song.tokens[:, 0], read_melody(path).tokens)
    bass, drums = song.score.tracks[1:]
    assert len(bass.notes) and len(drums.notes), "a random decoder plays all the time"
    assert max(note.end for track in (bass, drums) for note in track.notes) <= bars * 1920
    assert {note.velocity for track in (bass, drums) for note in track.notes} == {80}
    onsets = {note.time // 1920 for note in drums.notes}
    assert onsets == set(range(bars))
    assert (song.bass_notes, song.drum_hits) == (len(bass.notes), len(drums.notes))


def test_rounding_opens_no_bar_of_its_own(tmp_path):
    late_end = write_midi(tmp_path / "late.mid", [(0, 1920 + 20, 60, 80)])
    early_onset = write_midi(tmp_path / "early.mid", [(0, 480, 60, 80), (1910, 1920, 62, 80)])
    assert read_melody(late_end).bars == read_melody(early_onset).bars == 1
    assert read_melody(early_onset).tokens[15] == 62 - 21 + 2


def test_seed_and_temperature(model, tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(18))

    def music(**settings):
        return surrogate.accompany(path, checkpoint=model, **settings).score.dumps_midi()

    assert music(seed=3) == music(seed=3)
    assert music(seed=3) != music(seed=4)
    assert music(seed=3, temperature=0) == music(seed=4, temperature=0)
    for settings in ({"seed": -1}, {"seed": 1 << 32}, {"temperature": -0.1}, {"temperature": float("nan")}):
        with pytest.raises(ValueError, match="must be"):
            music(**settings)


@dataclasses.dataclass
class FakeModels:
    """Stands in for encoder and decoder: keeps what it is asked, plays what it is given."""

    windows: np.ndarray
    heard: np.ndarray | None = None
    config = surrogate.SurrogateConfig(z_size=2)

    def predict(self, melody):
        self.heard = melody
        shape = (len(melody), 1, 2)
        return Prior(np.zeros(shape[:2], np.float32), np.zeros(shape, np.float32), np.ones(shape, np.float32))

    def decode(self, z, *, key, temperature):
        assert len(z) == 2 * len(self.windows)  # for the bass, and for the drums
        return np.concatenate([self.windows] * 2)

    def play(self, melody):
        with unittest.mock.patch.object(takes, "refine", lambda vae, prior, tokens, z: z):
            return accompany.decode_song(melody, self, self, seed=0, temperature=1.0)


def melody_line(bars, onsets):
    line = np.zeros(16 * bars, np.uint16)
    line[[16 * bar for bar in onsets]] = 40
    line[[16 * bar + 8 for bar in onsets]] = NOTE_OFF
    return line


def test_a_short_last_window_is_moved_back_and_only_its_end_is_used():
    windows = np.zeros((2, WINDOW_STEPS, 3), np.uint16)
    windows[0, :, 2], windows[1, :, 2] = 1, 2
    melody = melody_line(20, range(20))
    models = FakeModels(windows)
    song = models.play(melody)
    np.testing.assert_array_equal(models.heard, [melody[:256], melody[64:]])
    np.testing.assert_array_equal(song[:, 2], [1] * 256 + [2] * 64)


def test_a_short_song_is_one_padded_window():
    models = FakeModels(np.full((1, WINDOW_STEPS, 3), 9, np.uint16))
    melody = melody_line(3, range(3))
    assert models.play(melody).shape == (48, 3)
    np.testing.assert_array_equal(models.heard, [np.append(melody, np.full(208, NO_EVENT))])
    melody[40] = NO_EVENT  # the last note now sounds to the end of the song, and no longer
    models.play(melody)
    np.testing.assert_array_equal(models.heard, [np.concatenate([melody, [NOTE_OFF], np.full(207, NO_EVENT)])])


def test_silence_before_the_melody_and_in_windows_without_it():
    windows = np.full((2, WINDOW_STEPS, 3), 9, np.uint16)
    melody = melody_line(55, [3, 50])
    song = FakeModels(windows).play(melody)
    playing = np.zeros(55, bool)
    playing[3:19] = playing[35:51] = True  # of the windows that begin at bars 3, 19, 35 and 51
    np.testing.assert_array_equal((song[:, 2] > 0).reshape(55, 16).all(1), playing)
    np.testing.assert_array_equal((song[:, 2] > 0).reshape(55, 16).any(1), playing)
    assert not held(song[:, 1]).reshape(55, 16)[~playing].any(), "a bass note does not ring into silence"
    assert not FakeModels(windows).play(np.zeros(32, np.uint16))[:, 1:].any()


def test_bass_notes_do_not_ring_over_window_edges_but_over_cuts_within_one():
    windows = np.zeros((2, WINDOW_STEPS, 3), np.uint16)
    windows[0, 250, 1] = 20  # would ring on into bar 17
    windows[1, 190, 1] = 30  # begins before the part of the second window that is used, and rings into it
    song = FakeModels(windows).play(melody_line(20, range(20)))
    assert (song[250, 1], song[256, 1]) == (20, 30)
    windows[1, 190, 1] = NO_EVENT
    song = FakeModels(windows).play(melody_line(20, range(20)))
    assert (song[250, 1], song[256, 1]) == (20, NOTE_OFF)


def test_melody_is_the_line_not_the_chords_the_bass_or_the_drums(tmp_path):
    def track(name, program, notes, is_drum=False):
        track = symusic.Track(name=name, program=program, is_drum=is_drum)
        track.notes.extend([symusic.Note(start, 200, pitch, 80) for start, pitch in notes])
        return track

    song = symusic.Score(480)
    song.tracks = [
        track("chords", 0, [(480 * beat, pitch) for beat in range(32) for pitch in (60, 64, 67)]),
        track("bass", 33, [(240 * beat, 40) for beat in range(64)]),
        track("drums", 0, [(120 * beat, 42) for beat in range(128)], is_drum=True),
        track("lead", 25, [(480 * beat, 72 + beat % 5) for beat in range(32)]),
    ]
    path = tmp_path / "band.mid"
    path.write_bytes(song.dumps_midi())
    assert read_melody(path).track.name == "lead"
    song.tracks = [song.tracks[1]]
    path.write_bytes(song.dumps_midi())
    assert read_melody(path).track.name == "bass", "a bass alone is the melody"


def test_two_two_and_no_time_signature_pass_and_meters_after_the_end_do_not_matter(tmp_path):
    for meter in ((2, 2), (4, 4), None):
        assert read_melody(write_midi(tmp_path / "tune.mid", quarters(2), meter=meter)).bars == 2
    waltz = (2 * 1920, mido.MetaMessage("time_signature", numerator=3, denominator=4))
    assert read_melody(write_midi(tmp_path / "tune.mid", quarters(2), extra=[waltz])).bars == 2
    with pytest.raises(musicvae_jax.MidiError, match="3/4"):
        read_melody(write_midi(tmp_path / "tune.mid", quarters(3), extra=[waltz]))


def run(capsys, *argv):
    """Exit code, stdout and stderr of the command."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def test_command_writes_one_line_and_a_readable_file(capsys, model, tmp_path):
    tempo = [(0, mido.MetaMessage("set_tempo", tempo=500000)), (1920, mido.MetaMessage("set_tempo", tempo=400000))]
    path = write_midi(tmp_path / "tune.mid", quarters(3), extra=tempo)
    code, out, err = run(capsys, path, f"--checkpoint={model}", "--seed=5", "--temperature=0.9")
    output = tmp_path / "tune_accompanied.mid"
    assert (code, err) == (0, "")
    assert out.startswith(f"wrote {output}: 3 bars at 120 to 150 bpm, ") and out.count("\n") == 1
    song = surrogate.accompany(path, checkpoint=model, seed=5, temperature=0.9)
    assert output.read_bytes() == song.score.dumps_midi()
    assert f"{song.bass_notes} bass notes, {song.drum_hits} drum hits" in out
    code, out, _ = run(capsys, path, f"--checkpoint={model}", f"--output={tmp_path / 'other.mid'}")
    assert code == 0 and sorted(os.listdir(tmp_path)) == ["other.mid", "tune.mid", "tune_accompanied.mid"]


BAD_FILES = {
    "missing": (None, "missing.mid"),
    "folder": ("folder", ""),
    "text": (b"not a MIDI file\n" * 10, ""),
    "empty": (b"", ""),
    "header only": (b"MThd", ""),
    "truncated": (EXAMPLES[0].read_bytes()[:300], ""),
    "no notes": ([], "no notes"),
    "drums only": ([(0, 480, 36, 80)], "only drums"),
    "beyond the piano": ([(0, 480, 10, 80)], "between pitches 21 and 108"),
    "waltz": ([(0, 480, 60, 80)], "3/4"),
    "coarse": ([(0, 2, 60, 80)], "16th"),
    "endless": ([(0, 480, 60, 80), (1920 * 5000, 1920 * 5000 + 480, 60, 80)], "5001 bars"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_ends_in_one_line(case, capsys, model, tmp_path):
    content, complaint = BAD_FILES[case]
    path = tmp_path / f"{case.replace(' ', '_')}.mid"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        special = {
            "drums only": {"channel": 9},
            "waltz": {"meter": (3, 4)},
            "coarse": {"resolution": 2},
        }
        write_midi(path, content, **special.get(case, {}))
    before = sorted(os.listdir(tmp_path))
    code, out, err = run(capsys, path, f"--checkpoint={model}")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "Traceback" not in err
    assert path.name in err and complaint in err
    assert sorted(os.listdir(tmp_path)) == before


BAD_FLAGS = {
    "temperature not a number": (["--temperature=hot"], "--temperature"),
    "temperature below zero": (["--temperature=-0.5"], "--temperature"),
    "temperature not finite": (["--temperature=inf"], "--temperature"),
    "seed not a number": (["--seed=one"], "--seed"),
    "seed below zero": (["--seed=-1"], "--seed"),
    "seed too large": (["--seed=99999999999"], "--seed"),
    "unknown flag": (["--sed=1"], "--sed"),
    "unknown checkpoint": (["--checkpoint=no_such_model"], "no_such_model"),
    "output into a missing folder": (["--output={folder}/no/such/out.mid"], "out.mid"),
    "output below a file": (["--output={folder}/tune.mid/out.mid"], "out.mid"),
    "output is a folder": (["--output={folder}"], "not a file"),
    "output is the melody": (["--output={folder}/tune.mid"], "the melody itself"),
    "output is the melody by another name": (["--output={folder}/link.mid"], "the melody itself"),
}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_bad_flag_ends_in_one_line(case, capsys, model, tmp_path):
    flags, complaint = BAD_FLAGS[case]
    path = write_midi(tmp_path / "tune.mid", quarters(2))
    (tmp_path / "link.mid").hardlink_to(path)
    content = path.read_bytes()
    flags = [flag.format(folder=tmp_path) for flag in flags]
    code, out, err = run(capsys, path, f"--checkpoint={model}", *flags)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and complaint in err
    assert sorted(os.listdir(tmp_path)) == ["link.mid", "tune.mid"] and path.read_bytes() == content


def test_no_melody_given(capsys):
    code, out, err = run(capsys)
    assert (code, out, err.count("\n")) == (2, "", 1) and "melody" in err


def test_failed_write_leaves_the_old_file(model, tmp_path, monkeypatch):
    song = surrogate.accompany(write_midi(tmp_path / "tune.mid", quarters(2)), checkpoint=model)
    output = tmp_path / "out.mid"
    output.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(musicvae_jax.MidiError, match="No space left"):
        song.save(output)
    assert output.read_bytes() == b"old" and sorted(os.listdir(tmp_path)) == ["out.mid", "tune.mid"]


def test_command_starts_lean_and_stays_quiet(model, tmp_path):
    # Flax imports Optax by itself; what is ours to keep out is everything else that playing does not need.
    heavy = ("tensorflow", "note_seq", "matplotlib", "scipy", "pandas", "musicvae_jax.training", "surrogate.dataset")
    program = (
        "import sys; from scripts.accompany import main; code = main(sys.argv[1:]); "
        f"print(code, [name for name in {heavy!r} if name in sys.modules])"
    )
    path = write_midi(tmp_path / "tune.mid", quarters(2))
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), f"--checkpoint={model}"],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "0 []"
    assert (done.returncode, done.stderr) == (0, "")
    assert any((tmp_path / "cache" / "musicvae_jax" / "xla").iterdir()), "the next run need not compile"


@pytest.mark.skipif(not any(PRETRAINED.glob("*/surrogate/config.json")), reason="no pretrained model yet")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_bar_with_melody_has_bass_and_drums(path):
    song = surrogate.accompany(path)
    sounding = np.stack([held(song.tokens[:, 0]), held(song.tokens[:, 1]), song.tokens[:, 2]], 1) > 0
    melody, bass, drums = sounding.reshape(song.bars, 16, 3).any(1).T
    assert song.bars >= 32
    assert not np.flatnonzero(melody & ~bass).size, "bars (from 0) without bass"
    assert not np.flatnonzero(melody & ~drums).size, "bars (from 0) without drums"
