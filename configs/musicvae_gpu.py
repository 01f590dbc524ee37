"""A larger MusicVAE for a GPU, from a pack alone. Not trained yet: no metric reached.

9.6 M parameters (19 MB in bfloat16), 3.9 GFLOP a window forward and back: 20,000 steps of 512 windows are 40 PFLOP.
"""

from surrogate.configs import musicvae_small


def get_config():
    c = musicvae_small.get_config()
    c.model.update(z_size=192, encoder_sizes=(256, 320), conductor_sizes=(320,), decoder_sizes=(352,))
    c.steps = 20_000
    c.batch_size = 512
    c.learning_rate = 2e-3
    c.warmup_steps = 1000
    c.dtype = "bfloat16"
    c.evaluate_every = 1000
    c.checkpoint_every = 1000
    return c
