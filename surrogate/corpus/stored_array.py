"""Arrays in .npy files that are closed between readings: a corpus has more files than a process may hold open."""

import dataclasses
import io
import math
import os

import numpy as np

from surrogate.corpus.errors import DatasetError


@dataclasses.dataclass(frozen=True)
class StoredArray:
    """An array on disk, whose rows are read by indexing it."""

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype
    offset: int

    @classmethod
    def open(cls, path) -> "StoredArray":
        """Reads the header of an .npy file; OSError, EOFError or ValueError if it is none."""
        mapped = np.load(path, mmap_mode="r")
        return cls(os.fspath(path), mapped.shape, mapped.dtype, mapped.offset)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index) -> np.ndarray:
        """Reads rows.

        Args:
            index: whatever numpy takes for one axis.

        Returns:
            The rows as an array of their own.

        Raises:
            DatasetError: the file is no longer what it was.
        """
        rows = np.arange(len(self))[index]
        values = np.empty(rows.shape + self.shape[1:], self.dtype)
        row_bytes = self.dtype.itemsize * math.prod(self.shape[1:])
        try:
            with io.FileIO(self.path) as file:
                for row, place in zip(rows.ravel().tolist(), values.reshape(rows.size, -1), strict=True):
                    file.seek(self.offset + row * row_bytes)
                    if file.readinto(place) != row_bytes:
                        raise OSError("it has become shorter")
        except OSError as error:
            raise DatasetError(f"{self.path}: can no longer be read ({error}); encode the corpus again") from None
        return values
