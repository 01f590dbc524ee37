"""The way through repeats, endings and jumps."""

import pytest

from surrogate.reading.play_order import FIRST, Signs, played


def signs(text):
    """Bars as letters, with |: and :| around what is repeated (:|3 thrice), 12[ before bars of endings 1 and 2, ] after
    them, and $ segno, & coda, ! fine, < da capo, > dal segno after their bar."""
    bars, fields, endings = [], {}, frozenset()
    for word in text.split():
        if word == "|:":
            fields["begins_repeat"] = True
        elif word.endswith("["):
            endings = frozenset(map(int, word[:-1]))
        elif word == "]":
            endings = frozenset()
        elif word.startswith(":|"):
            bars[-1]["times"] = int(word[2:] or 2)
        else:
            name = {"$": "segno", "&": "coda", "!": "fine"}
            marks = {name[mark]: True for mark in word[1:] if mark in name}
            jump = FIRST if "<" in word else "dal segno" if ">" in word else ""
            bars.append(fields | marks | {"jump": jump, "endings": endings})
            fields = {}
    return [Signs(**bar) for bar in bars]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a b c", "abc"),
        ("a b :| c d :|", "ababcdcd"),
        ("a |: b c :| d", "abcbcd"),
        ("|: a b :|3 c", "abababc"),
        ("|: a 1[ b :| 2[ c ] d", "abacd"),
        ("|: a 1[ b c :| 2[ d e ] f g :|", "abcadefgfg"),
        ("|: a 12[ b :| 3[ c ] d", "ababacd"),
        ("|: a 13[ b :| 2[ c :| ] d", "abacabd"),
        ("|: a 1[ b :| 2[ c :| |: ] d 1[ e :| 2[ f ]", "abacdedf"),
        ("|: a 1[ b :| ] c", "abac"),
        ("a 2[ b ] c", "abc"),
        ("a b! c d<", "abcdab"),
        ("a b$ c! d>", "abcdbc"),
        ("a b& c d< e& f", "abcdabef"),
        ("a |: b 1[ c :| 2[ d< ]", "abcbdabd"),
        ("|: a |: b :| c :|", "abbcc"),
        ("a< b", "aab"),
    ],
)
def test_bars_are_played_in_order(text, order):
    names = [word[0] for word in text.split() if word[0].isalpha()]
    assert "".join(names[place] for place in played(signs(text), 100)) == order


def test_a_way_without_an_end_is_cut():
    assert len(played(signs("|: a :|1000000"), 50)) == 51
