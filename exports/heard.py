"""Long work that says now and then that it lives, beside whatever it is busy with: who falls silent was killed."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

from django.db import Error, connection

logger = logging.getLogger("exports")


@contextlib.contextmanager
def heard(say: Callable[[], None], *, every: float) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=_keep_saying, args=(say, every, over), name="heard", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _keep_saying(say: Callable[[], None], every: float, over: threading.Event) -> None:
    try:
        while not over.wait(every):
            try:
                say()
            except Error:  # the database is away; once it is back, the next word is heard
                logger.warning("A sign of life could not be written", exc_info=True)
                connection.close()
    finally:
        connection.close()
