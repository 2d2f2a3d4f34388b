"""A .zip of a series: read file by file, never unpacked to a disk, and not believed about its sizes."""

import errno
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from modal_functions.media.errors import MediaError

ZIP = b"PK\x03\x04"
MOST_FILES = 5000
MOST_BYTES = 2 << 30  # of all, unpacked
LARGEST_FILE = 64 << 20
READ = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED = 1

Body = Callable[[], bytes]


@contextmanager
def bodies(path: Path) -> Iterator[list[Body]]:
    """Of all files in it. Their names are used for nothing: a path among them leads nowhere."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = [each for each in archive.infolist() if not each.is_dir()]
            _check(files)
            yield [partial(_body, archive, each) for each in files]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise MediaError("input_unreadable", "This archive is damaged. Pack the series once more.") from error


def _check(files: list[zipfile.ZipInfo]) -> None:
    if len(files) > MOST_FILES:
        raise MediaError("unsupported", f"This archive holds {len(files):,} files; expected at most {MOST_FILES:,}.")
    total, largest = sum(each.file_size for each in files), max((each.file_size for each in files), default=0)
    if total > MOST_BYTES or largest > LARGEST_FILE:
        most = f"{MOST_BYTES >> 20:,} MB, and {LARGEST_FILE >> 20} MB in a file"
        raise MediaError("unsupported", f"This archive unpacks to {total >> 20:,} MB; expected at most {most}.")
    if any(each.flag_bits & ENCRYPTED for each in files):
        raise MediaError("unsupported", "This archive is locked with a password. Pack the series without one.")
    if any(each.compress_type not in READ for each in files):
        raise MediaError(
            "unsupported", "This archive is packed in a way that cannot be read here. Pack it as a plain .zip."
        )


def _body(archive: zipfile.ZipFile, file: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(file) as opened:
            body = opened.read(file.file_size + 1)
    except (RuntimeError, ValueError, struct.error) as error:  # its two heads say different things
        raise zipfile.BadZipFile from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # which is what a place before the beginning is
            raise
        raise zipfile.BadZipFile from error
    if len(body) != file.file_size:
        raise zipfile.BadZipFile
    return body
