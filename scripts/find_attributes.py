"""python -m scripts.find_attributes: surrogate.commands.find_attributes in a clone."""

import sys

from surrogate.commands.find_attributes import main

if __name__ == "__main__":
    sys.exit(main())
