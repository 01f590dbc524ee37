"""Write bass and drums for melodies: MIDI files or scores in, MIDI files out, the melodies themselves untouched."""

import dataclasses
import pathlib
import sys
import time

from musicvae_jax.files import escape_controls
from surrogate.accompaniment.options import BEATS, KEEP, Options, range_text
from surrogate.commands import devices
from surrogate.commands.console import importing, interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError


def parser() -> Parser:
    """Builds the command line."""
    parser = Parser(prog="accompany", description=__doc__)
    path = pathlib.Path
    melodies = (
        "MIDI files, scores (MusicXML, ABC) or folders of them, where hidden files and those named *_accompanied are "
        "left out"
    )
    parser.add_argument("melodies", nargs="+", type=path, metavar="melody.mid", help=melodies)
    page = "a page on this machine to hear and change it; its own flags: --studio --help"
    parser.add_argument("--studio", action="store_true", help=page)
    parser.add_argument("--checkpoint", help="a pretrained model's name or a model folder (default: the built-in one)")

    of_melody = parser.add_argument_group("the melody")
    add = of_melody.add_argument
    add("--track", help="its track, by number from 1 or by name (default: found)")
    hands = f"how many play that track, {range_text('hands')}: of two, the upper one has the melody (default: found)"
    add("--hands", type=int, metavar="HANDS", help=hands)
    beats = "whose beats bass and drums follow (default: the file's, or where these cannot be right those played)"
    add("--beats", choices=BEATS, help=beats)
    tempo = f"about how many beats a minute it was played at without a click, {range_text('tempo')} (default: found)"
    add("--tempo", type=float, metavar="BPM", help=tempo)
    pickup = f"quarter notes before the first bar line, {range_text('pickup')} (default: found)"
    add("--pickup", type=float, metavar="BEATS", help=pickup)
    add("--key", help='its key, as "G minor", "F# major" or "Bb" (default: found)')
    add("--meter", metavar="METER", help='of the whole song, as "3/4" or "7/8:2+2+3" (default: the file\'s)')
    swing = f"of the second eighth in a beat, {range_text('swing')}: 0.5 straight, 0.67 a triplet's (default: found)"
    add("--swing", type=float, metavar="PLACE", help=swing)
    chords = 'as "C | Am F | G7/B", or a file of them (default: those that the melody\'s file holds, or else found)'
    either = of_melody.add_mutually_exclusive_group().add_argument
    either("--chords", metavar="CHORDS", help=chords)
    either("--no-chords", dest="chords", action="store_false", default=None, help="find them, whatever the file holds")

    add = parser.add_argument_group("what is written").add_argument
    add("--output", type=path, help="the file, a folder for several melodies (default: MELODY_accompanied.mid)")
    add("--keep", choices=KEEP, default=Options.keep, help="the song's own tracks that stay (default: %(default)s)")
    add("--replace", action="store_true", help="with --keep=all: write bass and drums anew where the song has them")
    takes = f"so many different ones, ranked, {range_text('takes')} (default: %(default)s)"
    add("--takes", type=int, default=Options.takes, help=takes)
    add("--reharmonise", action="store_true", help="with --takes: ones that differ in their chords, too")
    add("--no-bass", dest="bass", action="store_false", help="drums alone")
    add("--no-drums", dest="drums", action="store_false", help="bass alone")
    add("--no-ending", dest="ending", action="store_false", help="play the last bar to its end, for a loop")
    program = f"the bass's General MIDI program, {range_text('program')} (default: %(default)s)"
    add("--program", type=int, default=Options.program, help=program)

    add = parser.add_argument_group("how it sounds").add_argument
    seed = f"other dice, {range_text('seed')} (default: %(default)s)"
    add("--seed", type=int, default=Options.seed, help=seed)
    temperature = range_text("bass_temperature")
    safe = f"{temperature}: 0 is safest, 1 as free as people are"
    add("--temperature", type=float, help=f"of bass and drums, {safe} (default: the model's own)")
    for part in ("bass", "drum"):
        add(f"--{part}-temperature", type=float, help=f"of the {part} part, {temperature}")
    for part in ("bass", "drum"):
        density = f"of the {part} part, {range_text(f'{part}_density')}: each step doubles or halves its notes"
        add(f"--{part}-density", type=float, default=0.0, metavar="STEPS", help=density)
    human = f"how far from the grid bass and drums are played, {range_text('human')}: 1 as by people, 0 not at all"
    add("--human", type=float, default=Options.human, metavar="TIMES", help=f"{human} (default: %(default)g)")
    add("--like", metavar="SONG.mid", help="play as if this song's band went on")

    add = parser.add_argument_group("to look at and to listen to (a folder for several melodies)").add_argument
    add("--plot", type=path, metavar="OUT.png", help="a piano roll of the best take")
    add("--html", type=path, metavar="OUT.html", help="a page that shows and plays all takes, without a network")
    add("--wav", type=path, metavar="OUT.wav", help="the sound of the best take, through a soundfont")
    add("--chords-out", type=path, metavar="OUT.txt", help="the chords of the best take, as --chords reads them")
    add("--score", type=path, metavar="OUT.musicxml", help="the best take on staves, for notation programs")
    add("--soundfont", metavar="FILE.sf2", help="for --wav (default: looked for in the usual places)")
    return parser


