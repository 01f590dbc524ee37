"""From a MIDI file to a melody on a grid: which track, which bars, which beats, which key."""
