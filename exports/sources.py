"""What becomes of a source once it is stored: it is looked at, and can be used, or it says why not."""

import contextlib
import logging
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django_q.tasks import async_task

from exports import left_uploads, originals, uploads, waiting
from exports.endings import disagreement
from exports.heard import heard
from exports.kinds.sorts import BEGINNING
from exports.limits import named
from exports.models import Lease, Project, Source
from exports.probing import Found, Unusable, probe
from exports.tools import Tools
from modal_functions.store import Missing, StoreError

logger = logging.getLogger("exports")

MOST_LOOKS = 3
SILENT_FOR = timedelta(seconds=30)  # after which whoever looked is no more: it says every few seconds that it lives
LATER = timedelta(minutes=3)  # when what went wrong in a way that nobody foresaw is tried again
ITS_TURN = timedelta(seconds=5)  # in which the look that was rung for should have begun
FETCHING = "fetching"
EVERY = 5.0  # seconds in which who looks says that it lives
THUMBNAIL = "thumb.jpg"
GONE = "Its file is gone from the store. Upload it again."


Probe = Callable[[Path], Found]


@dataclass(frozen=True, kw_only=True)
class Looked:
    looked: int = 0
    given_up: int = 0


@dataclass(frozen=True, kw_only=True)
class Tended:
    completed: int
    looked: Looked
    abandoned: left_uploads.Abandoned


def tend(tools: Tools) -> Tended:
    """All passes over sources, once; short enough for a task, since a look may take most of a minute. Another is
    rung for where one was lost, since others may be: whoever died may have had all of them in hand."""
    looked = look_at_stored(tools, limit=1)
    if looked.looked:
        async_task("exports.tasks.tend_sources", save=False)
    return Tended(completed=left_uploads.complete(tools), looked=looked, abandoned=left_uploads.abandon(tools))


# Looking


def look_at(source_id: uuid.UUID, tools: Tools, probe: Probe = probe, *, every: float = EVERY) -> bool:
    """One look at a stored source, counted before it is made: a file that kills its looker runs out of looks.

    False where there is nothing to look at, or somebody else is at it."""
    source = Source.objects.filter(pk=source_id, state=Source.State.STORED).first()
    if source is None:
        return False
    if tools.store.in_place(source.key) is not None:
        return _look(source, tools, probe, every)
    with Lease.held(FETCHING, seconds=SILENT_FOR.total_seconds(), now=tools.clock()) as mine:
        looked = mine is not None and _look(source, tools, probe, every)
    if looked and (following := _not_looked_at().first()):
        uploads.ring_for_look(following)
    return looked


def _look(source: Source, tools: Tools, probe: Probe, every: float) -> bool:
    if not _begin_look(source, tools.clock()):
        return False
    try:
        with heard(partial(_alive, source, tools), every=every):
            found = _found(source, tools, probe)
        source.become(Source.State.READY, **found)
    except Unusable as unusable:
        originals.refuse(source, str(unusable), tools)
    except StoreError as error:
        logger.warning("source=%s could not be looked at, the store failed: %s", source.pk, error)
        Source.objects.filter(pk=source.pk).update(looked_at_times=F("looked_at_times") - 1)
    except Exception:
        logger.exception("source=%s could not be looked at", source.pk)
        Source.objects.filter(pk=source.pk).update(heard_at=tools.clock() + LATER - SILENT_FOR)
    waiting.ring(source)
    return True


def look_at_stored(tools: Tools, limit: int = 10, probe: Probe = probe) -> Looked:
    """Those whose look was lost: the bell did not ring, or who looked died. After three, the file is given up."""
    now = tools.clock()
    stored = Source.objects.filter(state=Source.State.STORED)
    lost = Q(looked_at_times=0, heard_at__lte=now - ITS_TURN) | Q(heard_at__lte=now - SILENT_FOR)
    found = list(stored.filter(lost).order_by("heard_at")[:limit])
    spent = [source for source in found if source.looked_at_times >= MOST_LOOKS]
    return Looked(
        looked=sum(_look_or_ring(source, tools, probe) for source in found if source not in spent),
        given_up=sum(_give_up(source, tools) for source in spent),
    )


