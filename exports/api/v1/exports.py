"""Exports: ask for one, and say what is wished of it."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import conditional_page
from ninja import Query, Router, Status
from ninja.decorators import decorate_view

from exports import kinds, minutes
from exports.api.entering import Asked
from exports.api.once import Write, once, once_planned
from exports.api.paging import After, Limit, page
from exports.api.problems import Problem, invalid, not_found, not_possible
from exports.api.v1 import shapes, telling
from exports.models import Export, Project
from exports.views import films, lazy
from progress.models import Job, Wish
from progress.models import Status as State

router = Router(tags=["Exports"])
Verb = Literal["pause", "resume", "cancel", "retry"]


def own(request: Asked, export_id: UUID) -> Export:
    rows = Export.objects.select_related("job__owner", "project").filter(job__owner=request.auth.pk)
    return get_object_or_404(rows, pk=export_id)


@router.get("", response=shapes.Exports, summary="Your exports, the newest first")
@decorate_view(conditional_page)
def listed(
    request: Asked,
    project: Annotated[UUID | None, Query(None, description="Only those of this project.")],
    active: Annotated[bool, Query(False, description="Only those that have not ended.")],
    after: After,
    limit: Limit,
) -> dict[str, Any]:
    rows = Export.objects.select_related("job", "project").prefetch_related("results")
    rows = rows.filter(job__owner=request.auth.pk)
    rows = rows.filter(project=project) if project else rows
    rows = rows.filter(job__settled_at__isnull=True) if active else rows
    found, following = page(rows, after, limit, through="job")
    return {"items": telling.exports(found), "next": following}


@router.post("", response={201: shapes.Export}, summary="Ask for an export of a project as it is now")
@once_planned
def ask(request: Asked, asked: shapes.ExportAsked) -> Write:
    project = Project.objects.of(request.auth.pk).select_related("owner").filter(pk=asked.project).first()
    if project is None:
        raise not_found(f"There is no project {asked.project} among yours.")
    kind = _kind(asked.kind)
    spec = Export.planned(project, kind=kind.key, options=_options(kind, project, asked.options))
    return partial(_begin, project, kind=kind.key, spec=spec, title=asked.title.strip())


def _begin(project: Project, **planned: Any) -> Status[Any]:
    return Status(201, telling.export(Export.begin(project, **planned)))


@router.post("/check", response={204: None}, summary="Whether such an export can be asked for, before anything is sent")
def check(request: Asked, asked: shapes.ExportChecked) -> Status[None]:
    """Refused as asking for it would be, as far as that does not depend on what it is made of. Nothing is begun."""
    kind = _kind(asked.kind)
    kind.check(_options(kind, Project(owner=request.auth), asked.options))
    minutes.check(request.auth, timezone.now())
    return Status(204, None)


def _kind(key: str) -> kinds.Kind:
    known = {kind.key: kind for kind in kinds.registered()}
    if key not in known:
        raise invalid(f"Expected one of {', '.join(known)}, got “{key}”.", at="body.kind")
    return known[key]


def _options(kind: kinds.Kind, project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Those that the kind's form has too; what each may be, the kind says when it plans. Null is as if not said."""
    known = kind.form(None, project=project).option_names
    for name in asked:
        if name not in known:
            raise invalid(f"Expected some of {', '.join(known)}, got “{name[:40]}”.", at=f"body.options.{name[:40]}")
    return {name: value for name, value in asked.items() if value is not None}


@router.get("/{uuid:export_id}", response=shapes.Export, summary="One export")
@decorate_view(conditional_page)
def one(request: Asked, export_id: UUID) -> dict[str, Any]:
    export = own(request, export_id)
    if not export.job.settled and lazy.step(export.pk):
        export = own(request, export_id)
    return telling.export(export)


@router.get(
    "/{uuid:export_id}/download", summary="Its film, or where the bucket has it", response={200: None, 302: None}
)
def download(request: Asked, export_id: UUID) -> HttpResponseBase:
    export = own(request, export_id)
    if export.job.status != State.COMPLETE:
        raise not_found(f"It is {export.job.get_status_display().lower()}, so it has no film to download.")
    return _handed(films.of(request, export, attachment=True))


@router.get("/{uuid:export_id}/results/{int:place}", summary="One of several results", response={200: None, 302: None})
def result(request: Asked, export_id: UUID, place: int) -> HttpResponseBase:
    return _handed(films.one_of(request, own(request, export_id), place))


def _handed(film: HttpResponseBase) -> HttpResponseBase:
    """A store that is away is told as anywhere in the API."""
    if film.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise Problem(status=503, code="away", detail=films.AWAY, headers={"Retry-After": film.headers["Retry-After"]})
    return film


@router.post("/{uuid:export_id}/{verb}", response={200: shapes.Export}, summary="Pause, resume, cancel or retry it")
@once
def act(request: Asked, export_id: UUID, verb: Verb) -> Status[Any]:
    export = own(request, export_id)
    done = verb in export.actions and getattr(export, verb)(actor=f"user {request.auth.pk}")
    export = own(request, export_id)
    if not done:
        why = export.lost if verb == "retry" and export.job.status in (State.FAILED, State.CANCELLED) else ""
        may = f" It may: {', '.join(export.actions)}." if export.actions else ""
        raise not_possible(why or f"It is {_standing(export.job)}, so it cannot {verb}.{may}")
    return Status(200, telling.export(export))


def _standing(job: Job) -> str:
    under_way = not job.settled and job.status != State.PAUSED
    wished = {Wish.PAUSE: "being paused", Wish.CANCEL: "being stopped"}
    return (wished.get(Wish(job.wish)) if under_way else None) or str(job.get_status_display()).lower()
