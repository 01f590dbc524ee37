"""NoteSequence records give the windows of the MIDI files that they were made of."""

import warnings

import numpy as np
import pytest

from musicvae_jax import midi, note_sequence, trio
from surrogate.corpus import collection, dataset, encoding_job
from tests.paths import DATA

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub misses ffmpeg
    note_seq = pytest.importorskip("note_seq")
tf = pytest.importorskip("tensorflow")


def sequence_of(path):
    return note_seq.midi_file_to_note_sequence(str(path))


@pytest.mark.parametrize("grid", trio.GRIDS)
def test_a_record_has_the_windows_of_its_midi_file(grid):
    files = sorted((DATA / "synth").rglob("*.mid"))
    counts = []
    for file in files:
        plain = trio.survey(file, grid=grid)
        record = note_sequence.survey(sequence_of(file).SerializeToString(), grid=grid)
        assert (plain.tokens() == record.tokens()).all() and plain.lacks() == record.lacks()
        assert plain.content() == record.content()
        counts.append(len(plain))
    assert len(files) == 48 and sum(map(bool, counts)) > 20


def test_an_instrument_of_several_parts_plays_none(songs):
    sequence = sequence_of(songs / "0" / "song0.mid")
    assert len(note_sequence.survey(sequence.SerializeToString()))
    melodies = [note for note in sequence.notes if note.program < 32 and not note.is_drum]
    for instrument in {note.instrument for note in melodies}:
        next(note for note in melodies if note.instrument == instrument).program = 33
    assert note_sequence.survey(sequence.SerializeToString()).lacks() == "no melody"


def test_impossible_records_are_refused(songs):
    def spoiled(change):
        sequence = sequence_of(songs / "0" / "song0.mid")
        change(sequence)
        return sequence.SerializeToString()

    records = [
        b"\xff\xff nothing of the kind",
        spoiled(lambda s: s.tempos.add(time=3.0, qpm=0.0)),
        spoiled(lambda s: s.tempos.add(time=3.0, qpm=float("nan"))),
        spoiled(lambda s: s.time_signatures.add(time=float("inf"), numerator=4, denominator=4)),
        spoiled(lambda s: s.time_signatures.add(time=1.0, numerator=-4, denominator=4)),
        spoiled(lambda s: s.notes.add(start_time=-1.0, end_time=1.0, pitch=60, velocity=60)),
        spoiled(lambda s: s.notes.add(start_time=1.0, end_time=float("nan"), pitch=60, velocity=60)),
        spoiled(lambda s: s.notes.add(start_time=1e300, end_time=1e301, pitch=60, velocity=60)),
    ]
    for record in records:
        for grid in trio.GRIDS:
            with pytest.raises(midi.MidiError) as caught:
                note_sequence.survey(record, grid=grid)
            assert caught.value.kind in ("not MIDI", "corrupt")
    assert not len(note_sequence.survey(note_seq.NoteSequence().SerializeToString()))


def write_records(path, records):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def test_a_corpus_of_records_holds_the_windows_of_the_files(songs, corpus_settings, tmp_path):
    files = [songs / song.name for song in collection.songs(str(songs)) if song.name != "bad.mid"]
    (tmp_path / "records").mkdir()
    records = [sequence_of(file).SerializeToString() for file in files]
    write_records(tmp_path / "records" / "a.tfrecord", records[:5])
    write_records(tmp_path / "records" / "notesequences.tfrecord-00000-of-00001", [*records[5:], b"\xff\xff"])
    settings = dict(tunes="", hop_bars=1)
    encoding_job.run(corpus_settings(tmp_path / "files.npz", **settings))
    line = encoding_job.run(corpus_settings(tmp_path / "records.npz", input=str(tmp_path / "records"), **settings))
    assert "1 files rejected (not MIDI: 1)" in line
    plain, recorded = dataset.open(tmp_path / "files.npz"), dataset.open(tmp_path / "records.npz")
    for field in ("tokens", "tune", "split"):
        assert (plain.rows(np.arange(len(plain)), field) == recorded.rows(np.arange(len(plain)), field)).all()
    assert [song.name for song in collection.songs(str(tmp_path / "records"))][:2] == ["a.tfrecord/0", "a.tfrecord/1"]


def test_what_comes_before_the_damage_of_a_record_file_is_kept(tmp_path):
    write_records(tmp_path / "x.tfrecord", [b"one", b"two", b"three"])
    raw = bytearray((tmp_path / "x.tfrecord").read_bytes())
    raw[-6] ^= 1
    (tmp_path / "x.tfrecord").write_bytes(raw)
    found = [(c.song.name, c.data, c.reason) for c in collection.contents(collection.songs(str(tmp_path)))]
    assert found == [
        ("x.tfrecord/0", b"one", None),
        ("x.tfrecord/1", b"two", None),
        ("x.tfrecord", None, "broken archive"),
    ]


def test_without_tensorflow_the_extra_is_named(tmp_path, monkeypatch):
    write_records(tmp_path / "x.tfrecord", [b"one"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(dataset.DatasetError, match=r"need tensorflow: pip install '.\[magenta\]'"):
        collection.songs(str(tmp_path))
