"""python -m scripts.accompany: surrogate.commands.accompany in a clone."""

import sys

from surrogate.commands.accompany import main

if __name__ == "__main__":
    sys.exit(main())
