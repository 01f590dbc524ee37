"""The surrogate of a MusicVAE with one latent for 16 bars, as Magenta's are: melody -> p(z | melody).

3.0 M parameters for Magenta's 512 numbers. Without the likelihood, 600 steps on 12,288 windows of a small MusicVAE took
1.6 min on 2 busy CPU cores (400 windows/s): KL 156.9 nats, R2 0.117, on 1,536 windows of held-out tunes.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    c.task = "window_surrogate"
    c.data = ml_collections.config_dict.placeholder(str)  # an encoded corpus
    c.share = 1.0  # of the training tunes: less shows what more would bring
    c.workdir = ml_collections.config_dict.placeholder(str)
    c.checkpoint = ml_collections.config_dict.placeholder(str)  # the MusicVAE whose latents the corpus holds
    c.model = ml_collections.ConfigDict(dict(body="transformer", width=128, layers=4, heads=4))
    c.model.in_c = ml_collections.config_dict.placeholder(bool)  # songs in C; as the data tells, if that tells
    c.objective = ml_collections.ConfigDict(dict(kl=1.0, likelihood=0.2))  # see surrogate/model/objective.py
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
    c.profile = 0  # steps of which a profile is written, for TensorBoard or Perfetto
    c.save_dtype = "bfloat16"
    return c
