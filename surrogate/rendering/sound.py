"""Play a song: a score, a soundfont and a synthesiser make a WAV file.

The synthesiser is the command fluidsynth, which has reverberation and the levels that soundfonts are made for, or else
the Python package tinysoundfont, which is faster and has the bass 5 to 9 dB louder.
"""

import contextlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile
import wave

import numpy as np

from musicvae_jax import files
from musicvae_jax.notes import DRUM_CHANNEL
from surrogate.reading.tempos import tempo_map

SAMPLE_RATE = 44100
TAIL_SECONDS = 2.0  # for the last notes to die away
PEAK = 10 ** (-1 / 20)  # -1 dBFS
SILENCE = 1e-6  # what a reverberation makes of nothing is not to be made louder
MAX_HOURS = 6  # a WAV file holds 4 GB
MELODIC_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
BLOCK = 1 << 16  # frames; a song is never in memory as a whole

FOLDERS = (
    "~/.local/share/soundfonts",
    "~/.local/share/sounds/sf2",
    "~/Library/Audio/Sounds/Banks",
    "/Library/Audio/Sounds/Banks",
    "/usr/local/share/soundfonts",
    "/usr/local/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/opt/homebrew/share/soundfonts",
    "/opt/homebrew/share/fluid-synth/sf2",
    "~/soundfonts",
    "C:/soundfonts",
)
PREFERRED = ("fluidr3", "generaluser", "musescore", "default-gm", "default")
GET_SOUNDFONT = (
    "no soundfont found; on Debian: apt install fluid-soundfont-gm, elsewhere: download GeneralUser GS and give it as "
    "--soundfont or in the environment variable SOUNDFONT"
)
GET_SYNTHESISER = (
    "no synthesiser found; install FluidSynth (Debian: apt install fluidsynth, macOS: brew install fluid-synth), or: "
    "pip install --no-deps tinysoundfont"
)


