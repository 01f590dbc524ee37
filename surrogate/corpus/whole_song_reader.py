"""Reading songs whole."""

import dataclasses

from musicvae_jax import midi
from surrogate.corpus.song_reader import SongReader
from surrogate.corpus.song_survey import SongSurvey


@dataclasses.dataclass(frozen=True, kw_only=True)
class WholeSongReader(SongReader):
    """Reads each song as one WholeSong; records of NoteSequences, which are no MIDI, are not read."""

    def _survey(self, content):
        if content.is_record:
            return "not MIDI"
        survey = SongSurvey(midi.read(content.data))
        return survey.lacks() or survey

    def _count(self, survey):
        return 1, survey.content().hex()

    def _rows(self, survey):
        return survey.song()
