"""What the name of a track tells of its place in a song."""

import re
import unicodedata

MELODY_WEIGHT, PART_WEIGHT, HAND_WEIGHT = 6.0, -3.0, 1.5

_MELODY_NAME = re.compile(
    r"melod(?!ic|ium)|voc(al|e)|vox|voi(ce|x)|voz|stimme|gesang|sing(?!l)|chant|cant(o|us|ante)|lyric|"
    r"(?<![a-z])(lead|solo|soloist|theme|thema|tune)(?![a-z])|мелоди|вокал|旋律"
)
_PART_NAME = re.compile(
    r"chord|akkord|accord(?!i)|(?<![a-z])pads?(?![a-z])|string|accomp|begleit|rhythm|(?<![a-z])comp(ing)?(?![a-z])|"
    r"(?<![a-z])arp|harmon(y|ie)|back|perc|drum|echo|delay|counter|(?<![a-z])(2nd|second)(?![a-z])"
)
_HANDS = (re.compile(r"right|(?<![a-z])(rh|droite|rechts?|rechte|destra|treble)(?![a-z])"),
          re.compile(r"(?<![a-z])(left|lh|gauche|links?|linke|sinistra)(?![a-z])"))  # fmt: skip
# General MIDI's own names for sounds tell nothing of a part's place in the song.
_SOUND_NAME = re.compile(
    r"lead \d \([^)]*\)|(square|saw|sawtooth|calliope|chiff|charang|fifths)( wave)? lead|bass ?(and|[+&/])? ?lead|"
    r"(synth|space|solo) ?(voice|vox)|voice oohs|orchestra hit|taiko drum|steel drums?"
)
_BASS_NAME = re.compile(
    r"(?<![a-z])((contra|kontra)?bass?|basse|basso|bajo|baixo)(?![a-z])"
    r"(?!.{0,3}(lead|clarinet|trombone|flute|sax|drum|voice|vocal))"
)

_VOICE_NAME = re.compile(r"sopran|(?<![a-z])alt(?!er|-)|tenor|mezzo|bariton|(?<![a-z])[sat](?![a-z])")
_LEAST_VOICES = 2
_CHORDS_NAME = re.compile(r"chord|akkord|accord(?!i)|harmon(y|ie)|(?<![a-z])comp(ing)?(?![a-z])")


def melody_score(name) -> float:
    """How much a name speaks for a melody, above 0, or against it, in the units of tracks.WEIGHTS."""
    plain_name = _SOUND_NAME.sub(" ", _plain(name))
    right, left = (bool(hand.search(plain_name)) for hand in _HANDS)
    is_part = bool(_PART_NAME.search(plain_name) or _BASS_NAME.search(plain_name))
    return MELODY_WEIGHT * bool(_MELODY_NAME.search(plain_name)) + PART_WEIGHT * is_part + HAND_WEIGHT * (right - left)


def names_bass(name) -> bool:
    """Whether a name says that the track is a bass."""
    return bool(_BASS_NAME.search(_plain(name)))


def name_choir(names) -> bool:
    """Whether tracks of these names sing together: two voices or more beside the bass."""
    found = (_VOICE_NAME.search(_plain(name)) for name in names)
    return len({voice[0] for voice in found if voice}) >= _LEAST_VOICES


def names_chords(name) -> bool:
    """Whether a name says that the track plays chords."""
    return bool(_CHORDS_NAME.search(_plain(name)))


def _plain(name) -> str:
    """In lower case and without accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
