"""What every runner keeps to: processes of this machine, and the real SDK of Modal against a cloud on this machine."""

import json
import multiprocessing

from tests.exports.places import at_work, ended, order, spawned


def outcome(place, ordered):
    path = place.store / ordered.keys.outcome
    return json.loads(path.read_bytes()) if path.exists() else None


def test_it_says_how_many_it_takes(place):
    assert place.runner.capacity() == 2


def test_from_its_spawn_on_it_lives_until_it_has_ended(place):
    ordered = spawned(place, order(place))
    assert ordered.call_id
    assert place.runner.look(ordered) == "alive"
    assert at_work(place, ordered)
    assert place.runner.look(ordered) == "alive"
    (place.store / ordered.keys.spec).write_bytes(b"{}")
    assert ended(place, ordered)
    assert outcome(place, ordered)["ending"] == "error"
    assert place.working(ordered) == []
    place.runner.stop(ordered)  # of what has ended, it changes nothing
    assert place.runner.look(ordered) == "gone"


def test_its_hello_says_the_call_that_the_runner_knows(place):
    ordered = spawned(place, order(place, waits=False))
    assert ended(place, ordered)
    hello = json.loads((place.store / ordered.keys.hello(1)).read_bytes())
    assert hello["call"] == ordered.call_id


def test_asked_to_stop_it_ends_without_an_outcome(place):
    ordered = spawned(place, order(place))
    assert at_work(place, ordered)
    place.runner.stop(ordered)
    assert ended(place, ordered)
    assert outcome(place, ordered) is None


def test_made_to_stop_nothing_of_it_is_left(place):
    ordered = spawned(place, order(place))
    assert at_work(place, ordered)
    place.runner.stop(ordered, hard=True)
    assert ended(place, ordered)
    assert place.working(ordered) == []
    assert outcome(place, ordered) is None


def test_spawned_twice_only_one_counts(place):
    ordered = order(place, waits=False)
    first, second = spawned(place, ordered), spawned(place, ordered)
    assert ended(place, first)
    assert ended(place, second)
    assert outcome(place, ordered)["writer"].rpartition(".")[0] in (first.call_id, second.call_id)


def test_it_outlives_who_spawned_it(place):
    """S4-3: the web server and the cluster may come and go, each of them forked with whatever it inherits."""
    fork = multiprocessing.get_context("fork")
    ordered, answer = order(place), fork.SimpleQueue()
    spawner = fork.Process(target=lambda: answer.put(spawned(place, ordered)))
    spawner.start()
    spawner.join(60)
    assert spawner.exitcode == 0
    ordered = answer.get()
    assert at_work(place, ordered)
    assert place.runner.look(ordered) == "alive"
