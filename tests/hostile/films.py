"""Films that lead elsewhere, claim what is not there, or are something else as well."""

import random
import struct
import zlib

from tests.fuzz.damage import damaged
from tests.hostile.ebml import element, uint


def harmful(film, url, secret, playlist):
    """`film` is a whole MP4, its index behind its pictures, so that the index may grow."""
    html = f'<html><script src="{url}/polyglot"></script></html>'.encode()
    made = {
        "mov-alias": with_reference(film, b"alis", alias(secret)),
        "mov-address": with_reference(film, b"url ", f"{url}/dref".encode() + b"\0"),
        "mov-file-address": with_reference(film, b"url ", f"file://{secret}".encode() + b"\0"),
        "mov-name": with_reference(film, b"urn ", b"urn:x\0" + f"{url}/urn".encode() + b"\0"),
        "mov-resource": with_reference(film, b"rsrc", alias(secret)),
        "mov-elsewhere": box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", elsewhere(url)),
        "mov-huge": sized(film, 65535, 65535),
        "mov-flat": sized(film, 65535, 1),
        "mov-many-tracks": with_tracks(film, 3000),
        "mov-long": timed(film, 0x7FFFFFFF),
        "mov-endless-table": film.replace(b"stsz", b"stsz", 1).replace(_table(film), _endless(film), 1),
        "mov-nested": nested(2000),
        "mp4-and-html": box(b"ftyp", b"isom\0\0\0\0isom") + box(b"free", html) + film[_first_end(film) :],
        "html-and-mp4": html + film,
        "mp4-and-playlist": film + playlist,
        "playlist-and-mp4": playlist + film,
        "playlist-in-a-box": box(b"free", playlist) + film,
        "mkv-attachments": matroska(attachments(html)),
        "mkv-linked": matroska(b"", linked=str(secret)),
        "mkv-tagged": matroska(tags(url)),
        "mkv-deep": b"\x1aE\xdf\xa3\x80" + b"\x18S\x80g\x01\xff\xff\xff\xff\xff\xff\xff" * 5000,
        "mkv-bomb": matroska(compressed()),
        "avi-index": b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"AVI LIST" + struct.pack("<I", 0xFFFFFFFF) + b"hdrl",
        "ts-noise": b"".join(b"\x47" + random.Random(n).randbytes(187) for n in range(200)),
        "flv": b"FLV\x01\x05\0\0\0\x09\0\0\0\0" + html,
        "wav-huge": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0"
        + b"\xff" * 6
        + bytes(6)
        + b"\x08\0data\xff\xff\xff\xff",
        "empty": b"",
        "zeroes": bytes(65536),
    }
    made |= {f"cut-off-{part}": film[: len(film) * part // 8] for part in range(1, 8, 2)}
    for number in range(12):
        made[f"mutated-{number}"] = damaged(random.Random(f"hostile/{number}"), film, playlist)[0]
    return made


def box(name, body):
    return struct.pack(">I", 8 + len(body)) + name + body


def grown(whole, path, change):
    """The boxes named by `path` one in another, the last one's body changed, and all lengths right again."""
    made, at = b"", 0
    while at + 8 <= len(whole):
        size, name = struct.unpack(">I", whole[at : at + 4])[0], whole[at + 4 : at + 8]
        size = size if size >= 8 else len(whole) - at
        body = whole[at + 8 : at + size]
        if name == path[0]:
            body = grown(body, path[1:], change) if path[1:] else change(body)
        made, at = made + box(name, body), at + size
    return made


INSIDE = (b"moov", b"trak", b"mdia", b"minf")


def with_reference(film, kind, place):
    """Its pictures are said to be in another file."""
    entry = box(kind, b"\0\0\0\0" + place)
    return grown(film, (*INSIDE, b"dinf", b"dref"), lambda body: b"\0\0\0\0\0\0\0\1" + entry)


def alias(path):
    """As a Macintosh says where a file is: also by its whole path."""
    name = path.name.encode()[:27]
    head = bytes(4) + struct.pack(">HHH", 150, 2, 0) + b"\4disk".ljust(28, b"\0") + bytes(10)
    head += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(32)
    absolute = str(path).encode()
    head += (
        struct.pack(">HH", 18, len(absolute)) + absolute + b"\0" * (len(absolute) % 2) + struct.pack(">HH", 0xFFFF, 0)
    )
    return head


def elsewhere(url):
    """A film that only says where the film is."""
    reference = box(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(url) + 6) + url.encode() + b"/rmra\0")
    return box(b"rmra", box(b"rmda", reference))


def sized(film, wide, high):
    def change(body):
        return body[:8] + _resized(body[8:], wide, high)

    return grown(film, (*INSIDE, b"stbl", b"stsd"), change)


def _resized(entry, wide, high):
    if entry[4:8] == b"mp4a":
        return entry
    return entry[:32] + struct.pack(">HH", wide, high) + entry[36:]


def timed(film, length):
    return grown(film, (b"moov", b"mvhd"), lambda body: body[:16] + struct.pack(">I", length) + body[20:])


def with_tracks(film, count):
    def change(body):
        size = struct.unpack(">I", body[108:112])[0]
        return body + body[108 : 108 + size] * count

    return grown(film, (b"moov",), change)


def _table(film):
    at = film.index(b"stsz")
    return film[at : at + 16]


def _endless(film):
    return b"stsz" + bytes(8) + b"\x7f\xff\xff\xff"


def nested(depth):
    body = b""
    for _ in range(depth):
        body = box(b"moov", body)
    return box(b"ftyp", b"isom\0\0\0\0isom") + body


def _first_end(film):
    return struct.unpack(">I", film[:4])[0]


def matroska(more, linked=""):
    head = element(0x1A45DFA3, element(0x4282, b"matroska") + uint(0x4287, 4) + uint(0x4285, 2))
    told = uint(0x2AD7B1, 1_000_000) + element(0x4489, struct.pack(">d", 1000.0))
    if linked:
        told += element(0x3CB923, bytes(16)) + element(0x3C83AB, linked.encode()) + element(0x3EB923, bytes(16))
        told += element(0x3E83BB, linked.encode())
    picture = element(0xE0, uint(0xB0, 64) + uint(0xBA, 48))
    track = uint(0xD7, 1) + uint(0x73C5, 1) + uint(0x83, 1) + element(0x86, b"V_MJPEG") + picture
    return head + element(0x18538067, element(0x1549A966, told) + element(0x1654AE6B, element(0xAE, track)) + more)


def attachments(html):
    def file(name, kind, body):
        said = element(0x466E, name.encode()) + element(0x4660, kind.encode())
        return element(0x61A7, said + element(0x465C, body) + uint(0x46AE, 7))

    names = ("../../../tmp/of-a-child", "font.ttf", "cover.svg", "x" * 5000)
    return element(0x1941A469, b"".join(file(name, "text/html", html) for name in names))


def tags(url):
    simple = element(0x67C8, element(0x45A3, b"URL") + element(0x4487, url.encode() + b"/tag"))
    return element(0x1254C367, element(0x7373, simple))


def compressed():
    """A block of a track that says of itself that it is packed, and grows a thousandfold."""
    packed = zlib.compress(bytes(64 << 20), 9)
    return element(0x1F43B675, uint(0xE7, 0) + element(0xA3, b"\x81\0\0\x80" + packed))
