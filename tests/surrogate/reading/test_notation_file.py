"""Written scores, MusicXML and ABC: their notes as they are played, their chords, meters, keys and pickups."""

import importlib.util
import zipfile

import pytest

from musicvae_jax import midi
from musicvae_jax.files import FileError
from surrogate.reading import notation_file, song_evidence
from surrogate.reading.melody import read_melody
from tests.notation_files import (
    LEAD_SHEET,
    TWO_TUNES,
    attributes,
    compress,
    degree,
    harmony,
    musicxml,
    note,
    notes,
    repeat,
    tempo,
    write,
)

QUARTER = 480


def played(path):
    """Of every track its notes, (onset in quarters, length, pitch), and what the score tells beside."""
    chunks, notation = notation_file.read(path)
    score = midi.read(chunks.content())
    rows = [[(n.time / QUARTER, n.duration / QUARTER, n.pitch) for n in track.notes] for track in score.tracks]
    return [sorted(row) for row in rows if row], notation, score


def symbols(notation):
    return [(tick / QUARTER, chord.symbol) for tick, chord in notation.chords]


def test_a_lead_sheet(tmp_path):
    path = write(tmp_path / "sheet.musicxml", musicxml(LEAD_SHEET))
    [melody], notation, score = played(path)
    assert [(begin, pitch) for begin, _, pitch in melody] == list(
        enumerate([62, 67, 71, 74, 69, 66, 62, 67, 71, 74, 69, 69, 69, 67])
    )
    assert melody[-1] == (13, 5, 67), "a tie is one note"
    assert notation.pickup == 1
    # Over the second ending nothing new is written: what was there before it sounds on.
    assert symbols(notation) == [(1, "G"), (4, "D7/A"), (7, "G"), (10, "D7/A"), (13, "Gm7")]
    assert [(mark.time, mark.key) for mark in score.key_signatures] == [(0, 1)]
    assert [(mark.time, round(mark.qpm)) for mark in score.tempos] == [(0, 96)]
    read = read_melody(path)
    assert list(read.grid.bar_ticks[:3] / QUARTER) == [-2, 1, 4]
    assert (read.meter, read.track.name) == ("3/4", "Part 1")
    assert [lyric.text for track in score.tracks for lyric in track.lyrics] == ["Oh "]


def test_compressed_and_in_other_encodings(tmp_path):
    text = musicxml(LEAD_SHEET)
    expected = played(write(tmp_path / "a.xml", text))[0]
    assert played(compress(tmp_path / "a.mxl", text))[0] == expected
    (tmp_path / "wide.musicxml").write_bytes(text.replace("?>", ' encoding="UTF-16"?>', 1).encode("utf-16"))
    assert played(tmp_path / "wide.musicxml")[0] == expected


def test_kinds_of_chords(tmp_path):
    kinds = {
        "Bb": ("major", ""), "F#m7b5": ("half-diminished", ""), "Cmaj7": ("major-seventh", ""),
        "C7b9": ("dominant", degree(9, -1, "alter")), "Dsus4": ("suspended-fourth", ""),
        "Cadd9": ("major", degree(9, 0, "add")), "Abdim7": ("diminished-seventh", ""), "N.C.": ("none", ""),
    }  # fmt: skip
    roots = ["Bb", "F#", "C", "C", "D", "C", "Ab", "C"]
    bars = [
        harmony(root, kind, more) + notes("C5 D5 E5 C5")
        for root, (kind, more) in zip(roots, kinds.values(), strict=True)
    ]
    _, notation, _ = played(write(tmp_path / "a.musicxml", musicxml([attributes() + bars[0], *bars[1:]])))
    assert [symbol for _, symbol in symbols(notation)] == list(kinds)


def test_chords_at_one_place_share_its_time(tmp_path):
    both = harmony("C", "major") + harmony("F", "major")
    bars = [attributes() + both + note("C5", 8) + harmony("G", "major") + note("B4", 8), both + note("C5", 16)]
    _, notation, _ = played(write(tmp_path / "a.musicxml", musicxml(bars)))
    assert symbols(notation) == [(0, "C"), (1, "F"), (2, "G"), (4, "C"), (6, "F")]


