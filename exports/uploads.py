"""Uploads: a source comes in parts, in any order and more than once, and becomes one object of the store."""

import contextlib
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.http import UnreadablePostError
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from exports import refusing, waiting
from exports.bucket_parts import BucketParts
from exports.failing import store_in_words
from exports.folder_parts import Body, FolderPart, FolderParts, TooMuch
from exports.limits import (
    MOST_PARTS,
    Refused,
    check_count,
    check_file,
    check_number,
    check_pace,
    check_quota,
    named,
    whole,
)
from exports.models import Project, Source, User
from exports.parts import Part, Parts
from exports.refusing import Listed
from exports.tools import Tools
from modal_functions.bucket import BucketStore
from modal_functions.folder import FolderStore
from modal_functions.store import Stored, StoreError

logger = logging.getLogger("exports")

MIB = 1 << 20
PART = 8 * MIB
LARGEST_PART = 128 * MIB
LONGEST_LOOK = 6 * 3600  # seconds
STOPPED = "Its upload was stopped before it was whole."


# Its parts


def begin(project: Project, *, name: object, size: object, modified: int | None = None) -> Source:
    """Room for it is kept from here on, so that what was let in can also be finished."""
    name, size = named(name), whole("Size", size)
    with transaction.atomic():
        mine = User.objects.select_for_update(no_key=True).filter(pk=project.owner_id)
        owner = mine.first()  # its uploads come in one by one
        if owner is None or not Project.objects.filter(pk=project.pk).exists():
            raise Refused(_("The project of %(name)s was deleted. Choose another, or begin one.") % {"name": name}, 404)
        check_file(name, size)
        check_count(project, name)
        check_quota(owner, name, size)
        check_pace(owner, name)
        facts = {} if modified is None else {"modified": modified}  # until the probe finds the file's own
        return Source.objects.create(project=project, name=name, bytes=size, facts=facts)


def unfinished(project: Project, *, name: object, size: object, modified: int | None = None) -> Source | None:
    """The upload to go on with when the same file is picked again."""
    begun = project.sources.filter(state=Source.State.UPLOADING, name=named(name), bytes=whole("Size", size))
    same = (each for each in begun.order_by("-heard_at") if each.facts.get("modified", modified) in (modified, None))
    return next(same, None) if modified is not None else begun.order_by("-heard_at").first()


def part_size(source: Source) -> int:
    """8 MiB, and more only where that would make too many parts."""
    return max(PART, math.ceil(source.bytes / MOST_PARTS / MIB) * MIB)


def parts_of(source: Source, tools: Tools) -> Parts:
    match tools.store:
        case FolderStore() as store:
            return FolderParts(store, source.pk)
        case BucketStore() as store:
            return BucketParts(store, source)
    raise TypeError(f"expected a folder or a bucket as the store, got {type(tools.store).__name__}")


def listed(source: Source, tools: Tools) -> Sequence[Part]:
    """Its parts that are there."""
    with store_in_words(source.name):
        return parts_of(source, tools).listed()


def address_of(source: Source, number: int, tools: Tools) -> str | None:
    """Where the page sends this part, of just the length that it has; None where this server takes it."""
    check_number(number)
    refusing.check_open(source)
    check_quota(source.project.owner, source.name, source.bytes, besides=source)
    length = min(part_size(source), source.bytes - (number - 1) * part_size(source))
    with store_in_words(source.name):
        return parts_of(source, tools).signed(number, length)


def count(source: Source, tools: Tools, *, heard: bool) -> int:
    """How many bytes of it are in the bucket, as the bucket tells. `heard`: because its page, which lives, said so."""
    parts = parts_of(source, tools)
    with store_in_words(source.name):
        stored = _sum(parts.listed())
        _check_excess(source, parts, stored, tools)
        uploading = Source.objects.filter(pk=source.pk, state=Source.State.UPLOADING)
        if heard:
            uploading.update(heard_at=tools.clock())
        if uploading.filter(stored_bytes__lt=stored).update(stored_bytes=stored):
            waiting.tell(source, tools, last=stored >= source.bytes)
    return stored


def put_part(source: Source, number: int, body: Body, length: int | None, tools: Tools) -> str:
    """Streams one part to the disk and returns its tag. Of two with the same number the later whole one stands."""
    check_number(number)
    refusing.check_open(source)
    check_quota(source.project.owner, source.name, source.bytes, besides=source)
    parts = parts_of(source, tools)
    if not isinstance(parts, FolderParts):
        said = _("The parts of %(name)s go to the address that is signed for each, not to this server.")
        raise Refused(said % {"name": source.name})
    with store_in_words(source.name):
        most = min(LARGEST_PART, source.bytes - _sum(part for part in parts.listed() if part.number != number))
        if length is None:
            raise Refused(_("A part must come with a Content-Length, and this one has none."), 411)
        if not 0 < length <= most:
            raise refusing.wrong_length(source, number, length, most)
        with _streamed(parts, source, number, body, most) as part:
            if part.bytes != length:
                said = _("Part %(number)d broke off after %(came)s of %(all)s bytes. Send it again.")
                raise Refused(said % {"number": number, "came": f"{part.bytes:,}", "all": f"{length:,}"}, 408)
            with parts.alone():  # told within, too: no export can have gone on without these bytes meanwhile
                stored = _keep(source, part, parts, tools)
                waiting.tell(source, tools, last=stored >= source.bytes)
    return part.etag


