"""The hub's look at the rows, and its questions of who listens: a thread with a connection for each of the two, so that
nothing in the event loop waits, and no news for a question."""

import asyncio
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connections

from progress.models import Job

SIZE = 500
Answer = TypeVar("Answer")
_looks = ThreadPoolExecutor(1, thread_name_prefix="push-rows")
_questions = ThreadPoolExecutor(1, thread_name_prefix="push-who")


async def aside(act: Callable[..., Answer], *known: Any) -> Answer:
    """In the one thread that may ask the database who somebody is."""
    return await asyncio.get_running_loop().run_in_executor(_questions, _asked, act, known)


def let_go() -> None:
    """Of the connections. The next look or question makes its own."""
    for thread in (_looks, _questions):
        thread.submit(connections.close_all).result()


def _asked(act: Callable[..., Answer], known: tuple[Any, ...]) -> Answer:
    close_old_connections()
    return act(*known)


async def look(
    ids: Collection[uuid.UUID], known: Mapping[uuid.UUID, int], beside: Callable[[Sequence[Job]], None] | None = None
) -> list[Job]:
    """`beside` reads, in the same thread, what is told of these rows and stands elsewhere."""
    asked = list(ids), dict(known), beside
    return await asyncio.get_running_loop().run_in_executor(_looks, _asked, _looked, asked)


def _looked(
    ids: list[uuid.UUID], known: dict[uuid.UUID, int], beside: Callable[[Sequence[Job]], None] | None
) -> list[Job]:
    rows = _moved(ids, known)
    if beside is not None:
        beside(rows)
    return rows


def _moved(ids: list[uuid.UUID], known: dict[uuid.UUID, int]) -> list[Job]:
    """Those whose version is not the known one; only they are read whole."""
    rows: list[Job] = []
    for start in range(0, len(ids), SIZE):
        part = ids[start : start + SIZE]
        if any(each in known for each in part):
            versions = dict(Job.objects.filter(pk__in=part).order_by().values_list("pk", "version"))
            part = [pk for pk, version in versions.items() if known.get(pk) != version]
        rows += Job.objects.in_bulk(part).values() if part else ()
    return rows
