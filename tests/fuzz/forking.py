"""Children that are forked from a process which has everything imported, instead of being executed anew: a hundredth
of the cost. All the rest of the way is the product's own, limits, letter, answer and death. Only the limit of its
address space counts from what it began with, which is all that the tests before it have left."""

import faulthandler
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path

from modal_functions.media.confinement import confine
from modal_functions.media.entry import serve
from modal_functions.media.verbs import perform


class Forked:
    """What `child.run` needs of a process. `peak` is the most memory it ever had, in bytes."""

    def __init__(self, letter, perform=perform, confine=confine):
        heard, out = os.pipe()
        complained, err = os.pipe()
        self.returncode, self.peak, self.cpu = None, 0, 0.0
        self.pid = os.fork()
        if self.pid == 0:
            roomier = _roomier(letter)
            _be_the_child(perform, confine, roomier.fileno(), out, err)
        os.close(out)
        os.close(err)
        self.stdout, self.stderr = os.fdopen(heard, "rb"), os.fdopen(complained, "rb")
        self.ends = os.pidfd_open(self.pid)

    def poll(self):
        if self.returncode is None:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                self.peak, self.cpu = used.ru_maxrss * 1024, used.ru_utime + used.ru_stime
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is None and not select.select([self.ends], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("fork", timeout)
        return self.poll()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.wait()
        self.stdout.close()
        self.stderr.close()
        os.close(self.ends)


def _roomier(letter):
    told = json.load(letter)
    told["limits"]["memory_bytes"] += int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    other = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it goes with the child
    json.dump(told, other)
    other.seek(0)
    return other


def _be_the_child(perform, confine, letter, out, err):
    code = 1
    with suppress(BaseException):
        try:
            faulthandler.disable()  # which would tell of a crash where the parent writes
            os.setsid()
            for descriptor, place in ((letter, 0), (out, 1), (err, 2)):
                os.dup2(descriptor, place)
            sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
            serve(perform, confine)
            code = 0
        except BaseException:  # noqa: BLE001 - there is nobody above
            traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)