def _look_or_ring(source: Source, tools: Tools, probe: Probe) -> bool:
    """A pass is short: what has to be fetched first is left to a task with the time for it."""
    if tools.store.in_place(source.key) is not None:
        return look_at(source.pk, tools, probe)
    uploads.ring_for_look(source)
    return False


def _not_looked_at() -> QuerySet[Source]:
    return Source.objects.filter(state=Source.State.STORED, looked_at_times=0).order_by("heard_at")


def take_in(project: Project, path: Path, tools: Tools, probe: Probe = probe) -> Source:
    """A file of this machine, whole and looked at when this returns. Whoever has a shell here has no quota."""
    source = Source.objects.create(project=project, name=named(path.name), bytes=path.stat().st_size)
    return fill(source, path, tools, probe)


def fill(source: Source, path: Path, tools: Tools, probe: Probe = probe) -> Source:
    try:
        uploads.store_file(source, path, tools)
    except StoreError:  # else it would be an upload that nobody goes on with
        Source.objects.filter(pk=source.pk, state=Source.State.UPLOADING).delete()
        raise
    look_at(source.pk, tools, probe)
    source.refresh_from_db()
    return source


def _begin_look(source: Source, now: datetime) -> bool:
    free = Q(looked_at_times=0) | Q(heard_at__lte=now - SILENT_FOR)
    stored = Source.objects.filter(free, pk=source.pk, state=Source.State.STORED, looked_at_times__lt=MOST_LOOKS)
    return bool(stored.update(looked_at_times=F("looked_at_times") + 1, heard_at=now))


def _found(source: Source, tools: Tools, probe: Probe) -> dict[str, Any]:
    """What its row is told of it. Where the page has sent it straight to a bucket, its sum is known from here on."""
    with _at_hand(source, tools) as (path, sha256):
        _check_name(source.name, path)
        found = probe(path)
    with found:
        told = {"sha256": sha256} | (_replaced(source, found.instead, tools) if found.instead else {})
    key = f"{source.folder}/{THUMBNAIL}"
    if found.picture:
        tools.store.put(key, found.picture)
    return {"facts": found.facts | ({"thumbnail": key} if found.picture else {}), **told}


def _check_name(name: str, path: Path) -> None:
    with path.open("rb") as file:
        wrong = disagreement(name, file.read(BEGINNING))
    if wrong:
        raise Unusable(wrong)


def _replaced(source: Source, instead: Path, tools: Tools) -> dict[str, Any]:
    """What came is kept no longer. Who dies before the row says so does no harm: it is looked at again."""
    stored = tools.store.put_file(source.key, instead)
    return {"sha256": stored.sha256, "bytes": stored.bytes, "stored_bytes": stored.bytes}


@contextlib.contextmanager
def _at_hand(source: Source, tools: Tools) -> Iterator[tuple[Path, str]]:
    """Its file on this machine, and its sum."""
    if tools.store.size(source.key) is None:
        raise Unusable(GONE)
    here = tools.store.in_place(source.key)
    if here is not None:
        yield here.absolute(), source.sha256
        return
    with _room_of_its_own() as folder:
        try:
            fetched = tools.store.fetch(source.key, folder / "original")
        except Missing:
            raise Unusable(GONE) from None
        yield folder / "original", fetched.sha256


@contextlib.contextmanager
def _room_of_its_own() -> Iterator[Path]:
    """In the home: a file may be larger than /tmp, which is memory in many places. One at a time is fetched, so what is
    there before was left by somebody who was killed."""
    folder = Path(settings.HOME) / "looking"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(source: Source, tools: Tools) -> None:
    """Or somebody else would take whoever looks for dead."""
    now = tools.clock()
    Source.objects.filter(pk=source.pk, state=Source.State.STORED).update(heard_at=now)
    if tools.store.in_place(source.key) is None:
        Lease.objects.filter(name=FETCHING).update(until=now + SILENT_FOR)


def _give_up(source: Source, tools: Tools) -> bool:
    refusal = f"Looking at this file failed {MOST_LOOKS} times, so it is left alone."
    refusal += " Convert it with another program, then upload it again."
    given_up = originals.refuse(source, refusal, tools)
    waiting.ring(source)
    return given_up
