"""A person's projects, and the page of one: what was uploaded, the film made of it, and how to export that."""

import uuid
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from exports import deleting, listed, notices, showing
from exports.forms import ProjectForm
from exports.models import Project, Source
from exports.models.project import Unbegun
from exports.tools import tools
from exports.views import pictures
from progress.isolating import isolated
from progress.models import Job, Status
from progress.rows import rows

if TYPE_CHECKING:
    from exports.models import User

PAGE = 50


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def projects(request: HttpRequest) -> HttpResponse:
    form = ProjectForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = Project.begin(cast("User", request.user), form.cleaned_data["name"])
        except Unbegun as why:
            form.add_error("name", str(why))
        else:
            return redirect("project", project_id=made.pk)
    notices.tell(request)
    counted = Project.objects.of(request.user.pk).annotate(clip_count=Count("clips")).order_by("-created_at", "pk")
    page = Paginator(counted, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "posting": settings.POSTING}
    return render(request, "projects/projects.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
@require_GET
def project_page(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project = own(request, project_id)
    notices.tell(request)
    return page_of(request, project, showing.film(project, typed=request.GET))


@login_required
@never_cache
@require_GET
def library(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    """What the page asks for while something is uploaded or looked at; 204 where nothing has changed."""
    project = own(request, project_id)
    shown = showing.library(project)
    if request.GET.get("v") == shown.mark:
        return HttpResponse(status=204)
    context = {"library": shown, "waiting": showing.waiting_in(project), "oob": True}
    answer = render(request, "projects/library_polled.html", context)
    return trigger_client_event(answer, "library:changed")  # what the film says of its clips is asked anew


@login_required
@require_GET
def thumbnail(request: HttpRequest, source_id: uuid.UUID) -> HttpResponse:
    source = Source.objects.select_related("project").filter(pk=source_id).first()
    return pictures.shown(source.facts.get("thumbnail") if source and _may_see(request, source) else None)


@login_required
@never_cache
@require_POST
def delete(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project = own(request, project_id)
    try:
        deleting.delete(project, tools())
    except deleting.Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("project", project_id=project.pk)
    rows().forget_tray(request.user.pk)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": isolated(project.name)})
    return redirect("projects")


def own(request: HttpRequest, project_id: uuid.UUID) -> Project:
    project = Project.objects.of(request.user.pk).select_related("owner").filter(pk=project_id).first()
    if project is None:
        raise Http404
    return project


def page_of(request: HttpRequest, project: Project, film: showing.Film, *, status: int = 200) -> HttpResponse:
    found = listed.of(project.owner_id, {"project": str(project.pk)})
    uploading = any(job.status == Status.UPLOADING for job in found.history.jobs)
    context = {
        "project": project,
        "library": showing.library(project),
        "film": film,
        "waiting": showing.waiting_in(project) if uploading else None,
        "posting": settings.POSTING,
        "listed": found,
    }
    return render(request, "projects/project.html", context, status=status)


def home(request: HttpRequest) -> str:
    """Where somebody lands who comes in: at their exports, or, without any, where the first one is made."""
    has_any = Job.objects.of(request.user.pk).exists()
    return "dashboard" if has_any else "projects"


def _may_see(request: HttpRequest, source: Source) -> bool:
    return source.project.owner_id == request.user.pk or request.user.has_perm("exports.view_source")
