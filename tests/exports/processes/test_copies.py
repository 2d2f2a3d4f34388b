"""A child that begins as a copy of its parent."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.exports.processes.living import ROOT, STAYS, alive, on_linux
from tests.soon import soon

COPYING = """
import sys, time
from exports import processes
child = processes.Child("worker", [sys.executable, "-m", *sys.argv[1:]], lambda said: None, twin=True)
while True:
    child.keep_running()
    time.sleep(0.02)
"""
BAD_COPY = """
import sys
from exports import processes
child = processes.Child("worker", [sys.executable, "-m", "nothing_of_that_name"], print, twin=True)
child.keep_running()
child.process.wait()
child.keep_running()
"""
LEAVING = """
import pathlib, sys, time
from exports import processes
child = processes.Child("worker", [sys.executable, "-m", "leaves_one_behind", sys.argv[1]], print, twin=True)
child.keep_running()
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
child.ask_to_stop()
before = time.monotonic()
child.wait(60.0)
print(time.monotonic() - before < 30, child.process.poll())
"""
LEAVES = """
import os, pathlib, signal, sys, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path(sys.argv[1]).touch()
time.sleep(300)
"""
TELLS = """
import json, os, pathlib, signal, sys, time
told = pathlib.Path(sys.argv[1], str(os.getpid()))
told.with_suffix(".new").write_text(json.dumps({
    "loaded": "exports.processes" in sys.modules, "session": os.getsid(0), "in": os.stat(0).st_rdev,
    "argv": sys.argv[1:], "deaf": signal.getsignal(signal.SIGTERM) != signal.SIG_DFL,
}))
told.with_suffix(".new").rename(told)
time.sleep(300)
"""


class Copying:
    """A parent whose child begins as a copy of it, and writes down what it is."""

    def __init__(self, folder):
        self.folder = folder / "told"
        self.folder.mkdir()
        (folder / "tells_of_itself.py").write_text(TELLS)
        command = [sys.executable, "-c", COPYING, "tells_of_itself", str(self.folder)]
        around = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=around)

    def told(self, number=1):
        """By so many children, in the order in which they came."""
        assert soon(lambda: len(self._written()) >= number)
        return {int(path.name): json.loads(path.read_text()) for path in self._written()}

    def _written(self):
        found = [path for path in self.folder.iterdir() if not path.suffix]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def leash(self):
        """Not at once there, and for a moment under its parent's name."""
        children = psutil.Process(self.process.pid).children()
        return next((each.pid for each in children if "-I" in each.cmdline()), None)


@pytest.fixture
def copying(tmp_path):
    parent = Copying(tmp_path)
    yield parent
    parent.process.kill()
    parent.process.wait()


@on_linux
def test_a_copy_has_what_its_parent_loaded_and_nothing_else_of_it(copying):
    [(child, told)] = copying.told().items()
    assert told["loaded"], "it was not started anew"
    assert (told["session"], told["argv"], told["deaf"]) == (child, [str(copying.folder)], False)
    assert told["in"] == Path(os.devnull).stat().st_rdev
    assert psutil.Process(child).cmdline()[0] == "tells_of_itself", "so that ps can tell them apart"


@on_linux
def test_a_copy_ends_when_its_parent_is_killed_and_does_not_hold_its_leash(copying):
    [child] = copying.told()
    leash = soon(copying.leash)
    copying.process.kill()
    copying.process.wait()
    assert soon(lambda: not alive(child) and not alive(leash))


@on_linux
def test_what_began_as_a_copy_is_started_anew_when_it_has_died(copying):
    [first] = copying.told()
    os.kill(first, signal.SIGKILL)
    (_, before), (second, after) = copying.told(2).items()
    assert (before["loaded"], after["loaded"]) == (True, False)
    assert after["session"] == second


@on_linux
def test_a_parent_with_another_thread_is_not_copied(child):
    """What that one holds would be held in the copy for ever."""
    let_go = threading.Event()
    other = threading.Thread(target=let_go.wait)
    other.start()
    one = child(*STAYS)
    one.twin = True
    one.keep_running()
    let_go.set()
    other.join()
    assert isinstance(one.process, subprocess.Popen)


@on_linux
def test_what_a_copy_raises_is_told_as_its_end():
    begun = [sys.executable, "-c", BAD_COPY]
    ended = subprocess.run(begun, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == "The worker ended unexpectedly (exit code 1); it is started again at once.\n"
    assert "No module named" in ended.stderr


@on_linux
def test_what_a_copy_leaves_behind_does_not_keep_waiting_who_has_told_it_to_stop(tmp_path):
    (tmp_path / "leaves_one_behind.py").write_text(LEAVES)
    around = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    begun = [sys.executable, "-c", LEAVING, str(tmp_path / "left")]
    ended = subprocess.run(begun, cwd=ROOT, env=around, capture_output=True, text=True, timeout=90, check=False)
    assert ended.stdout == "True -15\n"
