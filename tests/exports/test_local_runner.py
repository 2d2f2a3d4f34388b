"""Real processes: their life is told by a lock that the kernel drops, never by a pid or an age."""

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import threading

import psutil
import pytest

from exports.runners.base import Ordered
from exports.runners.local import LocalRunner
from modal_functions.store import Forbidden
from modal_functions.wire import AttemptKeys
from tests.exports.conftest import folder
from tests.soon import soon


@pytest.fixture
def runner(tmp_path):
    return LocalRunner(grant=folder(tmp_path / "store"), runs=tmp_path / "runs", at_once=2)


@pytest.fixture
def ordered(runner, tmp_path):
    """An attempt that waits for its spec as long as the test likes: the spec is a pipe that nobody writes to."""
    keys = AttemptKeys(export="7f3c", number=1)
    spec = tmp_path / "store" / keys.spec
    spec.parent.mkdir(parents=True)
    os.mkfifo(spec)
    yield Ordered(keys=keys, project="p1", kind="multi_clip", token="t-1")
    for process in attempts(runner):
        process.kill()


def attempts(runner):
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(runner.runs) in " ".join(process.cmdline()):
                found.append(process)
    return found


def alive_and_ready(runner, ordered):
    """So that it can be told to end."""
    pid = runner.runs / "7f3c.1" / "pid"
    return soon(lambda: pid.exists() and pid.read_text() and attempts(runner), 60)


def test_what_was_never_spawned_is_gone(runner, ordered):
    assert runner.look(ordered) == "gone"


def test_from_the_moment_of_its_spawn_it_lives(runner, ordered):
    assert runner.spawn(ordered) == "local-t-1"
    assert runner.look(ordered) == "alive"


def test_spawned_twice_it_is_one_process(runner, ordered):
    assert runner.spawn(ordered) == runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    assert len(attempts(runner)) == 1


def test_eight_spawns_at_once_are_one_process(runner, ordered):
    threads = [threading.Thread(target=runner.spawn, args=[ordered]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert alive_and_ready(runner, ordered)
    assert len(attempts(runner)) == 1


def test_many_looks_at_once_do_not_take_each_other_for_life(runner, ordered):
    (runner.runs / "7f3c.1").mkdir(parents=True)
    (runner.runs / "7f3c.1" / "alive.lock").touch()
    told = []
    threads = [threading.Thread(target=lambda: told.extend(runner.look(ordered) for _ in range(200))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(told) == {"gone"}


def test_asked_to_stop_it_ends_without_an_outcome(runner, ordered, tmp_path):
    runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    runner.stop(ordered)
    assert soon(lambda: runner.look(ordered) == "gone")
    assert not (tmp_path / "store" / ordered.keys.outcome).exists()
    assert not (runner.runs / "7f3c.1" / "work").exists()


@pytest.mark.parametrize("how", ["hard", "kill -9"])
def test_however_it_is_killed_it_is_gone_at_once(runner, ordered, how):
    runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    if how == "hard":
        runner.stop(ordered, hard=True)
    else:
        attempts(runner)[0].send_signal(signal.SIGKILL)
    assert soon(lambda: runner.look(ordered) == "gone")


def test_it_outlives_who_spawned_it(runner, ordered):
    """S4-3: the web server and the cluster may come and go."""
    spawner = multiprocessing.get_context("fork").Process(target=runner.spawn, args=[ordered])
    spawner.start()
    spawner.join()
    assert alive_and_ready(runner, ordered)
    assert runner.look(ordered) == "alive"


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(runner, ordered):
    runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    attempts(runner)[0].kill()
    assert soon(lambda: runner.look(ordered) == "gone")
    bystander = multiprocessing.get_context("fork").Process(target=signal.pause)
    bystander.start()
    (runner.runs / "7f3c.1" / "pid").write_text(str(bystander.pid))
    runner.stop(ordered, hard=True)
    assert bystander.is_alive()
    bystander.kill()
    bystander.join()


def test_it_is_told_no_secret(runner, ordered, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "not for you")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@host/name")
    runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    environment = attempts(runner)[0].environ()
    assert not {"SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"} & environment.keys()


def test_its_key_to_the_store_stands_in_no_list_of_processes_and_on_no_disk(runner, ordered, tmp_path):
    keyed = dataclasses.replace(runner, grant=lambda ordered: runner.grant(ordered) | {"secret": "a key of its own"})
    keyed.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    process = attempts(runner)[0]
    assert "a key of its own" not in " ".join(process.cmdline()) + str(process.environ())
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if b"a key of its own" in path.read_bytes()]


def test_an_attempt_that_may_do_nothing_with_the_store_is_not_started(runner, ordered):
    def refuse(ordered):
        raise Forbidden("no key for one attempt can be made")

    with pytest.raises(Forbidden):
        dataclasses.replace(runner, grant=refuse).spawn(ordered)
    assert runner.look(ordered) == "gone"


def test_nonsense_where_the_pid_should_be_stops_nothing(runner, ordered):
    runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    (runner.runs / "7f3c.1" / "pid").write_text("-1")
    runner.stop(ordered)
    (runner.runs / "7f3c.1" / "pid").unlink()
    runner.stop(ordered)
    assert runner.look(ordered) == "alive"


def test_what_a_killed_attempt_has_left_half_done_goes_when_it_is_found_dead(runner, ordered):
    runner.spawn(ordered)
    assert alive_and_ready(runner, ordered)
    half_done = runner.runs / "7f3c.1" / "work" / "film.mp4"
    half_done.parent.mkdir(exist_ok=True)
    half_done.write_bytes(b"half of it")
    assert runner.look(ordered) == "alive"
    assert half_done.exists()
    for process in attempts(runner):
        process.kill()
    assert soon(lambda: runner.look(ordered) == "gone")
    assert not half_done.parent.exists()
