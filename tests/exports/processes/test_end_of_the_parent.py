"""Whoever's parent is killed ends too, with all that was started."""

import os
import subprocess
import sys
from contextlib import contextmanager

from exports.processes import _end_with
from tests.exports.processes.living import DEAF, ROOT, STAYS, alive, on_linux, pid_in
from tests.soon import soon

PARENT = """
import sys, time
from exports import processes
from exports.leash import Leash
processes._leash = Leash(patience=float(sys.argv[1]))
child = processes.Child("worker", sys.argv[2:], print)
child.keep_running()
print(child.process.pid, flush=True)
time.sleep(300)
"""


@contextmanager
def killed_parent(*command, patience=60):
    """Gives the child's pid; the parent is killed at the end."""
    told = [sys.executable, "-c", PARENT, str(patience), *command]
    with subprocess.Popen(told, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert alive(child)
        yield child
        parent.kill()


@on_linux
def test_a_child_ends_when_its_parent_is_killed():
    with killed_parent(*STAYS) as child:
        pass
    assert soon(lambda: not alive(child), seconds=30), "before the leash would lose its patience"


def test_a_child_that_hangs_when_its_parent_is_killed_is_killed_with_all_that_it_started(tmp_path):
    started = tmp_path / "started"
    with killed_parent("sh", "-c", DEAF, str(started), patience=0.2) as child:
        below = pid_in(started)
    assert soon(lambda: not alive(child) and not alive(below))


@on_linux
def test_a_child_whose_parent_died_before_it_could_ask_ends_at_once():
    somebody_else = os.getppid()
    ended = subprocess.run(STAYS, preexec_fn=_end_with(somebody_else), check=False, timeout=60)
    assert ended.returncode == 1
