"""Scores as music21 reads them, MusicXML and ABC -> bars as they are written. Needs the extra scores."""

import itertools
import typing
from fractions import Fraction
from xml.etree import ElementTree

from surrogate.reading import abc_score, chord_symbols
from surrogate.reading.chord_symbols import NO_CHORD, Chord, ChordError
from surrogate.reading.meters import DEFAULT
from surrogate.reading.play_order import FIRST, Signs
from surrogate.reading.written_music import WrittenBar, WrittenMusic, WrittenNote, WrittenPart

_KINDS = {  # as music21 and MusicXML call them -> what follows the root
    "major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant-seventh": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "minor-major-seventh": "mmaj7", "diminished-seventh": "dim7",
    "augmented-seventh": "7#5", "augmented-major-seventh": "maj7#5", "half-diminished-seventh": "m7b5",
    "seventh-flat-five": "7b5", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9", "minor-major-ninth": "mmaj9", "augmented-dominant-ninth": "9#5", "dominant-11th": "11",
    "major-11th": "maj11", "minor-11th": "m11", "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13",
    "suspended-second": "sus2", "suspended-fourth": "sus4", "suspended-fourth-seventh": "7sus4", "power": "5",
}  # fmt: skip
_FINEST = 960
"""Parts of a quarter note; music21's floats are thirds and fifths of it, but for rounding."""
_MOST_SHARPS = 7


def of_musicxml(root) -> WrittenMusic:
    """Reads a score-partwise element of MusicXML; what music21 raises on one that is broken may be anything."""
    from music21.musicxml.xmlToM21 import MusicXMLImporter

    drums = _with_drum_pitches(root)
    return _written(MusicXMLImporter().xmlRootToScore(root), drums=drums)


def _with_drum_pitches(root) -> set[str]:
    """Gives notes of drums the pitches that MIDI has for them, which music21 does not tell; returns their parts."""
    found = ((each.get("id"), each.findtext("midi-unpitched")) for each in root.iter("midi-instrument"))
    pitch_of = {name: int(number) - 1 for name, number in found if number}
    drums = set()
    for part in root.iter("part"):
        for note in part.iter("note"):
            unpitched, instrument = note.find("unpitched"), note.find("instrument")
            if unpitched is not None:
                drums.add(part.get("id"))
            if unpitched is not None and instrument is not None and instrument.get("id") in pitch_of:
                octave, step = divmod(pitch_of[instrument.get("id")], 12)
                name = chord_symbols.SHARP_NAMES[step]
                unpitched.clear()
                unpitched.tag = "pitch"
                for tag, value in (("step", name[0]), ("alter", len(name) - 1), ("octave", octave - 1)):
                    ElementTree.SubElement(unpitched, tag).text = str(value)
    return drums


def of_abc(tune: str) -> WrittenMusic:
    """Reads a tune in ABC notation; what music21 raises on one that is broken may be anything."""
    return _written(abc_score.read(tune), is_abc=True)


def _written(score, *, drums=frozenset(), is_abc=False) -> WrittenMusic:
    from music21 import instrument, meter, stream

    if any(each.transposition for each in score.recurse().getElementsByClass(instrument.Instrument)):
        score = score.toSoundingPitch()
    parts = [part if part.hasMeasures() else part.makeMeasures() for part in score.parts]
    measures_PxN = [list(part.getElementsByClass(stream.Measure)) for part in parts]
    signs = _signs(parts[0], measures_PxN[0], is_abc) if parts else []
    signature, bars, unread = DEFAULT, [], []
    for number, measures in enumerate(itertools.zip_longest(*measures_PxN)):
        elements = [list(_elements(measure)) if measure is not None else [] for measure in measures]
        marks = (each for of_part in elements for _, each in of_part if isinstance(each, meter.TimeSignature))
        signature = next(((mark.numerator, mark.denominator) for mark in marks), signature)
        chords = list(_chords(elements, is_abc))
        unread += [(number, chord) for _, chord in chords if isinstance(chord, str)]
        known = [(offset, chord) for offset, chord in chords if not isinstance(chord, str)]
        bars.append(_bar(elements, signature, signs[number] if number < len(signs) else Signs(), known, is_abc))
    names = _bar_names(measures_PxN, bars, is_abc)
    told = tuple(f'"{text}" in bar {names[number]}' for number, text in unread)
    return WrittenMusic([_part(part, drums) for part in parts], bars, unread=told)


