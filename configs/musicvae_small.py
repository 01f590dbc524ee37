"""The embedded MusicVAE: a latent for each bar and part. 0.5 M parameters.

Trained on a pack of whole songs (encode_corpus --config.unit=song); hardware, time and what it reaches: see the model
card of trio_16bar_small.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    c.task = "bar_musicvae"
    c.data = ml_collections.config_dict.placeholder(str)  # a pack of whole songs
    c.share = 1.0  # of the training tunes: less shows what more would bring
    c.workdir = ml_collections.config_dict.placeholder(str)
    c.model = ml_collections.ConfigDict(
        dict(pattern_size=12, first_size=8, drum_sizes=(12, 10), width=128, decoder_size=96, codes=512)
    )
    c.beta = 0.02  # weight of the KL

    c.seed = 0
    c.steps = 1200
    c.batch_size = 1024  # bars
    c.learning_rate = 3e-3
    c.muon = ""
    c.warmup_steps = 100
    c.weight_decay = 0.0
    c.clip = 1.0
    c.ema = 0.99
    c.dtype = "float32"
    c.log_every = 50
    c.evaluate_every = 500
    c.evaluate_batches = 8
    c.checkpoint_every = 500
    c.profile = 0  # steps of which a profile is written, for TensorBoard or Perfetto
    c.save_dtype = "float32"
    return c
