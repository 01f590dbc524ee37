"""python -m scripts.explore: surrogate.commands.explore in a clone."""

import sys

from surrogate.commands.explore import main

if __name__ == "__main__":
    sys.exit(main())
