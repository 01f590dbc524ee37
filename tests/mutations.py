"""MIDI files broken in the ways that files on the web are, and in some that they are not."""

import re


def flipped(raw, other, rng):
    """Some bits are others."""
    data = bytearray(raw)
    for place in rng.integers(0, len(data), rng.choice([1, 3, 30, 300])):
        data[place] ^= 1 << rng.integers(8)
    return bytes(data)


def truncated(raw, other, rng):
    return raw[: rng.integers(len(raw))]


def spliced(raw, other, rng):
    """Tracks of two files in one, cut where chunks begin or anywhere."""
    places = [[m.start() for m in re.finditer(b"MTrk", one)] or [len(one) // 2] for one in (raw, other)]
    first, second = (int(rng.choice(place)) + int(rng.choice([0, 0, 1, 9])) for place in places)
    return raw[:first] + other[second:]


def absurd(raw, other, rng):
    """A length, a count or a resolution is out of all proportion."""
    data = bytearray(raw)
    chunks = [m.start() for m in re.finditer(b"MTrk", raw)] or [14]
    place = int(rng.choice(chunks))
    match rng.integers(5):
        case 0:
            data[place + 4 : place + 8] = bytes(rng.integers(0, 256, 4).tolist())
        case 1:
            data[place + 4 : place + 8] = b"\xff\xff\xff\xff"
        case 2:
            data[10:12] = b"\xff\xff"
        case 3:
            data[12:14] = rng.choice([b"\x00\x00", b"\x00\x01", b"\x7f\xff", b"\xe7\x28"])
        case 4:
            data[place + 8 : place + 8] = b"\x00\xff\x01\xff\xff\xff\x7f"
    return bytes(data)


def running(raw, other, rng):
    """A track of nothing but messages without a status byte, of one data byte or two, far apart or together."""
    status = bytes([int(rng.choice([0x90, 0x99, 0xC0, 0xD5, 0xE0, 0xF3, 0xF0]))])
    delta = rng.choice([b"\x00", b"\x01", b"\x83\x60", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x00"])
    message = delta + bytes(rng.integers(0, 128, rng.integers(1, 4)).tolist())
    track = b"\x00" + status + message * int(rng.choice([10, 1000, 200_000])) + b"\x00\xff\x2f\x00"
    return raw + b"MTrk" + len(track).to_bytes(4, "big") + track if rng.integers(2) else _alone(track)


def _alone(track):
    return b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(track).to_bytes(4, "big") + track


def rewritten(raw, rng):
    """Some lines or tags of a text twice, gone, in another place or with another number."""
    pieces = [piece for piece in re.split(rb"(?<=[>\n|])", raw) if piece]
    for _ in range(int(rng.choice([1, 3, 10]))):
        first, second = rng.integers(0, len(pieces), 2)
        match rng.integers(4):
            case 0:
                del pieces[first]
            case 1:
                pieces.insert(second, pieces[first])
            case 2:
                pieces[first], pieces[second] = pieces[second], pieces[first]
            case 3:
                number = rng.choice([b"0", b"-1", b"99999", b"1.5", b"x", b""])
                pieces[first] = re.sub(rb"\d+", number, pieces[first])
    return b"".join(pieces)


MUTATIONS = (flipped, truncated, spliced, absurd, running)
