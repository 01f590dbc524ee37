"""MIDI files of several chunks, written message by message."""

import mido


def write(path, *chunks, resolution=480):
    """A file whose chunks are lists of (tick, mido message) in any order; what is at one tick keeps its order."""
    song = mido.MidiFile(ticks_per_beat=resolution)
    for messages in chunks:
        track, now = mido.MidiTrack(), 0
        for tick, message in sorted(messages, key=lambda each: each[0]):
            track.append(message.copy(time=tick - now))
            now = tick
        song.tracks.append(track)
    song.save(path)
    return path


def named(name):
    return [(0, mido.MetaMessage("track_name", name=name))]


def program(number, *, channel=0, tick=0):
    return [(tick, mido.Message("program_change", channel=channel, program=number))]


def notes(onsets, *, channel=0, pitch=67, length=400):
    """Notes at ticks, up and down a scale."""
    made = []
    for number, tick in enumerate(onsets):
        note = pitch + (0, 2, 4, 5, 7, 5, 4, 2)[number % 8]
        made.append((tick, mido.Message("note_on", channel=channel, note=note, velocity=80)))
        made.append((tick + length, mido.Message("note_off", channel=channel, note=note, velocity=64)))
    return made


def played(path):
    """Every message of a file but ends of tracks: (tick, message without time), chunk by chunk."""
    chunks = []
    for track in mido.MidiFile(path).tracks:
        now, messages = 0, []
        for message in track:
            now += message.time
            if message.type != "end_of_track":
                messages.append((now, message.copy(time=0)))
        chunks.append(messages)
    return chunks
