"""Projects: sources and the film that is made of them."""

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.views.decorators.http import conditional_page
from ninja import Router, Status
from ninja.decorators import decorate_view

from exports import deleting
from exports.api.entering import Asked
from exports.api.once import once
from exports.api.paging import After, Limit, page
from exports.api.problems import invalid, not_possible
from exports.api.v1 import shapes, telling
from exports.models import Clip, Project, Source
from exports.models.project import Part, Unbegun
from exports.tools import tools

router = Router(tags=["Projects"])
US = 1_000_000


def own(request: Asked, project_id: UUID) -> Project:
    return get_object_or_404(Project.objects.of(request.auth.pk).select_related("owner"), pk=project_id)


@router.get("", response=shapes.Projects, summary="Your projects, the newest first")
@decorate_view(conditional_page)
def listed(request: Asked, after: After, limit: Limit) -> dict[str, Any]:
    rows = Project.objects.of(request.auth.pk).prefetch_related(Prefetch("clips", Clip.objects.all()))
    found, following = page(rows, after, limit)
    return {"items": [telling.project(row) for row in found], "next": following}


@router.post("", response={201: shapes.Project}, summary="Begin a project")
@once
def begin(request: Asked, asked: shapes.ProjectAsked) -> Status[Any]:
    try:
        return Status(201, telling.project(Project.begin(request.auth, asked.name.strip())))
    except Unbegun as why:
        raise not_possible(str(why)) from why


@router.get("/{uuid:project_id}", response=shapes.Project, summary="One project")
@decorate_view(conditional_page)
def one(request: Asked, project_id: UUID) -> dict[str, Any]:
    return telling.project(own(request, project_id))


@router.delete("/{uuid:project_id}", response={204: None}, summary="Delete it, with all that is in it")
def delete(request: Asked, project_id: UUID) -> Status[None]:
    """Its sources, its exports with what they made, and links to them. Not while one of its exports is under way."""
    try:
        deleting.delete(own(request, project_id), tools())
    except deleting.Refused as refusal:
        raise not_possible(str(refusal)) from refusal
    return Status(204, None)


@router.put("/{uuid:project_id}/film", response=shapes.Project, summary="Its film: these clips in this order")
def film(request: Asked, project_id: UUID, asked: shapes.FilmAsked) -> dict[str, Any]:
    project = own(request, project_id)
    sources = project.sources.in_bulk({clip.source for clip in asked.clips})
    try:
        project.compose([_part(number, clip, sources) for number, clip in enumerate(asked.clips)])
    except Source.DoesNotExist:
        raise invalid(
            "A source of this film was deleted meanwhile. Send the film without it.", at="body.clips"
        ) from None
    return telling.project(own(request, project_id))


@router.get("/{uuid:project_id}/sources", response=shapes.Sources, summary="Its sources, the newest first")
@decorate_view(conditional_page)
def sources(request: Asked, project_id: UUID, after: After, limit: Limit) -> dict[str, Any]:
    found, following = page(own(request, project_id).sources.all(), after, limit)
    return {"items": [telling.source(row) for row in found], "next": following}


def _part(number: int, clip: shapes.Clip, sources: dict[UUID, Source]) -> Part:
    at, source = f"body.clips.{number}", sources.get(clip.source)
    if source is None:
        raise invalid(f"There is no source {clip.source} in this project.", at=f"{at}.source")
    if not source.is_footage:
        raise invalid(f"{source.name} is no footage, so it cannot be in a film.", at=f"{at}.source")
    start, end = round(clip.start * US), None if clip.end is None else round(clip.end * US)
    if end is not None and end <= start:  # as it is kept: what is closer than a microsecond is the same place
        said = f"Expected a time at least a microsecond after the start ({clip.start:.9g} s), got {clip.end:.9g} s."
        raise invalid(said, at=f"{at}.end")
    if source.length_us is not None and start >= source.length_us:
        said = f"Expected a time before the end of {source.name} ({source.seconds:g} s), got {clip.start:.9g} s."
        raise invalid(said, at=f"{at}.start")
    past = end is not None and source.length_us is not None and end >= source.length_us
    return Part(source=source, in_us=start, out_us=None if past else end)
