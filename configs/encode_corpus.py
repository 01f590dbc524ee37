"""MIDI files -> windows (and latents).

2 CPU cores, 6,657 songs: 499 files/s scanned, 330 windows/s encoded by trio_16bar_small, 6 min in all.
The same songs whole, into a pack: 2 min.
"""

import ml_collections


def get_config():
    c = ml_collections.ConfigDict()
    # A folder of MIDI files, of archives of them (.zip, .tar, .tar.gz, .tar.xz) and of TFRecords of NoteSequences; or
    # one of these files; or a glob; or a pack (.npz).
    c.input = ml_collections.config_dict.placeholder(str)
    c.output = ml_collections.config_dict.placeholder(str)  # folder; a name ending in .npz makes a pack, unencoded
    c.checkpoint = "trio_16bar_small"  # or a model folder
    c.dtype = "float32"  # bfloat16: half the memory, faster where the hardware has such products

    # Or "song": every song whole, its bars of 4/4 with melodies, bass, drums and chords, into a pack. Of the two groups
    # that follow only deduplicate, tunes, fractions and split_seed matter then.
    c.unit = "window"

    c.grid = "beats"  # or "magenta": cut at every tempo and meter change, as Magenta does
    c.hop_bars = 4
    c.leads = False  # True: strings, brass, reeds, flutes and synth leads are melodies, too, not only programs 0-31
    # True: every song is brought to the notes of C major, by its melody; not given: as the pack is, or else the
    # checkpoint wants it, and songs that are only cut, into a pack, stay in their keys
    c.in_c = ml_collections.config_dict.placeholder(bool)
    c.max_windows = 24  # a song; 0: all
    c.draw = True  # these by seed; False: the first
    c.deduplicate = True  # of songs with the same notes on the grid, only the first
    c.transpose = ()  # semitones, say range(-5, 7), for the windows of training songs
    c.copies = 1  # of each such window, in as many of these keys, drawn by seed; 0: one in every key
    c.seed = 0

    c.tunes = ""  # CSV with the columns file, tune_group; without it songs with the same notes are one tune
    c.validation_fraction = 0.05  # of tunes
    c.test_fraction = 0.0
    c.split_seed = 0

    c.workers = 0  # processes that read; 0: one a core
    c.seconds_a_file = 10.0  # a file that takes longer is rejected, as is one that takes more memory
    c.megabytes_a_file = 1024
    c.batch_size = 64  # windows a device
    c.shard_windows = 8192
    return c
