"""What the django-q2 cluster is rung to do. Two lines each; the work is elsewhere."""

import contextlib
import logging
import uuid

from django.db import Error
from django.utils import timezone
from django_q.tasks import async_task

from exports import authorising, driver, first_project, leftovers, originals, retention, schedules, sources
from exports.management import outage
from exports.models import User
from exports.models.heartbeat import CLUSTER, Heartbeat
from exports.outbox import rounds, watching
from exports.staff import bulk
from exports.statistics import summaries, tallies
from exports.tools import tools

logger = logging.getLogger("exports")

AT_ONCE = 200  # films that one task lets go


def beat() -> int:
    Heartbeat.beat(CLUSTER)
    return bulk.ring_unfinished(timezone.now())


def answer() -> None:
    """A worker works; who rang takes it from there. Every few seconds, so it also looks after clocks and drivers."""
    with contextlib.suppress(Error):  # the database is away; it is asked again soon
        schedules.bring_near(timezone.now())
        driver.wake(timezone.now())


def drive() -> int:
    """Where the database fails, whoever answers next rings again."""
    try:
        Heartbeat.beat(CLUSTER)
        passes = driver.pump(tools())
    except outage.NO_ANSWER as error:
        logger.warning("Nobody drives for now. %s", outage.told(error))
        return 0
    if passes:  # who drove also looks which of these are nearly done, or seem stuck
        watching.watch(timezone.now())
    return passes


def deliver() -> int:
    now = timezone.now()
    watching.watch(now)
    watching.digests(now)
    return rounds.deliver(tools()).sent


def look_at_source(source_id: str) -> bool:
    return sources.look_at(uuid.UUID(source_id), tools())


def tend_sources() -> int:
    return sources.tend(tools()).looked.looked


def lay_out_first_project(user_id: int) -> int:
    """Its clips one by one: what takes longer than a task may is given up, and would wait for the next start."""
    user = User.objects.get(pk=user_id)
    if first_project.makes_one(user, tools()):
        async_task("exports.tasks.lay_out_first_project", user_id)
        return 0
    return first_project.lay_out(user, tools())


def expire() -> int:
    originals.expire(tools(), limit=AT_ONCE)
    return retention.expire(tools(), limit=AT_ONCE).expired


def tally() -> int:
    return tallies.recount(timezone.now()) + summaries.renew(timezone.now())


def clear(folders: list[str]) -> int:
    """What a deleted account or project has left in the store; what is not come to, `tidy_store` takes."""
    return sum(leftovers.clear(folder, tools()) for folder in folders)


def renew_connections() -> int:
    return authorising.renew(timezone.now()).renewed


def run_bulk(bulk_id: str) -> int:
    return bulk.run(uuid.UUID(bulk_id), tools())
