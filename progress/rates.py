"""Learned rates as rows: read in few statements, remembered for some seconds, changed only as they were read."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from progress.estimate.rates import Rate as Learned
from progress.estimate.rates import Rates, sound
from progress.models import Rate

logger = logging.getLogger("progress")

FRESH = 30.0  # seconds for which rows are taken from memory
ALWAYS = "band/"  # how far ranges reach; few rows, and which of them is needed is known only in the end
ASKED_AT_ONCE = 500
TRIES = 20


class _Overtaken(Exception):
    """A row was changed by another since it was read."""


class _Round(NamedTuple):
    """What was read since, and what was asked for: exchanged as one, so that nobody finds half of two."""

    rates: dict[str, Learned]
    asked: set[str]
    since: float


@dataclass
class RateRows:
    """Of one process. A row that is not there counts as such until it is asked for again."""

    clock: Callable[[], float] = time.monotonic
    _round: _Round = field(default_factory=lambda: _Round({}, set(), float("-inf")))

    def of(self, keys: AbstractSet[str]) -> Rates:
        """These, and whatever else is at hand; the same mapping goes on being filled."""
        now = self.clock()
        if now - self._round.since > FRESH:
            self._round = _Round(_read(Q(key__startswith=ALWAYS))[0], set(), now)
        rates, asked, _ = self._round  # another thread may begin the next while this one reads
        missing = [] if keys <= asked else sorted(keys - asked)
        for start in range(0, len(missing), ASKED_AT_ONCE):
            some = missing[start : start + ASKED_AT_ONCE]
            rates.update(_read(Q(key__in=some))[0])
            asked.update(some)
        return rates

    def change(self, keys: Iterable[str], learn: Callable[[Rates], Mapping[str, Learned]]) -> bool:
        """What is learned from these rows becomes theirs; False when others changed them each time it was tried.

        All of it or nothing: half of what one run has taught would be wrong for both halves."""
        asked = Q(key__in=sorted(set(keys)))
        for _ in range(TRIES):
            found, versions = _read(asked)
            changed = learn(found)
            try:
                with transaction.atomic():
                    for key in sorted(changed):  # in one order, so that two that learn never wait for each other
                        _write(key, changed[key], versions.get(key))
            except (_Overtaken, IntegrityError):
                continue
            self._round.rates.update(changed)
            return True
        logger.warning("What was learned could not be kept: others changed the same rates %s times", TRIES)
        return False

    def forget(self) -> None:
        self._round = self._round._replace(since=float("-inf"))


def _read(which: Q) -> tuple[dict[str, Learned], dict[str, int]]:
    rows = list(Rate.objects.filter(which).values_list("key", "mean", "variance", "count", "version"))
    found = sound((key, mean, variance, count) for key, mean, variance, count, _ in rows)
    return found, {key: version for key, *_, version in rows}


def _write(key: str, rate: Learned, version: int | None) -> None:
    numbers: dict[str, Any] = {"mean": rate.mean, "variance": rate.variance, "count": rate.count, "at": timezone.now()}
    if version is None:
        Rate.objects.create(key=key, **numbers)
    elif not Rate.objects.filter(key=key, version=version).update(**numbers, version=F("version") + 1):
        raise _Overtaken
