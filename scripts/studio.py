"""python -m scripts.studio: surrogate.commands.studio in a clone."""

import sys

from surrogate.commands.studio import main

if __name__ == "__main__":
    sys.exit(main())
