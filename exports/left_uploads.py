"""Uploads whose page has gone: completed where all of it is there, given up after a day without a part."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from exports import folder_parts, uploads
from exports.limits import Refused
from exports.models import Source
from exports.receiving import incoming
from exports.refusing import Listed
from exports.tools import Tools
from modal_functions.bucket import BucketStore
from modal_functions.folder import FolderStore
from modal_functions.store import StoreError

logger = logging.getLogger("exports")

ITS_PAGE = timedelta(minutes=1)  # in which the page itself says that an upload is complete
ITS_LAST_WORD = timedelta(minutes=10)  # in which the bucket is asked what a page has sent that tells no more
ABANDONED_AFTER = timedelta(hours=24)
PLACES = ("projects", "attempts")


@dataclass(frozen=True, kw_only=True)
class Abandoned:
    uploads: int = 0
    leftovers: int = 0


def complete(tools: Tools, limit: int = 10) -> int:
    """All bytes are there, but the page was closed before it could say so: what it was promised is done here."""
    _ask_the_bucket(tools)
    whole = Source.objects.filter(
        state=Source.State.UPLOADING, stored_bytes=F("bytes"), heard_at__lte=tools.clock() - ITS_PAGE
    )
    return sum(_complete_one(source, tools) for source in whole.order_by("heard_at")[:limit])


def _ask_the_bucket(tools: Tools) -> None:
    """Its last parts may have arrived there after the page was closed: nobody else says so."""
    if isinstance(tools.store, FolderStore):
        return
    now = tools.clock()
    quiet = Source.objects.filter(state=Source.State.UPLOADING, stored_bytes__lt=F("bytes")).exclude(upload="")
    lately = Q(heard_at__lte=now - ITS_PAGE, heard_at__gt=now - ITS_LAST_WORD)
    for source in quiet.filter(lately | Q(heard_at__lte=now - ABANDONED_AFTER)):
        try:
            uploads.count(source, tools, heard=False)
        except Refused as refusal:
            logger.warning("source=%s could not be counted: %s", source.pk, _nameless(refusal, source))


def _complete_one(source: Source, tools: Tools) -> bool:
    try:
        found = uploads.listed(source, tools)
        uploads.complete(source, [Listed(number=part.number, tag=part.tag) for part in found], tools)
    except Refused as refusal:
        logger.warning("source=%s could not be completed: %s", source.pk, _nameless(refusal, source))
        return False
    return True


def _nameless(refusal: Refused, source: Source) -> str:
    """For the log: what people call their files, scans of a patient too, is nobody's business there."""
    return refusal.sentence.replace(source.name, "its file")


def abandon(tools: Tools) -> Abandoned:
    """Uploads that nobody has touched for a day give their room back; what the dead left half-written goes too."""
    before = tools.clock() - ABANDONED_AFTER
    old = Source.objects.filter(state=Source.State.UPLOADING, heard_at__lte=before)
    return Abandoned(
        uploads=sum(_abandon_one(source, before, tools) for source in old),
        leftovers=_sweep(tools),
    )


def _abandon_one(source: Source, before: datetime, tools: Tools) -> bool:
    try:
        return uploads.abort(source, tools, why="Its upload was not finished within 24 hours.", untouched_since=before)
    except Refused as refusal:  # the disk, or somebody else was first; another pass comes
        logger.warning("source=%s could not be abandoned: %s", source.pk, _nameless(refusal, source))
        return False


def _sweep(tools: Tools) -> int:
    left = folder_parts.sweep(incoming())
    match tools.store:
        case FolderStore() as store:
            return left + _sweep_folder(store)
        case BucketStore() as store:
            return left + _sweep_bucket(store, tools.clock() - ABANDONED_AFTER)
    return left


def _sweep_folder(store: FolderStore) -> int:
    found = folder_parts.under_way(store)
    living = set(Source.objects.filter(pk__in=found, state=Source.State.UPLOADING).values_list("pk", flat=True))
    for upload in found - living:
        folder_parts.FolderParts(store, upload).discard()
    swept = sum(folder_parts.sweep(folder_parts.FolderParts(store, upload).folder) for upload in living)
    return len(found - living) + swept + folder_parts.sweep(folder_parts.uploads_of(store))


def _sweep_bucket(store: BucketStore, before: datetime) -> int:
    """What was begun and belongs to nobody any more: no listing shows it, and every byte of it costs."""
    try:
        old = [begun for place in PLACES for begun in store.begun(place) if begun.at <= before]
        living = set(Source.objects.filter(upload__in=[begun.upload for begun in old]).values_list("upload", flat=True))
        left = [begun for begun in old if begun.upload not in living]
        for begun in left:
            store.multipart(begun.key).abort(begun.upload)
    except StoreError as error:
        logger.warning("What is left of uploads could not be swept: %s", error)
        return 0
    return len(left)