def test_voices_chords_grace_notes_and_several_parts(tmp_path):
    backup = "<backup><duration>16</duration></backup>"
    upper = note("C5", 8) + note("E5", 8, chord=True) + note("D5", 2, grace=True) + note("F5", 8)
    piano = [attributes() + upper + backup + note("C3", 16, voice=2)]
    horn = attributes(more="<transpose><chromatic>-2</chromatic></transpose>") + notes("D5 E5 F#5 G5")
    tracks, _, score = played(write(tmp_path / "a.musicxml", musicxml(piano, [horn])))
    assert tracks[0] == [(0, 2, 72), (0, 2, 76), (0, 4, 48), (2, 2, 77)]
    assert [pitch for *_, pitch in tracks[1]] == [72, 74, 76, 77], "as it sounds"
    assert [track.name for track in score.tracks] == ["Part 1", "Part 2"]


def test_odd_bars_keep_their_length(tmp_path):
    bars = [attributes() + notes("C5 D5 E5 F5"), notes("G5 F5 E5"), notes("C5"), notes("C5 D5 E5 F5"), notes("C5 D5")]
    path = write(tmp_path / "a.musicxml", musicxml([*bars, *bars[3:]]))
    assert list(read_melody(path).grid.bar_ticks / QUARTER) == [0, 4, 8, 12, 14, 18, 22]


def test_no_pickup_is_guessed_and_no_waltz_heard(tmp_path):
    waltz = ["C5 - -", "E5 G5 G5"] * 12
    beats = " ".join(waltz).split()
    bars = [notes(" ".join(beats[first : first + 4])) for first in range(0, len(beats), 4)]
    read = read_melody(write(tmp_path / "a.musicxml", musicxml([attributes() + bars[0], *bars[1:]])))
    assert (read.meter, read.grid.bar_ticks[0]) == ("4/4", 0)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<work><work-title> The\n Lark</work-title></work>", "The Lark"),
        ("<work><work-title>Birds</work-title></work><movement-title>The Wren</movement-title>", "The Wren"),
        ("<work><work-title>Birds</work-title></work><movement-title/>", "Birds"),
        ("", ""),
    ],
)
def test_the_title(head, title, tmp_path):
    text = musicxml([attributes() + notes("C5 D5 E5 F5")]).replace("<part-list>", f"{head}<part-list>")
    assert read_melody(write(tmp_path / "a.musicxml", text)).title == title


def test_the_first_tune_of_abc(tmp_path):
    [melody], notation, score = played(write(tmp_path / "tunes.abc", TWO_TUNES))
    pitches = [69, 74, 78, 76, 73, 71, 69, 74, 78, 76, 73, 74]
    begins = [0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13]
    assert [(begin, pitch) for begin, _, pitch in melody] == list(zip(begins, pitches, strict=True))
    assert symbols(notation) == [(1, "D"), (3, "A7/E"), (5, "Bm7"), (9, "D"), (11, "A7/E"), (13, "D")]
    assert (notation.pickup, notation.title, notation.which) == (1, "The Lark", 'tune 1 of 2, "The Lark"')
    assert read_melody(tmp_path / "tunes.abc").reason.startswith('tune 1 of 2, "The Lark"; track 1')
    assert round(score.tempos[0].qpm) == 90
    _, notation, _ = played(write(tmp_path / "one.abc", TWO_TUNES[TWO_TUNES.index("X:8") :]))
    assert notation.which == ""


ABC = "X:1\nM:{}\nL:1/4\nK:{}\n{}\n"


@pytest.mark.parametrize(
    ("meter", "key", "music", "pitches"),
    [
        ("4/4", "C", "^F F f F|F4|", [66, 66, 78, 66, 65]),
        ("4/4", "D", '!trill!d ~e HA "^slowly"B|{g}f4|', [74, 76, 69, 71, 78]),
        ("3/4", "G", "GBd|1 g3:|2 G2z|]", [67, 71, 74, 79, 67, 71, 74, 67]),
        ("6/8", "Am", "|:A3 c3|d6::e3 a3|b6:|", [69, 72, 74] * 2 + [76, 81, 83] * 2),
        ("4/4", "C", "|:c2|1 d2 e2|f4:|2 g2 a2|b4:|c'4|]", [72, 74, 76, 77, 72, 79, 81, 83, 84]),
        ("4/4", "C", "[CEG]4|(3ccc c>c c|", [60, 64, 67, 72, 72, 72, 72, 72, 72]),
        ("4/4", "C", "|:c4|d4:|e4|]", [72, 74, 72, 74, 76]),
        ("4/4", "C", "c d e f g", [72, 74, 76, 77, 79]),
        ("4/4", "C", "|:c2 d2:|", [72, 74, 72, 74]),
        ("0/4\nQ:0", "C", "c4|[M:4/0]d4|", [72, 74]),
        ("4/4", "C", "c4-|c2 d2|\n|[K:D] f4|", [72, 74, 78]),
    ],
)
def test_abc_as_it_is_played(meter, key, music, pitches, tmp_path):
    [melody], _, _ = played(write(tmp_path / "a.abc", ABC.format(meter, key, music)))
    assert [pitch for *_, pitch in melody] == pitches


