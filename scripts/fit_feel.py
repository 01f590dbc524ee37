"""python -m scripts.fit_feel: surrogate.commands.fit_feel in a clone."""

import sys

from surrogate.commands.fit_feel import main

if __name__ == "__main__":
    sys.exit(main())
