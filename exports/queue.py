"""Who starts next: as many attempts at once as the runner takes, and among owners each in turn."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, IntegrityError, transaction
from django.utils import timezone

from exports import foreseen, kinds, line, traces, turns
from exports.about import about
from exports.models import Attempt, Export, Lease, User
from exports.runners.base import Ordered, RunnerError, Unforeseen
from exports.steps import SOON, Step, away
from exports.tools import Tools
from modal_functions.store import StoreError
from modal_functions.wire import pack
from progress.models import Away

logger = logging.getLogger("exports")

LEASE = "queue"
SECONDS = 10.0
NEAR = 20  # places that are looked at with every pass; who stands further back, less often
Begun = tuple[Export, Attempt]
Ordering = tuple[Attempt, Ordered, bytes, Mapping[str, Path]]  # what it is told, and what it is brought
TOO_LATE = RunnerError("It did not answer in time.")


def in_line(now: datetime | None = None) -> list[Any]:
    """The waiting exports in the order they will start: an owner's second waits behind everyone's first, all guests
    count as one there, and before all of them is what staff has put there. What is kept back waits outside of it."""
    return list(_places(now or timezone.now()))


def _places(now: datetime) -> dict[Any, int]:
    """How many will start before each. What may go wrong again when it is begun is not counted among them."""
    ranked, running = _ranked(now)
    kept = turns.kept_back(ranked, running)
    rows = [row for _, row in sorted(ranked, key=_place) if row.pk not in kept]
    before = accumulate((not row.odd for row in rows), initial=0)
    return dict(zip((row.pk for row in rows), before, strict=False))


def ahead_of_new(owner: User) -> list[Any]:
    """Those that would start before one that this owner asks for now."""
    ranked, running = _ranked(timezone.now())
    if owner.guest:
        rank = running.of_guests + sum(row.guest for _, row in ranked)
    else:
        rank = running.of_owner[owner.pk] + sum(row.owner == owner.pk for _, row in ranked)
    return [row.pk for place, row in sorted(ranked, key=_place) if (-row.priority, place) <= (0, rank)]


def _ranked(now: datetime) -> tuple[list[turns.Ranked], turns.Running]:
    running = turns.Running.now()
    return turns.ranked(turns.waiting(now), running), running


def _place(ranked: turns.Ranked) -> tuple[Any, ...]:
    rank, row = ranked
    return (-row.priority, rank, row.created_at, row.pk)


def begin_next(waiting: Sequence[Export], tools: Tools) -> tuple[list[Begun], dict[Any, Step]]:
    """An attempt for each of them whose turn has come; the others are told their places. Only one at a time decides."""
    if not waiting:
        return [], {}
    with Lease.held(LEASE, seconds=SECONDS, now=tools.clock()) as lease:
        if lease is None:
            return [], {export.pk: _waits(0) for export in waiting}
        runner = settings.RUNNER
        places = _places(tools.clock())
        free = left = tools.runner(runner).capacity() - _at_work(runner)
        answers: list[tuple[Export, Attempt | Exception | None]] = []
        for export in sorted(waiting, key=lambda each: places.get(each.pk, free)):
            turn = places.get(export.pk, free) < free and left > 0
            answers.append((export, _begun_or_why(export, runner, lease, tools) if turn else None))
            left -= isinstance(answers[-1][1], Attempt)
    begun = [(export, answer) for export, answer in answers if isinstance(answer, Attempt)]
    odd = {export.pk: _not_started(export, answer) for export, answer in answers if isinstance(answer, Exception)}
    others = [export for export, answer in answers if answer is None]
    line.tell(others, places, tools)
    return begun, odd | {export.pk: _waits(places.get(export.pk, 0)) for export in others}


def _at_work(runner: str) -> int:
    """Attempts that have a place there; not those that cannot even be started."""
    attempts = Attempt.objects.filter(runner=runner, gone_at__isnull=True)
    odd = {"spawned_at": None, "export__job__unreachable_since__isnull": False}
    return attempts.exclude(**odd, export__job__unreachable_part=Away.SITE).count()


def _waits(place: int) -> Step:
    """A wait like others: the log, which had a line of each every few seconds, is told none."""
    due_in = timedelta(seconds=2 + min(28, place // NEAR))
    return Step(name="wait", why="it waits for its turn", again=False, due_in=due_in)


def _begun_or_why(export: Export, runner: str, lease: uuid.UUID, tools: Tools) -> Attempt | Exception | None:
    try:
        return _begin(export, runner, lease, tools)
    except Error:  # it is the database, and not this one
        raise
    except Exception as error:  # noqa: BLE001 - it is told where it is logged
        return _unforeseen(export.pk, error)


def _begin(export: Export, runner: str, lease: uuid.UUID, tools: Tools) -> Attempt | None:
    """The row comes first: whatever happens to the spawn, it is known that there may be one. With the row the lease
    begins anew; where it was lost meanwhile, another counts the places and begins."""
    last = export.attempts.order_by("-number").values("number", "gone_at").first()
    if last is not None and last["gone_at"] is None:  # begun by another meanwhile; nobody would look at it any more
        return None
    number = last["number"] + 1 if last is not None else 1
    foreseen.tell(export, tools)
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(export=export, number=number, runner=runner, begun_at=tools.clock())
            mine = Lease.renew(LEASE, lease, seconds=SECONDS, now=tools.clock())
            started = mine and tools.tracker.start(export.pk, attempt=number)
            transaction.set_rollback(not started)
    except IntegrityError:  # somebody else has begun one
        return None
    return attempt if started else None


def spawn(begun: Sequence[Begun], tools: Tools) -> dict[Any, Step]:
    """What is spawned twice is one attempt all the same: the lock, or else the register, lets only one count."""
    orders = [_order_or_why(export, attempt) for export, attempt in begun]
    answers = tools.together(partial(_spawn, tools), orders, TOO_LATE)
    return {
        export.pk: _spawned(export, attempt, answer, tools)
        for (export, attempt), answer in zip(begun, answers, strict=True)
    }


def _order_or_why(export: Export, attempt: Attempt) -> Ordering | Exception:
    try:
        return _order(export, attempt)
    except Error:  # it is the database, and not this one
        raise
    except Exception as error:  # noqa: BLE001 - it is told where it is logged
        return _unforeseen(export.pk, error)


def _order(export: Export, attempt: Attempt) -> Ordering:
    kind = kinds.get(export.kind)
    ordered = replace(attempt.ordered, reads=kind.reads(export.spec), carried=kind.carried(export))
    spec = kind.spec(export)
    return attempt, ordered, pack(spec), kind.brings(export, str(spec.get("chunks", "")))


def _spawn(tools: Tools, order: Ordering | Exception) -> str | Exception:
    if isinstance(order, Exception):
        return order
    attempt, ordered, spec, brought = order
    try:
        with about(attempt.export_id), traces.span(attempt.export_id, "spawn", attempt=attempt.number):
            for key, path in brought.items():
                if not tools.store.size(key):
                    tools.store.put_file(key, path)
            tools.store.put(attempt.keys.spec, spec)
            return tools.runner(attempt.runner).spawn(ordered)
    except (StoreError, RunnerError) as error:
        return error
    except Exception as error:  # noqa: BLE001 - it is told where it is logged
        return _unforeseen(attempt.export_id, error)


def _unforeseen(export_id: Any, error: Exception) -> Unforeseen:
    """The person reads that it waits, and staff why."""
    logger.error("export=%s could not be started, in a way that nobody foresaw", export_id, exc_info=error)
    return Unforeseen(f"{type(error).__name__}, see the log.")


def _not_started(export: Export, error: Exception) -> Step:
    logger.warning("export=%s could not be started: %s", export.pk, error)
    return Step(name="unreachable", why=f"it could not be started: {error}", away=away(error), again=False)


def _spawned(export: Export, attempt: Attempt, answer: str | Exception, tools: Tools) -> Step:
    if isinstance(answer, Exception):
        return _not_started(export, answer)
    tools.tracker.happened(export.pk, "modal_spawn", note=answer)
    attempt.spawned(answer, tools.clock())
    return Step(name="spawn", why="its turn has come", again=False, due_in=SOON)
