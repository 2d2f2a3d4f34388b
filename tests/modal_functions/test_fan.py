"""Batches on other machines: threads here, each of which does what a container does, with a folder of its own."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet

import pytest

from modal_functions.attempt import attempt
from modal_functions.fan import Lost, make_batch
from modal_functions.wire import AttemptKeys, pack


class Machines:
    """Hands out to threads. `work` does what a machine does, and may go wrong first."""

    def __init__(self, folder, work=make_batch):
        self.folder, self.work, self.given, self.cancelled = folder, work, [], []
        self.told_to_end = threading.Event()
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
        self.machines.told_to_end.set()
        self.working.cancel()


@pytest.fixture
def go(order, tmp_path):
    def started(work=make_batch, number=1, **more):
        machines = started.machines = Machines(tmp_path / f"machines-{number}", work)
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


def test_a_file_that_cannot_be_read_is_named_and_tried_once(go, store, short_sources, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"\0" * short_sources[1].bytes)
    store.put_file(short_sources[1].key, broken)
    outcome, machines = go()
    assert (outcome["ending"], outcome["code"]) == ("error", "input_unreadable")
    assert outcome["sentence"].startswith("We couldn't use clip 2 (clip-1.mp4).")
    tries = [wire["batch"]["parts"] for wire in machines.given]
    assert max(tries.count(parts) for parts in tries) == 1


@pytest.mark.parametrize("how", ["deleted", "cut"])
def test_a_source_that_is_gone_is_named(go, store, short_sources, how):
    store.delete(short_sources[1].key)
    if how == "cut":
        store.put(short_sources[1].key, b"x")
    outcome, _ = go()
    assert (outcome["ending"], outcome["code"]) == ("error", "input_missing")
    assert "clip-1.mp4" in outcome["sentence"]


@pytest.mark.parametrize(("wish", "ending"), [("pause", "paused"), ("cancel", "paused")])
def test_asked_to_stop_nothing_more_is_made_and_what_is_kept_stays(go, store, wish, ending):
    asked, made_after = threading.Event(), []

    def asks_to_stop(wire, *, folder):
        late = asked.is_set()
        answer = make_batch(wire, folder=folder)
        store.put(AttemptKeys(export="e", number=1).control, pack({"stop": wish}))
        asked.set()
        if late and answer != {"stopped": True}:
            made_after.append(answer)
        return answer

    outcome, machines = go(asks_to_stop)
    assert (outcome["ending"], made_after) == (ending, [])
    kept = set(store.keys("projects/p/chunks"))
    assert kept
    resumed, machines = go(number=2)
    assert resumed["ending"] == "ok", resumed
    assert kept < set(store.keys("projects/p/chunks"))
    assert not [wire for wire in machines.given for part in wire["batch"]["parts"] if any(part in key for key in kept)]


def test_what_is_under_way_elsewhere_is_cancelled_when_the_attempt_was_decided(go, store):
    def ends_when_it_is_told_to(wire, *, folder):
        store.put_once(AttemptKeys(export="e", number=1).outcome, pack({"ending": "abort"}))
        go.machines.told_to_end.wait(30)
        return {"made": True}

    outcome, machines = go(ends_when_it_is_told_to)
    assert outcome["ending"] == "abort"
    assert machines.cancelled
