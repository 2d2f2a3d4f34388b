"""Static files, collected again only where one of them has changed: hashing and compressing them takes seconds."""

import hashlib
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import connections

STAMP = ".collected"


def collect() -> bool:
    """False where what was collected last is what there is."""
    there, stamp = _described(), Path(settings.STATIC_ROOT) / STAMP
    if stamp.is_file() and stamp.read_text() == there:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(there)  # last: whoever was killed before it collects again
    return True


@contextmanager
def collected_beside() -> Iterator[None]:
    """What is done inside is done meanwhile, on another core where there is one."""
    if sys.platform != "linux" or threading.active_count() > 1:  # see `exports.twin`
        collect()
        yield
        return
    connections.close_all()
    beside = multiprocessing.get_context("fork").Process(target=_copied, daemon=True)
    beside.start()
    yield
    beside.join()
    if beside.exitcode:
        raise CommandError("The static files could not be collected; what went wrong is said above.")


def _copied() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of a Ctrl-C, who waits for it tells
    try:
        collect()
    except OSError as error:
        sys.exit(str(error))


def _described() -> str:
    """Other as soon as a file has come, gone or changed."""
    found = hashlib.sha256(django.__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list(None):
            there = Path(storage.path(name)).stat()
            found.update(f"{name}\0{there.st_size}\0{there.st_mtime_ns}\n".encode())
    return found.hexdigest()
