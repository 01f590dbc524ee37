"""A profile of some steps of a training, for TensorBoard or Perfetto."""

import jax

_AFTER = 10  # steps, in which all is compiled


class Profile:
    """Writes a profile of so many steps into a folder, from a little after `start`; none of 0 steps. A context."""

    def __init__(self, folder, start, steps):
        self._folder, self._first, self._steps, self._writing = folder, start + _AFTER, steps, False

    def before(self, step: int) -> None:
        """Must be called before each step, with its number."""
        if self._steps and step == self._first:
            jax.profiler.start_trace(str(self._folder), create_perfetto_trace=True)
            self._writing = True
        elif self._writing and step == self._first + self._steps:
            self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._writing:
            self._end()

    def _end(self):
        jax.profiler.stop_trace()
        self._writing = False
