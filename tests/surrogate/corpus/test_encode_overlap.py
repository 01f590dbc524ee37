"""A profile tells whether batches are on their way to the devices while others are computed."""

import pytest
from flax import nnx

from benchmarks import encode_overlap
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.corpus.device_encoder import DeviceEncoder
from surrogate.corpus.encoding import encoded


@pytest.fixture(scope="module")
def encoder():
    sizes = MusicVAEConfig(4, "bidirectional", (48,), (4,), (4,))
    return DeviceEncoder(MusicVAE(sizes, rngs=nnx.Rngs(0)), 32)


def waiting_for_each(batches, encoder, _):
    for batch in batches:
        yield batch, *encoder.fetch(encoder.send(batch.tokens))


@pytest.mark.parametrize("encode, overlaps", [(encoded, True), (waiting_for_each, False)])
def test_the_next_batch_is_sent_while_one_is_computed(encoder, tmp_path, encode, overlaps):
    encode_overlap.profile(encoder, 5, tmp_path, encode)
    told = encode_overlap.overlap(tmp_path)
    assert (told.batches, told.sent > 0, told.fetched > 0) == (5, overlaps, overlaps)
