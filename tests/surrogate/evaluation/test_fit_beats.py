"""The table of beat finding is made of songs, and says what it was made of."""

import numpy as np
import pytest

from surrogate.commands import fit_beats as command
from surrogate.corpus import song_pack
from surrogate.corpus.whole_song import BASS_LINE, LINES, WholeSong
from surrogate.evaluation import fit_beats, free_playing
from surrogate.evaluation.free_playing import Line
from surrogate.reading import beat_network, onset_steps
from tests import commands
from tests import free_playing as tunes


def song(line, bass=None):
    """A WholeSong with a melody, another that is less likely to be it, and perhaps a bass."""
    bars = int(line.last.max()) // 16 + 1
    tokens = np.zeros((bars * 16, LINES), np.uint8)
    tokens[1::2, 1] = 30
    for number, part in ((0, line), (BASS_LINE, bass)):
        if part is not None:
            tokens[part.first, number] = part.pitch - 19
    return WholeSong(
        lines=tokens.reshape(bars, 16, LINES).transpose(0, 2, 1),
        drums=np.zeros((bars, 16), np.uint16),
        chroma=np.zeros((bars, 2, 12), np.uint8),
        chord=np.zeros((bars, 2, 3), np.int8),
        stretch=np.zeros(bars, np.uint8),
        tempo=120.0,
    )


@pytest.fixture
def pack(tmp_path):
    """12 songs to learn from and two held out."""
    names = ["oh_susanna", "korobeiniki"] * 7
    number = np.arange(len(names))
    fields = {"tune": number, "source": number.astype(np.int32), "split": (number >= 12).astype(np.uint8)}
    song_pack.write(
        tmp_path / "songs.npz", [song(tunes.line(name)) for name in names], fields | {"name": np.array(names)}, {}
    )
    return tmp_path / "songs.npz"


def test_writes_a_table_like_the_built_in_one(pack, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fit_beats, "UPDATES", 2)
    path = tmp_path / "beats.npz"
    assert command.main([f"--input={pack}", f"--output={path}"]) == 0
    assert capsys.readouterr().out.startswith(f"wrote {path}: from 12 songs")
    with np.load(path) as made, np.load(beat_network.TABLE) as built_in:
        assert {name: made[name].shape for name in made} == {name: built_in[name].shape for name in built_in}


@pytest.mark.parametrize(
    ("output", "reason"), [("beats.json", "must end in .npz"), ("no/beats.npz", "there is no folder")]
)
def test_a_table_with_no_place_is_refused_before_the_work(output, reason, tmp_path, capsys):
    code, out, err = commands.run(command.main, capsys, "--input=nowhere.npz", f"--output={tmp_path / output}")
    assert (code, out, err.count("\n")) == (2, "", 1) and reason in err


