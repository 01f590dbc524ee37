"""python -m scripts.encode_corpus: surrogate.commands.encode_corpus in a clone."""

import sys

from surrogate.commands.encode_corpus import main

if __name__ == "__main__":
    sys.exit(main())