def _bar_names(measures_PxN, bars, is_abc):
    """What the bars are called: in MusicXML as is written; in ABC a pickup is bar 0."""
    if not is_abc:
        return [measure.measureNumberWithSuffix() for measure in max(measures_PxN, key=len, default=[])]
    has_pickup = bool(bars) and bars[0].length < bars[0].full_length
    return [number - has_pickup for number in itertools.accumulate(bar.length > 0 for bar in bars)]


def _bar(elements_PxN, signature, signs, chords, is_abc) -> WrittenBar:
    """A bar of the elements of each part, with their offsets."""
    from music21 import key, note, tempo

    def of_kind(kind):
        return [pair for elements in elements_PxN for pair in elements if isinstance(pair[1], kind)]

    # A rest of a whole bar is as long as the bar, whatever music21 says.
    lasting = (pair for pair in of_kind(note.GeneralNote) if getattr(pair[1], "fullMeasure", "") is not True)
    length = max((offset + _exact(each.quarterLength) for offset, each in lasting), default=Fraction(0))
    if not is_abc:  # in which bar lines may follow each other
        length = length or Fraction(4 * signature[0], signature[1])
    tempos = [(offset, mark.getQuarterBPM()) for offset, mark in of_kind(tempo.MetronomeMark)]
    keys = [(at, (mark.sharps, getattr(mark, "mode", "") == "minor")) for at, mark in of_kind(key.KeySignature)]
    return WrittenBar(
        length,
        signature,
        signs,
        list(_spread(chords, length)),
        [(offset, qpm) for offset, qpm in tempos if qpm],
        [(offset, mark) for offset, mark in keys if abs(mark[0]) <= _MOST_SHARPS],
        [[each for pair in elements for each in _notes(*pair)] for elements in elements_PxN],
    )


def _exact(quarters) -> Fraction:
    """music21's number of quarter notes, a float or a Fraction, where thirds are none of the floats'."""
    return Fraction(quarters).limit_denominator(_FINEST)


def _elements(measure) -> typing.Iterator[tuple[Fraction, typing.Any]]:
    """What stands in a measure and its voices, with its offset from the measure's begin."""
    from music21 import stream

    for each in measure:
        offset = measure.elementOffset(each)
        if isinstance(each, stream.Voice):
            for inside in each:
                yield _exact(offset + each.elementOffset(inside)), inside
        else:
            yield _exact(offset), each


def _notes(offset, element) -> typing.Iterator[WrittenNote]:
    """The notes of an element; grace notes are left out, as they have no time of their own."""
    from music21 import chord, harmony, note

    if not isinstance(element, note.NotRest) or isinstance(element, harmony.Harmony) or element.duration.isGrace:
        return
    words = tuple((lyric.number, _syllable(lyric)) for lyric in element.lyrics if lyric.text)
    for each in element.notes if isinstance(element, chord.ChordBase) else [element]:
        if isinstance(each, note.Note) and 0 <= each.pitch.midi < 128:
            is_tied = each.tie is not None and each.tie.type != "start"
            yield WrittenNote(offset, _exact(element.quarterLength), each.pitch.midi, is_tied, words)
            words = ()


def _syllable(lyric):
    return lyric.text + ("-" if lyric.syllabic in ("begin", "middle") else " ")


def _part(part, drums) -> WrittenPart:
    instrument = part.getInstrument()
    program = min(max(instrument.midiProgram or 0, 0), 127)
    return WrittenPart(part.partName or "", program, instrument.partId in drums)


