"""Where attempts run in tests: processes of this machine, and containers that Modal's own SDK starts."""

import contextlib
import os
import signal
from dataclasses import replace

import psutil

from exports.runners.base import Ordered
from exports.runners.local import LocalRunner
from exports.runners.modal import ModalRunner
from modal_functions.wire import MOST_RUNS, AttemptKeys
from tests.exports.conftest import folder
from tests.soon import soon


class Local:
    """Attempts as processes of this machine."""

    alone = True

    def __init__(self, tmp_path):
        self.store = tmp_path / "store"
        self.runner = LocalRunner(grant=folder(self.store), runs=tmp_path / "runs", at_once=2)

    def working(self, ordered):
        """Those that can be told to end by now."""
        found = []
        if not any(pid.stat().st_size for pid in self.runner.runs.glob("*/pid")):
            return found
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(self.runner.runs) in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def kill(self, victim):
        victim.kill()

    def victims(self):
        return self.working(None)

    @contextlib.contextmanager
    def held_still(self):
        held = self.victims()
        for process in held:
            process.suspend()
        yield
        for process in held:
            process.resume()

    def calm(self):
        for process in self.victims():
            process.kill()


class Remote:
    """Attempts as calls of the deployed app, in containers."""

    alone = False  # who is begun again may hand out what others still work on: then two make the same, once

    def __init__(self, tmp_path, cloud):
        self.store, self.cloud = tmp_path / "store", cloud
        self.runner = ModalRunner(app="longhaul", environment="", at_once=2, grant=folder(self.store))

    def working(self, ordered):
        return self.cloud.containers(ordered and ordered.call_id)

    def kill(self, victim):
        self.cloud.preempt(victim)

    def victims(self):
        """Not those that were begun so often that one more time would be too often."""
        return [each for each in self.working(None) if each.holds.runs < MOST_RUNS]

    @contextlib.contextmanager
    def held_still(self):
        held = [each.process.pid for each in self.working(None)]
        for group in held:
            os.killpg(group, signal.SIGSTOP)
        yield
        for group in held:
            os.killpg(group, signal.SIGCONT)

    def calm(self):
        self.cloud.calm()


def order(place, number=1, *, waits=True):
    """An attempt that waits for its spec as long as the test likes: the spec is a pipe that nobody writes to."""
    keys = AttemptKeys(export="7f3c", number=number)
    spec = place.store / keys.spec
    spec.parent.mkdir(parents=True)
    if waits:
        os.mkfifo(spec)
    else:
        spec.write_bytes(b"{}")
    return Ordered(keys=keys, project="p1", kind="multi_clip", token=f"t-{number}")


def spawned(place, ordered):
    return replace(ordered, call_id=place.runner.spawn(ordered))


def at_work(place, ordered):
    return soon(lambda: place.working(ordered), 60)


def ended(place, ordered):
    return soon(lambda: place.runner.look(ordered) == "gone", 60)
