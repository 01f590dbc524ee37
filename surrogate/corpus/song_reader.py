"""Reading the songs of a collection in guarded worker processes, as whatever a corpus holds of them."""

import abc
import dataclasses

from musicvae_jax.midi_messages import KINDS, MidiError
from surrogate.corpus import archives, collection, workers

REASONS = (*KINDS, *collection.REASONS, *workers.FAILURES)
"""Why a song cannot be read."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SongReader(abc.ABC):
    """How songs are read, and what a worker may use up on one: workers, processes; seconds; megabytes."""

    workers: int = 1
    seconds: float = 10.0
    megabytes: int = 1024

    def map(self, function, songs):
        """Reads songs in worker processes.

        Args:
            function: count or read of this reader.
            songs: of a collection, in its order.

        Yields:
            function(content) of each song, in order; a str is the reason why it gives nothing.
        """
        limits = dict(workers=self.workers, seconds=self.seconds, megabytes=self.megabytes)
        return workers.guarded_map(function, collection.contents(songs), **limits)

    def count(self, content: collection.Content) -> tuple[int, str] | str:
        """Counts the rows that a song gives.

        Returns:
            (rows, hash of its notes); or the reason why it gives none.
        """
        survey = self._checked_survey(content)
        return survey if isinstance(survey, str) else self._count(survey)

    def read(self, content: collection.Content):
        """Reads the rows that a song gives.

        Returns:
            (hash of its notes, rows); or the reason why it gives none.
        """
        survey = self._checked_survey(content)
        return survey if isinstance(survey, str) else (survey.content().hex(), self._rows(survey))

    @abc.abstractmethod
    def _survey(self, content):
        """What rows are made of; has content(), the hash of its notes; a str, or MidiError, is why there is none."""

    @abc.abstractmethod
    def _count(self, survey):
        """What count returns."""

    @abc.abstractmethod
    def _rows(self, survey):
        """The rows."""

    def _checked_survey(self, content):
        if content.reason:
            return content.reason
        if isinstance(content.data, str) and collection.too_large(content.data):
            return archives.TOO_LARGE
        try:
            return self._survey(content)
        except MidiError as error:
            return error.kind