def _chords(elements_PxN, is_abc) -> typing.Iterator[tuple[Fraction, Chord | str]]:
    """The chords of a bar with their offsets; in place of one that cannot be read what is written."""
    from music21 import expressions, harmony

    for offset, element in itertools.chain(*elements_PxN):
        if isinstance(element, harmony.ChordSymbol):
            yield offset, _chord(element)
        elif is_abc and isinstance(element, expressions.TextExpression):
            yield offset, _parsed(element.content) or element.content


def _chord(symbol) -> Chord | str:
    """The chord of music21's ChordSymbol, or what is written for what is no chord to us, as "German"."""
    from music21 import harmony

    if isinstance(symbol, harmony.NoChord):
        return NO_CHORD
    root, bass = (pitch.name.replace("-", "b") if pitch else "" for pitch in (symbol.root(), symbol.bass()))
    more = "".join(map(_modification, symbol.chordStepModifications))
    over = f"/{bass}" if bass != root else ""
    text = root + (symbol.chordKindStr or symbol.chordKind)
    plain = root + _KINDS[symbol.chordKind] if symbol.chordKind in _KINDS else text
    return _parsed(plain + more + over) or _parsed(plain + over) or text


def _parsed(text) -> Chord | None:
    try:
        return chord_symbols.parse(text)
    except ChordError:
        return None


def _spread(chords, length):
    """Chords of a bar; those that stand at one place share the time up to the next, as over one long note."""
    of_offset = {}
    for offset, chord in sorted(chords, key=lambda pair: pair[0]):
        of_offset.setdefault(offset, []).append(chord)
    for (offset, together), end in zip(of_offset.items(), [*of_offset, length][1:], strict=True):
        share = max(end - offset, 0) / len(together)
        yield from ((offset + number * share, chord) for number, chord in enumerate(together))


def _modification(change):
    semitones = round(change.interval.semitones) if change.interval else 0
    if change.modType == "subtract":
        return f"omit{change.degree}"
    return f"{'#' * semitones or 'b' * -semitones or 'add'}{change.degree}"


def _signs(part, measures, is_abc) -> list[Signs]:
    """The signs of each measure of a part."""
    from music21 import bar, repeat, spanner

    fields: list[dict] = [{} for _ in measures]
    brackets = part.recurse().getElementsByClass(spanner.RepeatBracket)
    spans = [[at for at, measure in enumerate(measures) if bracket.hasSpannedElement(measure)] for bracket in brackets]
    begins = [min(span) for span in spans if span]
    for bracket, span in zip(brackets, spans, strict=True):
        if span:
            end = _end_of_ending(measures, max(span), begins, goes_on=is_abc)
            for place in range(min(span), end + 1):
                fields[place].setdefault("endings", frozenset(bracket.numberRange) or frozenset({1}))
    for place, measure in enumerate(measures):
        for line in (measure.leftBarline, measure.rightBarline):
            if isinstance(line, bar.Repeat) and line.direction == "end":
                fields[place - (line is measure.leftBarline and place > 0)]["times"] = max(line.times or 2, 1)
            elif isinstance(line, bar.Repeat):
                fields[place]["begins_repeat"] = True
        for _, mark in _elements(measure):
            if isinstance(mark, repeat.RepeatExpressionCommand):
                fields[place]["jump"] = FIRST if type(mark).__name__.startswith("DaCapo") else "dal segno"
            elif isinstance(mark, repeat.RepeatExpressionMarker):
                fields[place][type(mark).__name__.lower()] = True
    return [Signs(**each) for each in fields]


def _end_of_ending(measures, last, begins, *, goes_on):
    """The last measure of an ending: that of its bracket, or of the repeat sign that the next bracket follows."""
    for place in range(last, len(measures)):
        if place > last and place in begins:
            break
        line = measures[place].rightBarline
        if line is not None and (goes_on or line.type == "final" and place + 1 in begins):
            return place
    return last
