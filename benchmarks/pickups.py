"""How well pickups of traditional tunes are found, and what surrogate.reading.pickup is to learn of them.

    pip download music21 --no-deps && unzip music21-*.whl 'music21/corpus/*.abc' -d TUNES
    python -m benchmarks.pickups --input=TUNES [--fit=surrogate/reading/tables/pickup_of_tunes.npz]

The tunes are those of a folder in ABC notation; music21's corpus has 8,000 (the Essen folk songs, O'Neill's, Ryan's and
Aird's collections). They are laid from their first note on, their pickup not filled up, once and three times over. A
quarter of them, by what they are, is held out of the fit and measured.
"""

import argparse
import zlib

import numpy as np

from benchmarks import abc_tunes
from surrogate.evaluation import fit_pickup
from surrogate.reading import pickup

TICKS_PER_QUARTER = 48
PRIORS = {"2/4": 2.0, "3/4": 1.5, "4/4": 3.0, "6/8": 2.0}
"""Chosen so that hardly a tune without a pickup is given one."""
HELD_OUT = 4


def in_ticks(tune, *, before=0.0, times=1):
    """Start, end and pitch of a tune's notes after so many quarters of rest, so many times over in full bars."""
    start, end, pitch = np.array(tune.notes).T
    bar = 4 * tune.signature[0] / tune.signature[1]
    again = np.arange(times)[:, None] * np.ceil(end.max() / bar - 1e-6) * bar + before
    start, end = (np.rint((values + again).ravel() * TICKS_PER_QUARTER).astype(int) for values in (start, end))
    return start, np.maximum(end, start + 1), np.tile(pitch.astype(int), times)


def is_held_out(tune) -> bool:
    return zlib.crc32(repr(tune.notes[:12]).encode()) % HELD_OUT == 0


def fitted(name, tunes):
    """The PickupTable of tunes in one of pickup.TUNES."""
    division, _, _ = pickup.TUNES[name]
    evidences = [
        pickup.bar_evidence(*in_ticks(tune, before=bar_of(tune) - tune.pickup), TICKS_PER_QUARTER, division)
        for tune in tunes
    ]
    return fit_pickup.fit_evidence(evidences, prior=PRIORS[name])


def bar_of(tune) -> float:
    """Quarter notes a bar."""
    return 4 * tune.signature[0] / tune.signature[1]


def measure(tunes, tables, times):
    """Of each pickup that ten tunes or more have: how many, the shares found right and found to have another."""
    told = np.array([tune.pickup for tune in tunes])
    found = np.array(
        [
            pickup.upbeat(*in_ticks(tune, times=times), TICKS_PER_QUARTER, tune.signature, tables=tables)
            for tune in tunes
        ]
    )
    for quarters in np.unique(told):
        of = found[told == quarters]
        if len(of) >= 10:
            right = (of == quarters).mean()
            other = ((of != quarters) & (of > 0)).mean()
            yield quarters, len(of), right, other


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--fit", help="learn the tables anew and write them to this file")
    flags = parser.parse_args(argv)
    tunes = abc_tunes.read(flags.input)
    of_name = {name: [tune for tune in tunes if tune.signature in pickup.TUNES[name][2]] for name in pickup.TUNES}
    tables = None
    if flags.fit:
        tables = {name: fitted(name, [each for each in of if not is_held_out(each)]) for name, of in of_name.items()}
        fit_pickup.save_tunes(tables, flags.fit)
    print("| meter | pickup, quarters | tunes | found right | found another | three times over | |\n|" + "---|" * 7)
    for name, of in of_name.items():
        held_out = [tune for tune in of if is_held_out(tune)]
        once, thrice = (measure(held_out, tables, times) for times in (1, 3))
        for (quarters, count, right, other), (_, _, right_3, other_3) in zip(once, thrice, strict=True):
            print(f"| {name} | {quarters:g} | {count} | {right:.3f} | {other:.3f} | {right_3:.3f} | {other_3:.3f} |")


if __name__ == "__main__":
    main()
