"""Density directions: found between dense and sparse windows, measured, kept with the model, and played."""

import contextlib
import os
import shutil

import numpy as np
import pytest

import musicvae_jax
import surrogate
from surrogate.commands import find_attributes
from surrogate.model import attributes
from surrogate.rendering import plot
from tests.melodies import random_model
from tests.paths import EXAMPLES

EXAMPLE = EXAMPLES / "korobeiniki.mid"
CURVE = attributes.Attributes(
    np.float32([[1, 0], [0, 2]]),
    np.array([-1.0, 0.0, 1.0]),
    np.array([[2.0, 4.0, 8.0], [1.0, 4.0, 16.0]]),
    np.array([4, 8]),
)


def test_directions_go_from_sparse_to_dense():
    rng = np.random.default_rng(0)
    tokens = np.zeros((40, 256, 3), np.uint16)
    for window in range(40):
        tokens[window, : 6 * window, 1] = 30
        tokens[window, : 6 * (40 - window), 2] = 3
    z = rng.normal(0, 0.01, (40, 3)).astype(np.float32)
    z[:, 0] += np.arange(40)
    bass, drums = attributes.find(z, tokens)
    assert bass[0] == pytest.approx(30, abs=1) and drums[0] == pytest.approx(-30, abs=1)
    assert np.abs(bass[1:]).max() < 0.1
    np.testing.assert_allclose(attributes.onsets(tokens[1:2, :, 1:]), [6 / 16, 2 * 6 * 39 / 16])


def test_steps_double_and_halve_as_far_as_was_measured():
    assert [CURVE.amount(0, turn) for turn in (-2, -1, 0, 1, 2)] == [-1, -1, 0, 1, 1]
    assert [CURVE.amount(1, turn) for turn in (-1, 0, 1)] == pytest.approx([0, 0.5, 1])
    np.testing.assert_allclose(CURVE.shift(bass=0.5, drums=-1), [[0.5, 0], [0, 0]], atol=1e-6)


def curve(z_size):
    return CURVE._replace(directions=np.ones((2, z_size), np.float32))


def test_they_are_kept_with_the_model_and_drawn(tmp_path):
    folder = random_model(tmp_path / "model")
    assert attributes.load(folder) is None
    attributes.save(folder, curve(8))
    for was, now in zip(curve(8), attributes.load(folder), strict=True):
        np.testing.assert_array_equal(was, now, strict=True)
    pytest.importorskip("matplotlib")
    plot.densities(CURVE, tmp_path / "densities.png")
    assert (tmp_path / "densities.png").read_bytes()[:4] == b"\x89PNG"


def save_array(file, **changes):
    np.savez(file, **curve(8)._asdict() | changes)


@pytest.mark.parametrize(
    "spoil, reason",
    [
        (lambda file: file.write_bytes(b""), "No data left"),
        (lambda file: file.write_bytes(b"no attributes"), ""),
        (lambda file: os.truncate(file, 700), ""),
        (lambda file: np.save(file.open("wb"), np.ones(3)), ""),
        (lambda file: save_array(file, more=1), "more"),
        (lambda file: save_array(file, human="few"), "human has the shape"),
        (lambda file: save_array(file, human=np.array(["few", "many"])), ""),
        (lambda file: save_array(file, amounts=np.ones(5)), "densities has the shape"),
        (lambda file: save_array(file, directions=np.ones((2, 4))), r"directions has the shape \(2, 4\), not \(2, 8\)"),
        (lambda file: save_array(file, directions=np.full((2, 8), np.nan)), "not finite"),
    ],
)
def test_a_damaged_file_is_one_line(accompanist, tmp_path, spoil, reason):
    shutil.copytree(accompanist, tmp_path / "model")
    attributes.save(tmp_path / "model", curve(8))
    spoil(tmp_path / "model" / "attributes.npz")
    with pytest.raises(musicvae_jax.CheckpointError, match=f"attributes.npz: is damaged .*{reason}") as caught:
        attributes.load(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_any_damage_of_its_bytes_is_one_line_or_harmless(accompanist, tmp_path):
    shutil.copytree(accompanist, tmp_path / "model")
    attributes.save(tmp_path / "model", curve(8))
    file = tmp_path / "model" / "attributes.npz"
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    for place in rng.permutation(len(whole))[:300]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ rng.integers(1, 256)]) + whole[place + 1 :])
        with contextlib.suppress(musicvae_jax.CheckpointError):
            attributes.load(tmp_path / "model")


def test_the_command_finds_what_accompany_plays(corpus_settings, model_folder, tmp_path, capsys, monkeypatch):
    from surrogate.corpus import encoding_job

    monkeypatch.setattr(attributes, "AMOUNTS", np.array([-3.0, 0.0, 3.0]))
    monkeypatch.setattr(find_attributes, "MEASURED", 4)
    encoding_job.run(corpus_settings(tmp_path / "corpus"))
    model = musicvae_jax.load(model_folder)
    musicvae_jax.save(tmp_path / "model", model)
    config = surrogate.SurrogateConfig(z_size=4, width=16, layers=1, heads=2)
    from flax import nnx

    surrogate.save(tmp_path / "model", surrogate.Surrogate(config, rngs=nnx.Rngs(0)))
    assert find_attributes.main([f"--data={tmp_path / 'corpus'}", f"--checkpoint={tmp_path / 'model'}"]) == 0
    assert "people play" in capsys.readouterr().out
    found = attributes.load(tmp_path / "model")
    assert found.directions.shape == (2, 4) and found.densities.shape == (2, 3) and (found.human > 0).all()


def test_the_embedded_models_densities_do_what_they_say():
    def played(**density):
        song = surrogate.accompany(EXAMPLE, **density)
        return song.takes[0].notes("bass"), song.takes[0].notes("drums")

    bass, drums = played()
    assert played(bass_density=-1)[0] < 0.75 * bass
    assert played(drum_density=-1)[1] < 0.75 * drums
    assert played(drum_density=1)[1] > 1.2 * drums
