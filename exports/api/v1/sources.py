"""Sources, and the uploads that they begin as."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import conditional_page
from ninja import Path, Router, Status
from ninja.decorators import decorate_view

from exports import originals, uploads
from exports.api.entering import Asked
from exports.api.once import once
from exports.api.problems import not_found, not_possible
from exports.api.v1 import shapes, telling
from exports.limits import MOST_PARTS, whole
from exports.models import Project, Source
from exports.refusing import Listed
from exports.tools import tools

router = Router(tags=["Sources"])
coming = Router(tags=["Uploads"])
Number = Annotated[int, Path(..., ge=1, le=MOST_PARTS)]


def own(request: Asked, source_id: UUID) -> Source:
    rows = Source.objects.filter(project__owner=request.auth.pk).select_related("project__owner")
    return get_object_or_404(rows, pk=source_id)


@router.get("/{uuid:source_id}", response=shapes.Source, url_name="source", summary="One source")
@decorate_view(conditional_page)
def one(request: Asked, source_id: UUID) -> dict[str, Any]:
    return telling.source(own(request, source_id))


@router.delete("/{uuid:source_id}", response={204: None}, summary="Take it out of its project")
def discard(request: Asked, source_id: UUID) -> Status[None]:
    source = own(request, source_id)
    if not originals.discard(source, tools()).done:
        raise not_possible(f"An export that has not ended needs {source.name}. Cancel that first, or wait for its end.")
    return Status(204, None)


@coming.post("", response={201: shapes.Upload}, summary="Begin an upload")
@once
def begin(request: Asked, asked: shapes.UploadAsked) -> Status[Any]:
    project = Project.objects.of(request.auth.pk).filter(pk=asked.project).first()
    if project is None:
        raise not_found(f"There is no project {asked.project} among yours.")
    source = uploads.begin(project, name=asked.name, size=asked.bytes)
    size = uploads.part_size(source)
    begun = {"id": source.pk, "name": source.name, "bytes": source.bytes, "part_bytes": size, "parts": []}
    return Status(201, begun)


@coming.get("/{uuid:source_id}", response=shapes.Upload, summary="Which parts are here already")
@decorate_view(conditional_page)
def one_coming(request: Asked, source_id: UUID) -> dict[str, Any]:
    return telling.upload(own(request, source_id), tools())


@coming.get("/{uuid:source_id}/parts/{number}", response=shapes.Address, summary="Where to send a part")
@decorate_view(conditional_page)
def address(request: Asked, source_id: UUID, number: Number) -> dict[str, Any]:
    source = own(request, source_id)
    elsewhere = uploads.address_of(source, number, tools())
    here = reverse("api-v1:upload-part", args=[source.pk, number])
    return {"url": elsewhere or here, "here": elsewhere is None}


@coming.put(
    "/{uuid:source_id}/parts/{number}",
    response={204: None},
    url_name="upload-part",
    summary="Send a part, where its address is this server's",
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}},
)
def part(request: Asked, source_id: UUID, number: Number) -> HttpResponse:
    """Its body goes straight from the socket to the disk, a piece at a time."""
    announced = request.META.get("CONTENT_LENGTH") or ""
    length = whole("Content-Length", announced) if announced else None
    etag = uploads.put_part(own(request, source_id), number, request, length, tools())
    return HttpResponse(status=204, headers={"ETag": etag})


@coming.post("/{uuid:source_id}/complete", response={200: shapes.Source}, summary="All parts are there")
def complete(request: Asked, source_id: UUID, asked: shapes.CompletionAsked) -> Status[Any]:
    """Asked twice, even at once, it is done once; then the source is looked at."""
    listed = [Listed(number=each.number, tag=each.etag.strip('"')) for each in asked.parts]
    uploads.complete(own(request, source_id), listed, tools())
    return Status(200, telling.source(own(request, source_id)))


@coming.delete("/{uuid:source_id}", response={204: None}, summary="Stop an upload")
def abort(request: Asked, source_id: UUID) -> Status[None]:
    source = own(request, source_id)
    if not uploads.abort(source, tools()) and source.state in (Source.State.STORED, Source.State.READY):
        instead = reverse("api-v1:source", args=[source.pk])
        raise not_possible(f"{source.name} is uploaded already. DELETE {instead} takes it out of its project.")
    return Status(204, None)
