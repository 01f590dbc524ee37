"""A larger MusicVAE for a GPU, from a pack alone. Not trained yet: no figures.

18 M parameters, 36 MB in bfloat16; 4 bytes a parameter and three copies (weights, average, Adam's two) fit any GPU. At
a window's 9 GFLOP, 40,000 steps of 512 windows are 190 PFLOP: minutes at a tenth of an H200's bfloat16 peak.
"""

from configs import musicvae_small


def get_config():
    c = musicvae_small.get_config()
    c.model.update(z_size=256, encoder_sizes=(384, 512), conductor_sizes=(512,), decoder_sizes=(512,))
    c.steps = 40_000
    c.batch_size = 512
    c.learning_rate = 2e-3
    c.warmup_steps = 1000
    c.dtype = "bfloat16"
    c.evaluate_every = 1000
    c.checkpoint_every = 1000
    return c
