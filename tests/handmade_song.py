"""A song written message by message, for what no real file has."""

import mido

TICKS = 480
BAR = 4 * TICKS


class HandmadeSong:
    """A hand-made song: every part plays on every beat, unless told otherwise."""

    def __init__(self, bars=20, tempos=((0, 500000),), meters=(), lines=True):
        self.meta = [(0, mido.MetaMessage("set_tempo", tempo=us), tick) for tick, us in tempos]
        self.meta += [(0, mido.MetaMessage("time_signature", numerator=a, denominator=b), t) for t, a, b in meters]
        self.parts = [[], [], []]
        for part, (channel, program) in enumerate([(0, 0), (1, 33), (9, 0)]):
            self.add(part, 0, "program_change", channel=channel, program=program)
        self.play(4 * bars if lines else 0)

    def play(self, beats, since=0):
        for part in range(3):
            for beat in range(beats):
                start = since + beat * TICKS
                self.note(part, start, start + 240, 36 + (7 * beat + 3 * part) % 40)

    def add(self, part, tick, kind, **values):
        values.setdefault("channel", (0, 1, 9)[part])
        self.parts[part].append((1, mido.Message(kind, **values), tick))

    def note(self, part, start, end, pitch, **values):
        self.add(part, start, "note_on", note=pitch, velocity=90, **values)
        self.add(part, end, "note_off", note=pitch, **values)

    def save(self, path, meta_track=0):
        tracks = [list(part) for part in self.parts]
        tracks.insert(0, [])
        tracks[meta_track] += self.meta
        file = mido.MidiFile(ticks_per_beat=TICKS)
        for track in tracks:
            now = 0
            file.tracks.append(mido.MidiTrack())
            for _, message, tick in sorted(track, key=lambda entry: (entry[2], entry[0])):
                file.tracks[-1].append(message.copy(time=tick - now))
                now = tick
        file.save(path)
        return path
