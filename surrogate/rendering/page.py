"""A web page that shows and plays the takes of an accompaniment: one file that needs nothing beside it."""

import base64
import html
import json
import pathlib
import re

import numpy as np

from musicvae_jax import events, files
from surrogate.reading.tempos import in_words, tempo_map
from surrogate.rendering import chord_track, level
from surrogate.rendering.plot import DRUM_NAMES

ROLES = ("melody", "bass", "drums", "other")
PLAYER = pathlib.Path(__file__).parent / "player"
"""The folder of scripts and styles of pages that show and play a song."""
_STYLES = ("player.css", "page.css")
_MODULES = ("dom", "song", "synth", "player", "roll", "timeline", "mixer", "transport", "deck", "page")  # users last
_LANES = (*DRUM_NAMES, "other")


def write(path, *, title, scores, labels, roles, bar_ticks, key=None, chords=None, sections=(), tempos=None) -> None:
    """Write an HTML page with a piano roll, a player and a MIDI file to download for each take.

    Args:
        path: the file to write; it appears whole or not at all.
        title: str, shown above the takes, and the first part of the names of the MIDI files.
        scores: symusic.Score [takes] in ticks, all with the tempo map of the first, tracks parallel to roles.
        labels: str [takes], as in "take 2, more drum hits".
        roles: one of ROLES for each track; "other" is a track of the song that is neither melody nor generated.
        bar_ticks: int [bars + 1], rising: the ticks of the bar lines; bars may differ in length.
        key: what is told of the song's key; None tells nothing.
        tempos: the slowest and the fastest, beats a minute; None: those of the tempo map.
        chords: of each take (tick, surrogate.reading.chord_symbols.Chord) of every change, or None.
        sections: surrogate.reading.sections.Section of each, its bars counted in bar_ticks.

    Raises:
        musicvae_jax.FileError: the file cannot be written.
        ValueError: the arguments do not fit together.
    """
    takes = {"scores": scores, "labels": labels, "chords": chords}
    content = song(title=title, **takes, roles=roles, bar_ticks=bar_ticks, sections=sections)
    facts = _facts(content, scores[0].ticks_per_quarter, tempos) + (f" · {key}" if key else "")
    fields = {
        "title": html.escape(title),
        "facts": html.escape(facts),
        # A string in JSON may hold "</script>", where HTML would end the script.
        "song": json.dumps(content, separators=(",", ":")).replace("<", "\\u003c"),
        "style": "".join(map(_player_file, _STYLES)),
        "script": "".join(map(_inlined, _MODULES)),
    }
    page = filled(_player_file("page.html"), fields)
    files.write_whole(path, page.encode("utf-8", "replace"))  # a file name may hold bytes that are no text


def filled(template: str, fields: dict[str, str]) -> str:
    """A page, from what it is like: {{name}} is a field, {{head}} what all pages begin with."""
    fields = {"head": _player_file("head.html").rstrip()} | fields
    return re.sub(r"\{\{(.+?)\}\}", lambda field: fields[field[1]], template)


def _player_file(name) -> str:
    return (PLAYER / name).read_text(encoding="utf-8")


def _inlined(name):
    """A module as a part of one script, where the names of all are common."""
    return re.sub(r"^(import .*\n|export )", "", _player_file(f"{name}.js"), flags=re.MULTILINE)


def song(*, title, scores, labels, roles, bar_ticks, chords=None, sections=()) -> dict:
    """What the page's script is given, as JSON types.

    Args:
        title, scores, labels, roles, bar_ticks, chords, sections: as write takes them.

    Returns:
        title: str.
        lanes: names of the drum lanes, from the lowest.
        bars: ticks of the bar lines.
        sections: {"letter", "first", "end"} of each, in bars.
        map: the tempo map, {"ticks": [K], "seconds": [K]}, linear in between, from 0 to the end of the song.
        tracks: {"role", "name", "drums" (whether it is percussion), "program", "level" (MIDI control 7), "notes":
            [[start, end, key, velocity], ...] in ticks and order of start}, the key a MIDI pitch or a lane; a track
            that several takes share is there once.
        takes: {"label", "file", "midi" (base64), "tracks": places in tracks, "chords": [[tick, symbol], ...]}.

    Raises:
        ValueError: the arguments do not fit together.
    """
    bar_ticks = np.asarray(bar_ticks, np.int64)
    if not len(scores):
        raise ValueError("there must be at least one take")
    if not set(roles) <= set(ROLES):
        raise ValueError(f"roles must be among {ROLES}, not {roles}")
    if len(bar_ticks) < 2 or (np.diff(bar_ticks) <= 0).any():
        raise ValueError(f"bar_ticks must be two or more rising ticks, not {bar_ticks}")
    end = max(bar_ticks[-1], *(note.end for score in scores for track in score.tracks for note in track.notes))
    ticks, seconds = tempo_map(scores[0], end)
    place_of_track, takes = {}, []
    stem = re.sub(r"[^\w() ,-]+", "_", title).strip("_ ")[:80]
    each = zip(scores, labels, [()] * len(scores) if chords is None else chords, strict=True)
    for number, (score, label, changes) in enumerate(each, 1):
        tracks = [json.dumps(_track(track, role)) for track, role in zip(score.tracks, roles, strict=True)]
        takes.append(
            {
                "label": label,
                "file": f"{stem} take {number}.mid".strip(),
                "midi": base64.b64encode(chord_track.added(score.dumps_midi(), changes)).decode(),
                "tracks": [place_of_track.setdefault(track, len(place_of_track)) for track in tracks],
                "chords": [[tick, chord.symbol] for tick, chord in changes],
            }
        )
    return {
        "title": title,
        "lanes": _LANES,
        "bars": bar_ticks.tolist(),
        "sections": [section._asdict() for section in sections],
        "map": {"ticks": ticks.tolist(), "seconds": seconds.round(6).tolist()},
        "tracks": [json.loads(track) for track in place_of_track],
        "takes": takes,
    }


def _track(track, role) -> dict:
    notes = track.notes.numpy()
    key = notes["pitch"].astype(np.int64)
    drums = track.is_drum or role == "drums"
    if drums:
        bit = events.DRUM_BIT_OF_PITCH[key].astype(np.int64)
        key = np.where(bit == events.NO_DRUM, len(_LANES) - 1, bit)
    start = notes["time"].astype(np.int64)
    rows = np.stack([start, start + notes["duration"], key, notes["velocity"]], 1)
    rows = rows[np.lexsort((key, start))]
    return {
        "role": role,
        "name": track.name,
        "drums": bool(drums),
        "program": track.program,
        "level": round(level.usual(track, level.VOLUME)),
        "notes": rows.tolist(),
    }


def _tempos(content, ticks_per_quarter):
    """The slowest and the fastest tempo of the map."""
    slopes = np.diff(content["map"]["seconds"]) / np.diff(content["map"]["ticks"]) * ticks_per_quarter
    qpm = 60 / slopes[slopes > 0]
    return (qpm.min(), qpm.max()) if len(qpm) else (np.nan, np.nan)


def _facts(content, ticks_per_quarter, tempos=None) -> str:
    """The line under the title: how many bars, how long, how fast."""
    bars = len(content["bars"]) - 1
    minutes, rest = divmod(int(content["map"]["seconds"][-1]), 60)
    return " · ".join(
        [
            f"{bars} bar{'s' * (bars > 1)}",
            f"{minutes}:{rest:02d}",
            f"{in_words(*(tempos or _tempos(content, ticks_per_quarter)))} bpm",
        ]
    )
