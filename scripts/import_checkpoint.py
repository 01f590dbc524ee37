"""python -m scripts.import_checkpoint: surrogate.commands.import_checkpoint in a clone."""

import sys

from surrogate.commands.import_checkpoint import main

if __name__ == "__main__":
    sys.exit(main())
