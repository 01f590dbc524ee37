"""A colour for each value of a column: a scale for numbers, one each for the most frequent words."""

import collections

import numpy as np

WORDS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf")
OTHER, OTHERS = "#9a9a9a", "others"
_SCALE = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], float)  # viridis


def of_values(values) -> tuple[list[str], dict[str, str]]:
    """Colours values.

    Args:
        values: texts; where all but "unknown" are numbers, and of more than a few kinds, they are laid on a scale.

    Returns:
        A colour of each, as "#1f77b4", and a legend {name: colour}.
    """
    known = [value for value in values if value != "unknown"]
    if len(set(known)) > len(WORDS) and all(map(_is_number, known)):
        low, high = (bound([float(value) for value in known]) for bound in (min, max))
        shares = {value: (float(value) - low) / (high - low) for value in set(known)}
        legend = {f"{low:g}": _on_scale(0), f"{(low + high) / 2:g}": _on_scale(0.5), f"{high:g}": _on_scale(1)}
        return [_on_scale(shares[value]) if value in shares else OTHER for value in values], legend
    frequent = [value for value, _ in collections.Counter(known).most_common(len(WORDS))]
    legend = dict(zip(frequent, WORDS, strict=False))
    found = [legend.get(value, OTHER) for value in values]
    return found, legend | ({OTHERS: OTHER} if OTHER in found else {})


def _is_number(text):
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


def _on_scale(share):
    place = share * (len(_SCALE) - 1)
    rgb = [np.interp(place, range(len(_SCALE)), _SCALE[:, channel]) for channel in range(3)]
    return "#" + "".join(f"{round(value):02x}" for value in rgb)
