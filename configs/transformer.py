"""The embedded surrogate: the melody of a whole song -> chords, drums and bass of all its bars. 5.1 M parameters.

Trained on a pack of whole songs (encode_corpus --config.unit=song) for the MusicVAE of --config.checkpoint; hardware,
time and what it reaches: see the model card of trio_16bar_small.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    c.task = "song_surrogate"
    c.data = ml_collections.config_dict.placeholder(str)  # a pack of whole songs
    c.share = 1.0  # of the training tunes: less shows what more would bring
    c.workdir = ml_collections.config_dict.placeholder(str)
    c.checkpoint = "trio_16bar_small"  # the MusicVAE whose latents it predicts
    c.start = ml_collections.config_dict.placeholder(str)  # a model to go on from, with another seed
    c.model = ml_collections.ConfigDict(dict(width=192, encoder_layers=4, decoder_layers=4, heads=6, source_width=48))
    c.bars = 96  # of a crop; every fourth batch has half as many crops of twice the length

    c.seed = 0
    c.steps = 5200
    c.batch_size = 12  # crops
    c.learning_rate = 2e-3
    # Kernels between hidden layers are moved by Muon: as low a loss as AdamW's after less than half of the steps.
    hidden = r"encoder/(melody|layers)|layers|bar|known|decoder_input|codes/(read|recurrent|initial_state|bar)"
    c.muon = rf"({hidden})/(.*/)?kernel"
    c.warmup_steps = 100
    c.weight_decay = 3e-2
    c.dropout = 0.1  # of what layers read and add
    c.clip = 1.0
    c.ema = 0.995
    c.dtype = "bfloat16"
    c.log_every = 20
    c.evaluate_every = 400
    c.evaluate_batches = 12
    c.checkpoint_every = 200
    c.profile = 0  # steps of which a profile is written, for TensorBoard or Perfetto
    c.save_dtype = "bfloat16"
    return c
