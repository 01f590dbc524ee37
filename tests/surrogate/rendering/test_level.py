"""Bass and drums are as loud as the melody, whatever its velocities and its own volume are."""

import numpy as np
import pytest
import symusic

from surrogate.rendering import level


def track(velocity, controls=()):
    made = symusic.Track()
    notes = (np.arange(8) * 480, np.full(8, 480), np.full(8, 60), np.full(8, velocity))
    made.notes = symusic.Note.from_numpy(
        *(values.astype(kind) for values, kind in zip(notes, (np.int32, np.int32, np.int8, np.int8), strict=True))
    )
    for control in controls:
        made.controls.append(symusic.ControlChange(*control))
    return made


@pytest.mark.parametrize(
    ("velocity", "controls", "volume"),
    [
        (90, (), 100),
        (45, (), 50),
        (90, ((0, 7, 50),), 50),
        (90, ((0, 7, 100), (0, 11, 64)), 50),
        (90, ((0, 10, 5), (0, 7, 0), (9, 7, 80)), 80),
        (127, ((0, 7, 127),), 127),
        (1, ((0, 7, 1),), 1),
    ],
)
def test_the_volume_that_a_melody_asks_for(velocity, controls, volume):
    change = level.volume(track(velocity, controls), 90.0)
    assert (change.time, change.number, change.value) == (0, 7, volume)
