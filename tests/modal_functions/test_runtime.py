"""run(): one outcome, whatever happens."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from modal_functions.media.errors import MediaError
from modal_functions.runtime import Failed, run
from modal_functions.store import Damaged, Forbidden, Full, Unreachable
from modal_functions.wire import MOST_HELLOS, AttemptKeys, Hello, Outcome, pack

KEYS = AttemptKeys(export="7f3c", number=2)
ABORT = Outcome(ending="abort", writer="driver", at=datetime(2026, 11, 20, tzinfo=UTC), code="lost")


@pytest.fixture
def go(store, tmp_path):
    def start(work, **more):
        return run(
            **({"work": work, "spec": {}, "store": store, "keys": KEYS, "call": "fc-1", "folder": tmp_path} | more)
        )

    return start


def stands(store):
    return json.loads(store.get(KEYS.outcome))


def test_hello_comes_first_and_the_outcome_last(go, store):
    def work(context):
        assert json.loads(store.get(KEYS.hello(1)))["call"] == "fc-1"
        assert store.get(KEYS.outcome) is None
        context.report.stage("process", total=2, unit="frames")
        context.report.units(2)
        return {"key": context.out("film.mp4")}

    outcome = go(work)
    assert outcome == stands(store)
    assert (outcome["ending"], outcome["writer"]) == ("ok", "fc-1.1")
    assert outcome["result"] == {"key": "attempts/7f3c/2/out/fc-1.1/film.mp4"}
    assert json.loads(store.get(KEYS.progress))["done"] == 2


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (Failed("input_unreadable", "Clip 3 ends too early."), "input_unreadable", "Clip 3 ends too early."),
        (MemoryError(), "out_of_memory", "more memory than there is"),
        (ZeroDivisionError("x"), "internal", "Something went wrong on our side (ZeroDivisionError at test_runtime.py:"),
        (Unreachable("disk gone"), "store", "The server's store fails."),
        (Full("no space"), "no_room", "The server's disk is full."),
        (MediaError("result_invalid", "It is no film."), "result_invalid", "It is no film."),
        (Damaged("other bytes"), "result_invalid", "is damaged in the server's store."),
        (Forbidden("no"), "store", "The server's store refuses the work."),
        (TimeoutError(), "internal", "TimeoutError"),
    ],
)
def test_whatever_is_raised_is_an_outcome_with_a_sentence(go, store, raised, code, said):
    def work(context):
        raise raised

    outcome = go(work)
    assert (outcome["ending"], outcome["code"]) == ("error", code)
    assert said in outcome["sentence"]
    assert stands(store) == outcome


def test_a_result_that_is_not_plain_is_an_error_and_not_a_crash(go):
    assert go(lambda context: {"film": object()})["ending"] == "error"


def test_shortly_before_its_key_to_the_store_ends_it_stops_at_a_border_and_says_so(go, store):
    reached = []

    def work(context):
        for piece in range(5):
            context.border()
            reached.append(piece)

    assert go(work, until=datetime.now(UTC) + timedelta(hours=1))["ending"] == "ok"
    reached.clear()
    other = AttemptKeys(export="7f3c", number=3)
    outcome = go(work, until=datetime.now(UTC) + timedelta(minutes=9), keys=other)
    assert (outcome["ending"], outcome["code"], reached) == ("paused", "key_ended", [])
    assert json.loads(store.get(other.outcome)) == outcome


def test_whose_key_has_ended_already_leaves_no_outcome_and_is_taken_for_lost(go, store):
    class Closed(type(store)):
        closed = False

        def put(self, key, body):
            if self.closed:
                raise Forbidden("the bucket answers 403 ExpiredToken to PutObject")
            super().put(key, body)

        put_once = put_file = put

    mine = Closed(store.root)

    def work(context):
        mine.closed = True
        context.store.put("a/b", b"c")

    mine.put_once = lambda key, body: Closed.put(mine, key, body) is None
    assert go(work, store=mine)["ending"] == "unknown"
    assert store.get(KEYS.outcome) is None


@pytest.mark.parametrize(("wish", "code"), [("pause", ""), ("cancel", "cancelled")])
def test_asked_to_stop_it_stops_at_the_next_border(go, store, wish, code):
    reached = []

    def work(context):
        for piece in range(5):
            context.border()
            reached.append(piece)
            if piece == 1:
                store.put(KEYS.control, pack({"stop": wish}))

    outcome = go(work)
    assert (outcome["ending"], outcome["code"]) == ("paused", code)
    assert reached == [0, 1]


def test_nonsense_in_the_control_file_is_no_order(go, store):
    for nonsense in (b"", b"{", b"[]", b'{"stop": "explode"}', b'{"stop": ["pause"]}', b"\xff"):
        store.put(KEYS.control, nonsense)

        def work(context):
            context.border()
            return {}

        keys = AttemptKeys(export="7f3c", number=3 + len(nonsense))
        store.put(keys.control, nonsense)
        assert go(work, keys=keys)["ending"] == "ok"


def test_a_register_that_was_decided_elsewhere_stands_and_ends_the_work(go, store):
    def work(context):
        store.put_once(KEYS.outcome, pack(ABORT.as_wire()))
        context.border()
        pytest.fail("it went on")

    assert go(work)["ending"] == "abort"
    assert stands(store)["writer"] == "driver"


def test_a_finisher_who_comes_second_obeys(go, store):
    def work(context):
        store.put_once(KEYS.outcome, pack(ABORT.as_wire()))
        return {"key": "x"}

    assert go(work)["ending"] == "abort"


def test_a_run_of_what_is_decided_does_nothing(go, store):
    store.put_once(KEYS.outcome, pack(ABORT.as_wire()))
    assert go(lambda context: pytest.fail("it worked"))["ending"] == "abort"


def test_runs_are_counted_and_an_input_that_ends_three_is_given_up(go, store):
    class Killed(BaseException):
        pass

    def work(context):
        raise Killed

    for number in (1, 2, 3):
        with pytest.raises(Killed):
            go(work)
        assert store.get(KEYS.hello(number)) is not None
        assert store.get(KEYS.outcome) is None
    outcome = go(work)
    assert (outcome["ending"], outcome["code"]) == ("error", "poison")
    assert "3 times in a row" in outcome["sentence"]


def test_a_call_too_many_leaves_the_attempt_to_the_others(go, store):
    """Calls whose answers were lost, and that all began when there was room for them."""
    for number in range(1, MOST_HELLOS + 1):
        store.put_once(KEYS.hello(number), pack(Hello(call=f"fc-{number}", run=number, at=ABORT.at).as_wire()))
    assert go(lambda context: pytest.fail("it worked"), call="fc-10")["ending"] == "unknown"
    assert store.get(KEYS.outcome) is None


def test_another_run_of_the_same_attempt_never_shares_its_bytes(go, store):
    keys = []

    def work(context):
        keys.append(context.out("film.mp4"))
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            go(work)
    assert keys == ["attempts/7f3c/2/out/fc-1.1/film.mp4", "attempts/7f3c/2/out/fc-1.2/film.mp4"]


class Silent:
    """A store that stops answering when it is told to."""

    def __init__(self, store, deaf_to):
        self.store, self.deaf_to = store, deaf_to

    def __getattr__(self, name):
        act = getattr(self.store, name)

        def answer(key, *more):
            if self.deaf_to in key and name in ("get", "put", "put_once"):
                raise Unreachable("no answer")
            return act(key, *more)

        return answer


def test_a_store_that_is_silent_at_a_border_is_no_order_to_stop(go, store):
    def work(context):
        context.border()
        return {}

    assert go(work, store=Silent(store, "control"))["ending"] == "ok"


def test_a_store_that_is_silent_when_it_decides_leaves_it_undecided(go, store):
    assert go(lambda context: {}, store=Silent(store, "hello"))["ending"] == "unknown"
    assert go(lambda context: {}, store=Silent(store, "outcome"))["ending"] == "unknown"
    assert store.get(KEYS.outcome) is None


def test_progress_that_cannot_be_written_does_not_matter(go, store):
    def work(context):
        context.report.stage("process", total=5)
        context.report.units(5)
        return {}

    assert go(work, store=Silent(store, "progress"))["ending"] == "ok"


def test_an_outcome_survives_the_wire():
    assert Outcome.from_wire(json.loads(pack(ABORT.as_wire()))) == ABORT
    nowhen = {"v": 1, "ending": "ok"}
    for nonsense in ({}, {"v": 9, "ending": "ok"}, {"v": 1, "ending": "fine"}, nowhen, nowhen | {"at": 7}):
        with pytest.raises(ValueError, match="outcome: expected"):
            Outcome.from_wire(nonsense)
