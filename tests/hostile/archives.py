"""Scans and archives that unpack to more than they say, or name files elsewhere."""

import gzip
import io
import struct
import warnings
import zipfile
import zlib


def harmful(url):
    return {
        "zip-bomb": zipped({"a.dcm": bytes(128 << 20)}),
        "zip-lies": lying(zipped({"a.dcm": bytes(32 << 20)})),
        "zip-of-zips": zipped({"b.zip": zipped({"c.zip": zipped({"d.dcm": bytes(1 << 20)})})}),
        "zip-climbs": zipped({"../../../../tmp/of-a-child": b"x", "/etc/of-a-child": b"x", "C:\\x": b"x"}),
        "zip-many": zipped({f"{n}": b"" for n in range(6000)}),
        "zip-twice": twice(),
        "zip-cut": zipped({"a.dcm": bytes(1000)})[:60],
        "gzip-bomb": gzip.compress(nifti(64, 64, 64) + bytes(256 << 20), 1),
        "nifti-huge": nifti(32767, 32767, 32767) + bytes(4096),
        "nifti-negative": nifti(-1, -1, -1) + bytes(4096),
        "nifti-elsewhere": nifti(8, 8, 8, magic=b"ni1\0", told=url.encode()) + bytes(4096),
        "nifti-extended": nifti(8, 8, 8, offset=float(2**31)) + bytes(4096),
        "dicom-bare": bytes(128) + b"DICM",
        "dicom-long": dicom(b"\x10\0\x10\0UN\0\0\xff\xff\xff\x7f"),
        "dicom-nested": dicom(b"\x40\0\x75\xa0SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * 3000),
        "dicom-deflated": deflated(),
        "dicom-address": dicom(element(0x0008, 0x1190, b"UR", f"{url}/retrieve ".encode())),
        "dicom-huge": dicom(pixels(65535, 65535)),
    }


def zipped(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return made.getvalue()


def lying(whole):
    """It says in its list that there is nearly nothing in it."""
    at = whole.index(b"PK\1\2")
    return whole[: at + 24] + struct.pack("<I", 16) + whole[at + 28 :]


def twice():
    made = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(made, "w") as archive:
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr("a.dcm", b"x")
    return made.getvalue()


def nifti(wide, high, deep, *, magic=b"n+1\0", told=b"", offset=352.0):
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, wide, high, deep, 1, 1, 1, 1)
    struct.pack_into("<hh", head, 70, 16, 32)
    struct.pack_into("<8f", head, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, offset)
    head[148 : 148 + len(told[:80])] = told[:80]
    head[344:348] = magic
    return bytes(head)


def element(group, number, kind, body):
    return struct.pack("<HH", group, number) + kind + struct.pack("<HI", 0, len(body)) + body


def dicom(body, syntax=b"1.2.840.10008.1.2.1\0"):
    told = struct.pack("<HH", 2, 0x10) + b"UI" + struct.pack("<H", len(syntax)) + syntax
    length = struct.pack("<HH", 2, 0) + b"UL" + struct.pack("<HI", 4, len(told))
    return bytes(128) + b"DICM" + length + told + body


def deflated():
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return dicom(packer.compress(bytes(256 << 20)) + packer.flush(), b"1.2.840.10008.1.2.1.99")


def pixels(wide, high):
    def short(number, value):
        return struct.pack("<HH", 0x28, number) + b"US" + struct.pack("<HH", 2, value)

    sides = short(2, 1) + short(0x10, high) + short(0x11, wide) + short(0x100, 16) + short(0x101, 16)
    return sides + struct.pack("<HH", 0x7FE0, 0x10) + b"OW" + struct.pack("<HI", 0, 4) + bytes(4)
