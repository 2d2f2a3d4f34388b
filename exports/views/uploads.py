"""Uploading, in the shape of Uppy's S3 multipart companion: create, sign a part, list parts, complete, abort.

In a folder store the "signed" address of a part is our own; in a bucket it is the bucket's, and the page says here
that a part has arrived there. Nothing is believed: the bucket is asked.
"""

import functools
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exports import uploads
from exports.failing import store_in_words
from exports.limits import Refused, check_quota, named, whole
from exports.models import Project, Source
from exports.receiving import ToTheDisk
from exports.refusing import Listed
from exports.tools import tools

MOST_OF_A_FORM = 1 << 20  # bytes of it that are not files
LATEST = 2**53 - 1
ETAG = re.compile(r'"?([A-Za-z0-9+/=_-]{1,200})"?', re.ASCII)

View = Callable[..., HttpResponseBase]


def answers_in_json(view: View) -> View:
    @never_cache
    @functools.wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _error(
                _("You are signed out. Reload the page to sign in, then pick the file again: what was sent is kept."),
                403,
            )
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return _error(_gone(request, kwargs["project_id"]), 404)
        except Refused as refusal:
            return _error(refusal.sentence, refusal.status, headers=refusal.headers, final=refusal.final)

    return answered


def _gone(request: HttpRequest, project_id: uuid.UUID) -> str:
    if Project.objects.of(request.user.pk).filter(pk=project_id).exists():
        return _("There is no such upload among yours. Pick the file again.")
    return _(
        "There is no such project among yours: it may have been deleted. Open another one, and pick the file there."
    )


@require_POST
@answers_in_json
def create(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    asked = _json(request)
    metadata = asked.get("metadata")
    more = metadata if isinstance(metadata, dict) else {}
    source = uploads.begin(
        _project(request, project_id),
        name=asked.get("filename") or more.get("name") or "",
        size=more.get("size") if asked.get("size") is None else asked["size"],
        modified=_modified(more.get("lastModified")),
    )
    return JsonResponse(_begun(source))


@require_safe
@answers_in_json
def unfinished(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """The upload to go on with when a file is picked again; 204 where there is none."""
    source = uploads.unfinished(
        _project(request, project_id),
        name=request.GET.get("name", ""),
        size=request.GET.get("size", ""),
        modified=_modified(request.GET.get("modified")),
    )
    return JsonResponse(_begun(source)) if source else HttpResponse(status=204)


@require_http_methods(["GET", "HEAD", "DELETE"])
@answers_in_json
def upload(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID) -> HttpResponse:
    source = _keyed(request, project_id, source_id)
    if request.method == "DELETE":
        uploads.abort(source, tools())
        return JsonResponse({})
    parts = uploads.listed(source, tools())
    told = [{"PartNumber": part.number, "Size": part.bytes, "ETag": part.etag} for part in parts]
    return JsonResponse(told, safe=False)


@require_safe
@answers_in_json
def sign(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID, number: int) -> HttpResponse:
    source = _keyed(request, project_id, source_id)
    address = uploads.address_of(source, number, tools())
    if address is not None:
        arrived = reverse("upload-arrived", args=[project_id, source.pk])
        return JsonResponse({"url": address, "headers": {}, "arrived": f"{arrived}?key={source.key}"})
    return JsonResponse(
        {
            "url": reverse("upload-part", args=[project_id, source.pk, number]),
            "headers": {"X-CSRFToken": get_token(request), "Content-Type": "application/octet-stream"},
        }
    )


@require_POST
@answers_in_json
def arrived(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID) -> HttpResponse:
    return JsonResponse({"stored": uploads.count(_keyed(request, project_id, source_id), tools(), heard=True)})


@require_http_methods(["PUT"])
@answers_in_json
def part(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID, number: int) -> HttpResponse:
    """Its body goes straight from the socket to the disk, a piece at a time."""
    length = request.META.get("CONTENT_LENGTH") or ""
    announced = whole("Content-Length", length) if length else None
    etag = uploads.put_part(_source(request, project_id, source_id), number, request, announced, tools())
    return HttpResponse(headers={"ETag": etag})


@require_POST
@answers_in_json
def complete(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID) -> HttpResponse:
    source = _keyed(request, project_id, source_id)
    uploads.complete(source, _listed(_json(request).get("parts")), tools())
    return JsonResponse({"location": reverse("project", args=[project_id])})


@csrf_exempt  # until the form may be read: it is checked in _take_in
@require_POST
@login_required
def form(request: HttpRequest, project_id: uuid.UUID) -> HttpResponseBase:
    """The same for a browser without scripts: a plain form, its files streamed to the disk, then the page again."""
    project = _project(request, project_id)
    try:
        length = max(0, whole("Content-Length", request.META.get("CONTENT_LENGTH") or "") - MOST_OF_A_FORM)
        check_quota(project.owner, "What you have picked", length)
        request.upload_handlers = [ToTheDisk(request, tools().store)]
        with store_in_words("the file"):
            request.POST  # noqa: B018 - reads the form: its files are on the disk from here on
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect("project", project_id)
    return _take_in(request, project)


@csrf_protect
def _take_in(request: HttpRequest, project: Project) -> HttpResponse:
    files = [file for file in request.FILES.getlist("files") if isinstance(file, TemporaryUploadedFile)]
    if not files:
        messages.warning(request, _("Pick at least one file, then upload."))
    for file in files:
        try:
            uploads.receive(project, file, tools())
            said = _("%(name)s is uploaded. It is being looked at.")
            messages.success(request, said % {"name": named(file.name)})
        except Refused as refusal:
            messages.error(request, refusal.sentence)
    return redirect("project", project.pk)


def _project(request: HttpRequest, project_id: uuid.UUID) -> Project:
    return get_object_or_404(Project.objects.of(request.user.pk).select_related("owner"), pk=project_id)


def _source(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID) -> Source:
    own = Source.objects.filter(project__owner=request.user.pk, project=project_id)
    return get_object_or_404(own.select_related("project__owner"), pk=source_id)


def _keyed(request: HttpRequest, project_id: uuid.UUID, source_id: uuid.UUID) -> Source:
    """Uppy names an upload twice, by its id and by its key."""
    source = _source(request, project_id, source_id)
    if request.GET.get("key") != source.key:
        raise Http404
    return source


def _begun(source: Source) -> dict[str, Any]:
    return {"uploadId": str(source.pk), "key": source.key, "partSize": uploads.part_size(source)}


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise Refused(_("Expected an object in JSON."), 400)
    return asked


def _listed(parts: object) -> list[Listed]:
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise Refused(_("parts: expected a list of objects with PartNumber and ETag."), 400)
    return [Listed(number=whole("PartNumber", each.get("PartNumber")), tag=_tag(each.get("ETag"))) for each in parts]


def _tag(etag: object) -> str:
    found = ETAG.fullmatch(str(etag))
    if found is None:
        raise Refused(f"ETag: expected the one that storing the part has answered, got {str(etag)[:40]!r}.", 400)
    return found[1]


def _modified(value: object) -> int | None:
    """When the file was changed last, in milliseconds, as browsers tell it; anything else says nothing."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,16}", text, re.ASCII) and int(text) <= LATEST else None


def _error(
    sentence: str, status: int, *, headers: Mapping[str, str] | None = None, final: bool = False
) -> JsonResponse:
    said = {"error": sentence} | ({"final": True} if final else {})
    return JsonResponse(said, status=status, headers=dict(headers or {}))
