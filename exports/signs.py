"""Signs of life of a process that may look alive and do nothing any more."""

import http.client
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import Error
from django.db.models import F

from exports.models.heartbeat import Heartbeat, cluster_here
from exports.reconnect import reconnect

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger("exports")

EVERY = 3.0  # seconds from one look to the next
BREATH = 1.0  # between the end of one and the next, however long it took
LONGEST_PATIENCE = 600.0
ANSWERED_WITHIN = 5.0
TURNS = 6  # the kernel deals connections out by chance: one process in four hundred is missed by so many

Sense = Callable[[int], bool]  # of a pid: is there a sign of life, or can nobody say now?


@dataclass
class Life:
    pid: int
    missed: int = 0


class Watch:
    """Counts looks without a sign, one after the other. A look that is kept waiting counts once, however long that
    takes, so neither a sleeping machine nor a changed clock is taken for silence. It looks in a thread of its own:
    whoever is dead may keep it waiting, and nothing else.

    After each silence that was too long its patience is twice as long, until there is a sign: on a machine that is too
    busy even to start something in time, starting it again and again would be all that is ever done."""

    def __init__(self, sense: Sense, *, patience: float, every: float = EVERY) -> None:
        self.sense, self.every = sense, every
        self.most = self.usual = max(1, math.ceil(patience / every))
        self.life: Life | None = None
        self.thread: threading.Thread | None = None

    def begin(self, pid: int) -> None:
        """Whoever has just been started has the whole patience before it."""
        if self.is_over:
            self.most = min(2 * self.most, max(self.usual, math.ceil(LONGEST_PATIENCE / self.every)))
        self.life = Life(pid)
        if self.thread is None:
            self.thread = threading.Thread(target=self._keep_looking, name="watch", daemon=True)
            self.thread.start()

    def look(self) -> None:
        life = self.life  # of another that begins meanwhile, this look says nothing
        if life is None:
            return
        life.missed = 0 if self.sense(life.pid) else life.missed + 1
        if life.missed == 0 and life is self.life:
            self.most = self.usual

    @property
    def silence(self) -> float:
        return self.life.missed * self.every if self.life else 0.0

    @property
    def is_over(self) -> bool:
        return self.life is not None and self.life.missed >= self.most

    def _keep_looking(self) -> None:
        took = 0.0
        while True:
            time.sleep(max(min(BREATH, self.every), self.every - took))
            began = time.monotonic()
            try:
                self.look()
            except Exception:
                logger.exception("A look for signs of life failed")
            took = time.monotonic() - began


class Beats:
    """A cluster's: its row in the database has moved. Silence counts only while the database takes what is written."""

    def __init__(self) -> None:
        self.last: datetime | None = None

    def __call__(self, pid: int) -> bool:
        name = cluster_here(pid)
        try:
            reconnect()
            before, self.last = self.last, Heartbeat.last(name)
            if self.last != before:
                return True
            Heartbeat.objects.filter(name=name).update(at=F("at"))
        except Error:
            return True
        return False


class Answers:
    """A web server's: it answers at its address, whatever it says. Of several processes each has its own share of the
    connections, so it is asked until one that hangs would have had its turn. While the database is away, all threads
    may be waiting for that, and another web server would not be better off."""

    def __init__(self, host: str, port: int, *, processes: int = 1) -> None:
        self.host, self.port = host, port
        self.asked = 1 if processes == 1 else processes * TURNS

    def __call__(self, pid: int) -> bool:
        return all(answers(self.host, self.port) for _ in range(self.asked)) or not _database_answers()


def answers(host: str, port: int) -> bool:
    """Asked under the name that it listens to, so that it neither refuses nor sends elsewhere."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where it listens is not where to ask
    talk = http.client.HTTPConnection(host, port, timeout=ANSWERED_WITHIN)
    head = {"Host": settings.ALLOWED_HOSTS[0]} | ({"X-Forwarded-Proto": "https"} if settings.SECURE else {})
    try:
        talk.request("GET", "/healthz", headers=head)
        talk.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        talk.close()
    return True


def _database_answers() -> bool:
    try:
        reconnect()
        Heartbeat.objects.exists()
    except Error:
        return False
    return True
