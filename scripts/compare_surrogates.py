"""python -m scripts.compare_surrogates: surrogate.commands.compare_surrogates in a clone."""

import sys

from surrogate.commands.compare_surrogates import main

if __name__ == "__main__":
    sys.exit(main())
