"""What any store must do; the folder is the one there is."""

import errno
import hashlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modal_functions import store as stores
from modal_functions.store import FolderStore, Forbidden, Full, Missing, Unreachable


def test_what_was_put_is_got_and_the_later_stands(store):
    store.put("a/progress.json", b"1")
    store.put("a/progress.json", b"2")
    assert store.get("a/progress.json") == b"2"
    assert store.size("a/progress.json") == 1


def test_what_is_not_there_is_none_and_never_an_error(store):
    assert store.get("a/nothing") is None
    assert store.size("a/nothing") is None
    assert list(store.keys("a")) == []
    store.delete("a/nothing")
    with pytest.raises(Missing):
        store.fetch("a/nothing", store.root.parent / "x")


def test_once_means_once(store):
    assert store.put_once("a/outcome.json", b"ok")
    assert not store.put_once("a/outcome.json", b"abort")
    assert store.get("a/outcome.json") == b"ok"


def test_of_sixteen_writers_at_once_exactly_one_is_first(store):
    for number in range(20):
        key = f"a/{number}.json"
        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(lambda writer, key=key: store.put_once(key, str(writer).encode()), range(16)))
        assert sum(won) == 1
        assert store.get(key) == str(won.index(True)).encode()


def test_a_file_goes_in_and_out_with_its_size_and_sum(store, tmp_path):
    body = os.urandom(3 * stores.PIECE + 17)
    (tmp_path / "in").write_bytes(body)
    told = []
    stored = store.put_file("a/film.mp4", tmp_path / "in", told.append)
    assert (stored.bytes, stored.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert told == [stores.PIECE, 2 * stores.PIECE, 3 * stores.PIECE, len(body)]
    assert store.fetch("a/film.mp4", tmp_path / "out") == stored
    assert (tmp_path / "out").read_bytes() == body


def test_keys_are_listed_below_a_prefix(store):
    for key in ("a/1/x", "a/2/y", "b/z"):
        store.put(key, b"")
    assert sorted(store.keys("a")) == ["a/1/x", "a/2/y"]
    store.delete("a/1/x")
    assert list(store.keys("a")) == ["a/2/y"]
    assert not (store.root / "a/1").exists(), "no empty folders are left"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "a//b",
        "../a",
        "a/../b",
        "a/./b",
        "/etc/passwd",
        "a/b/",
        ".hidden",
        "a\x00",
        "a b",
        "ä",
        "a" * 600,
        None,
    ],
)
def test_a_key_that_is_none_is_refused(store, key):
    for act in (
        store.get,
        store.size,
        store.delete,
        lambda key: store.put(key, b""),
        lambda key: store.put_once(key, b""),
    ):
        with pytest.raises(ValueError, match="key: expected parts"):
            act(key)


@given(st.text(max_size=80))
def test_no_key_leads_out_of_the_folder(key):
    store = FolderStore(stores.Path("/nowhere/at/all"))
    try:
        place = store.in_place(key)
    except ValueError:
        return
    assert store.root in place.resolve().parents


def test_an_object_is_there_whole_or_not_at_all_when_the_writer_is_killed(store):
    code = (
        "import sys; from pathlib import Path; from modal_functions.store import FolderStore\n"
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
    with pytest.raises(answer, match=os.strerror(number)), stores._told():
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
            os._exit(0 if list(store.root.rglob("*")) == [store.root / "a"] else 3)
        os._exit(4)

    child = multiprocessing.get_context("fork").Process(target=tiny_disk)
    child.start()
    child.join()
    assert child.exitcode == 0


def test_a_folder_that_vanished_is_made_again(store):
    store.put("a/x", b"1")
    shutil.rmtree(store.root)
    store.put("a/x", b"2")
    assert store.get("a/x") == b"2"
