"""Where a drum kit's instruments stand on a staff, as drummers write them (Weinberg, Guide to Standardized Drumset
Notation)."""

import typing


class DrumPlace(typing.NamedTuple):
    """name: of the instrument. step, octave: where it stands, as a pitch in the treble clef. head: of its notes."""

    name: str
    step: str
    octave: int
    head: str = "normal"


_PLACES = {  # by General MIDI's numbers
    35: DrumPlace("Acoustic Bass Drum", "F", 4), 36: DrumPlace("Bass Drum", "F", 4),
    37: DrumPlace("Side Stick", "C", 5, "x"), 38: DrumPlace("Snare", "C", 5), 39: DrumPlace("Hand Clap", "C", 5, "x"),
    40: DrumPlace("Electric Snare", "C", 5), 41: DrumPlace("Low Floor Tom", "G", 4),
    42: DrumPlace("Closed Hi-Hat", "G", 5, "x"), 43: DrumPlace("Floor Tom", "A", 4),
    44: DrumPlace("Pedal Hi-Hat", "D", 4, "x"), 45: DrumPlace("Low Tom", "A", 4),
    46: DrumPlace("Open Hi-Hat", "G", 5, "circle-x"), 47: DrumPlace("Mid Tom", "D", 5),
    48: DrumPlace("High Mid Tom", "D", 5), 49: DrumPlace("Crash Cymbal", "A", 5, "x"),
    50: DrumPlace("High Tom", "E", 5), 51: DrumPlace("Ride Cymbal", "F", 5, "x"),
    52: DrumPlace("China Cymbal", "B", 5, "x"), 53: DrumPlace("Ride Bell", "F", 5, "diamond"),
    54: DrumPlace("Tambourine", "B", 4, "x"), 55: DrumPlace("Splash Cymbal", "B", 5, "x"),
    56: DrumPlace("Cowbell", "E", 5, "triangle"), 57: DrumPlace("Crash Cymbal 2", "A", 5, "x"),
    59: DrumPlace("Ride Cymbal 2", "F", 5, "x"),
}  # fmt: skip


def place_of(pitch: int) -> DrumPlace:
    """Where a percussion instrument of General MIDI stands; those beside the kit in the middle."""
    return _PLACES.get(pitch, DrumPlace(f"Percussion {pitch}", "B", 4, "x"))
