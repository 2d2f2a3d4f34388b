"""What a machine does with a batch that it was given, and what whoever handed it out hears of it."""

import json
import sys

import pytest

from modal_functions.batches import Batch, make
from modal_functions.fan import Fan, make_batch
from modal_functions.folder import FolderStore
from modal_functions.media import child
from modal_functions.media.errors import MediaError
from modal_functions.store import StoreError, Unreachable
from modal_functions.wire import pack


def a_batch(order, store, short_sources, frames=50):
    chunk = {"key": "a" * 64, "how": "encode", "clip": 0, "source": short_sources[0].key}
    chunk |= {"start": "0", "first": 0, "frames": frames}
    output = {"width": 160, "height": 90, "fps": [25, 1], "quality": "draft"}
    return Batch(
        source={"key": short_sources[0].key, "name": "one", "bytes": short_sources[0].bytes},
        request={"do": "render", "chunks": [chunk], "output": output},
        parts=(f"{'a' * 64}.mp4",),
        kept="projects/p/chunks",
    )


class Distant(FolderStore):
    """A store that is on no machine, so that what is in it has to be fetched."""

    fetched: list[str]

    def in_place(self, key):
        return None

    def fetch(self, key, path, on_bytes=None):
        self.fetched.append(key)
        return super().fetch(key, path, on_bytes)


def test_a_machine_fetches_one_source_once_and_keeps_only_the_last(order, store, short_sources, tmp_path):
    distant = Distant(store.root)
    distant.fetched = []
    folder = tmp_path / "machine"
    folder.mkdir()
    batch = a_batch(order, store, short_sources)
    wire = order().as_wire() | {"batch": batch.as_wire()}
    for _ in range(2):
        store.delete(batch.key(batch.parts[0]))
        assert make_batch(wire, folder=folder, opens=lambda described: distant) == {"made": True}
    assert distant.fetched == [short_sources[0].key]
    other = {"key": short_sources[1].key, "name": "two", "bytes": short_sources[1].bytes}
    store.delete(batch.key(batch.parts[0]))
    wire["batch"]["source"] = other
    assert make_batch(wire, folder=folder, opens=lambda described: distant) == {"made": True}
    assert [path.name for path in folder.iterdir()] == ["source-projects-p-sources-1-original"]


def test_what_is_made_already_is_not_made_again(order, store, short_sources, tmp_path):
    batch = a_batch(order, store, short_sources)
    store.put(batch.key(batch.parts[0]), b"made")
    assert make_batch(order().as_wire() | {"batch": batch.as_wire()}, folder=tmp_path / "none") == {"made": True}
    assert store.get(batch.key(batch.parts[0])) == b"made"


@pytest.mark.parametrize(
    ("control", "answer"),
    [
        (b'{"stop": "pause"}', {"stopped": True}),
        (b'{"stop": "cancel"}', {"stopped": True}),
        (b'{"stop": "explode"}', {"made": True}),
        (b'{"stop": ["pause"]}', {"made": True}),
        (b"{}", {"made": True}),
        (b"nonsense", {"made": True}),
    ],
)
def test_a_machine_does_not_begin_what_nobody_wants_and_takes_no_nonsense_for_an_order(
    order, store, short_sources, tmp_path, control, answer
):
    batch = a_batch(order, store, short_sources, frames=5)
    wire = order().as_wire() | {"batch": batch.as_wire()}
    store.put(order().keys.control, control)
    assert make_batch(wire, folder=tmp_path) == answer


def test_how_far_a_machine_is_can_be_read_while_it_works(order, store, short_sources, tmp_path):
    batch = a_batch(order, store, short_sources, frames=90)
    assert make_batch(order().as_wire() | {"batch": batch.as_wire()}, folder=tmp_path) == {"made": True}
    told = json.loads(store.get(order().keys.batch(batch.name)))
    assert 0 <= told["units"] <= 90
    heard = []
    fan = Fan(order=order(), store=store, hand_out=lambda wire: Slow(), at_once=1, every=0.01)
    store.put(order().keys.batch(batch.name), pack({"units": 7}))
    fan.make(batch, heard.append, lambda: None)
    assert heard == [7, 7]
    store.put(order().keys.batch(batch.name), b"nonsense")
    fan.make(batch, heard.append, lambda: None)
    assert heard == [7, 7, 0, 0]


class Slow:
    """Answers at the third time of asking."""

    def __init__(self):
        self.asked = 0

    def answer(self, seconds):
        self.asked += 1
        return {"made": True} if self.asked == 3 else None

    def cancel(self):
        pytest.fail("nobody asked for that")


@pytest.mark.parametrize("nonsense", [{}, {"batch": None}, {"batch": {"source": {}}}])
def test_an_order_that_makes_no_sense_is_an_answer(order, tmp_path, nonsense):
    assert "lost" in make_batch({**order().as_wire(), **nonsense}, folder=tmp_path)


def test_a_store_that_fails_is_said_and_tried_again(order, store, short_sources, tmp_path):
    tried = []

    def silent(wire):
        tried.append(wire)
        return Slow() if len(tried) == 3 else Silent()

    fan = Fan(order=order(), store=store, hand_out=silent, at_once=1, every=0.01, pause=0.01)
    fan.make(a_batch(order, store, short_sources), lambda frames: None, lambda: None)
    assert len(tried) == 3
    with pytest.raises(Unreachable, match="no answer"):
        Fan(order=order(), store=store, hand_out=lambda wire: Silent(), at_once=1, pause=0.01).make(
            a_batch(order, store, short_sources), lambda frames: None, lambda: None
        )


class Silent:
    def answer(self, seconds):
        return {"store": "no answer"}

    def cancel(self): ...


class Taken:
    """A child whose decoder a file has taken over: it says of another file than its own that it is the chunk."""

    def __init__(self, path):
        self.path = path

    def __call__(self, command, letter):
        said = json.dumps({"progress": {"chunk": {"path": str(self.path)}}})
        return child.executed([sys.executable, "-c", f"print({said!r}); print({json.dumps({'answer': {}})!r})"], letter)


def test_a_child_cannot_have_a_file_taken_that_is_not_its_own(order, store, short_sources, tmp_path):
    batch = a_batch(order, store, short_sources)
    (tmp_path / "work").mkdir()
    theirs = tmp_path / "database.sqlite3"
    named_alike = tmp_path / batch.parts[0]
    for path in (theirs, named_alike):
        path.write_bytes(b"secret")
    given = {"source": tmp_path / "source", "folder": tmp_path / "work", "store": store}
    with pytest.raises(MediaError):
        make(batch, **given, hear=lambda done: None, border=lambda: None, start=Taken(theirs))
    with pytest.raises(StoreError):
        make(batch, **given, hear=lambda done: None, border=lambda: None, start=Taken(named_alike))
    assert [path.read_bytes() for path in (theirs, named_alike)] == [b"secret"] * 2
    assert list(store.keys("projects/p/chunks")) == []