def render(score, path, *, soundfont=None) -> None:
    """Write a score as sound: WAV, 44.1 kHz, 16 bit, stereo, its peak at -1 dBFS.

    Args:
        score: symusic.Score in ticks; tempo map, programs, controls and pitch bends count, drums are on channel 10.
        path: the WAV file to write, which appears whole or not at all. It lasts TAIL_SECONDS longer than the last note.
        soundfont: an .sf2 or .sf3 file; when None, the environment variable SOUNDFONT, then FOLDERS.

    Raises:
        musicvae_jax.FileError: soundfont or synthesiser are missing or fail, or the file cannot be written.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        raise files.FileError(path, "cannot be written: it is a folder")
    synthesise, font = ready(path, soundfont)
    messages, end = frame_messages(score)
    frames = end + round(TAIL_SECONDS * SAMPLE_RATE)
    if frames > MAX_HOURS * 3600 * SAMPLE_RATE:
        raise files.FileError(path, f"cannot be written: it would last {frames / SAMPLE_RATE / 3600:.0f} hours")
    with files.whole_file(path) as draft, tempfile.TemporaryFile() as raw:
        peak = 0.0
        for block_Fx2 in synthesise(messages, frames, font):
            peak = max(peak, float(np.abs(block_Fx2).max(initial=0.0)))
            raw.write(np.ascontiguousarray(block_Fx2, np.float32))
        raw.seek(0)
        _write_wav(raw, draft, PEAK / peak if peak > SILENCE else 1.0)


def ready(path, soundfont=None):
    """What render is to play with, so that a lack of it is found before any work is done.

    Args:
        path: the WAV file that an error names.
        soundfont: as render takes it.

    Returns:
        A function (messages, frames, soundfont) -> blocks of sound, float32 [F, 2]; and the soundfont's path.

    Raises:
        musicvae_jax.FileError: there is no synthesiser, or find_soundfont finds no soundfont.
    """
    font = find_soundfont(path, soundfont)
    return _synthesiser(path), font


def find_soundfont(path, soundfont=None) -> str:
    """The path of the soundfont to play with.

    Args:
        path: the WAV file that an error names.
        soundfont: as render takes it.

    Raises:
        musicvae_jax.FileError: there is none, or it is damaged.
    """
    soundfont = soundfont or os.environ.get("SOUNDFONT") or _installed_soundfont()
    if not soundfont:
        raise files.FileError(path, GET_SOUNDFONT)
    if os.path.exists(soundfont) and not os.path.isfile(soundfont):
        raise files.FileError(soundfont, "is a folder or a device, not a soundfont (.sf2 or .sf3)")
    try:
        with open(soundfont, "rb") as file:
            head = file.read(12)
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise files.FileError(soundfont, "there is no such soundfont") from None
    except OSError as error:
        raise files.FileError(soundfont, f"is no soundfont that can be opened: {error.strerror}") from None
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise files.FileError(soundfont, "is not a soundfont (.sf2 or .sf3)")
    if int.from_bytes(head[4:8], "little") + 8 > size:
        raise files.FileError(soundfont, "is a truncated soundfont; download it again")
    return os.fspath(soundfont)


def _installed_soundfont():
    """The one of FOLDERS that is preferred, or None."""
    installed = [
        file
        for folder in FOLDERS
        for file in sorted(pathlib.Path(folder).expanduser().glob("[!.]*.sf[23]"))  # macOS keeps ._NAME beside NAME
        if file.is_file()
    ]

    def rank(file):
        return [name not in file.name.lower() for name in PREFERRED]

    return min(installed, key=rank, default=None)


def frame_messages(score) -> tuple[list, int]:
    """The channel messages of a score, in time.

    Tracks share 15 melodic channels where there are more of them; a program change stands before a note that needs it.

    Args:
        score: symusic.Score in ticks.

    Returns:
        (frame, mido.Message) in order, and the last frame at which a note ends or a control changes.
    """
    from mido import Message

    ticks, seconds = tempo_map(score, score.end())

    def frames(tick):
        return np.rint(np.interp(tick, ticks, seconds) * SAMPLE_RATE).astype(np.int64)

    played, melodic = [], 0
    for track in score.tracks:
        if len(track.notes):
            channel = DRUM_CHANNEL if track.is_drum else MELODIC_CHANNELS[melodic % len(MELODIC_CHANNELS)]
            melodic += not track.is_drum
            played += _track_messages(track, channel, frames)
    played.sort(key=lambda event: event[:2])  # at one frame, notes end before controls change and others begin

    messages, program_of_channel = [], {}
    for frame, _, message, program in played:
        if program is not None and program_of_channel.get(message.channel) != program:
            program_of_channel[message.channel] = program
            messages.append((frame, Message("program_change", channel=message.channel, program=program)))
        messages.append((frame, message))
    return messages, max((frame for frame, *_, program in played if program is None), default=0)


def _track_messages(track, channel, frames):
    """Yields (frame, place among those of one frame, message, the program that it needs or None) of a track."""
    from mido import Message

    notes = track.notes.numpy()
    start = frames(notes["time"])
    end = np.maximum(frames(notes["time"].astype(np.int64) + notes["duration"]), start + 1)
    columns = start, end, notes["pitch"], np.clip(notes["velocity"], 1, 127)
    for begin, stop, pitch, velocity in zip(*(column.tolist() for column in columns), strict=True):
        yield begin, 2, Message("note_on", channel=channel, note=pitch, velocity=velocity), track.program
        yield stop, 0, Message("note_off", channel=channel, note=pitch), None
    for control in track.controls:
        change = Message("control_change", channel=channel, control=control.number, value=control.value)
        yield int(frames(control.time)), 1, change, None
    for bend in track.pitch_bends:
        pitch = min(max(bend.value, -8192), 8191)
        yield int(frames(bend.time)), 1, Message("pitchwheel", channel=channel, pitch=pitch), None


def _synthesiser(path):
    if shutil.which("fluidsynth"):
        return _fluidsynth
    if importlib.util.find_spec("tinysoundfont"):
        return _tinysoundfont
    raise files.FileError(path, GET_SYNTHESISER)


def _tinysoundfont(messages, frames, soundfont):
    """Yields blocks of sound, float32 [F, 2]."""
    import tinysoundfont

    synth = tinysoundfont.Synth(samplerate=SAMPLE_RATE)
    try:
        synth.sfload(soundfont)
    except RuntimeError:
        raise files.FileError(soundfont, "is a damaged soundfont; download it again") from None
    now = 0
    for frame, message in [*messages, (frames, None)]:
        while now < frame:
            count = min(frame - now, BLOCK)
            yield np.frombuffer(synth.generate_simple(count), np.float32).reshape(-1, 2)
            now += count
        if message is not None:
            _send(synth, message)


def _send(synth, message) -> None:
    channel = message.channel
    match message.type:
        case "note_on":
            synth.noteon(channel, message.note, message.velocity)
        case "note_off":
            synth.noteoff(channel, message.note)
        case "control_change":
            synth.control_change(channel, message.control, message.value)
        case "pitchwheel":
            synth.pitchbend(channel, message.pitch + 8192)
        case "program_change":
            with contextlib.suppress(RuntimeError):  # a sound that the soundfont lacks is played with another
                synth.program_change(channel, message.program, channel == DRUM_CHANNEL)


def _fluidsynth(messages, frames, soundfont):
    """Yields blocks of sound, float32 [F, 2]."""
    import mido

    # 22,050 ticks a beat at 120 beats a minute are the frames of 44.1 kHz.
    track, now = mido.MidiTrack(), 0
    for frame, message in messages:
        track.append(message.copy(time=frame - now))
        now = frame
    track.append(mido.Message("control_change", control=3, value=0, time=frames - now))  # it stops at the last message
    with tempfile.TemporaryDirectory() as folder:
        song, raw = (os.path.join(folder, name) for name in ("song.mid", "song.raw"))
        mido.MidiFile(ticks_per_beat=SAMPLE_RATE // 2, tracks=[track]).save(song)
        command = [
            "fluidsynth",
            "-ni",
            "-q",
            "-g",
            "0.5",
            "-r",
            str(SAMPLE_RATE),
            "-T",
            "raw",
            "-O",
            "float",
            "-F",
            raw,
        ]
        done = subprocess.run([*command, soundfont, song], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode or "Failed to load" in done.stderr or not os.path.exists(raw):
            said = (done.stderr.strip() or "it gave no reason").splitlines()[-1]
            raise files.FileError(soundfont, f"cannot be played by fluidsynth: {said}")
        with open(raw, "rb") as file:
            while frames and (block := np.fromfile(file, np.float32, 2 * min(BLOCK, frames)).reshape(-1, 2)).size:
                yield block
                frames -= len(block)
    while frames > 0:
        yield np.zeros((min(BLOCK, frames), 2), np.float32)
        frames -= min(BLOCK, frames)


def _write_wav(raw, file, gain) -> None:
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        while len(block := np.frombuffer(raw.read(8 * BLOCK), np.float32)):
            out.writeframes(np.rint(block * np.float32(gain * 32767)).astype("<i2").tobytes())