def test_rests_of_abc(tmp_path):
    [melody], _, _ = played(write(tmp_path / "a.abc", ABC.format("3/4", "C", "c3|Z2|x3|z d2|")))
    assert melody == [(0, 3, 72), (13, 2, 74)]


def test_chords_of_abc_as_players_spell_them(tmp_path):
    music = '"C-7"c4|"F#m7b5"c4|"BbΔ"c4|"N.C."c4|"^solo"c4|"G7(b9)/B"c2 "D7""D"z2|"C7+"[CE]4|'
    _, notation, _ = played(write(tmp_path / "a.abc", ABC.format("4/4", "C", music)))
    assert [chord for _, chord in symbols(notation)] == ["C-7", "F#m7b5", "BbΔ", "N.C.", "G7(b9)/B", "D7", "D", "C7+"]
    assert [begin for begin, _ in symbols(notation)] == [0, 4, 8, 12, 20, 22, 23, 24]
    assert notation.unread == ()


def test_chords_that_cannot_be_read_are_told_with_their_bars(tmp_path):
    music = 'c|"C"c4|"Qx"c2 "Chorus"c2||\\n|"F"c4|"?"c4 "last"|]'
    assert played(write(tmp_path / "a.abc", ABC.format("4/4", "C", music)))[1].unread == (
        '"Qx" in bar 2',
        '"Chorus" in bar 2',
        '"?" in bar 4',
    )
    bars = [attributes() + harmony("C", "major") + note("C5", 16), harmony("Bb", "Tristan") + note("C5", 16)]
    augmented = harmony("G", "other").replace("<kind>", '<kind text="9+">')
    _, notation, _ = played(write(tmp_path / "a.musicxml", musicxml([*bars, augmented + note("C5", 16)])))
    assert (symbols(notation), notation.unread) == ([(0, "C"), (8, "G9+")], ('"BbTristan" in bar 2',))


SONG = """cc (3ccc|z c [CEG] c-|c c c2|
w:1.~A-ve Ma- ri-a | gra_ | * ti-a~b and more
w:2. one *  two-- three|four
GG|]
cc|
w: well\\-known | end
"""


def words(score):
    return [(lyric.time / QUARTER, lyric.text) for track in score.tracks for lyric in track.lyrics]


def test_words_of_abc(tmp_path):
    _, _, score = played(write(tmp_path / "a.abc", ABC.format("4/4", "C", SONG)))
    first = ["A-", "ve ", "Ma-", "ri-", "a ", "gra ", "ti-", "a b ", "well-known "]
    begins = [0, 1, 2, 2 + 2 / 3, 3 + 1 / 3, 5, 9, 10, 14]
    assert words(score) == [(pytest.approx(begin, abs=1e-3), text) for begin, text in zip(begins, first, strict=True)]


def test_verses_of_abc_follow_repeats(tmp_path):
    music = "[V:1] |:c4|d4:|\nw:one\n+:two more\nw:three *\n[V:2] C4|\nw:low\n"
    _, _, score = played(write(tmp_path / "a.abc", ABC.format("4/4", "C", music)))
    first = [(0, "one "), (4, "two "), (8, "three "), (12, "two ")]
    assert words(score) == [*first, (0, "low "), (8, "low ")]


