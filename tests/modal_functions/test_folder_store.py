"""What only the folder does, being on a disk."""

import errno
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_functions.folder import FolderStore
from modal_functions.store import Forbidden, Full, Unreachable, told


@given(st.text(max_size=80))
def test_no_key_leads_out_of_the_folder(key):
    store = FolderStore(Path("/nowhere/at/all"))
    try:
        place = store.in_place(key)
    except ValueError:
        return
    assert store.root in place.resolve().parents


def test_an_object_is_there_whole_or_not_at_all_when_the_writer_is_killed(store):
    code = (
        "import sys; from pathlib import Path; from modal_functions.folder import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]))\n"
        "print('go', flush=True)\n"
        "while True: store.put('a/big', b'x' * 5_000_000); store.put_once('a/once', b'y' * 5_000_000)"
    )
    for pause in (0.01, 0.05, 0.1):
        writer = subprocess.Popen([sys.executable, "-c", code, str(store.root)], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"go\n"
        time.sleep(pause)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        for key in ("a/big", "a/once"):
            assert store.size(key) in (None, 5_000_000)
        assert set(store.keys("a")) <= {"a/big", "a/once"}, "half-written files are not listed"


def test_what_is_to_last_waits_for_the_disk_with_its_name_and_what_is_only_shown_does_not(store, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").resolve()))
    for verb in ("put", "put_once", "put_file", "take"):
        (tmp_path / "in").write_bytes(b"film")
        getattr(store, verb)(f"a/{verb}", tmp_path / "in" if verb in ("put_file", "take") else b"film")
        assert len(synced) == 2, verb
        assert synced.pop() == store.root / "a", verb
        synced.clear()
    store.jot("a/put", b"percent")
    assert synced == []


def test_a_file_of_the_same_disk_mounted_twice_is_taken_all_the_same(store, tmp_path, monkeypatch):
    """As of two volumes of one machine: the kernel gives them one number, and renames nothing between them."""
    (tmp_path / "in").write_bytes(b"film")
    link = Path.hardlink_to

    def between(place, path):
        if path.parent == tmp_path:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return link(place, path)

    monkeypatch.setattr(Path, "hardlink_to", between)
    assert store.take("a/film.mp4", tmp_path / "in").bytes == 4
    assert store.get("a/film.mp4") == b"film"
    assert not (tmp_path / "in").exists()
    assert list(store.root.glob("a/.*")) == []


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (errno.ENOSPC, Full),
        (errno.EDQUOT, Full),
        (errno.EACCES, Forbidden),
        (errno.EROFS, Forbidden),
        (errno.EIO, Unreachable),
    ],
)
def test_each_way_a_disk_fails_is_the_answer_it_is(number, answer):
    with pytest.raises(answer, match=os.strerror(number)), told():
        raise OSError(number, os.strerror(number))


def test_a_full_disk_leaves_nothing_half_written(store, tmp_path):
    def tiny_disk():
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            store.put("a/big", b"x" * 5000)
        except Full:
            os._exit(0 if set(store.root.rglob("*")) <= {store.root / "a", store.mark} else 3)
        os._exit(4)

    child = multiprocessing.get_context("fork").Process(target=tiny_disk)
    child.start()
    child.join()
    assert child.exitcode == 0


def test_a_folder_that_vanished_is_made_again(store):
    store.put("a/x", b"1")
    shutil.rmtree(store.root / "a")
    store.put("a/x", b"2")
    assert store.get("a/x") == b"2"


def test_no_empty_folders_are_left(store):
    store.put("a/1/x", b"")
    store.put("a/2/y", b"")
    store.delete("a/1/x")
    assert not (store.root / "a/1").exists()
    assert (store.root / "a/2").exists()


def test_nobody_but_us_can_read_from_a_folder(store):
    store.put("a/film.mp4", b"film")
    assert store.link("a/film.mp4", seconds=60, disposition="attachment", content_type="video/mp4") is None


@pytest.mark.parametrize("beside", [True, False])
def test_what_stands_there_already_stays_when_another_is_taken_so_that_who_reads_it_may_go_on(
    store, tmp_path, monkeypatch, beside
):
    monkeypatch.setattr(store, "_is_beside", lambda key, path: beside)
    files = set()
    for said in (b"first", b"second"):
        (tmp_path / "in").write_bytes(said)
        store.take("chunks/one.mp4", tmp_path / "in")
        files.add(store.in_place("chunks/one.mp4").stat().st_ino)
        assert not (tmp_path / "in").exists()
    assert len(files) == 1
    assert store.get("chunks/one.mp4") == b"first"
    assert [path.name for path in (store.root / "chunks").iterdir()] == ["one.mp4"]
