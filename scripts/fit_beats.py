"""python -m scripts.fit_beats: surrogate.commands.fit_beats in a clone."""

import sys

from surrogate.commands.fit_beats import main

if __name__ == "__main__":
    sys.exit(main())
