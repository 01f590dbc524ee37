"""How well the beats of free playing are found, and how many files that follow their grid are left alone.

    python -m benchmarks.free_playing --songs=SONGS.npz [--number=200] [--kicks=100] [--midi=MIDI_DIR]

SONGS.npz is a pack of whole songs that scripts.encode_corpus makes. Its validation melodies are played freely
(surrogate.evaluation.free_playing: 60 to 180 a minute, drift of 3 %, jitter of 20 ms, a ritardando) into files of 120 a
minute, alone and with the song's bass as a pianist's left hand, and to a click: straight, swung, in triplets, with
jitter, late. Of so many, the kicks that the embedded model writes are measured, too. Files of MIDI_DIR are played
freely by all their tracks, and looked at as they are.
"""

import argparse
import pathlib
import tempfile
import time

import numpy as np
import symusic

import surrogate
from musicvae_jax import events, midi
from surrogate.corpus import song_pack
from surrogate.evaluation import free_playing
from surrogate.reading import beat_finder, melody, song_time, tracks, two_hands

TICKS_PER_BEAT, QPM = 480, 120
LEAST_NOTES = 16  # of a track that tells anything
MOST_BARS, LEAST_ON_EIGHTHS = 80, 0.6  # of songs that are played with all their tracks
OCTAVES = {"the same": 0, "twice": 1, "half": -1}
FAILURES = ("half a beat off", "half a beat off in part", "16ths off", "another tempo", "none found")
MOSTLY = 0.85  # of the beats
CLICKS = {  # name: jitter and lag in seconds, place of the second eighth
    "as written": (0, 0, 0.5),
    "jitter of 10 ms": (0.01, 0, 0.5),
    "jitter of 25 ms": (0.025, 0, 0.5),
    "jitter of 25 ms, 70 ms late": (0.025, 0.07, 0.5),
    "swung, jitter of 10 ms": (0.01, 0, 0.62),
    "in triplets, jitter of 10 ms": (0.01, 0, 2 / 3),
}


def free(songs, rng, *, told=False, hears=0, on_one_track=False, sung=False):
    """Rows of tempo, share of found beats near true ones, share of true beats near found ones, octaves off, is taken
    for free, sure, seconds that it took, failure if it is one, of songs, whose melody and so many other lines are
    heard, each on a track of its own or all on one; or sung is the melody."""
    for song in songs:
        played, *others = free_playing.perform_together(song, rng)
        if sung:
            played = free_playing.sung(played, rng)
        tempo = 60 / np.median(np.diff(played.beats))
        heard = [other[:3] for other in others[:hears] if len(other.start)]
        seconds = np.concatenate([start for start, *_ in (played, *heard)])
        onset = np.rint(seconds * TICKS_PER_BEAT * QPM / 60).astype(np.int64)
        began = time.process_time()
        own = played[:3]
        if on_one_track:
            own, heard = hands_of(map(np.concatenate, zip(own, *heard, strict=True)))
        found = beat_finder.find(*own, others=heard, qpm=tempo if told else None)
        took = time.process_time() - began
        if found is None:
            yield tempo, 0, 0, np.inf, False, 0, took, FAILURES.index("none found")
            continue
        near = (
            free_playing.share_near(found.seconds, played.beats),
            free_playing.share_near(played.beats, found.seconds),
        )
        octaves, is_free = np.log2(found.qpm / tempo), not song_time.follows(onset, TICKS_PER_BEAT)
        yield tempo, *near, octaves, is_free, found.sure, took, FAILURES.index(failure(found, played.beats, octaves))


def hands_of(notes):
    """The melody of a track, start and end in seconds, and pitch, and what else is on it, as a list of none or one."""
    notes = list(notes)
    ticks = (np.rint(seconds * TICKS_PER_BEAT * QPM / 60).astype(np.int64) for seconds in notes[:2])
    is_melody = two_hands.is_melody(*ticks, notes[2], TICKS_PER_BEAT)
    melody_line, below = ([values[own] for values in notes] for own in (is_melody, ~is_melody))
    return melody_line, [] if is_melody.all() else [below]


