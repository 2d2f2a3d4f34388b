"""Uploads of a private sort, such as scans of people: how long they are kept, and what goes with one that goes.

Its own file, and whatever was worked out of it; what was made of it for its owner has a time of its own."""

import logging
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from exports import kinds, leftovers, uploads
from exports.kinds.sorts import BEGINNING
from exports.models import Export, Project, Source, User
from exports.retention import GUEST_HOURS, kept_for
from exports.tools import Tools
from modal_functions.store import Missing, StoreError
from modal_functions.wire import parts_of_source

logger = logging.getLogger("exports")


@dataclass(frozen=True, kw_only=True)
class Gone:
    due: int = 0
    gone: int = 0
    bytes: int = 0
    failed: int = 0  # whose bytes could not be removed: tidy_store does


@dataclass(frozen=True, kw_only=True)
class Discarded:
    done: bool  # False while an export that has not ended needs it
    cleared: bool = True  # False where bytes are left, since the store did not answer: tidy_store removes them


def is_private(source: Source) -> bool:
    return source.sort in _private_sorts()


def discard(source: Source, tools: Tools) -> Discarded:
    """Out of its project, and its bytes out of the store; also what was sent of it so far."""
    gone = copy(source)  # a row that is deleted forgets its id
    if not source.project.discard(source):
        return Discarded(done=False)
    return Discarded(done=True, cleared=_cleared(gone, tools))


def refuse(source: Source, sentence: str, tools: Tools) -> bool:
    """A private one that cannot be used is kept no longer: it is as it came, names and all. False when somebody else
    was first."""
    sort = _sort_in(source, tools)
    told = {"facts": {"sort": sort.key}} if sort.private else {}
    refused = source.become(Source.State.REFUSED, refusal=sentence[:500], **told)
    if refused and sort.private:
        _forget(source, tools)
    return refused


def _sort_in(source: Source, tools: Tools) -> kinds.Sort:
    """By its content, where that can be read."""
    try:
        with tools.store.open(source.key) as file:
            return kinds.sort_of(file.read(BEGINNING))
    except (StoreError, Missing):
        return kinds.sort_named(source.name)


def _forget(source: Source, tools: Tools) -> None:
    try:
        tools.store.delete(source.key)
    except StoreError as error:
        logger.warning("source=%s is refused, but its file could not be removed: %s", source.pk, error)
        return
    Source.objects.filter(pk=source.pk).update(bytes=0, stored_bytes=0)


def untils(project: Project, sources: Iterable[Source]) -> dict[UUID, datetime]:
    """When each of the private ones goes: its time begins anew with the end of every export of it. Those that an export
    under way needs are not in it, nor is any where they are kept for good."""
    kept = kept_for(project.owner)
    private = [each for each in sources if is_private(each) and each.state != Source.State.UPLOADING] if kept else []
    if not private or kept is None:
        return {}
    uses = _uses(project)
    ended = {source.pk: [source.created_at, *uses.get(str(source.pk), ())] for source in private}
    return {pk: max(at for at in times if at) + kept for pk, times in ended.items() if None not in times}


def _uses(project: Project) -> dict[str, list[datetime | None]]:
    """When each export ended that was made of a source of a private sort; None for one that has not."""
    private = [kind.key for kind in kinds.registered() if kind.takes.private]
    found: dict[str, list[datetime | None]] = {}
    rows = Export.objects.filter(project=project, kind__in=private).values_list("kind", "spec", "job__settled_at")
    for kind, spec, ended in rows:
        for source in kinds.get(kind).made_of(spec):
            found.setdefault(source, []).append(ended)
    return found


def expire(tools: Tools, *, apply: bool = True, limit: int | None = None) -> Gone:
    """Once. Whoever is killed in the middle has let fewer go; bytes that are left then are taken by tidy_store."""
    due = gone = size = failed = 0
    for source in islice(_due(tools.clock()), limit):
        due, size = due + 1, size + source.bytes
        if apply:
            done = _let_go(source, tools)
            gone, failed = gone + done.done, failed + (done.done and not done.cleared)
    return Gone(due=due, gone=gone, bytes=size, failed=failed)


def _due(now: datetime) -> Iterator[Source]:
    """A project at a time: when its sources go is known of all of them together."""
    old = Q(project__owner__guest=True, created_at__lte=now - timedelta(hours=GUEST_HOURS))
    if settings.KEEP_DAYS:
        old |= Q(project__owner__guest=False, created_at__lte=now - timedelta(days=settings.KEEP_DAYS))
    private = Q(facts__sort__in=sorted(_private_sorts())) | Q(state=Source.State.STORED)
    found = Source.objects.filter(old, private).select_related("project__owner").order_by("project_id", "created_at")
    for _, group in groupby(found, key=lambda source: source.project_id):
        sources = list(group)
        until = untils(sources[0].project, sources)
        yield from (source for source in sources if source.pk in until and until[source.pk] <= now)


def _let_go(source: Source, tools: Tools) -> Discarded:
    """Unless it is kept longer meanwhile, by a guest who has signed up or by another export of it."""
    with transaction.atomic():
        User.objects.select_for_update(of=("self",)).filter(projects=source.project_id).first()
        now = Source.objects.select_related("project__owner").filter(pk=source.pk).first()
        until = untils(now.project, [now]).get(now.pk) if now else None
        if now is None or until is None or until > tools.clock() or not now.project.discard(now):
            return Discarded(done=False)
    logger.info("source=%s is no longer kept", source.pk)
    return Discarded(done=True, cleared=_cleared(source, tools))


def _cleared(source: Source, tools: Tools) -> bool:
    try:
        if source.state == Source.State.UPLOADING:
            uploads.parts_of(source, tools).discard()
        for folder in (source.folder, parts_of_source(str(source.project_id), str(source.pk))):
            leftovers.clear(folder, tools)
    except StoreError as error:
        logger.warning("source=%s is gone, but what is left of it could not be removed: %s", source.pk, error)
        return False
    return True


def _private_sorts() -> set[str]:
    return {sort.key for sort in kinds.sorts() if sort.private}
