"""Make the table that finds keys again from a pack of songs, and measure it on the pack's validation tunes."""

from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, file_ending_in

LEAST_SONGS = 10


def _parser():
    parser = Parser(prog="fit_keys", description=__doc__)
    pack = "pack of whole songs, from encode_corpus --config.unit=song --config.output=SONGS.npz"
    parser.add_argument("--input", required=True, metavar="SONGS.npz", help=pack)
    parser.add_argument("--midi", required=True, help="folder of the MIDI files it was made of, for their signatures")
    table = "where to write the table (default: in place of the built-in one)"
    parser.add_argument("--output", type=file_ending_in(".npz"), metavar="TABLE.npz", help=table)
    return parser


@interruptible("fit_keys")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = _parser()
    flags = parser.parse_args(argv)
    # Late, so that a wrong flag is answered at once.
    from musicvae_jax import files
    from surrogate.corpus import song_pack
    from surrogate.evaluation import fit_keys, key_figures, song_keys
    from surrogate.reading import key_finder

    path = flags.output or key_finder.TABLE
    try:
        files.check_place(path)
        pack = song_pack.open(flags.input)
        songs, held_out = (song_keys.read(pack, pack.indices(split), flags.midi) for split in ("train", "validation"))
        if min(len(songs), len(held_out)) < LEAST_SONGS:
            counts = f"{len(songs)} songs to learn from and {len(held_out)} to measure with"
            return refuse(parser.prog, f"{flags.input}: {counts}; give a pack with {LEAST_SONGS} of each or more")
        harmony = song_keys.fit(songs)
        parts = [part for song in songs for part in song_keys.sections(song, harmony)]
        parts = [part for part in parts if len(part.chords_SxHx3) >= fit_keys.SHORTEST]
        fit_keys.save(fit_keys.fit(parts, song_keys.chances(parts, harmony)), path)
    except (OSError, ValueError) as error:
        return refuse(parser.prog, error)
    table, right = key_finder.load(path), song_keys.main_keys(held_out, harmony)
    of_one_key = [song for song in held_out if len(song_keys.sections(song, harmony)) == 1]
    figures = key_figures.measure(table, held_out, right)
    figures |= key_figures.measure_confidence(table, held_out, right) | key_figures.measure_changes(table, of_one_key)
    told = f"wrote {path}: from {len(parts)} sections in one key of {len(songs)} songs; {len(held_out)} held out"
    return tell(parser.prog, "\n".join([told, *(f"  {name:48}{value:8.3f}" for name, value in figures.items())]))
