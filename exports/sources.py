"""What becomes of a source: it is looked at once it is stored, and given up when its upload is."""

import contextlib
import logging
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import F, Q

from exports import parts, uploads, waiting
from exports.limits import Refused, named
from exports.models import Project, Source
from exports.probing import Found, Unusable, probe
from exports.tools import Tools
from exports.uploads import Listed
from modal_functions.store import FolderStore, Missing, Store, StoreError

logger = logging.getLogger("exports")

MOST_LOOKS = 3
A_LOOK = timedelta(minutes=3)  # more than a look may take: after it, whoever looked is no more
ITS_TURN = timedelta(seconds=5)  # in which the look that was rung for should have begun
ITS_PAGE = timedelta(minutes=1)  # in which the page itself says that an upload is complete
ABANDONED_AFTER = timedelta(hours=24)
THUMBNAIL = "thumb.jpg"
GONE = "Its file is gone from the store. Upload it again."


Probe = Callable[[Path], Found]


@dataclass(frozen=True, kw_only=True)
class Looked:
    looked: int = 0
    given_up: int = 0


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    uploads: int = 0
    leftovers: int = 0


@dataclass(frozen=True, kw_only=True)
class Tended:
    completed: int
    looked: Looked
    abandoned: Abandoned


def tend(tools: Tools) -> Tended:
    """All passes over sources, once; short enough for a task, since a look may take most of a minute."""
    return Tended(completed=complete_left(tools), looked=look_at_stored(tools, limit=1), abandoned=abandon(tools))


# Looking


def look_at(source_id: uuid.UUID, tools: Tools, probe: Probe = probe) -> bool:
    """One look at a stored source, counted before it is made: a file that kills its looker runs out of looks.

    False where there is nothing to look at, or somebody else is at it."""
    source = Source.objects.filter(pk=source_id, state=Source.State.STORED).first()
    if source is None or not _begin_look(source, tools.clock()):
        return False
    try:
        source.become(Source.State.READY, facts=_found(source, tools.store, probe))
    except Unusable as unusable:
        source.become(Source.State.REFUSED, refusal=str(unusable)[:500])
    except StoreError as error:
        logger.warning("source=%s could not be looked at, the store failed: %s", source.pk, error)
        Source.objects.filter(pk=source.pk).update(looked_at_times=F("looked_at_times") - 1)
    except Exception:
        logger.exception("source=%s could not be looked at", source.pk)
    waiting.ring(source)
    return True


def look_at_stored(tools: Tools, limit: int = 10, probe: Probe = probe) -> Looked:
    """Those whose look was lost: the bell did not ring, or who looked died. After three, the file is given up."""
    now = tools.clock()
    stored = Source.objects.filter(state=Source.State.STORED)
    lost = Q(looked_at_times=0, heard_at__lte=now - ITS_TURN) | Q(heard_at__lte=now - A_LOOK)
    found = list(stored.filter(lost).order_by("heard_at")[:limit])
    spent = [source for source in found if source.looked_at_times >= MOST_LOOKS]
    return Looked(
        looked=sum(look_at(source.pk, tools, probe) for source in found if source not in spent),
        given_up=sum(_give_up(source) for source in spent),
    )


def take_in(project: Project, path: Path, tools: Tools, probe: Probe = probe) -> Source:
    """A file of this machine, whole and looked at when this returns. Whoever has a shell here has no quota."""
    source = Source.objects.create(project=project, name=named(path.name), bytes=path.stat().st_size)
    uploads.store_file(source, path, tools)
    look_at(source.pk, tools, probe)
    source.refresh_from_db()
    return source


def _begin_look(source: Source, now: datetime) -> bool:
    free = Q(looked_at_times=0) | Q(heard_at__lte=now - A_LOOK)
    stored = Source.objects.filter(free, pk=source.pk, state=Source.State.STORED, looked_at_times__lt=MOST_LOOKS)
    return bool(stored.update(looked_at_times=F("looked_at_times") + 1, heard_at=now))


def _found(source: Source, store: Store, probe: Probe) -> dict[str, Any]:
    with _at_hand(source, store) as path:
        found = probe(path)
    if not found.picture:
        return found.facts
    key = f"{source.folder}/{THUMBNAIL}"
    store.put(key, found.picture)
    return found.facts | {"thumbnail": key}


@contextlib.contextmanager
def _at_hand(source: Source, store: Store) -> Iterator[Path]:
    """Its file on this machine."""
    if store.size(source.key) is None:
        raise Unusable(GONE)
    here = store.in_place(source.key)
    if here is not None:
        yield here.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="longhaul-look-") as folder:
        try:
            store.fetch(source.key, Path(folder, "original"))
        except Missing:
            raise Unusable(GONE) from None
        yield Path(folder, "original")


def _give_up(source: Source) -> bool:
    refusal = f"Looking at this file failed {MOST_LOOKS} times, so it is left alone."
    refusal += " Convert it with another program, then upload it again."
    given_up = source.become(Source.State.REFUSED, refusal=refusal)
    waiting.ring(source)
    return given_up


# Uploads whose page has gone


def complete_left(tools: Tools, limit: int = 10) -> int:
    """All bytes are there, but the page was closed before it could say so: what it was promised is done here."""
    whole = Source.objects.filter(
        state=Source.State.UPLOADING, stored_bytes=F("bytes"), heard_at__lte=tools.clock() - ITS_PAGE
    )
    return sum(_complete_one(source, tools) for source in whole.order_by("heard_at")[:limit])


def _complete_one(source: Source, tools: Tools) -> bool:
    found = uploads.parts_of(source, tools).listed()
    try:
        uploads.complete(source, [Listed(number=part.number, md5=part.md5) for part in found], tools)
    except Refused as refusal:
        logger.warning("source=%s could not be completed: %s", source.pk, refusal)
        return False
    return True


def abandon(tools: Tools) -> Abandoned:
    """Uploads that nobody has touched for a day give their room back; what the dead left half-written goes too."""
    before = tools.clock() - ABANDONED_AFTER
    old = Source.objects.filter(state=Source.State.UPLOADING, heard_at__lte=before)
    return Abandoned(
        uploads=sum(_abandon_one(source, before, tools) for source in old),
        leftovers=_sweep(tools.store),
    )


def _abandon_one(source: Source, before: datetime, tools: Tools) -> bool:
    try:
        return uploads.abort(source, tools, why="Its upload was not finished within 24 hours.", untouched_since=before)
    except Refused as refusal:  # the disk, or somebody else was first; another pass comes
        logger.warning("source=%s could not be abandoned: %s", source.pk, refusal)
        return False


def _sweep(store: Store) -> int:
    if not isinstance(store, FolderStore):
        return 0
    found = parts.under_way(store)
    living = set(Source.objects.filter(pk__in=found, state=Source.State.UPLOADING).values_list("pk", flat=True))
    for upload in found - living:
        parts.Parts(store, upload).discard()
    swept = sum(parts.sweep(parts.Parts(store, upload).folder) for upload in living)
    return len(found - living) + swept + parts.sweep(parts.uploads_of(store))
