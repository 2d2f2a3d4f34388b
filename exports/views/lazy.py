"""When the driver is silent, whoever looks at an export takes its next step: the truth needs no cluster."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import Error

from exports import tools as installation
from exports.asides import aside
from exports.driver import is_silent
from exports.models import Export
from exports.reconcile import reconcile
from exports.tools import Tools

logger = logging.getLogger("exports")

EVERY = 2.0  # seconds between two steps for one export, and between two questions whether the driver is silent
MOST_KEPT = 1000


class Lazily:
    """Of one process. Bounded: a page waits for at most one step, and a poll seldom for any."""

    def __init__(self, tools: Callable[[], Tools], clock: Callable[[], float] = time.monotonic) -> None:
        self.tools, self.clock = tools, clock
        self._lock = threading.Lock()
        self._asked, self._silent = float("-inf"), False
        self._stepped: dict[uuid.UUID, float] = {}

    def step(self, export_id: uuid.UUID, *, always: bool = False) -> bool:
        """True when a step was taken. What goes wrong in it is logged; the page shows what the row says."""
        try:
            if not self._turn(export_id, always):
                return False
            with aside(f"export={export_id}: its next step"):
                reconcile(export_id, self.tools())
                return True
        except Export.DoesNotExist:
            return False
        except Exception:
            logger.exception("export=%s could not be driven by who looked at it", export_id)
        return False

    def driver_is_silent(self) -> bool:
        """As it was at most two seconds ago. Where it cannot be known, it counts as silent: then Django is asked, and
        knows what a broken connection needs."""
        if self._is_to_be_asked():
            try:
                self._silent = is_silent(self.tools().clock())
            except Error as error:
                logger.warning("Whether the driver is silent is not known: %s", error)
                self._silent = True
        return self._silent

    def _is_to_be_asked(self) -> bool:
        now = self.clock()
        if now - self._asked < EVERY:
            return False
        with self._lock:
            due = now - self._asked >= EVERY
            self._asked = now if due else self._asked
        return due

    def _turn(self, export_id: uuid.UUID, always: bool) -> bool:
        with self._lock:
            now = self.clock()
            if now - self._stepped.get(export_id, float("-inf")) < EVERY:
                return False
            ask = now - self._asked >= EVERY and not always
            self._asked = now if ask else self._asked
        if ask:
            self._silent = is_silent(self.tools().clock())
        if not (self._silent or always):
            return False
        with self._lock:
            if len(self._stepped) >= MOST_KEPT:
                self._stepped = {pk: at for pk, at in self._stepped.items() if now - at < EVERY}
            self._stepped[export_id] = now
        return True


@cache
def lazily() -> Lazily:
    return Lazily(installation.tools)


def step(export_id: Any) -> bool:
    return lazily().step(export_id)


def look(export_id: Any) -> bool:
    """Though the driver drives: for whoever asks what runs at this moment."""
    return lazily().step(export_id, always=True)
