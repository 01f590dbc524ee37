"""Jobs of encode_corpus for tests: their commands, what they run in and what they leave."""

import os
import sys


def files_of(folder):
    """Name -> bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(settings, *flags):
    arguments = [
        f"--config.{name}={value}" for name, value in settings.items() if name != "transpose" and value is not None
    ]
    return [sys.executable, "-m", "scripts.encode_corpus", "--config=configs/encode_corpus.py", *arguments, *flags]


def environment(devices=1):
    """Of a process that computes as this one does, to the bit."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    return os.environ | {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XLA_FLAGS": flags}
