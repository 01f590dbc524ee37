"""What chips can do at most, by the makers' data sheets: products of bfloat16 without sparsity."""

PEAK_FLOPS = {
    "NVIDIA B200": 2250e12,
    "NVIDIA H200": 989e12,
    "NVIDIA H100 PCIe": 756e12,
    "NVIDIA H100": 989e12,
    "NVIDIA A100": 312e12,
    "NVIDIA L4": 121e12,
    "TPU v6": 918e12,
    "TPU v5 lite": 197e12,
    "TPU v5e": 197e12,
    "TPU v5": 459e12,
    "TPU v4": 275e12,
}
"""Operations a second of a device by the beginning of its name; the first that fits counts."""


def peak_flops(device) -> float | None:
    """Operations a second of a jax.Device at most; None where they are not known, as of CPUs."""
    return next((peak for kind, peak in PEAK_FLOPS.items() if device.device_kind.startswith(kind)), None)
