"""Static files, collected again only where one of them has changed: hashing and compressing them takes seconds."""

import hashlib
import multiprocessing
import signal
import sys
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
    there = _described()
    if _is_there(there):
        return False
    _collect(there)
    return True


@contextmanager
def collected_beside() -> Iterator[None]:
    """What is done inside is done on another core meanwhile; only for a process of one thread, as it is copied."""
    there = _described()
    if _is_there(there):
        yield
        return
    if sys.platform != "linux":
        _collect(there)
        yield
        return
    connections.close_all()
    beside = multiprocessing.get_context("fork").Process(target=_copied, args=(there,), daemon=True)
    beside.start()
    yield
    beside.join()
    if beside.exitcode:
        raise CommandError("The static files could not be collected; why is said above.")


def _copied(there: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # of a Ctrl-C, who waits for it tells
    _collect(there)


def _collect(there: str) -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    _stamp().write_text(there)  # last: whoever was killed before it collects again


def _is_there(there: str) -> bool:
    stamp = _stamp()
    return stamp.is_file() and stamp.read_text() == there


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT) / STAMP


def _described() -> str:
    """Other as soon as a file has come, gone or changed."""
    found = hashlib.sha256(django.__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list(None):
            there = Path(storage.path(name)).stat()
            found.update(f"{name}\0{there.st_size}\0{there.st_mtime_ns}\n".encode())
    return found.hexdigest()
