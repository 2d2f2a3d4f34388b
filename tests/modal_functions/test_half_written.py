"""What a writer leaves behind who was killed in the middle of a write, in a folder."""

import multiprocessing
import os
import shutil
import signal
from datetime import UTC, datetime, timedelta

import pytest

from modal_functions.folder import HALF_WRITTEN
from modal_functions.sweeping import sweep
from tests.soon import soon

fork = multiprocessing.get_context("fork")


def writes_for_ever(store, source, begun):
    def hang(count):
        begun.set()
        signal.pause()

    store.put_file("a/film.mp4", source, hang)


@pytest.fixture
def writer(store, tmp_path):
    """Somebody who has written half of a file, and goes no further."""
    (tmp_path / "film").write_bytes(os.urandom(1000))
    begun = fork.Event()
    process = fork.Process(target=writes_for_ever, args=[store, tmp_path / "film", begun])
    process.start()
    assert begun.wait(60)
    yield process
    process.kill()
    process.join()


def half_written(store):
    return list(store.root.rglob(f"{HALF_WRITTEN}*"))


def later():
    return datetime.now(UTC) + timedelta(minutes=1)


def test_what_somebody_still_writes_is_left_alone_whatever_its_age(store, writer):
    assert sweep(store, later()) == 0
    assert len(half_written(store)) == 1


def test_what_the_dead_have_left_is_removed_and_nothing_else(store, writer):
    store.put("a/outcome.json", b"ok")
    writer.kill()
    writer.join()
    assert sweep(store, datetime.now(UTC) - timedelta(minutes=1)) == 0, "too young to tell"
    assert soon(lambda: sweep(store, later())) == 1
    assert half_written(store) == []
    assert store.get("a/outcome.json") == b"ok"
    assert sweep(store, later()) == 0


def test_a_folder_that_goes_while_it_is_walked_through_is_no_failure(store, monkeypatch):
    for name in ("a", "b"):
        store.put(f"projects/{name}/whole", b"1")
    look = os.scandir

    def meanwhile(path="."):
        if str(path).endswith("/b"):
            shutil.rmtree(path)  # its owner lets it go at this moment
        return look(path)

    monkeypatch.setattr(os, "scandir", meanwhile)
    assert sweep(store, datetime.now(UTC)) == 0
