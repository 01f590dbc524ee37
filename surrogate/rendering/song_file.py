"""The MIDI file of a take: the player's own messages as they were, and chunks for what was written."""

import symusic

from musicvae_jax import midi_chunks
from musicvae_jax.meta_events import COPYRIGHT, CUE, LYRIC, MARKER, TEXT
from musicvae_jax.midi_chunks import Message, MidiChunks
from musicvae_jax.midi_messages import META, METER, TEMPO
from musicvae_jax.notes import DRUM_CHANNEL

_OFFSET, _KEY = 0x54, 0x59
_OF_THE_SONG = {COPYRIGHT, MARKER, CUE, TEMPO, _OFFSET, METER, _KEY}
"""Meta events that concern all, whatever chunk they are in."""
_WORDS = {TEXT, LYRIC}


def content(song, voices, written) -> bytes:
    """Puts tracks beside those of a song that stay.

    Args:
        song: surrogate.reading.parts.Song.
        voices: the track chunks and channels that stay.
        written: symusic.Tracks to put beside them.

    Returns:
        The bytes of the file.
    """
    chunks = [
        *_staying(song.chunks, voices),
        *_new_chunks(song.chunks.ticks_per_beat, written, free_channel(song, voices)),
    ]
    return MidiChunks(song.chunks.ticks_per_beat, chunks).content()


def free_channel(song, voices) -> int | None:
    """A channel that nothing that stays plays on, the drums' not counted; None where there is none."""
    taken = {channel for _, channel in voices} | {DRUM_CHANNEL}
    told = {message.channel for chunk in _staying(song.chunks, voices) for message in chunk}
    # The first is what most players take for the melody.
    free = sorted((channel in told, channel == 0, channel) for channel in set(range(16)) - taken)
    return free[0][-1] if free else None


def _staying(chunks, voices):
    """The messages of the voices, and of the song as a whole, chunk by chunk."""
    played = {piece[:2] for piece in chunks.pieces()}
    if voices == played:
        return chunks.chunks
    channels = {channel for _, channel in voices}
    others = {chunk for chunk, _ in played} - {chunk for chunk, _ in voices}  # chunks of other instruments alone
    has_words = any(
        message.meta in _WORDS
        for number, chunk in enumerate(chunks.chunks)
        if number not in others
        for message in chunk
    )
    kept_meta = _OF_THE_SONG if has_words else _OF_THE_SONG | _WORDS

    def stays(number, message):
        if message.channel is not None:
            voice = number, message.channel
            return voice in voices if voice in played else message.channel in channels
        return message.meta is None or number not in others or message.meta in kept_meta

    kept = []
    for number, chunk in enumerate(chunks.chunks):
        messages = [message for message in chunk if stays(number, message)]
        if messages or number not in others:
            kept.append(messages)
    return kept


def _new_chunks(ticks_per_beat, written, channel):
    """symusic's own chunks for tracks, what is not drums on a channel."""
    chunks = []
    for track in written:
        score = symusic.Score(ticks_per_beat)
        score.tracks.append(track)
        [messages] = midi_chunks.read(score.dumps_midi())[0].chunks
        if not track.is_drum:
            messages = [
                message
                if message.data[0] == META
                else Message(message.tick, bytes([message.data[0] & 0xF0 | channel]) + message.data[1:])
                for message in messages
            ]
        chunks.append(messages)
    return chunks
