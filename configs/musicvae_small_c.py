"""The embedded MusicVAE: trio_16bar_small as configs/musicvae_small.py leaves it, trained on for songs in C.

Every song is brought to the notes of C major (encode_corpus --config.in_c=True --config.leads=True); the latent gets a
part for each bar; the melody counts for less, as it is known where bass and drums are to be written.

2 CPU cores, 30 min (120 windows/s) after two shorter trainings that the model card tells of: on held-out tunes bass 212
and drums 221 nats a window, KL 169. In that run free_bits was 160 up to step 1,200.
"""

from surrogate.configs import musicvae_small


def get_config():
    c = musicvae_small.get_config()
    c.start_from = "trio_16bar_small"
    c.model.update(z_size=256)
    c.model.bar_size = 8
    c.transpose = ()
    c.melody_weight = 0.3
    c.free_bits = 240.0
    c.segments = 4
    c.withhold = 0.2
    c.batch_size = 64
    c.steps = 3200
    c.learning_rate = 3e-3
    c.weight_decay = 5e-2
    c.evaluate_every = 400
    return c
