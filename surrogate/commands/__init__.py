"""The command lines: flags in, one line for each mistake, the exit code out. Entry points and scripts/ call them."""
