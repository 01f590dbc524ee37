"""A take as a written score in MusicXML: melody with chord symbols, bass and drums on a staff each."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from surrogate.reading import swing
from surrogate.reading.chord_symbols import FLAT_NAMES, NO_CHORD, SUFFIXES
from surrogate.reading.keys import Key
from surrogate.reading.song_time import PlayedTime
from surrogate.rendering import note_values
from surrogate.rendering.drum_staff import place_of
from surrogate.rendering.notated_time import UNITS, NotatedTime

_DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_STAVES = ("melody", "bass", "drums")
_CLEFS = {"melody": ("G", 2), "bass": ("F", 4), "drums": ("percussion", None)}
_LOW_MELODY = 57
"""A melody whose middle pitch is lower is in the bass clef."""
_KINDS = dict(
    zip(
        SUFFIXES,
        ("major", "minor", "diminished", "augmented", "suspended-fourth", "dominant", "major-seventh", "minor-seventh",
         "half-diminished", "diminished-seventh"),
        strict=True,
    )
)  # fmt: skip
_FIFTHS = "FCGDAEB"
_OTHER_TEMPO = 0.005
"""A tempo that differs less from the one before is not written."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SYMBOL = re.compile(r"([A-H])(#{1,2}|b{1,2}|)([^/]*)")


def content(take, melody, keys, *, title: str) -> bytes:
    """Writes a take as MusicXML.

    Args:
        take: surrogate.accompaniment.result.Take.
        melody: surrogate.reading.melody.Melody, which it is for.
        keys: (tick, Key) of each change, the first at the beginning; () where the keys are not known.
        title: of the song.

    Returns:
        The bytes of the file.
    """
    time = NotatedTime(melody)
    root = Element("score-partwise", version="4.0")
    _add(_add(root, "work"), "work-title", title)
    part_list = _add(root, "part-list")
    tracks = [pair for role in _STAVES for pair in zip(take.roles, take.score.tracks, strict=True) if pair[0] == role]
    for number, (role, track) in enumerate(tracks, 1):
        staff = _Staff(f"P{number}", role, track, time)
        staff.list_in(part_list, channel=number if number < 10 else 16)
        part = _add(root, "part", id=staff.name)
        staff.add_bars(part, _signatures(keys, time), take if number == 1 else None, melody)
    ElementTree.indent(root)
    return _DOCTYPE.encode() + ElementTree.tostring(root, "utf-8")


def _add(parent, tag, content=None, /, **attributes) -> Element:
    element = SubElement(parent, tag, {name: _NOT_XML.sub("", value) for name, value in attributes.items()})
    if content is not None:
        element.text = _NOT_XML.sub("", str(content))
    return element


def _signatures(keys, time):
    """Unit of the bar, sharps and whether minor, of each key."""
    units = [(round(float(time.units([tick])[0])), _sharps(key), key.minor) for tick, key in keys]
    return units or [(0, 0, False)]


def _sharps(key: Key) -> int:
    sharps = 7 * (key.tonic + 3 * key.minor) % 12
    return sharps if sharps <= 6 else sharps - 12


class _Staff:
    """name: its id. role: what is played. sounding: what begins together."""

    def __init__(self, name, role, track, time):
        self.name, self.role, self._track, self._time = name, role, track, time
        notes = track.notes.numpy()
        start, pitch = notes["time"].astype(np.int64), notes["pitch"]
        end = start + notes["duration"]
        if role == "drums":
            self._sounding = time.struck(start, pitch)
        else:
            self._sounding = (time.quantised if role == "melody" else time.on_grid)(start, end, pitch)
        self._words = self._under_notes(track.lyrics) if role == "melody" and self._sounding else {}

    def _under_notes(self, lyrics):
        """Syllables by the unit at which the note nearest to them begins."""
        begins = np.array([each.begin for each in self._sounding])
        units = self._time.units([lyric.time for lyric in lyrics])
        return {
            int(begins[np.abs(begins - unit).argmin()]): lyric.text for unit, lyric in zip(units, lyrics, strict=True)
        }

    def list_in(self, part_list, *, channel):
        part = _add(part_list, "score-part", id=self.name)
        _add(part, "part-name", self._track.name.strip() or self.role.capitalize())
        if self.role != "drums":
            _add(_add(part, "score-instrument", id=f"{self.name}-I1"), "instrument-name", self.role.capitalize())
            sound = _add(part, "midi-instrument", id=f"{self.name}-I1")
            _add(sound, "midi-channel", channel)
            _add(sound, "midi-program", self._track.program + 1)
            return
        pitches = sorted({pitch for each in self._sounding for pitch in each.pitches})
        for pitch in pitches:
            instrument = _add(part, "score-instrument", id=f"{self.name}-I{pitch}")
            _add(instrument, "instrument-name", place_of(pitch).name)
        for pitch in pitches:
            sound = _add(part, "midi-instrument", id=f"{self.name}-I{pitch}")
            _add(sound, "midi-channel", 10)
            _add(sound, "midi-program", 1)
            _add(sound, "midi-unpitched", pitch + 1)

    def add_bars(self, part, signatures, take, melody):
        """Adds all bars; take: on the staff that has the chords and tempos, else None."""
        time, meter, key = self._time, None, None
        changes = [change for change in take.chord_changes if change[0] < melody.grid.ticks[-1]] if take else []
        chords = [(self._unit(tick), chord) for tick, chord in changes]
        tempos = _tempos(take.score, time, melody) if take else {}
        is_pickup = melody.time.heard(melody.grid.bar_ticks[:1])[0] < 0
        for number, bar in enumerate(time.bars, 0 if is_pickup else 1):
            end = bar.begin + bar.length
            measure = _add(part, "measure", number=str(number))
            if not bar.is_full:
                measure.set("implicit", "yes")
            *_, signature = (each for each in signatures if each[0] <= bar.begin or each is signatures[0])
            self._add_attributes(measure, bar, is_first=part[0] is measure, key=signature[1:] != key and signature[1:],
                                 has_meter=bar.signature != meter)  # fmt: skip
            meter, key = bar.signature, signature[1:]
            if bar.begin in tempos:
                swung = melody.swing if part[0] is measure else None
                _add_tempo(measure, tempos[bar.begin], swung)
            own_chords = [(max(unit, bar.begin), chord) for unit, chord in chords if bar.begin <= unit < end]
            for written in note_values.bar_of_staff(bar, self._sounding):
                for unit, chord in own_chords:
                    if written.begin <= unit < written.begin + written.length:
                        _add_chord(measure, chord, unit - written.begin)
                self._add_notes(measure, written, *key, is_whole_bar=bar.is_full and written.length == bar.length)

    def _unit(self, tick):
        """The 16th at which a change of chord is written, of those before the song its first."""
        return max(int(self._time.on_grid(np.array([tick]), np.array([tick + 1]), [0])[0].begin), 0)

    def _add_attributes(self, measure, bar, *, is_first, key, has_meter):
        if not (is_first or key or has_meter):
            return
        attributes = _add(measure, "attributes")
        if is_first:
            _add(attributes, "divisions", UNITS)
        if key and self.role != "drums":
            element = _add(attributes, "key")
            _add(element, "fifths", key[0])
            _add(element, "mode", "minor" if key[1] else "major")
        if has_meter:
            element = _add(attributes, "time")
            _add(element, "beats", bar.signature[0])
            _add(element, "beat-type", bar.signature[1])
        if is_first:
            pitches = [pitch for each in self._sounding for pitch in each.pitches]
            is_low = self.role == "melody" and pitches and np.median(pitches) < _LOW_MELODY
            sign, line = _CLEFS["bass" if is_low else self.role]
            clef = _add(attributes, "clef")
            _add(clef, "sign", sign)
            if line:
                _add(clef, "line", line)
            if self.role == "bass":  # a bass guitar's notes are written an octave higher
                transpose = _add(attributes, "transpose")
                for tag, value in (("diatonic", 0), ("chromatic", 0), ("octave-change", -1)):
                    _add(transpose, tag, value)

    def _add_notes(self, measure, written, sharps, minor, *, is_whole_bar):
        for number, pitch in enumerate(written.pitches or [None]):
            note = _add(measure, "note")
            if number:
                _add(note, "chord")
            if pitch is None:
                _add(note, "rest", **({"measure": "yes"} if is_whole_bar else {}))
            elif self.role == "drums":
                place = place_of(pitch)
                unpitched = _add(note, "unpitched")
                _add(unpitched, "display-step", place.step)
                _add(unpitched, "display-octave", place.octave)
            else:
                _add_pitch(note, pitch + 12 * (self.role == "bass"), sharps, minor)
            _add(note, "duration", written.length)
            ties = [kind for kind, is_tied in zip(("stop", "start"), written.tied, strict=True) if is_tied]
            ties = ties if self.role != "drums" else []
            for kind in ties:
                _add(note, "tie", type=kind)
            if pitch is not None and self.role == "drums":
                _add(note, "instrument", id=f"{self.name}-I{pitch}")
            _add(note, "voice", 1)
            if pitch is not None or not is_whole_bar:
                _add(note, "type", written.value)
                for _ in range(written.dots):
                    _add(note, "dot")
            if written.triplet:
                ratio = _add(note, "time-modification")
                _add(ratio, "actual-notes", 3)
                _add(ratio, "normal-notes", 2)
            if pitch is not None and self.role == "drums":
                _add(note, "stem", "up")
                _add(note, "notehead", place_of(pitch).head)
            self._add_notations(note, written, ties, is_first=not number)

    def _add_notations(self, note, written, ties, *, is_first):
        tuplets = [kind for kind, stands in (("start", written.opens), ("stop", written.closes)) if stands and is_first]
        if ties or tuplets:
            notations = _add(note, "notations")
            for kind in ties:
                _add(notations, "tied", type=kind)
            for kind in tuplets:
                _add(notations, "tuplet", type=kind)
        word = self._words.get(written.begin, "").strip() if written.pitches and is_first else ""
        if word and not written.tied[0]:
            lyric = _add(note, "lyric", number="1")
            _add(lyric, "syllabic", "begin" if word.endswith("-") else "single")
            _add(lyric, "text", word.strip("-/\\ ") or word)


def _add_pitch(note, pitch, sharps, minor):
    """A pitch, spelled as in its key: a minor one has raised sixths and sevenths."""
    lowest = sharps - 4 + minor  # on the line of fifths, C being 0
    fifth = lowest + (7 * pitch - lowest) % 12
    alter, step = (fifth + 1) // 7, _FIFTHS[(fifth + 1) % 7]
    element = _add(note, "pitch")
    _add(element, "step", step)
    if alter:
        _add(element, "alter", alter)
    _add(element, "octave", (pitch - alter) // 12 - 1)


def _tempos(score, time, melody):
    """Quarter notes a minute by the bar's first unit, where they change; the usual one of what was played freely."""
    if isinstance(melody.time, PlayedTime):
        return {time.bars[0].begin: round(melody.tempo)}
    found, latest = {}, None
    marks = sorted((float(time.units([mark.time])[0]), mark.qpm) for mark in score.tempos)
    for bar in time.bars:
        before = [qpm for unit, qpm in marks if unit < bar.begin + UNITS / 2]
        qpm = before[-1] if before else 120.0
        if latest is None or abs(qpm - latest) > _OTHER_TEMPO * latest:
            found[bar.begin] = latest = qpm
    return found


def _add_tempo(measure, qpm, swing_of_song):
    direction = _add(measure, "direction", placement="above")
    kind = _add(direction, "direction-type")
    metronome = _add(kind, "metronome")
    _add(metronome, "beat-unit", "quarter")
    _add(metronome, "per-minute", f"{qpm:.4g}")
    _add(direction, "sound", tempo=f"{qpm:.6g}")
    if swing_of_song is not None and swing_of_song != swing.Swing():
        direction = _add(measure, "direction", placement="above")
        _add(_add(direction, "direction-type"), "words", "Swing")


def _add_chord(measure, chord, offset):
    harmony = _add(measure, "harmony")
    written = _SYMBOL.match(chord.symbol)
    root = _add(harmony, "root")
    if chord == NO_CHORD or not written:
        _add(root, "root-step", "C", text="")
        _add(harmony, "kind", "none", text="N.C.")
    else:
        _add_name(root, "root", written[1].replace("H", "B") + written[2])
        _add(harmony, "kind", _KINDS[chord.quality], text=written[3])
        if chord.bass != chord.root:
            _add_name(_add(harmony, "bass"), "bass", _bass_name(chord))
    if offset:
        _add(harmony, "offset", offset)


def _bass_name(chord):
    under = re.fullmatch(r"[A-G](#{1,2}|b{1,2}|)", chord.symbol.rpartition("/")[2])
    return under[0] if under else FLAT_NAMES[chord.bass]


def _add_name(element, tag, name):
    _add(element, f"{tag}-step", name[0])
    if len(name) > 1:
        _add(element, f"{tag}-alter", len(name[1:]) * (1 if name[1] == "#" else -1))
