"""python -m scripts.evaluate: surrogate.commands.evaluate in a clone."""

import sys

from surrogate.commands.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
