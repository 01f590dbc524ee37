"""The changes that a page can ask for, checked: JSON in, one dataclass a kind out."""

import dataclasses
import typing

from surrogate.studio.work import PARTS

CHOICES = (
    *("track", "hands", "beats", "tempo", "key", "meter", "pickup", "swing"),
    *("bass_density", "drum_density", "bass_temperature", "drum_temperature", "seed"),
    *("program", "human", "ending"),
)
"""The names of surrogate.Options that can be chosen."""


class ChangeError(ValueError):
    """A change that cannot be made; str() is one line that says why."""


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of a work. kind is one of KINDS; number counts up in a page; of the rest what the kind has."""

    kind: str
    number: int = 0
    parts: tuple[str, ...] = ()
    bars: tuple[int, int] | None = None
    part: str = ""
    locked: bool = False
    choices: dict[str, typing.Any] = dataclasses.field(default_factory=dict)
    half_bar: int = 0
    symbol: str | None = None
    take: int = 0
    bass: int = 0
    drums: int = 0


KINDS = {
    "regenerate": ("parts", "bars"),
    "lock": ("part", "locked"),
    "choose": ("choices",),
    "chord": ("half_bar", "symbol"),
    "show": ("take",),
    "combine": ("bass", "drums"),
    "undo": (),
    "redo": (),
}
"""What each kind of change has besides its number."""


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 53


def _are_bars(value):
    return value is None or isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _are_parts(value):
    return isinstance(value, list) and 1 <= len(value) <= 2 and all(part in PARTS for part in value)


_FIELDS = {
    "number": (_is_number, "a whole number"),
    "parts": (_are_parts, '"bass", "drums" or both, in a list'),
    "bars": (_are_bars, "[first, end] or null"),
    "part": (lambda value: value in PARTS, '"bass" or "drums"'),
    "locked": (lambda value: isinstance(value, bool), "true or false"),
    "choices": (
        lambda value: isinstance(value, dict) and value.keys() <= set(CHOICES),
        f"choices among {', '.join(CHOICES)}",
    ),
    "half_bar": (_is_number, "a whole number"),
    "symbol": (lambda value: value is None or isinstance(value, str) and len(value) < 64, "a chord symbol or null"),
    "take": (_is_number, "a whole number"),
    "bass": (_is_number, "a whole number"),
    "drums": (_is_number, "a whole number"),
}


def parse(content: typing.Any) -> Change:
    """Checks a change as it was sent.

    Args:
        content: what JSON gave.

    Raises:
        ChangeError: it is none.
    """
    if not isinstance(content, dict) or content.get("kind") not in KINDS:
        raise ChangeError(f"a change has a kind, one of {', '.join(KINDS)}")
    kind = content["kind"]
    names = {"number", *KINDS[kind]}
    unknown = content.keys() - names - {"kind"}
    if unknown:
        raise ChangeError(f"{kind} has no {min(unknown)}")
    values = {}
    for name in sorted(names):
        if name not in content and name in KINDS[kind] and name not in ("bars", "symbol"):
            raise ChangeError(f"{kind} needs {name}")
        value = content.get(name, 0 if name == "number" else None)
        is_right, words = _FIELDS[name]
        if not is_right(value):
            raise ChangeError(f"{name} must be {words}, not {value!r:.60}")
        values[name] = tuple(value) if isinstance(value, list) else value
    return Change(kind, **values)


def replaces(newer: Change, older: Change) -> bool:
    """Whether nothing is lost if a change that waits is not made because a newer one came."""
    if newer.kind != older.kind:
        return False
    match newer.kind:
        case "regenerate":
            return (newer.parts, newer.bars) == (older.parts, older.bars)
        case "choose":
            return older.choices.keys() <= newer.choices.keys()
        case "chord":
            return newer.half_bar == older.half_bar
    return newer.kind == "show"
