"""The finished film's bytes: to watch in the page, and to download. Any part of it may be asked for."""

import logging
import re
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from exports import notices
from exports.asides import aside
from exports.models import Export, Result
from exports.tools import tools
from exports.views.elsewhere import redirect_to
from exports.views.handed import handed
from modal_functions.store import Missing, StoreError
from progress import access
from progress.models import Status
from progress.rows import rows
from progress.tracker import ProgressTracker

logger = logging.getLogger("exports")

TO_DOWNLOAD = 3600  # seconds in which a download can begin, or be gone on with
TO_WATCH = 6 * 3600  # and in which a player can ask for another part
AWAY = "The store does not answer right now. The film is not affected: try again in a minute."
AGAIN_AFTER = 30  # seconds
PIECE = 256 * 1024
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
TYPES = {
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".json": "application/json",
}
NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')


@dataclass(frozen=True, kw_only=True)
class File:
    """An object of the store, and what it is called where it is saved."""

    key: str
    sha256: str
    name: str


@require_safe
def watch(request: HttpRequest, job_id: uuid.UUID) -> HttpResponseBase:
    return _film(request, job_id, attachment=False)


@require_safe
def download(request: HttpRequest, job_id: uuid.UUID) -> HttpResponseBase:
    return _film(request, job_id, attachment=True)


@require_safe
def result(request: HttpRequest, job_id: uuid.UUID, place: int) -> HttpResponseBase:
    if access.is_anonymous(request) and not access.is_shown(request, job_id):
        return redirect_to_login(request.get_full_path())
    return one_of(request, _visible(request, job_id), place)


def _film(request: HttpRequest, job_id: uuid.UUID, *, attachment: bool) -> HttpResponseBase:
    if access.is_anonymous(request) and not access.is_shown(request, job_id):
        return redirect_to_login(request.get_full_path())
    export = _visible(request, job_id)
    answer = of(request, export, attachment=attachment)
    if attachment and request.method == "GET" and answer.status_code < 400 and access.is_owner(request, export.job):
        _seen(request, export)
    return answer


def _seen(request: HttpRequest, export: Export) -> None:
    """Who waited for it on its page has opened no other since: they need not be told that it is ready."""
    notices.tell(request, on=export.pk)
    with aside("What was seen"):
        ProgressTracker().seen(export.pk)
        rows().forget_tray(request.user.pk)


def _visible(request: HttpRequest, job_id: uuid.UUID) -> Export:
    export = Export.objects.select_related("job__owner").filter(pk=job_id).first()
    if export is None or not access.may_see(request, export.job):
        raise Http404
    return export


def of(request: HttpRequest, export: Export, *, attachment: bool) -> HttpResponseBase:
    """The film of an export that may be seen by whoever asks."""
    if export.job.status != Status.COMPLETE or not export.result_key:
        raise Http404
    name = file_name(export.job.title, PurePosixPath(export.result_key).suffix)
    return _file(request, File(key=export.result_key, sha256=export.result_sha256, name=name), attachment=attachment)


def one_of(request: HttpRequest, export: Export, place: int) -> HttpResponseBase:
    """One of several results: there to be had as soon as it is ready, whatever becomes of the others."""
    found = Result.objects.filter(export=export, place=place).first()
    if found is None or export.job.status == Status.EXPIRED:
        raise Http404
    return _file(request, File(key=found.key, sha256=found.sha256, name=_plain(found.name)), attachment=True)


def _file(request: HttpRequest, file: File, *, attachment: bool) -> HttpResponseBase:
    try:
        return _sent(request, file, attachment=attachment)
    except Missing:
        raise Http404 from None
    except StoreError:
        logger.exception("%s could not be opened", file.key)
        more = {"content_type": "text/plain; charset=utf-8", "headers": {"Retry-After": str(AGAIN_AFTER)}}
        return HttpResponse(f"{AWAY}\n", status=503, **more)


def _sent(request: HttpRequest, file: File, *, attachment: bool) -> HttpResponseBase:
    """From where it is: a bucket sends it itself."""
    store, key = tools().store, file.key
    content_type = TYPES.get(PurePosixPath(key).suffix, "application/octet-stream")
    disposition = content_disposition_header(attachment, file.name) or "inline"
    seconds = TO_DOWNLOAD if attachment else TO_WATCH
    link = store.link(key, seconds=seconds, disposition=disposition, content_type=content_type)
    if link is not None:
        if store.size(key) is None:
            raise Missing(key)
        return redirect_to(link)
    answer = _ranged(request, store.open(key), etag=f'"{file.sha256}"')
    answer["Content-Type"] = content_type
    answer["Content-Disposition"] = disposition
    answer["Cache-Control"] = "private, max-age=0, must-revalidate"
    return handed(answer)


def file_name(title: str, kind: str) -> str:
    """The title as a file name that every system takes."""
    return f"{_plain(title) or 'film'}{kind}"


def _plain(text: str) -> str:
    printable = "".join(" " if unicodedata.category(each).startswith("C") else each for each in text)
    return " ".join(NOT_IN_NAMES.sub(" ", printable).split()).strip(". ")[:120].strip(". ")


def _ranged(request: HttpRequest, film: BinaryIO, *, etag: str) -> HttpResponseBase:
    """The whole, or the one part that is asked for; or that the browser has it. Several parts at once may be answered
    with the whole, and are."""
    known = get_conditional_response(request, etag=etag)
    if known is not None:
        film.close()
        known["ETag"] = etag
        return known
    size = film.seek(0, 2)
    part = _part(request.headers.get("Range", "")) if request.headers.get("If-Range", etag) == etag else None
    first, last = part.within(size) if part else (0, size - 1)
    if part and first > last:
        film.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
    count = last - first + 1
    pieces = Pieces(film, first, 0 if request.method == "HEAD" else count)
    answer = StreamingHttpResponse(pieces, status=206 if part else 200)
    answer["Content-Length"] = str(count)
    answer["Accept-Ranges"] = "bytes"
    answer["ETag"] = etag
    if part:
        answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    return answer


@dataclass(frozen=True, kw_only=True)
class Part:
    """bytes=first-last, bytes=first-, or bytes=-last for the last so many."""

    first: int | None
    last: int | None

    def within(self, size: int) -> tuple[int, int]:
        """The first behind the last where there is nothing to send."""
        if self.first is None:
            return max(0, size - (self.last or 0)), size - 1
        return self.first, size - 1 if self.last is None else min(self.last, size - 1)


def _part(header: str) -> Part | None:
    """None for what is no range, which is then as if nobody had asked for one."""
    asked = RANGE.fullmatch(header.replace(" ", ""))
    first, last = (int(digits) if digits else None for digits in asked.groups()) if asked else (None, None)
    if first is None and last is None:
        return None
    return None if first is not None and last is not None and last < first else Part(first=first, last=last)


class Pieces:
    """So many bytes of an open file, from `first` on. Closed with the answer, also where nobody read to the end."""

    def __init__(self, film: BinaryIO, first: int, count: int) -> None:
        self.film, self.first, self.count = film, first, count

    def __iter__(self) -> Iterator[bytes]:
        self.film.seek(self.first)
        left = self.count
        while left > 0 and (piece := self.film.read(min(PIECE, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self.film.close()