def failure(found, beats, octaves):
    """What is wrong with found beats where true ones, float64 [B], are missed."""
    if abs(octaves) >= 0.2:
        return "another tempo"
    sixteenth = np.rint(4 * np.interp(found.seconds, beats, np.arange(len(beats)))).astype(int) % 4
    share = np.bincount(sixteenth, minlength=4) / len(sixteenth)
    if share[2] > MOSTLY:
        return "half a beat off"
    return "half a beat off in part" if share[0] + share[2] > MOSTLY else "16ths off"


def tracks_of_songs(folder, most):
    """The melody's line and those of the other pitched tracks of files below a folder that are in 4/4 and not long."""
    found = []
    for file in np.random.default_rng(0).permutation(sorted(midi.files(folder))):
        try:
            song = melody.read_melody(file, beats="file", pickup=0, swung=0.5)
        except midi.MidiError:
            continue
        others = (each for n, each in enumerate(song.score.tracks) if n != song.index and not each.is_drum)
        step = song.score.ticks_per_quarter / events.STEPS_PER_BEAT
        lines = []
        for start, end, pitch in map(tracks.notes, (song.track, *others)):
            lines.append(free_playing.Line(*(np.rint(ticks / step).astype(int) for ticks in (start, end)), pitch))
        lines = [line for line in lines if line is lines[0] or len(line.first) >= LEAST_NOTES]
        is_plain = song.meters == [(0, 4, 4)] and song.bars <= MOST_BARS and len(lines[0].first) >= LEAST_NOTES
        if is_plain and len(lines) > 1 and (lines[0].first % 2 == 0).mean() >= LEAST_ON_EIGHTHS:
            found.append(lines)
        if len(found) == most:
            break
    return found


def kicks(lines, rng, path):
    """Rows of the shares of the kicks written for performances that are near true beats, of those meant for beats that
    are, and of all that are near true eighths; path is where the performances' files are."""
    band = surrogate.Accompanist.load()
    for line in lines:
        played = free_playing.perform(line, rng)
        write(played, path)
        song = band.accompany(path)
        [take] = song.takes
        drums = take.score.tracks[take.roles.index("drums")].notes.numpy()
        kick = np.isin(drums["pitch"], events.DRUM_GROUPS[0])
        on_beat = np.flatnonzero(take.tokens[:: events.STEPS_PER_BEAT, 2] & events.KICK) * events.STEPS_PER_BEAT
        written, meant = (
            ticks * 60 / QPM / TICKS_PER_BEAT for ticks in (drums["time"][kick], song.melody.grid.ticks[on_beat])
        )
        eighths = np.interp(np.arange(2 * len(played.beats) - 1) / 2, np.arange(len(played.beats)), played.beats)
        yield [
            free_playing.share_near(*each)
            for each in ((written, played.beats), (meant, played.beats), (written, eighths))
        ]


def write(played, path):
    """The file that a phone writes of a performance."""
    score = symusic.Score(TICKS_PER_BEAT)
    score.tracks.append(symusic.Track())
    for start, end, pitch in zip(played.start, played.end, played.pitch.tolist(), strict=True):
        first, last = (round(second * TICKS_PER_BEAT * QPM / 60) for second in (start, end))
        score.tracks[0].notes.append(symusic.Note(first, max(last - first, 1), pitch, 80))
    score.dump_midi(path)


def to_click(line, rng, jitter, lag, eighth):
    """Onsets in ticks of a melody that follows its file's beats at a tempo of its own."""
    seconds_a_beat = 60 / np.exp(rng.uniform(*np.log(free_playing.TEMPOS)))
    beat, place = np.divmod(line.first / 4, 1)
    beat = beat + np.interp(place, [0, 0.5, 1], [0, eighth, 1])
    late = lag + rng.normal(0, jitter, len(beat)) if jitter else 0
    return np.maximum(np.rint((beat + late / seconds_a_beat) * TICKS_PER_BEAT), 0).astype(np.int64)


