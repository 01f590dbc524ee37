"""The critic that chooses among what the embedded surrogate draws. 0.2 M parameters.

Trained on a pack of whole songs (encode_corpus --config.unit=song) and on draws for their melodies, made as it goes;
hardware, time and what it reaches: see the model card of trio_16bar_small.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    c.task = "song_critic"
    c.data = ml_collections.config_dict.placeholder(str)  # a pack of whole songs
    c.share = 1.0  # of the training tunes: less shows what more would bring
    c.workdir = ml_collections.config_dict.placeholder(str)
    c.checkpoint = "trio_16bar_small"  # the models whose draws it tells from people's songs
    c.model = ml_collections.ConfigDict(dict(quantiles=4, width=128))
    c.bars = 96  # of a song at most

    c.seed = 0
    c.steps = 450
    c.batch_size = 16  # songs
    c.learning_rate = 3e-3
    c.muon = ""
    c.warmup_steps = 20
    c.weight_decay = 2e-2
    c.dropout = 0.2  # of what is heard
    c.clip = 1.0
    c.ema = 0.99
    c.dtype = "float32"
    c.log_every = 10
    c.evaluate_every = 100
    c.evaluate_batches = 6
    c.checkpoint_every = 50
    c.profile = 0  # steps of which a profile is written, for TensorBoard or Perfetto
    c.save_dtype = "float32"
    return c
