"""A disk that is not mounted looks like no folder, or like an empty one. Neither is an empty store."""

import pytest

from modal_functions.folder import FolderStore
from modal_functions.store import Unreachable

KEY = "a/outcome.json"
ASKS = {
    "get": lambda store, path: store.get(KEY),
    "size": lambda store, path: store.size(KEY),
    "open": lambda store, path: store.open(KEY),
    "fetch": lambda store, path: store.fetch(KEY, path),
    "keys": lambda store, path: list(store.keys("a")),
    "delete": lambda store, path: store.delete(KEY),
    "put": lambda store, path: store.put("a/progress.json", b"2"),
    "jot": lambda store, path: store.jot("a/progress.json", b"2"),
    "put_once": lambda store, path: store.put_once(KEY, b"abort"),
    "put_file": lambda store, path: store.put_file("a/film.mp4", path),
    "take": lambda store, path: store.take("a/film.mp4", path),
}


@pytest.fixture
def away(store, tmp_path):
    """Something stands in it; then its folder is somewhere else."""
    store.put(KEY, b"ok")
    store.root.rename(tmp_path / "elsewhere")
    (tmp_path / "file").write_bytes(b"film")
    return tmp_path / "elsewhere"


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_while_it_is_away_nothing_is_said_and_nothing_is_made_anew(store, away, tmp_path, ask):
    with pytest.raises(Unreachable, match="disk may not be mounted"):
        ask(store, tmp_path / "file")
    assert not store.root.exists()
    away.rename(store.root)
    assert store.get(KEY) == b"ok"


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_an_empty_folder_in_its_place_is_not_taken_for_it(store, away, tmp_path, ask):
    store.root.mkdir()
    with pytest.raises(Unreachable):
        ask(FolderStore(store.root), tmp_path / "file")
    assert list(store.root.iterdir()) == []


def test_the_first_write_of_all_makes_it(tmp_path):
    store = FolderStore(tmp_path / "deep" / "store")
    assert store.get(KEY) is None
    store.put(KEY, b"ok")
    assert FolderStore(store.root).get(KEY) == b"ok"


def test_a_store_from_before_it_was_marked_is_still_one(store):
    (store.root / "a").mkdir(parents=True)
    (store.root / KEY).write_bytes(b"ok")
    assert store.get(KEY) == b"ok"
    assert store.size("a/nothing") is None
    store.put("a/progress.json", b"1")
    store.root.rename(store.root.with_name("elsewhere"))
    with pytest.raises(Unreachable):
        store.get(KEY)
