"""python -m scripts.train: surrogate.commands.train in a clone."""

import sys

from surrogate.commands.train import main

if __name__ == "__main__":
    sys.exit(main())
