"""How much one account may ask in a minute, and, beyond that, when to come back.

Changes are counted in the database, by all machines together. Questions are counted by each process alone: a write for
every question would cost more than the question.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from exports.api.problems import Problem
from exports.models import Allowance

SAFE = ("GET", "HEAD", "OPTIONS")
MINUTE = 60
MOST_REMEMBERED = 10_000


class Questions:
    """Of one process: how many each account has asked in this minute."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock, self._lock = clock, threading.Lock()
        self._minute, self._asked = 0, dict[Any, int]()

    def take(self, who: Any, most: int) -> float:
        """0.0 where there is room, else the seconds until the next minute."""
        now = self.clock()
        with self._lock:
            minute = int(now // MINUTE)
            if minute != self._minute or len(self._asked) > MOST_REMEMBERED:
                self._minute, self._asked = minute, {}
            self._asked[who] = asked = self._asked.get(who, 0) + 1
        return 0.0 if asked <= most else (minute + 1) * MINUTE - now


questions = Questions()


def hold(request: HttpRequest, who: Any) -> None:
    """A Problem that says when to come back, where this account has asked for too much."""
    if request.method in SAFE:
        what, most = "questions", settings.API_QUESTIONS_A_MINUTE
        wait = questions.take(who.pk, most)
    else:
        what, most = "changes", settings.API_CHANGES_A_MINUTE
        wait = Allowance.take(f"api:{who.pk}", most=most, seconds=MINUTE, now=timezone.now())
    if wait:
        seconds = math.ceil(wait)
        said = f"More than {most:,} {what} in a minute. Come back in {seconds} s."
        raise Problem(status=429, code="too-many", detail=said, headers={"Retry-After": str(seconds)})
