"""What any store must do, be it a folder or a bucket."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from modal_functions import store as stores
from modal_functions.store import Missing, StoreError
from modal_functions.stores import opened


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    if request.param == "folder":
        return opened({"store": "folder", "root": str(tmp_path / "store")})
    return opened(request.getfixturevalue("bucket").described())


def test_what_was_put_is_got_and_the_later_stands(store):
    store.put("a/progress.json", b"1")
    store.put("a/progress.json", b"2")
    assert store.get("a/progress.json") == b"2"
    assert store.size("a/progress.json") == 1


def test_what_is_only_shown_is_got_as_it_was_written_last(store):
    store.put("a/progress.json", b"1")
    store.jot("a/progress.json", b"22")
    assert (store.get("a/progress.json"), list(store.keys("a"))) == (b"22", ["a/progress.json"])


def test_what_is_not_there_is_none_and_never_an_error(store, tmp_path):
    assert store.get("a/nothing") is None
    assert store.size("a/nothing") is None
    assert list(store.keys("a")) == []
    store.delete("a/nothing")
    with pytest.raises(Missing):
        store.fetch("a/nothing", tmp_path / "x")
    with pytest.raises(Missing):
        store.open("a/nothing")
    assert list(tmp_path.glob("*x*")) == []


def test_once_means_once(store):
    assert store.put_once("a/outcome.json", b"ok")
    assert not store.put_once("a/outcome.json", b"abort")
    assert store.get("a/outcome.json") == b"ok"


def test_of_sixteen_writers_at_once_exactly_one_is_first(store):
    for number in range(3):
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
    assert told == sorted(told)
    assert told[-1] == len(body)
    told.clear()
    assert store.fetch("a/film.mp4", tmp_path / "out", told.append) == stored
    assert (told, told[-1]) == (sorted(told), len(body))
    assert (tmp_path / "out").read_bytes() == body
    assert {path.name for path in tmp_path.iterdir()} <= {"in", "out", "store", "store.made"}, (
        "nothing half-written is left"
    )


def test_a_file_that_is_taken_is_there_and_no_longer_where_it_was(store, tmp_path):
    (tmp_path / "in").write_bytes(b"film")
    assert store.take("a/film.mp4", tmp_path / "in").sha256 == hashlib.sha256(b"film").hexdigest()
    assert store.get("a/film.mp4") == b"film"
    assert {path.name for path in tmp_path.iterdir()} <= {"store", "store.made"}
    assert list(store.keys("a")) == ["a/film.mp4"]


def test_what_cannot_be_taken_since_it_is_not_there_is_told_as_any_store_tells_it(store, tmp_path):
    with pytest.raises(StoreError):
        store.take("a/film.mp4", tmp_path / "nothing")
    assert store.size("a/film.mp4") is None


def test_an_empty_file_is_one_too(store, tmp_path):
    (tmp_path / "in").touch()
    assert store.put_file("a/empty", tmp_path / "in").bytes == 0
    assert store.fetch("a/empty", tmp_path / "out").bytes == 0
    assert (tmp_path / "out").exists()
    assert store.get("a/empty") == b""
    with store.open("a/empty") as file:
        assert file.read() == b""


def test_it_is_read_from_any_place_of_it(store):
    body = os.urandom(3 * stores.PIECE)
    store.put("a/film.mp4", body)
    with store.open("a/film.mp4") as file:
        assert file.seek(0, 2) == len(body)
        assert file.seek(stores.PIECE + 7) == stores.PIECE + 7
        assert file.read(2 * stores.PIECE) == body[stores.PIECE + 7 :]
        assert file.read(1) == b""
        file.seek(5)
        assert file.read(10) == body[5:15]


def test_keys_are_listed_below_a_prefix(store):
    for key in ("a/1/x", "a/2/y", "b/z"):
        store.put(key, b"")
    assert sorted(store.keys("a")) == ["a/1/x", "a/2/y"]
    store.delete("a/1/x")
    assert list(store.keys("a")) == ["a/2/y"]


def test_a_prefix_ends_where_a_name_ends(store):
    for key in ("attempts/1/x", "attempts/10/x"):
        store.put(key, b"")
    assert list(store.keys("attempts/1")) == ["attempts/1/x"]


def test_entries_tell_size_and_age(store):
    store.put("a/x", b"123")
    (entry,) = store.entries("a")
    assert (entry.key, entry.bytes) == ("a/x", 3)
    assert abs(datetime.now(UTC) - entry.changed_at) < timedelta(minutes=5)


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