def follow_in(folder):
    """Of the MIDI files below a folder, how many there are and the share that is taken to follow its beats."""
    follow = []
    for file in midi.files(folder):
        try:
            score = midi.read(file)
        except midi.MidiError:
            continue
        onsets = [track.notes.numpy()["time"] for track in score.tracks if len(track.notes)]
        if onsets:
            follow.append(song_time.follows(np.concatenate(onsets).astype(np.int64), score.ticks_per_quarter))
    return len(follow), np.mean(follow)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", required=True)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--kicks", type=int, default=0)
    parser.add_argument("--midi", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args(argv)
    songs = free_playing.with_bass(song_pack.open(flags.songs), "validation", most=flags.number)
    lines = [line for line, _ in songs]
    alone, two_handed = [[line] for line in lines], [song for song in songs if len(song[1].first) >= LEAST_NOTES]
    kinds = {
        "": (alone, {}),
        ", tempo told": (alone, {"told": True}),
        ", sung": ([*alone], {"sung": True}),
        ", songs with a bass": (two_handed, {}),
        ", their bass heard, too": (two_handed, {"hears": 1}),
        ", bass and melody on one track": (two_handed, {"hears": 1, "on_one_track": True}),
    }
    if flags.midi:
        whole = tracks_of_songs(flags.midi, flags.number)
        kinds |= {", files of several tracks": (whole, {}), ", one more heard": (whole, {"hears": 1})}
        kinds[", all heard"] = whole, {"hears": None}
    head = "mean of beats near", "songs with 90 %", "all true beats found, too", *OCTAVES, "taken for free", "sure", "s"
    print(f"| played freely | number | {' | '.join(head)} |\n|{'---|' * (len(head) + 2)}")
    failures = {}
    for kind, (played, how) in kinds.items():
        rows = np.array(list(free(played, np.random.default_rng(flags.seed), **how)))
        for slowest, fastest in ((60, 180), (60, 90), (90, 130), (130, 180)) if played is alone else ((60, 180),):
            name = f"{slowest} to {fastest} a minute{kind}"
            of = rows[(rows[:, 0] > slowest / 1.05) & (rows[:, 0] <= fastest * 1.05)]
            if not len(of):
                continue
            _, near, whole, octaves, is_free, sure, took, failed = of.T
            failures[name] = [((near < 0.9) & (failed == number)).mean() for number in range(len(FAILURES))]
            figures = [near.mean(), (near >= 0.9).mean(), ((near >= 0.9) & (whole >= 0.9)).mean()]
            figures += [(np.abs(octaves - each) < 0.2).mean() for each in OCTAVES.values()]
            figures += [is_free.mean(), sure.mean(), took.mean()]
            print(f"| {name} | {len(of)} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    print(f"\n| failures | {' | '.join(FAILURES)} |\n|{'---|' * (len(FAILURES) + 1)}")
    for name, shares in failures.items():
        print(f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    if flags.kicks:
        with tempfile.TemporaryDirectory() as folder:
            rng, path = np.random.default_rng(flags.seed), pathlib.Path(folder) / "played.mid"
            rows = np.array(list(kicks(lines[: flags.kicks], rng, path)))
        print("\n| kicks near true ones | number | mean | songs with 90 % |\n|---|---|---|---|")
        for name, near in zip(("beats", "beats, those meant for beats", "eighths"), rows.T, strict=True):
            print(f"| {name} | {len(near)} | {near.mean():.3f} | {(near >= 0.9).mean():.3f} |")
    print("\n| to a click | number | left alone |\n|---|---|---|")
    for name, how in CLICKS.items():
        rng = np.random.default_rng(flags.seed)
        follow = [song_time.follows(to_click(line, rng, *how), TICKS_PER_BEAT) for line in lines]
        print(f"| {name} | {len(follow)} | {np.mean(follow):.3f} |")
    if flags.midi:
        number, share = follow_in(flags.midi)
        print(f"| files as they are | {number} | {share:.3f} |")


if __name__ == "__main__":
    main()
