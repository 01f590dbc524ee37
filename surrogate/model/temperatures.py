"""How freely bass and drums are drawn where nobody says otherwise; apart from takes, which bring JAX."""

TEMPERATURES = (0.3, 0.4)
"""What the decoder's logits are divided by, of bass and of drums."""
