"""Whatever the SDK answers becomes alive, gone or unknown: each row against the real SDK, none of it patched."""

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from exports import runners
from exports.runners import breaker
from exports.runners.base import NotReached, NotReady, Ordered
from exports.runners.modal import ModalRunner
from modal_functions.wire import AttemptKeys
from tests.exports.conftest import folder
from tests.exports.places import at_work, ended, order, spawned
from tests.modal.loopback import ROOT
from tests.soon import soon


@pytest.fixture
def runner(tmp_path):
    return ModalRunner(app="longhaul", environment="", at_once=2, grant=folder(tmp_path / "store"), patience=4.0)


def of(call_id):
    return Ordered(
        keys=AttemptKeys(export="7f3c", number=1), project="p1", kind="multi_clip", token="t", call_id=call_id
    )


class Evil:
    """What a container could send if somebody had it in his hand: opened, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def plain(value):
    return pickle.dumps(value, protocol=4)


# Looks


def test_a_call_that_runs_lives(modal_cloud, runner):
    assert runner.look(of(modal_cloud.running())) == "alive"


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("SUCCESS", {"data": plain({"ending": "ok"})}),
        ("FAILURE", {"data": plain(ValueError("it raised"))}),
        ("FAILURE", {"data": plain(TimeoutError())}),  # as the SDK says of a call that still runs
        ("FAILURE", {"exception": "out of memory"}),
        ("TERMINATED", {"exception": "cancelled"}),
        ("TIMEOUT", {"exception": "its time limit"}),
        ("INTERNAL_FAILURE", {"exception": "the input was lost"}),
    ],
)
def test_a_call_that_has_ended_is_gone_however_it_ended(modal_cloud, runner, status, more):
    call_id = modal_cloud.running()
    modal_cloud.ends(call_id, status, **more)
    assert runner.look(of(call_id)) == "gone"
    assert runner.reach == breaker.Reach(answers=True)


def test_a_call_whose_result_has_expired_is_gone(modal_cloud, runner):
    call_id = modal_cloud.running()
    modal_cloud.cloud.calls[call_id].expired = True
    assert runner.look(of(call_id)) == "gone"


def test_a_call_that_modal_has_never_heard_of_is_gone(modal_cloud, runner):
    assert runner.look(of("fc-neverheardof")) == "gone"


@pytest.mark.parametrize("call_id", ["", "local-7f3c", "fc-", "fc-../../x", "fc-1 or more"])
def test_what_is_no_call_id_proves_nothing_and_is_not_asked(modal_cloud, runner, call_id):
    asked = modal_cloud.cloud.asked.total()
    assert runner.look(of(call_id)) == "unknown"
    runner.stop(of(call_id))
    assert modal_cloud.cloud.asked.total() == asked


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (["unavailable"] * 4, "does not answer"),
        (["lose"] * 4, "does not answer"),
        (["INTERNAL"] * 4, "does not answer"),
        (["freeze"], "does not answer"),
        (["RESOURCE_EXHAUSTED"], "fewer calls"),
        (["UNAUTHENTICATED"], "refuses the token"),
        (["PERMISSION_DENIED"], "refuses the token"),
        (["UNIMPLEMENTED"], "UnimplementedError"),
    ],
)
def test_what_is_no_answer_proves_nothing(modal_cloud, runner, faults, said):
    call_id = modal_cloud.running()
    modal_cloud.cloud.faults["FunctionGetOutputs"] = faults
    assert runner.look(of(call_id)) == "unknown"
    assert said in runner.reach.sentence
    assert runner.look(of(call_id)) == "alive"
    assert runner.reach == breaker.Reach(answers=True)


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE"])
def test_nothing_that_a_container_has_sent_is_opened(modal_cloud, runner, tmp_path, status):
    call_id = modal_cloud.running()
    modal_cloud.ends(call_id, status, data=plain(Evil(tmp_path / "opened")))
    assert runner.look(of(call_id)) == "gone"
    assert not (tmp_path / "opened").exists()
    pickle.loads(plain(Evil(tmp_path / "opened")))
    assert (tmp_path / "opened").exists(), "this is how it would have been seen"


def test_many_threads_look_at_once(modal_cloud, runner):
    calls = [modal_cloud.running() for _ in range(4)]
    modal_cloud.ends(calls[3], "SUCCESS", data=plain({}))
    with ThreadPoolExecutor(32) as threads:
        told = list(threads.map(runner.look, [of(call_id) for call_id in calls * 32]))
    assert told == ["alive", "alive", "alive", "gone"] * 32


def test_while_nothing_answers_nobody_waits_and_one_tries_again(modal_cloud, tmp_path):
    now = [0.0]
    runner = ModalRunner(
        app="longhaul", environment="", at_once=2, grant=folder(tmp_path), patience=4.0,
        breaker=breaker.Breaker(after=2, shortest=10.0, clock=lambda: now[0]),
    )  # fmt: skip
    call = of(modal_cloud.running())
    modal_cloud.cloud.faults["FunctionGetOutputs"] = ["RESOURCE_EXHAUSTED"] * 2
    assert [runner.look(call) for _ in range(2)] == ["unknown", "unknown"]
    asked = modal_cloud.cloud.asked["FunctionGetOutputs"]
    assert [runner.look(call) for _ in range(50)] == ["unknown"] * 50
    with pytest.raises(NotReached, match="fewer calls"):
        runner.spawn(call)
    runner.stop(call)
    assert modal_cloud.cloud.asked["FunctionGetOutputs"] == asked
    assert not runner.reach.answers
    now[0] = 11.0
    assert [runner.look(call) for _ in range(2)] == ["alive", "alive"]
    assert runner.reach.answers


# Spawns and stops


def test_a_spawn_without_an_answer_says_so_though_the_call_exists(modal_cloud, runner, tmp_path):
    before = len(modal_cloud.cloud.calls)
    modal_cloud.cloud.faults["FunctionMap"] = ["lose"] * 4
    (tmp_path / "store").mkdir()
    with pytest.raises(NotReached, match="does not answer"):
        runner.spawn(of(""))
    assert len(modal_cloud.cloud.calls) == before + 1


def test_a_kind_that_was_never_deployed_is_said_with_what_to_do(modal_cloud, runner):
    with pytest.raises(NotReady, match="modal deploy -m"):
        runner.spawn(replace(of(""), kind="never_made"))
    with pytest.raises(NotReady, match="no function 'multi_clip' in the app 'elsewhere'"):
        replace(runner, app="elsewhere").spawn(of(""))


def test_what_is_sent_is_plain_and_holds_the_grant(modal_cloud, runner, tmp_path):
    """What a container reads with: the kind, the attempt and its own way to the store."""
    call_id = runner.spawn(of(""))
    (args, kwargs) = pickle.loads(modal_cloud.cloud.calls[call_id].inputs[0].body.args)
    assert kwargs == {}
    (sent,) = args
    assert json.loads(json.dumps(sent)) == sent
    store = {"store": "folder", "root": str(tmp_path / "store")}
    expected = {"v": 1, "export": "7f3c", "number": 1, "kind": "multi_clip", "token": "t", "store": store}
    assert expected.items() <= sent.items()


def test_a_stop_that_is_lost_or_ignored_can_be_asked_again_and_harder(remote):
    ordered = spawned(remote, order(remote))
    assert at_work(remote, ordered)
    remote.cloud.cloud.faults["FunctionCallCancel"] = ["unavailable"] * 4
    remote.runner.stop(ordered)
    assert remote.runner.look(ordered) == "alive"
    remote.cloud.cloud.calls[ordered.call_id].deaf = True
    remote.runner.stop(ordered)
    assert remote.runner.look(ordered) == "alive"
    remote.runner.stop(ordered, hard=True)
    assert ended(remote, ordered)


def test_preempted_the_same_call_runs_again_and_is_counted(remote):
    ordered = spawned(remote, order(remote))
    assert at_work(remote, ordered)
    (victim,) = remote.working(ordered)
    remote.cloud.preempt(victim)
    assert at_work_again(remote, ordered, victim)
    assert remote.runner.look(ordered) == "alive"
    (remote.store / ordered.keys.spec).write_bytes(b"{}")
    assert ended(remote, ordered)
    assert remote.cloud.cloud.calls[ordered.call_id].inputs[0].runs == 2


def at_work_again(remote, ordered, than):
    return soon(lambda: [each for each in remote.working(ordered) if each is not than], 60)


# Without an account


def test_the_runner_is_made_of_the_settings(settings):
    settings.MODAL_APP, settings.MODAL_ENVIRONMENT, settings.MODAL_AT_ONCE = "films", "staging", 7
    runner = runners.get.__wrapped__("modal")
    assert (runner.app, runner.environment, runner.capacity(), runner.name) == ("films", "staging", 7, "modal")
    with pytest.raises(ValueError, match="expected 'local' or 'modal'"):
        runners.get.__wrapped__("moon")


def test_without_a_token_no_call_leaves_the_machine():
    asked = """if True:
        from exports.runners.base import Ordered
        from exports.runners.modal import ModalRunner
        from modal_functions.wire import AttemptKeys
        runner = ModalRunner(app="longhaul", environment="", at_once=1, grant=lambda ordered: {})
        keys = AttemptKeys(export="e", number=1)
        print(runner.look(Ordered(keys=keys, project="p", kind="k", token="t", call_id="fc-1")), runner.reach.sentence)
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_TOKEN")}
    told = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("unknown Modal refuses the token. Set MODAL_TOKEN_ID")


def test_what_is_deployed_lacks_nothing_and_what_is_not_is_named(modal_cloud, runner):
    assert runner.lacks(["multi_clip"]) is None
    said, todo = runner.lacks(["multi_clip", "no_such_kind"])
    assert said == "Modal has no function for no_such_kind."
    assert "modal deploy" in todo


def test_an_app_that_was_never_deployed_is_said_as_such(modal_cloud, runner):
    said, todo = replace(runner, app="elsewhere").lacks(["multi_clip"])
    assert said.startswith("The functions on Modal are not there")
    assert "modal deploy" in todo
