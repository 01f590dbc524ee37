"""Write bass and drums for a melody: MIDI file in, MIDI file out, the melody itself untouched."""

import math
import pathlib
import sys
import time

from scripts.parser import Parser


def _flags(argv):
    parser = Parser(prog="accompany", description=__doc__, allow_abbrev=False)
    parser.add_argument("melody", type=pathlib.Path, help="a MIDI file in 4/4 with a melody")
    parser.add_argument("--output", type=pathlib.Path, help="where to write (default: MELODY_accompanied.mid)")
    parser.add_argument("--seed", type=int, default=0, help="each seed gives another take (default: 0)")
    parser.add_argument("--temperature", type=float, help="0 always plays the likeliest, 1 dares more")
    parser.add_argument("--checkpoint", help="a pretrained model's name or a model folder (default: the built-in one)")
    flags = parser.parse_args(argv)
    if not 0 <= flags.seed < 1 << 32:
        parser.error(f"argument --seed: must be from 0 to {(1 << 32) - 1}, not {flags.seed}")
    if flags.temperature is not None and not 0 <= flags.temperature < math.inf:
        parser.error(f"argument --temperature: must be 0 or more, not {flags.temperature}")
    return flags


def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    start = time.perf_counter()
    flags = _flags(argv)
    output = flags.output or flags.melody.with_name(f"{flags.melody.stem}_accompanied.mid")

    import musicvae_jax  # late, so that a wrong flag is answered at once
    import surrogate

    try:
        song = surrogate.accompany(
            flags.melody, output=output, seed=flags.seed, temperature=flags.temperature, checkpoint=flags.checkpoint
        )
    except musicvae_jax.MidiError as error:
        mistake = error
    except musicvae_jax.CheckpointError as error:  # apart, as naming this one imports JAX
        mistake = error
    else:
        slowest, fastest = (f"{qpm:.3g}" for qpm in song.tempos)
        tempo = slowest if slowest == fastest else f"{slowest} to {fastest}"
        print(
            f"wrote {output}: {song.bars} bars at {tempo} bpm, {song.bass_notes} bass notes, "
            f"{song.drum_hits} drum hits, in {time.perf_counter() - start:.1f} s"
        )
        return 0
    print(f"accompany: {mistake}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
