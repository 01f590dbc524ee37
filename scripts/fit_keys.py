"""python -m scripts.fit_keys: surrogate.commands.fit_keys in a clone."""

import sys

from surrogate.commands.fit_keys import main

if __name__ == "__main__":
    sys.exit(main())
