"""How command lines without --config refuse a wrong flag."""

import argparse


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, without the usage, and exit code 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see --help\n")
