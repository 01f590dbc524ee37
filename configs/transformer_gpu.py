"""The surrogate, larger, for a GPU. Not trained yet: no metric reached.

18.6 M parameters (37 MB in bfloat16), 19 GFLOP a crop forward and back: 6,000 steps of 96 crops are 11 PFLOP, a minute
or two of a GPU's products, so what limits a step are the 18 codes of a bar, one after the other, and a batch, 0.08 s on
one core beside the step before: 12 minutes at a tenth of a second a step.
"""

from surrogate.configs import transformer


def get_config():
    c = transformer.get_config()
    c.model.update(width=384, heads=8, source_width=64)
    c.steps = 6000
    c.batch_size = 96
    c.learning_rate = 1.5e-3
    c.warmup_steps = 300
    c.evaluate_batches = 2
    c.checkpoint_every = 1000
    return c
