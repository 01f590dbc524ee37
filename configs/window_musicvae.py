"""A small MusicVAE with one latent for 16 bars, as Magenta's are: 5.2 M parameters.

1.9 GFLOP a window forward and back. 2 CPU cores, 56 min (31 windows/s): ELBO -888 nats a window, KL 49, on 1,024
windows of held-out tunes. In that run the schedule was planned for 3,200 steps up to step 1,400.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    c.task = "musicvae"
    c.data = ml_collections.config_dict.placeholder(str)  # a pack (.npz) or an encoded corpus
    c.workdir = ml_collections.config_dict.placeholder(str)
    c.model = ml_collections.ConfigDict(
        dict(
            z_size=128,
            encoder="hierarchical",
            encoder_sizes=(128, 256),
            conductor_sizes=(256,),
            decoder_sizes=(256,),
        )
    )
    c.beta = 0.2
    c.free_bits = 64.0
    c.transpose = tuple(range(-5, 7))  # semitones

    c.seed = 0
    c.steps = 2800
    c.batch_size = 32
    c.learning_rate = 4e-3
    c.warmup_steps = 100
    c.weight_decay = 1e-2
    c.clip = 1.0
    c.ema = 0.999
    c.dtype = "float32"
    c.log_every = 20
    c.evaluate_every = 400
    c.evaluate_windows = 512
    c.checkpoint_every = 200
    c.profile = 0  # steps of which a profile is written, for TensorBoard or Perfetto
    c.save_dtype = "bfloat16"
    return c