def complete(source: Source, listed: Sequence[Listed], tools: Tools) -> Source:
    """All parts become one object. Asked twice, even at once, it is done once."""
    parts = parts_of(source, tools)
    with store_in_words(source.name), parts.alone():
        won = _refreshed(source).state == Source.State.UPLOADING
        if won:
            stored = parts.whole() or _joined(parts, source, listed, tools)
            _check_excess(source, parts, stored.bytes, tools)
            won = _become_stored(source, stored.sha256, tools)
            if not won and not _is_kept(source):
                tools.store.delete(source.key)
        parts.discard()
    if won:
        after_storing(source, tools)
    if source.state == Source.State.REFUSED:
        raise refusing.unusable(source, source.refusal)
    return source


def _joined(parts: Parts, source: Source, listed: Sequence[Listed], tools: Tools) -> Stored:
    found = parts.listed()
    _check_excess(source, parts, _sum(found), tools)
    refusing.check_complete(source, found, listed)
    return parts.join(found, source.key)


def _is_kept(source: Source) -> bool:
    """False where its row was deleted or refused while its parts were joined: nobody would ever use the object."""
    return Source.objects.filter(pk=source.pk).exclude(state=Source.State.REFUSED).exists()


def abort(source: Source, tools: Tools, *, why: str = STOPPED, untouched_since: datetime | None = None) -> bool:
    """Gives the room back. Where a film or an export counts on it, the row stays and says why nothing will come."""
    parts = parts_of(source, tools)
    with store_in_words(source.name), parts.alone():
        _refreshed(source)
        touched = untouched_since is not None and source.heard_at > untouched_since
        if source.state != Source.State.UPLOADING or touched:
            return False
        waiters = waiting.waiting_for(source)
        ended = _end(source, parts, why, keep=bool(waiters) or source.clips.exists())
    for export in waiters:
        export.ring()
    return ended


def _end(source: Source, parts: Parts, why: str, *, keep: bool) -> bool:
    """False where it was completed in the same moment."""
    if keep:
        refusal = f"{why} Upload it again, or take it out of the film."
        ended = source.become(Source.State.REFUSED, refusal=refusal, bytes=0, stored_bytes=0)
    else:
        ended = bool(Source.objects.filter(pk=source.pk, state=Source.State.UPLOADING).delete()[0])
    if ended:
        parts.discard()
    return ended


def throw_away(source: Source, tools: Tools) -> None:
    """What was sent of one whose row is gone. A bucket that does not answer sweeps it by its own rule, a folder by
    ours."""
    with contextlib.suppress(StoreError):
        parts_of(source, tools).discard()


# In one piece


def receive(project: Project, file: TemporaryUploadedFile, tools: Tools) -> Source:
    """From a plain form, which has it on the disk already."""
    source = begin(project, name=file.name, size=file.size)
    try:
        with store_in_words(source.name):
            store_file(source, Path(file.temporary_file_path()), tools)
    except Refused:
        abort(source, tools)
        raise
    after_storing(source, tools)
    return source


def store_file(source: Source, path: Path, tools: Tools) -> bool:
    """A file that is on this machine becomes the object of its source."""
    stored = tools.store.put_file(source.key, path)
    return _become_stored(source, stored.sha256, tools)


def after_storing(source: Source, tools: Tools) -> None:
    """Whoever is killed before this leaves a stored source, which the pass over them finds."""
    waiting.tell_whole(source, tools)
    ring_for_look(source)


def ring_for_look(source: Source) -> None:
    """With the time that it takes to read a whole file out of a bucket; its looker says meanwhile that it lives."""
    async_task("exports.tasks.look_at_source", str(source.pk), save=False, timeout=LONGEST_LOOK)


def _become_stored(source: Source, sha256: str, tools: Tools) -> bool:
    return source.become(
        Source.State.STORED, sha256=sha256, stored_bytes=source.bytes, facts={}, heard_at=tools.clock()
    )


def _refreshed(source: Source) -> Source:
    try:
        source.refresh_from_db(fields=("state", "refusal", "bytes", "upload", "sha256", "heard_at"))
    except Source.DoesNotExist:
        raise Refused(_("This upload is no more. Pick the file again."), 404) from None
    return source


def _keep(source: Source, part: FolderPart, parts: FolderParts, tools: Tools) -> int:
    """Counted anew from the disk each time, one part at a time: parts that come at once lose no bytes."""
    refusing.check_open(_refreshed(source))
    room = source.bytes - _sum(each for each in parts.listed() if each.number != part.number)
    if part.bytes > room:
        raise refusing.wrong_length(source, part.number, part.bytes, room)
    parts.keep(part)
    stored = _sum(parts.listed())
    Source.objects.filter(pk=source.pk, state=Source.State.UPLOADING).update(
        stored_bytes=stored, heard_at=tools.clock()
    )
    return stored


def _sum(parts: Iterable[Part]) -> int:
    return sum(part.bytes for part in parts)


# What is refused


def _check_excess(source: Source, parts: Parts, stored: int, tools: Tools) -> None:
    """What is larger than was announced is not kept: only so much room was let in."""
    if stored <= source.bytes:
        return
    said = f"{stored:,} bytes of it came instead of the {source.bytes:,} that were announced."
    _end(source, parts, said, keep=True)
    waiting.ring(source)
    tools.store.delete(source.key)
    todo = _("Upload it again.")
    raise refusing.unusable(source, f"{said} {todo}", 413)


@contextlib.contextmanager
def _streamed(parts: FolderParts, source: Source, number: int, body: Body, most: int) -> Iterator[FolderPart]:
    try:
        with parts.received(number, body, most) as part:
            yield part
    except TooMuch:
        raise refusing.wrong_length(source, number, most + 1, most) from None
    except UnreadablePostError:
        said = _("Part %(number)d of %(name)s broke off on its way. Send it again.")
        raise Refused(said % {"number": number, "name": source.name}, 408) from None
