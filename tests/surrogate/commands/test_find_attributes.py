"""What find_attributes refuses, and that it does so before the work."""

import re

import numpy as np
import pytest

from musicvae_jax import checkpoint
from surrogate.commands import find_attributes
from surrogate.corpus import shards
from surrogate.model import attributes
from tests.arrays import random_tokens
from tests.melodies import random_model


@pytest.fixture(scope="module")
def paths(accompanist, tmp_path_factory):
    """Packs: without latents, with those of other sizes or weights, with the model's own; and the model in C."""
    folder = tmp_path_factory.mktemp("packs")
    fields = dict(tune=np.arange(8), split=np.zeros(8, np.uint8))
    own, other = checkpoint.fingerprint(checkpoint.load(accompanist)), "0123456789abcdef"
    for name, z_size, model in (("pack", 0, ""), ("other", 4, other), ("changed", 8, other), ("own", 8, own)):
        latents = {"mu": np.zeros((8, z_size), np.float32)} if z_size else {}
        manifest = {"model": model, "config": {"in_c": False}}
        shards.write_pack(folder / f"{name}.npz", [random_tokens(0, 8)], fields | latents, manifest)
    names = {path.stem: path for path in folder.glob("*.npz")}
    return names | {"in_c": random_model(folder / "in_c", in_c=True)}


@pytest.fixture
def unmeasured(monkeypatch):
    def find(*_):
        raise AssertionError("the work was begun")

    monkeypatch.setattr(attributes, "find", find)


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--data=nowhere"], "nowhere: neither a pack"),
        (["--data={pack}"], "pack.npz: holds no latents to learn from"),
        (["--data={other}"], "other.npz: its latents have 4 numbers, those of .* 8"),
        (["--data={changed}"], "changed.npz: its latents are those of another model"),
        (["--data={own}", "--checkpoint={in_c}"], "own.npz: in their own keys, .*in_c: in C"),
        (["--data={own}", "--plot=no.such"], "no.such: names no kind of picture"),
        (["--data={own}", "--plot=no/where.png"], "no/where.png: cannot be written: there is no folder no"),
    ],
)
def test_what_does_not_belong_together_is_refused_before_the_work(
    paths, accompanist, capsys, unmeasured, flags, message
):
    flags = [flag.format(**paths) for flag in flags]
    assert find_attributes.main([f"--checkpoint={accompanist}", *flags]) == 2
    said = capsys.readouterr().err
    assert re.match(f"find_attributes: .*{message}", said) and said.count("\n") == 1


def test_a_negative_seed_is_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        find_attributes.main(["--data=x", "--checkpoint=x", "--seed=-1"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "find_attributes: argument --seed: must be 0 or more, not -1; see --help\n"
