"""MIDI files written for tests, and a small random model to accompany them with."""

import mido
from flax import nnx

import musicvae_jax
from surrogate.model import window_surrogate
from surrogate.model.window_surrogate import WindowSurrogate, WindowSurrogateConfig


def write_midi(path, notes, *, resolution=480, program=0, channel=0, meter=(4, 4), extra=()):
    """A one-track MIDI file: notes are (start, end, pitch, velocity) in ticks, extra (tick, message) pairs."""
    song = mido.MidiFile(ticks_per_beat=resolution)
    events = [(0, 0, mido.MetaMessage("track_name", name="Tune"))]
    if meter is not None:
        events.append((0, 1, mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])))
    events.append((0, 2, mido.Message("program_change", channel=channel, program=program)))
    events += [(tick, 3, message) for tick, message in extra]
    for start, end, pitch, velocity in notes:
        events.append((start, 5, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        events.append((end, 4, mido.Message("note_off", channel=channel, note=pitch)))
    events.sort(key=lambda event: event[:2])
    track, now = mido.MidiTrack(), 0
    for tick, _, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    song.tracks.append(track)
    song.save(path)
    return path


def quarters(bars, resolution=480, first_bar=0):
    """A scale in quarter notes, a bar's last beat left free."""
    beats = [beat for beat in range(4 * first_bar, 4 * bars) if beat % 4 < 3]
    return [(beat * resolution, (beat + 1) * resolution, 60 + beat % 12, 60 + beat % 50) for beat in beats]


def note_rows(track):
    return sorted((note.time, note.duration, note.pitch, note.velocity) for note in track.notes)


def random_model(folder, **changes):
    """A model folder with a small random MusicVAE and a surrogate for it; changes of the surrogate's config."""
    sizes = {"encoder_sizes": (8, 8), "conductor_sizes": (16,), "decoder_sizes": (16,)}
    config = musicvae_jax.MusicVAEConfig(z_size=8, encoder="hierarchical", **sizes)
    musicvae_jax.save(folder, musicvae_jax.MusicVAE(config, rngs=nnx.Rngs(0)))
    config = WindowSurrogateConfig(**{"z_size": 8, "width": 16, "layers": 1, "heads": 2} | changes)
    window_surrogate.save(folder, WindowSurrogate(config, rngs=nnx.Rngs(1)))
    return str(folder)
