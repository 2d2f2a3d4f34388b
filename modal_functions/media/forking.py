"""python -m modal_functions.media.forking: forks a child for whoever asks on standard input, until nobody can."""

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import traceback

from modal_functions.media.entry import serve
from modal_functions.media.nursery import BORN, ENDED
from modal_functions.media.verbs import perform

MOST_FILES = 1 << 16


def main() -> None:
    _load()
    asked = socket.socket(fileno=os.dup(0))
    waking, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    children: dict[int, int] = {}  # by number, where to tell how it ended
    with selectors.DefaultSelector() as selector:
        selector.register(asked, selectors.EVENT_READ)
        selector.register(waking, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if waking in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(waking, 4096)
                _bury(children)
            if asked.fileno() in ready:
                said, given, _, _ = socket.recv_fds(asked, 64, 4)
                if not said:
                    return  # and whoever was forked here goes too
                children |= _another(given)


def _load() -> None:
    """All that most children need; memory that is shared stays so while nobody counts in it."""
    import av  # noqa: PLC0415
    import av.filter  # noqa: F401, PLC0415

    gc.collect()
    gc.freeze()


def _another(given: list[int]) -> dict[int, int]:
    *streams, told = given
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _live(streams, told, parent)
    for each in streams:
        os.close(each)
    return {pid: told}


def _live(streams: list[int], told: int, parent: int) -> None:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()  # before anybody knows its number, so that it can be killed with all that it starts
        os.write(told, b"%s %d\n" % (BORN, os.getpid()))
        for place, each in enumerate(streams):
            os.dup2(each, place)
        os.closerange(3, MOST_FILES)
        serve(perform, parent=parent)
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may get past here, or there would be two of what forked it
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _bury(children: dict[int, int]) -> None:
    """Told before its number is free again: who still takes it for living kills nobody else."""
    while children and (gone := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)):
        code = gone.si_status if gone.si_code == os.CLD_EXITED else -gone.si_status
        told = children.pop(gone.si_pid, None)
        if told is not None:
            with contextlib.suppress(OSError):
                os.write(told, b"%s %d\n" % (ENDED, code))
            os.close(told)
        os.waitpid(gone.si_pid, 0)


if __name__ == "__main__":
    main()
