"""The surrogate, larger, for a GPU. Not trained yet: no metric reached.

18.6 M parameters (37 MB in bfloat16), 22 GFLOP a crop forward and back. Give XLA_FLAGS="--xla_gpu_autotune_level=0
--xla_gpu_enable_triton_gemm=false", without which compiling takes minutes (docs/speed.md).
"""

from surrogate.configs import transformer


def get_config():
    c = transformer.get_config()
    c.model.update(width=384, heads=8, source_width=64)
    c.dropout = 0.2
    c.steps = 6000
    c.batch_size = 96
    c.learning_rate = 1.5e-3
    c.warmup_steps = 300
    c.evaluate_batches = 2
    c.checkpoint_every = 1000
    return c
