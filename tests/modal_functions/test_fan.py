"""Batches on other machines: threads here, each of which does what a container does, with a folder of its own."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from fractions import Fraction

import pytest

from modal_functions.attempt import attempt
from modal_functions.batches import Batch
from modal_functions.fan import Fan, Lost, make_batch
from modal_functions.store import FolderStore, Unreachable
from modal_functions.wire import AttemptKeys, Order, pack
from tests.modal_functions.media.reels import shoot

FILM = ((0, 0, 3_900_000), (1, 512_345, 3_000_000))


@pytest.fixture(scope="module")
def reels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reels")
    return [
        shoot(folder / "one.mp4", sound="aac", size=(160, 90)),
        shoot(folder / "two.mov", rate=Fraction(30), size=(160, 90)),
    ]


@pytest.fixture
def sources(store, reels):
    return [store.put_file(f"projects/p/sources/{number}/original", reel.path) for number, reel in enumerate(reels)]


@pytest.fixture
def order(store, sources):
    """An attempt whose spec is in the store."""

    def asked(number=1):
        keys = AttemptKeys(export="e", number=number)
        spec = {
            "chunks": "projects/p/chunks",
            "sources": [{"key": s.key, "name": f"clip-{n}.mp4", "bytes": s.bytes} for n, s in enumerate(sources)],
            "film": {
                "output": {"width": 160, "height": 90, "fps": [25, 1], "quality": "draft"},
                "clips": [
                    {"source": sources[n].key, "sha256": sources[n].sha256, "in_us": begin, "out_us": end}
                    for n, begin, end in FILM
                ],
            },
        }
        store.put(keys.spec, pack(spec))
        return Order(keys=keys, kind="multi_clip", token="t", store={"store": "folder", "root": str(store.root)})

    return asked


class Machines:
    """Hands out to threads. `work` does what a machine does, and may go wrong first."""

    def __init__(self, folder, work=make_batch):
        self.folder, self.work, self.given, self.cancelled = folder, work, [], []
        folder.mkdir()
        self.pool = ThreadPoolExecutor(2)

    def __call__(self, wire):
        json.dumps(wire)
        self.given.append(wire)
        own = self.folder / str(len(self.given))
        own.mkdir()
        return Machine(self, wire, self.pool.submit(self.work, wire, folder=own))


class Machine:
    def __init__(self, machines, wire, working):
        self.machines, self.wire, self.working = machines, wire, working

    def answer(self, seconds):
        try:
            return self.working.result(min(seconds, 0.05))
        except NotYet:
            return None

    def cancel(self):
        self.machines.cancelled.append(self.wire)
        self.working.cancel()


@pytest.fixture
def go(order, tmp_path):
    def started(work=make_batch, number=1, **more):
        machines = Machines(tmp_path / f"machines-{number}", work)
        wire = order(number).as_wire() | more
        folder = tmp_path / f"work-{number}"
        outcome = attempt(wire, call="c", folder=folder, hand_out=machines, at_once=2)
        machines.pool.shutdown(cancel_futures=True)
        assert not folder.exists()
        return outcome, machines

    return started


def test_a_film_made_on_other_machines_is_the_one_that_is_made_here(go, order, store, tmp_path):
    outcome, machines = go()
    assert outcome["ending"] == "ok", outcome
    assert len(machines.given) == 4 + 2  # of chunks, and of sounds
    told = json.loads(store.get(AttemptKeys(export="e", number=1).progress))
    passed = {each["stage"]: (each["done"], each["total"]) for each in told["passed"]}
    assert passed["process"] == (160, 160)
    assert passed["fetch"] == (None, None)  # nothing is fetched before, so nothing is said of it
    for key in list(store.keys("projects/p/chunks")):
        store.delete(key)
    here = attempt(order(2).as_wire(), call="c", folder=tmp_path / "here")
    assert here["result"]["sha256"] == outcome["result"]["sha256"]
    again, machines = go(number=3)
    assert (again["result"]["rendered"], machines.given) == (0, [])


def test_a_machine_that_is_lost_costs_its_batch_a_second_try_and_no_more(go):
    lost = threading.Lock()

    def one_is_lost(wire, *, folder):
        if lost.acquire(blocking=False):
            make_batch(wire, folder=folder)  # it was done, but its answer never came
            raise Lost("preempted")
        return make_batch(wire, folder=folder)

    outcome, machines = go(one_is_lost)
    assert outcome["ending"] == "ok", outcome
    assert len(machines.given) == 7


def test_a_batch_that_ends_every_machine_is_given_up_and_its_clip_is_named(go):
    def ends_it(wire, *, folder):
        if wire["batch"]["source"]["name"] == "clip-1.mp4":
            raise Lost("ended")
        return make_batch(wire, folder=folder)

    outcome, machines = go(ends_it)
    assert (outcome["ending"], outcome["code"]) == ("error", "internal")
    assert outcome["sentence"].startswith("Machines that worked on clip 2 (clip-1.mp4) ended 3 times")
    tries = [wire["batch"]["parts"] for wire in machines.given]
    assert max(tries.count(parts) for parts in tries) == 3


def test_a_file_that_cannot_be_read_is_named_and_tried_once(go, store, sources, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"\0" * sources[1].bytes)
    store.put_file(sources[1].key, broken)
    outcome, machines = go()
    assert (outcome["ending"], outcome["code"]) == ("error", "input_unreadable")
    assert outcome["sentence"].startswith("We couldn't use clip 2 (clip-1.mp4).")
    tries = [wire["batch"]["parts"] for wire in machines.given]
    assert max(tries.count(parts) for parts in tries) == 1


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_source_that_is_gone_is_named(go, store, sources, how):
    store.delete(sources[1].key)
    if how == "cut":
        store.put(sources[1].key, b"x")
    outcome, _ = go()
    assert (outcome["ending"], outcome["code"]) == ("error", "input_missing")
    assert "clip-1.mp4" in outcome["sentence"]


@pytest.mark.parametrize(("wish", "ending"), [("pause", "paused"), ("cancel", "paused")])
def test_asked_to_stop_nothing_more_is_handed_out_and_what_is_kept_stays(go, store, wish, ending):
    def asks_to_stop(wire, *, folder):
        answer = make_batch(wire, folder=folder)
        store.put(AttemptKeys(export="e", number=1).control, pack({"stop": wish}))
        return answer

    outcome, machines = go(asks_to_stop)
    assert outcome["ending"] == ending
    assert len(machines.given) < 6
    kept = set(store.keys("projects/p/chunks"))
    assert kept
    resumed, machines = go(number=2)
    assert resumed["ending"] == "ok", resumed
    assert kept < set(store.keys("projects/p/chunks"))
    assert not [wire for wire in machines.given for part in wire["batch"]["parts"] if any(part in key for key in kept)]


def test_what_is_under_way_elsewhere_is_cancelled_when_the_attempt_was_decided(go, store):
    begun = threading.Event()

    def never_ends(wire, *, folder):
        store.put_once(AttemptKeys(export="e", number=1).outcome, pack({"ending": "abort"}))
        begun.wait(5)
        return {"made": True}

    outcome, machines = go(never_ends)
    begun.set()
    assert outcome["ending"] == "abort"
    assert machines.cancelled


def a_batch(order, store, sources, frames=50):
    chunk = {"key": "a" * 64, "how": "encode", "clip": 0, "source": sources[0].key}
    chunk |= {"start": "0", "first": 0, "frames": frames}
    output = {"width": 160, "height": 90, "fps": [25, 1], "quality": "draft"}
    return Batch(
        source={"key": sources[0].key, "name": "one", "bytes": sources[0].bytes},
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


def test_a_machine_fetches_one_source_once_and_keeps_only_the_last(order, store, sources, tmp_path):
    distant = Distant(store.root)
    distant.fetched = []
    folder = tmp_path / "machine"
    folder.mkdir()
    batch = a_batch(order, store, sources)
    wire = order().as_wire() | {"batch": batch.as_wire()}
    for _ in range(2):
        store.delete(batch.key(batch.parts[0]))
        assert make_batch(wire, folder=folder, opens=lambda described: distant) == {"made": True}
    assert distant.fetched == [sources[0].key]
    other = {"key": sources[1].key, "name": "two", "bytes": sources[1].bytes}
    store.delete(batch.key(batch.parts[0]))
    wire["batch"]["source"] = other
    assert make_batch(wire, folder=folder, opens=lambda described: distant) == {"made": True}
    assert [path.name for path in folder.iterdir()] == ["source-projects-p-sources-1-original"]


def test_what_is_made_already_is_not_made_again(order, store, sources, tmp_path):
    batch = a_batch(order, store, sources)
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
    order, store, sources, tmp_path, control, answer
):
    batch = a_batch(order, store, sources, frames=5)
    wire = order().as_wire() | {"batch": batch.as_wire()}
    store.put(order().keys.control, control)
    assert make_batch(wire, folder=tmp_path) == answer


def test_how_far_a_machine_is_can_be_read_while_it_works(order, store, sources, tmp_path):
    batch = a_batch(order, store, sources, frames=90)
    assert make_batch(order().as_wire() | {"batch": batch.as_wire()}, folder=tmp_path) == {"made": True}
    told = json.loads(store.get(order().keys.batch(batch.name)))
    assert 0 <= told["frames"] <= 90
    heard = []
    fan = Fan(order=order(), store=store, hand_out=lambda wire: Slow(), at_once=1, every=0.01)
    store.put(order().keys.batch(batch.name), pack({"frames": 7}))
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


def test_a_store_that_fails_is_said_and_tried_again(order, store, sources, tmp_path):
    tried = []

    def silent(wire):
        tried.append(wire)
        return Slow() if len(tried) == 3 else Silent()

    fan = Fan(order=order(), store=store, hand_out=silent, at_once=1, every=0.01, pause=0.01)
    fan.make(a_batch(order, store, sources), lambda frames: None, lambda: None)
    assert len(tried) == 3
    with pytest.raises(Unreachable, match="no answer"):
        Fan(order=order(), store=store, hand_out=lambda wire: Silent(), at_once=1, pause=0.01).make(
            a_batch(order, store, sources), lambda frames: None, lambda: None
        )


class Silent:
    def answer(self, seconds):
        return {"store": "no answer"}

    def cancel(self): ...
