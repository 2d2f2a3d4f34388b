"""manage.py as operators meet it: what keeps a command from its work is a sentence. A traceback is a fault of ours."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, InterfaceError, OperationalError, ProgrammingError

from exports import store_said
from exports.management.outage import COULD_NOT_LOOK, DAMAGED, OLDER, told

STOPPED = 130  # as shells count a Ctrl-C
PIPE_CLOSED = 141
OF_THE_MACHINE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def in_sentences(*, tracebacks: bool = False) -> Iterator[None]:
    """Around a whole command; what it may not catch itself ends here."""
    try:
        yield
    except KeyboardInterrupt:
        _end("Stopped before its end. What was done until then is kept, and the command may be run again.", STOPPED)
    except BrokenPipeError:  # whoever read it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PIPE_CLOSED)
    except store_said.Failed as error:
        if tracebacks:
            raise
        _end(f"CommandError: {store_said.told(error)}", COULD_NOT_LOOK)
    except (Error, OSError) as error:
        if tracebacks or not _is_of_the_machine(error):
            raise
        _end(f"CommandError: {_said(error)}", COULD_NOT_LOOK)


def _is_of_the_machine(error: Error | OSError) -> bool:
    if isinstance(error, OSError):
        return error.errno in OF_THE_MACHINE
    away = isinstance(error, OperationalError | InterfaceError) or DAMAGED.search(str(error)) is not None
    return away or (isinstance(error, ProgrammingError) and bool(OLDER.search(str(error))))


def _said(error: Error | OSError) -> str:
    if isinstance(error, Error):
        return told(error)
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}. Look at LONGHAUL_HOME, its owner and its disk, and which user this is."


def _end(said: str, code: int) -> None:
    sys.stderr.write(f"{said}\n")
    sys.exit(code)
