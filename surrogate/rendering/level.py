"""How loud bass and drums are beside the melody: as songs have them, whose parts are at one level (docs/feel.md)."""

import numpy as np
import symusic

VOLUME, EXPRESSION = 7, 11
"""MIDI controls that a part's loudness is multiplied by."""
DEFAULT = {VOLUME: 100, EXPRESSION: 127}
"""What they are where a file does not say."""
MOST = 127


def volume(melody: symusic.Track, velocity: float) -> symusic.ControlChange:
    """The volume with which a part that is played at a mean velocity is as loud as the melody.

    General MIDI's loudness goes with the square of the product of velocity, volume and expression.

    Args:
        melody: the player's track.
        velocity: the part's mean, 1 to 127.
    """
    product = melody.notes.numpy()["velocity"].mean() * usual(melody, VOLUME) * usual(melody, EXPRESSION) / MOST
    return symusic.ControlChange(0, VOLUME, int(np.clip(np.rint(product / velocity), 1, MOST)))


def usual(track: symusic.Track, control: int) -> float:
    """The median of a track's values of VOLUME or EXPRESSION that are not silence; where it has none, the default."""
    values = [change.value for change in track.controls if change.number == control and change.value > 0]
    return float(np.median(values)) if values else DEFAULT[control]