@interruptible("accompany")
def main(argv=None) -> int:
    """Runs the command line; returns the exit code: 0, or 2 after one line on stderr for each mistake."""
    words = sys.argv[1:] if argv is None else list(argv)
    if "--studio" in words:
        from surrogate.commands import studio

        return studio.main([word for word in words if word != "--studio"])
    reader = parser()
    flags = reader.parse_args(words)
    if flags.soundfont and not flags.wav:
        reader.error("argument --soundfont is for --wav, which is not given")
    options = _options(reader, flags)
    with importing():  # late, so that a wrong flag is answered at once
        from musicvae_jax import cache, compiled

        cache.keep_compiled_programs()
        compiled.load_last()
        from musicvae_jax.files import FileError
        from surrogate.accompaniment import given_chords, many_files, outputs

    began = time.perf_counter()
    destination = outputs.Destination(flags.output, flags.plot, flags.html, flags.wav, flags.chords_out, flags.score)
    try:
        plan = outputs.plan_outputs(flags.melodies, destination, takes=options.takes)
        soundfont, chords = _ready(plan.songs[0], flags.soundfont), given_chords.sheet_file(options)
        plan.check(like=options.like, chords=chords, soundfont=soundfont, checkpoint=flags.checkpoint)
        if chords is not None:
            given_chords.sheet(options)
    except FileError as mistake:
        return refuse(reader.prog, mistake)
    songs, mistakes = many_files.read_songs(plan.songs, options)
    code = 0
    if songs:

        def tell_song(files, song):
            return tell(reader.prog, _closing_line(files, song, time.perf_counter() - began))

        quiet = not plan.makes_folders
        code, unwritten = _write(songs, options, flags.checkpoint, soundfont, tell_song, quiet=quiet)
        mistakes += unwritten
    return max([code, *(refuse(reader.prog, mistake) for mistake in mistakes)])


def _options(reader, flags):
    """The flags' Options; where they are out of range, the command ends with a line that names the flag."""
    if not (flags.bass or flags.drums):
        reader.error("--no-bass and --no-drums leave nothing to write; give one of them at most")
    choices = {field.name: getattr(flags, field.name) for field in dataclasses.fields(Options)}
    flag_of = {}
    for name in ("bass_temperature", "drum_temperature"):
        if choices[name] is None:
            choices[name] = getattr(Options, name) if flags.temperature is None else flags.temperature
            flag_of[name] = "temperature"
    try:
        return Options(**choices)
    except ValueError as mistake:
        name, _, rest = str(mistake).partition(" ")
        return reader.error(f"argument --{flag_of.get(name, name).replace('_', '-')} {rest}")


def _ready(files, soundfont):
    """The soundfont to play with, if any; raises FileError where a picture or sound could not be made."""
    if files.picture is not None:
        from surrogate.rendering import plot

        plot.check(files.picture)
    if files.sound is not None:
        from surrogate.rendering import sound

        _, soundfont = sound.ready(files.sound, soundfont)
    return soundfont


def _write(songs, options, checkpoint, soundfont, tell_song, *, quiet):
    """Writes all songs' files with a line for each; returns the exit code of the lines, and what went wrong."""
    with importing():
        import tqdm

        from musicvae_jax.checkpoint import CheckpointError
        from musicvae_jax.files import FileError
        from surrogate.accompaniment.accompanist import Accompanist
        from surrogate.accompaniment.many_files import accompany_songs
        from surrogate.accompaniment.models import kept_band

    code, mistakes = 0, []
    try:
        devices.check()
        accompanist = Accompanist(kept_band(checkpoint), checkpoint)
        with tqdm.tqdm(total=len(songs), unit="song", disable=True if quiet else None) as progress:
            for files, song in accompany_songs(songs, accompanist, options, soundfont=soundfont):
                if isinstance(song, FileError):
                    mistakes.append(song)
                else:
                    with progress.external_write_mode():
                        code = max(code, tell_song(files, song))
                progress.update()
    except (UsageError, CheckpointError, FileError) as mistake:
        mistakes.append(mistake)
    return code, mistakes


def _closing_line(files, song, seconds) -> str:
    """What was written, what is in it, and what was assumed of the song."""
    first, *others = files.takes
    takes = f"{first} to {others[-1].name}, the best first" if others else first
    names = ", ".join(map(str, (takes, *files.paths[len(files.takes) :])))
    melody = f"melody: {song.melody.reason}; {song.assumptions}"
    if files.is_renamed:
        names += f" (numbered, as another song is called like {files.melody})"
    return escape_controls(f"wrote {names}: {song.summary}, in {seconds:.1f} s; {melody}")
