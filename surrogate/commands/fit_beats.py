"""Make the table that finds the beats of free playing again from a pack of songs."""

from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, file_ending_in

LEAST_SONGS = 10


def _parser():
    parser = Parser(prog="fit_beats", description=__doc__)
    pack = "pack of whole songs, from encode_corpus --config.unit=song --config.output=SONGS.npz"
    parser.add_argument("--input", required=True, metavar="SONGS.npz", help=pack)
    table = "where to write the table (default: in place of the built-in one)"
    parser.add_argument("--output", type=file_ending_in(".npz"), metavar="TABLE.npz", help=table)
    return parser


@interruptible("fit_beats")
def main(argv=None) -> int:
    """Runs the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = _parser()
    flags = parser.parse_args(argv)
    # Late, so that a wrong flag is answered at once.
    from musicvae_jax import files
    from surrogate.corpus import song_pack
    from surrogate.evaluation import fit_beats, free_playing
    from surrogate.reading import beat_network

    path = flags.output or beat_network.TABLE
    try:
        files.check_place(path)
        songs = free_playing.with_bass(song_pack.open(flags.input), "train")
        if len(songs) < LEAST_SONGS:
            return refuse(parser.prog, f"{flags.input}: {len(songs)} songs to learn from; give {LEAST_SONGS} or more")
        lines = [melody for melody, _ in songs]
        of_both = fit_beats.fit_rhythm([fit_beats.together(*song) for song in songs])
        fit_beats.save(path, fit_beats.fit_rhythm(lines), of_both, fit_beats.fit_network(lines))
    except (OSError, ValueError) as error:
        return refuse(parser.prog, error)
    return tell(parser.prog, f"wrote {path}: from {len(songs)} songs; benchmarks/free_playing.py measures it")