@pytest.mark.parametrize(
    ("tune", "told_by"),
    [("GEDC GEDC|EGAG EDCD|EGAG EDEC|DEDC CDEG|", ("notes", "signature")), ("A^FED A^FED|^FABA ^FED^C|", ("notes",))],
)
def test_a_written_key_of_c_counts_where_the_notes_agree(tune, told_by, tmp_path):
    read = read_melody(write(tmp_path / "a.abc", ABC.format("4/4", "C", 4 * tune).replace("1/4", "1/8")))
    assert song_evidence.find_keys(read).sources == told_by


ENTITIES = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
TOO_MANY = "<score-partwise>" + "<measure/>" * 300_000 + "</score-partwise>"
BROKEN = {
    "empty.musicxml": ("", "is empty"),
    "page.xml": ("<html><body/></html>", "is no MusicXML score"),
    "timewise.musicxml": (musicxml([], root="score-timewise"), "is ordered by time; save it by parts"),
    "cut.musicxml": (musicxml(LEAD_SHEET)[:900], "cannot be read as MusicXML"),
    "bomb.musicxml": (ENTITIES + "<score-partwise/>", "declares entities of its own"),
    "wide_bomb.musicxml": ((ENTITIES + "<score-partwise/>").encode("utf-16"), "declares entities of its own"),
    "many.musicxml": (TOO_MANY, "more than 300000 elements"),
    "dense.musicxml": (musicxml([attributes() + "<forward/>" * 10_001]), "10000 in a measure"),
    "deep.musicxml": ("<score-partwise>" + "<a>" * 1000, "64 elements in each other"),
    "long.musicxml": (
        musicxml([attributes() + notes("C4") + repeat("backward").replace("/><", ' times="99999"/><')]),
        "plays more than 4096 bars",
    ),
    "number.musicxml": (musicxml([attributes() + note("C4", "x")]), 'in bar 1 <duration> is "x"; it must be a number'),
    "divisions.musicxml": (musicxml(LEAD_SHEET).replace("<divisions>4", "<divisions>0"), "number from 1 to 1000000000"),
    "lengths.musicxml": (musicxml([notes("C4 D4")]), "no bar tells <divisions>"),
    "degree.musicxml": (musicxml([attributes() + harmony("C", "major", degree(9, 10**11, "add"))]), "from -9 to 9"),
    "beats.musicxml": (musicxml([attributes(("3+x", 4)) + notes("C4")]), 'bar 1 <beats> is "3+x"'),
    "tempo.musicxml": (musicxml([tempo("fast") + notes("C4")]), 'in bar 1 a tempo is "fast"'),
    "step.musicxml": (musicxml([notes("C4"), notes("Q4")]), 'in bar 2 <step> is "Q"; it must be a letter'),
    "endless.musicxml": (musicxml([note("C4", 4).replace("duration", "d")]), "in bar 1 a note has no <duration>"),
    "silent.musicxml": (musicxml([attributes() + note("", 16)]), "holds no notes"),
    "none.musicxml": ("<score-partwise/>", "holds no notes"),
    "zip.mxl": (b"PK\x03\x04 and no more", "is a broken archive"),
    "words.abc": ("Once upon a time", "is no ABC"),
    "rests.abc": ("X:1\nK:C\n" + "Z4000|" * 100, "too many bars of rests"),
    "long.abc": ("X:1\nK:C\n" + "c4|" * 40_000, "has a tune of more than"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_scores_are_told_in_a_line(name, tmp_path):
    content, reason = BROKEN[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileError) as refused:
        read_melody(tmp_path / name)
    assert str(refused.value).startswith(f"{tmp_path / name}: ")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_file_or_too_large(tmp_path):
    for name, reason in (("none.mxl", "there is no such file"), ("", "is no regular file")):
        with pytest.raises(FileError, match=reason):
            notation_file.read(tmp_path / name / "" if name else tmp_path)
    bomb = compress(tmp_path / "bomb.mxl", musicxml([[" " * (17 << 20)]]))
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(FileError, match="is too large for a song"):
        notation_file.read(bomb)
    with zipfile.ZipFile(tmp_path / "pictures.mxl", "w") as archive:
        archive.writestr("a.png", "")
    with pytest.raises(FileError, match="holds no MusicXML"):
        notation_file.read(tmp_path / "pictures.mxl")


def test_the_extra_is_told_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileError, match=r"a.abc: needs music21; pip install '.\[scores\]'"):
        notation_file.read(write(tmp_path / "a.abc", TWO_TUNES))