@pytest.mark.parametrize("songs", ["nowhere.npz", "few.npz"])
def test_a_mistake_is_one_line(songs, pack, tmp_path, capsys):
    whole = song_pack.open(pack)
    fields = {name: getattr(whole, name)[:3] for name in ("tune", "source", "split", "name")}
    song_pack.write(tmp_path / "few.npz", [whole[index] for index in range(3)], fields, {})
    assert command.main([f"--input={tmp_path / songs}", f"--output={tmp_path / 'beats.npz'}"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"fit_beats: {tmp_path / songs}") and said.err.count("\n") == 1
    assert not said.out and not (tmp_path / "beats.npz").exists()


def test_what_is_learnt_is_what_is_heard():
    """The loss is the mean of the log-probabilities that beat_network tells."""
    rng = np.random.default_rng(0)
    weights = fit_beats._first_weights(rng)
    examples = [fit_beats._example([tunes.line("oh_susanna")], rng) for _ in range(4)]
    loss = fit_beats._loss(weights, *(np.stack(each) for each in zip(*examples, strict=True)))
    heard = {name: np.asarray(values) for name, values in weights.items()}
    log_p = [
        beat_network.log_chances(each.values, heard)[np.arange(len(each.classes)), each.classes][each.counts]
        for each in examples
    ]
    np.testing.assert_allclose(loss, -np.concatenate(log_p).mean(), rtol=1e-4)


def test_examples_know_where_their_beats_are():
    first = 4 * np.arange(200)  # a note on every beat
    line = Line(first, first + 4, np.full(200, 60))
    places = np.cumsum([0, *beat_network.PLACES])
    on_beats = []
    for seed in range(40):
        example = fit_beats._example([line], np.random.default_rng(seed))
        number = np.searchsorted(places, example.classes[0], side="right") - 1
        onset = np.flatnonzero(example.values[:, 0])
        beat = beat_network.PLACES[number] // 2
        on_beats.append(((example.classes[onset] - places[number]) % beat == 0).mean())
    assert np.mean(on_beats) > 0.9, "but for stray notes"


def test_rhythms_go_on_as_they_did():
    line = tunes.line("oh_susanna")
    table = fit_beats.fit_rhythm([line] * 3)
    assert table.log_next.shape == onset_steps.table().log_next.shape
    usual = np.bincount(np.diff(line.first)[line.first[:-1] % 16 == 0]).argmax()
    assert table.log_next[0].argmax() == usual


def test_rhythms_go_on_from_16ths_on_which_nothing_began():
    first = 4 * np.arange(32)
    table = fit_beats.fit_rhythm([Line(first, first + 4, np.full(32, 60))])
    assert np.isfinite(table.log_next).all() and np.isfinite(table.log_place).all()
    assert set(table.log_next.argmax(1)) == {4}


def test_a_bass_loses_the_bars_that_its_melody_rests_through(tmp_path):
    line = tunes.line("oh_susanna")
    late = np.where(np.arange(len(line.first)) < 20, 0, 16 * 5)
    melody = Line(line.first + late, line.last + late, line.pitch)
    first = np.arange(0, melody.last.max() - 4, 4)
    bass = Line(first, first + 4, 30 + first // 4 % 60)
    fields = {"tune": np.zeros(1, int), "source": np.zeros(1, np.int32), "split": np.zeros(1, np.uint8)}
    song_pack.write(tmp_path / "songs.npz", [song(melody, bass)], fields | {"name": np.array(["tune"])}, {})
    [(heard, other)] = free_playing.with_bass(song_pack.open(tmp_path / "songs.npz"), "train")
    lost = int(melody.first[-1] - heard.first[-1])
    assert lost and lost % 16 == 0 and len(other.first) == len(first) - lost // 4
    np.testing.assert_array_equal(np.diff(other.first), 4)
    before, after = ({at: pitch for at, pitch in zip(part.first, part.pitch, strict=True)} for part in (bass, other))
    for own, kept in zip(melody.first, heard.first, strict=True):
        assert before.get(own) == after.get(kept), "each note of the melody has its bass"


def test_both_hands_are_one_rhythm():
    melody, other = Line(np.array([0, 4, 8]), np.array([4, 8, 12]), np.zeros(3)), Line(np.array([0, 6, 40]), None, None)
    assert fit_beats.together(melody, other).first.tolist() == [0, 4, 6, 8]


def test_a_free_performance_has_its_beats():
    played = tunes.play("oh_susanna", 90)
    tempo = 60 / np.diff(played.beats[:-9])
    assert tempo.min() >= 0.96 * 90 and tempo.max() <= 1.04 * 90 and np.diff(played.beats)[-1] > 1.25 * 60 / 90
    assert free_playing.share_near(played.beats + 0.05, played.beats) == 1
    assert free_playing.share_near(played.beats[:-12] + 0.3, played.beats) < 0.1


def test_a_singer_begins_some_notes_below():
    played = tunes.play("oh_susanna", 90)
    sung = free_playing.sung(played, np.random.default_rng(0))
    is_scoop = ~np.isin(sung.end, played.end)
    assert len(sung.start) == len(played.start) + is_scoop.sum() and 0.1 < is_scoop.sum() / len(played.start) < 0.3
    assert (np.diff(sung.start) >= 0).all() and (sung.end > sung.start).all() and sung.beats is played.beats
    main = np.flatnonzero(is_scoop) + 1
    np.testing.assert_allclose(sung.start[main], sung.end[is_scoop])
    assert set((sung.pitch[main] - sung.pitch[is_scoop]).tolist()) == {1, 2}
    np.testing.assert_array_equal(sung.pitch[~is_scoop], played.pitch)
