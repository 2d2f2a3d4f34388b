"""The cluster's queue in our database. It also tells whether its cluster still works, and gives up on what kills it."""

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import Error
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.signing import BadSignature, SignedPackage

from exports.management.outage import told
from exports.models.heartbeat import CLUSTER, Heartbeat, own_cluster

logger = logging.getLogger("exports")

BEAT = "beat"
BEAT_EVERY = 5.0  # seconds
AWAY_PAUSE = 1.0
MOST_STARTS = settings.Q_CLUSTER["max_attempts"]

Taken = tuple[Any, str]


class Broker(ORM):  # type: ignore[misc] # django-q2 has no types
    """A beat goes the whole way, from the pusher through a worker to the monitor, which writes it down: a worker that
    was killed while it waited, or a monitor, leaves a lock behind that keeps all others waiting, and nobody dies of it.

    The starts of a row are counted in the row, before it is handed on: whoever is killed by it can count nothing."""

    beats_again_at = 0.0
    noted_at = 0.0
    away = False

    def dequeue(self) -> list[Taken]:
        """The pusher's: what it has for a worker."""
        if time.monotonic() >= self.beats_again_at:
            self.beats_again_at = time.monotonic() + BEAT_EVERY
            return [(BEAT, _a_beat())]
        found: list[Taken] = []
        with self._patient():
            found = [taken for row in super().dequeue() or () if (taken := self._counted(*row))]
        if self.away:
            time.sleep(AWAY_PAUSE)
        return found

    def acknowledge(self, ack: Any) -> None:
        """The monitor's: whatever was brought to its end shows that the cluster works."""
        with self._patient():
            if ack != BEAT:
                super().acknowledge(ack)
            if time.monotonic() >= self.noted_at + BEAT_EVERY / 2:
                self.get_connection()  # a new one, where the last broke
                Heartbeat.beat(CLUSTER)
                Heartbeat.beat(own_cluster())
                self.noted_at = time.monotonic()

    @contextlib.contextmanager
    def _patient(self) -> Iterator[None]:
        """Pusher and monitor outlive a database that is away. What was not acknowledged is called once more."""
        try:
            yield
        except Error as error:
            if not self.away:
                logger.warning("%s. The cluster goes on as soon as it can.", told(error).rstrip("."))
            self.away = True
        else:
            self.away = False

    def _counted(self, pk: int, payload: str) -> Taken | None:
        try:
            rung = SignedPackage.loads(payload)
        except BadSignature:
            logger.warning("A call to the cluster was dropped: it was signed with another SECRET_KEY. More will come.")
        except Exception:  # whatever unpickling raises when a version has other classes
            logger.exception("A call to the cluster was dropped: this version cannot read it.")
        else:
            starts = rung.get("starts", 0) + 1
            if starts <= MOST_STARTS:
                payload = SignedPackage.dumps(rung | {"starts": starts})
                return (pk, payload) if self.get_connection().filter(pk=pk).update(payload=payload) else None
            called = f"{rung['func']}({', '.join(map(repr, rung['args']))})"
            logger.error("%s was begun %d times and never ended, so it is not begun again.", called, MOST_STARTS)
        self.delete(pk)
        return None


def _a_beat() -> str:
    """An answer that fails is an answer too: the cluster works."""
    call = {
        "id": BEAT,
        "name": BEAT,
        "func": "exports.tasks.answer",
        "args": (),
        "kwargs": {},
        "started": timezone.now(),
    }
    return str(SignedPackage.dumps(call | {"save": False, "ack_failure": True}))
