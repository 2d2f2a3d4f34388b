"""Forked children are what children ever were: confined, limited, known by how they end, and never left over."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from modal_functions.media import child
from modal_functions.media.child import Limits, run
from modal_functions.media.errors import MediaError
from modal_functions.media.nursery import Nursery
from tests.exports.processes.living import alive

from .reels import shoot

LONG = 1440  # high, so that who has heard of its first picture is in time


@pytest.fixture
def born():
    """The children of this process that were not there before."""
    before = set(psutil.Process().children())
    return lambda: [each for each in psutil.Process().children() if each not in before]


@pytest.fixture
def nursery(born):
    with Nursery() as nursery:
        yield nursery
    assert born() == []


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return shoot(tmp_path_factory.mktemp("reels") / "clip.mp4", seconds=2, sound="aac").path


def within(seconds, true):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_forked_child_answers_as_one_that_was_started(nursery, clip):
    request = {"do": "probe", "path": str(clip)}
    assert run(request, start=nursery.start) == run(request)


def test_a_forked_child_is_kept_from_as_much(nursery):
    assert run({"do": "held"}, start=nursery.start) == {"network": True, "programs": True, "files": True}


def test_many_at_once_each_have_their_own_answer(nursery, clip):
    answers = {}

    def ask(number):
        answers[number] = run({"do": "waveform", "path": str(clip), "buckets": number}, start=nursery.start)["peaks"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: len(peaks) for number, peaks in answers.items()} == {number: number for number in range(1, 9)}


def rendering(clip, folder, *, height=180):
    output = {"width": height * 16 // 9, "height": height, "fps": [25, 1], "quality": "draft"}
    chunk = {"key": "a" * 64, "how": "encode", "clip": 0, "source": "s", "start": "0", "first": 0, "frames": 40}
    return {"do": "render", "chunks": [chunk], "output": output, "path": str(clip), "folder": str(folder)}


def test_its_limits_are_its_own(nursery, clip, tmp_path):
    with pytest.raises(MediaError, match="larger than it may be") as refused:
        run(rendering(clip, tmp_path), limits=Limits(file_bytes=1 << 10), start=nursery.start)
    assert refused.value.code == "result_invalid"
    assert run(rendering(clip, tmp_path), start=nursery.start)["chunks"]


def test_one_that_is_killed_is_told_by_its_signal_and_harms_no_other(nursery, born, clip, tmp_path):
    def kill(progress):
        [nest] = born()
        [one] = nest.children()
        one.kill()

    with pytest.raises(MediaError) as refused:
        run(rendering(clip, tmp_path, height=LONG), kill, start=nursery.start)
    assert refused.value.code == "out_of_memory"
    assert run({"do": "held"}, start=nursery.start)["files"]


def test_whoever_stops_listening_stops_the_work(nursery, born, clip, tmp_path):
    numbers = []

    def stop(progress):
        [nest] = born()
        [one] = nest.children()
        numbers.extend([nest.pid, one.pid])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(rendering(clip, tmp_path, height=LONG), stop, start=nursery.start)
    nest, one = numbers
    assert not alive(one)
    assert alive(nest)


def test_where_it_was_killed_children_are_started_one_by_one(nursery, born):
    run({"do": "held"}, start=nursery.start)
    [nest] = born()
    nest.kill()
    within(60, lambda: not alive(nest.pid))
    assert run({"do": "held"}, start=nursery.start)["network"]


def test_all_of_it_dies_with_who_asked():
    """Killed in a way that lets it do nothing any more."""
    code = (
        "import os, sys, tempfile, time\n"
        "from modal_functions.media.nursery import Nursery\n"
        "nursery = Nursery()\n"
        "out, into = os.pipe()\n"  # a letter that never ends
        "one = nursery.start([], os.fdopen(out, 'rb'))\n"
        "print(one.pid, nursery._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=child.ROOT, stdout=subprocess.PIPE, text=True) as parent:
        one, nest = map(int, parent.stdout.readline().split())
        assert alive(one)
        parent.send_signal(signal.SIGKILL)
    within(60, lambda: not alive(nest) and not alive(one))
    assert os.getpid() not in (one, nest)
