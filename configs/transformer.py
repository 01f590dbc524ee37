"""The embedded surrogate: melody -> q(z | trio) of trio_16bar_small. 0.88 M parameters.

2 CPU cores, 8 min (180 windows/s): 0.33 of the variance of the latent's mean, on 1,024 windows of held-out tunes.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    c.task = "surrogate"
    c.data = ml_collections.config_dict.placeholder(str)  # an encoded corpus
    c.workdir = ml_collections.config_dict.placeholder(str)
    c.checkpoint = "trio_16bar_small"  # the MusicVAE whose latents the corpus holds
    c.start_from = ""  # a model folder whose surrogate to go on from, sizes included; empty: from scratch
    c.model = ml_collections.ConfigDict(
        dict(body="transformer", patch=4, width=128, layers=4, heads=4, components=1, in_c=True)
    )
    c.objective = ml_collections.ConfigDict(
        dict(kl=1.0, likelihood=0.1, mse=0.0, segments=4, spread=0.0)
    )  # see surrogate/objective.py
    c.part = "surrogate"  # its folder inside the model's

    c.seed = 0
    c.steps = 1200
    c.batch_size = 64
    c.learning_rate = 2e-3
    c.warmup_steps = 100
    c.weight_decay = 5e-2
    c.clip = 1.0
    c.ema = 0.99
    c.dtype = "float32"
    c.log_every = 20
    c.evaluate_every = 400
    c.evaluate_windows = 1024
    c.checkpoint_every = 200
    c.save_dtype = "bfloat16"
    return c
