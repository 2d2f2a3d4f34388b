"""Who starts next: as many attempts at once as the runner takes, and among owners each in turn."""

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from exports import kinds
from exports.models import Attempt, Export, Lease
from modal_functions.wire import pack
from progress.models import Job, Status, Wish

if TYPE_CHECKING:
    from exports.tools import Tools

logger = logging.getLogger("exports")

LEASE = "queue"
SECONDS = 10.0
RUNNER = "local"


def in_line() -> list[Any]:
    """The waiting exports in the order they will start: an owner's second waits behind everyone's first."""
    running = Counter(Attempt.objects.filter(gone_at__isnull=True).values_list("export__job__owner_id", flat=True))
    waiting = Job.objects.active().filter(status=Status.QUEUED, wish=Wish.RUN, export__isnull=False)
    ranked = []
    for pk, owner_id, created_at in waiting.order_by("created_at", "pk").values_list("pk", "owner_id", "created_at"):
        ranked.append((running[owner_id], created_at, pk))
        running[owner_id] += 1
    return [pk for *_, pk in sorted(ranked)]


def start_if_next(export: Export, tools: "Tools") -> bool:
    """Starts it where its turn has come; else tells it its place. Only one at a time decides who is next."""
    with Lease.held(LEASE, seconds=SECONDS, now=tools.clock()) as mine:
        if not mine:
            return False
        line = in_line()
        place = line.index(export.pk) if export.pk in line else None
        free = tools.runner(RUNNER).capacity() - Attempt.objects.filter(runner=RUNNER, gone_at__isnull=True).count()
        if place is None or place >= free:
            tools.tracker.queued_at(export.pk, place)
            return False
        attempt = _begin(export, tools)
    return attempt is not None and spawn(export, attempt, tools)


def _begin(export: Export, tools: "Tools") -> Attempt | None:
    """The row comes first: whatever happens to the spawn, it is known that there may be one."""
    number = (export.attempts.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(export=export, number=number, runner=RUNNER, begun_at=tools.clock())
            started = tools.tracker.start(export.pk, attempt=number)
            transaction.set_rollback(not started)
    except IntegrityError:  # somebody else has begun one
        return None
    return attempt if started else None


def spawn(export: Export, attempt: Attempt, tools: "Tools") -> bool:
    """What is spawned twice is one attempt all the same: the lock, or else the register, lets only one count."""
    tools.store.put(attempt.keys.spec, pack(kinds.get(export.kind).spec(export)))
    call_id = tools.runner(attempt.runner).spawn(attempt.ordered)
    tools.tracker.happened(export.pk, "modal_spawn", note=call_id)
    return attempt.spawned(call_id, tools.clock())
