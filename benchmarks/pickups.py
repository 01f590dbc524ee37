"""How well pickups of traditional tunes are found, and what surrogate.reading.tune_bars is to learn of them.

    pip download music21 --no-deps && unzip music21-*.whl 'music21/corpus/*.abc' -d TUNES
    python -m benchmarks.pickups --input=TUNES [--fit=surrogate/reading/tables/tune_bars.npz]

The tunes are those of a folder in ABC notation; music21's corpus has 8,000 (the Essen folk songs, O'Neill's, Ryan's and
Aird's collections). They are laid from their first note on, their pickup not filled up, once and three times over. A
quarter of them, by what they are, is held out of the fit and measured.
"""

import argparse
import zlib

import numpy as np

from benchmarks import abc_tunes
from surrogate.evaluation import fit_tune_bars
from surrogate.reading import pickup, tune_bars

TICKS_PER_QUARTER = 48
HELD_OUT = 4
MORE = -2, -1, 0, 1, 2
"""Log-odds that are tried on top of the networks' own for no pickup."""


def in_ticks(tune, *, before=0.0, times=1):
    """Start, end and pitch of a tune's notes after so many quarters of rest, so many times over in full bars."""
    start, end, pitch = np.array(tune.notes).T
    bar = 4 * tune.signature[0] / tune.signature[1]
    again = np.arange(times)[:, None] * np.ceil(end.max() / bar - 1e-6) * bar + before
    start, end = (np.rint((values + again).ravel() * TICKS_PER_QUARTER).astype(int) for values in (start, end))
    return start, np.maximum(end, start + 1), np.tile(pitch.astype(int), times)


def is_held_out(tune) -> bool:
    return zlib.crc32(repr(tune.notes[:12]).encode()) % HELD_OUT == 0


def fitted(meter, tunes):
    """The network of tunes in one of tune_bars.METERS."""
    known = []
    for tune in tunes:
        factor = meter.signatures[tune.signature]
        eighths = 2 * tune.pickup * factor
        if eighths == int(eighths):
            known.append(
                fit_tune_bars.KnownTune(np.array(tune.notes) * [factor, factor, 1], int(eighths) % meter.units)
            )
    return fit_tune_bars.fit(known, meter.units)


def heard(tunes, networks, times=1):
    """The pickups found, quarter notes: float64 [tunes]."""
    return np.array(
        [
            pickup.upbeat(*in_ticks(tune, times=times), TICKS_PER_QUARTER, tune.signature, networks=networks)
            for tune in tunes
        ]
    )


def measure(tunes, networks, times):
    """Of each pickup that ten tunes or more have: how many, the shares found right and found to have another."""
    told, found = np.array([tune.pickup for tune in tunes]), heard(tunes, networks, times)
    for quarters in np.unique(told):
        of = found[told == quarters]
        if len(of) >= 10:
            right = (of == quarters).mean()
            other = ((of != quarters) & (of > 0)).mean()
            yield quarters, len(of), right, other


def print_trade_off(tunes, networks):
    """What more or less log-odds for no pickup do to false pickups and to those found, in meters that are heard."""
    signatures = {signature for meter in tune_bars.METERS.values() for signature in meter.signatures}
    tunes = [tune for tune in tunes if tune.signature in signatures]
    told = np.array([tune.pickup for tune in tunes])
    is_half = np.array([tune.pickup == 2 * tune.signature[0] / tune.signature[1] for tune in tunes])
    print("\n| log-odds more for none | given one wrongly | found right | of half a bar |\n|" + "---|" * 4)
    for more in MORE:
        shifted = {name: network._replace(prior=network.prior + more) for name, network in networks.items()}
        found = heard(tunes, shifted)
        right = found == told
        shares = (found[told == 0] > 0).mean(), right[told > 0].mean(), right[is_half].mean()
        print(f"| {more} | " + " | ".join(f"{share:.3f}" for share in shares) + " |", flush=True)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--fit", help="learn the tables anew and write them to this file")
    flags = parser.parse_args(argv)
    tunes, networks = abc_tunes.read(flags.input), tune_bars.networks()
    if flags.fit:
        learnt = [tune for tune in tunes if not is_held_out(tune)]
        networks = {
            name: fitted(meter, [tune for tune in learnt if tune.signature in meter.signatures])
            for name, meter in tune_bars.METERS.items()
        }
        fit_tune_bars.save(networks, flags.fit)
    print("| meter | pickup, quarters | tunes | found right | found another | three times over | |\n|" + "---|" * 7)
    for signature in sorted({tune.signature for tune in tunes}):
        held_out = [tune for tune in tunes if tune.signature == signature and is_held_out(tune)]
        once, thrice = (measure(held_out, networks, times) for times in (1, 3))
        for (quarters, count, *shares), (_, _, *shares_3) in zip(once, thrice, strict=True):
            figures = " | ".join(f"{share:.3f}" for share in shares + shares_3)
            print(f"| {signature[0]}/{signature[1]} | {quarters:g} | {count} | {figures} |", flush=True)
    print_trade_off([tune for tune in tunes if is_held_out(tune)], networks)


if __name__ == "__main__":
    main()
