"""Asking for an export of any kind: choose the kind, fill in its form, press Export."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from exports import kinds, minutes
from exports.kinds.asking import KindForm
from exports.models import Export, Intake, Project
from exports.receiving import Small
from exports.views.projects import own


@login_required
@never_cache
@require_GET
def choose(request: HttpRequest, project_id: uuid.UUID) -> HttpResponse:
    project = own(request, project_id)
    known = [kind for kind in kinds.registered() if kind.offered]
    offered = [{"kind": kind, "address": kind.address(project), "lacks": kind.lacks()} for kind in known]
    context = {"project": project, "offered": offered, "says_why": project.owner.is_staff}
    return render(request, "kinds/choose.html", context)


@csrf_exempt  # until the form may be read, since a file may come with it: it is checked in _answer
@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, project_id: uuid.UUID, key: str) -> HttpResponseBase:
    project = own(request, project_id)
    kind = next((kind for kind in kinds.registered() if kind.key == key), None)
    if kind is None or not kind.offered:
        raise Http404
    if request.method == "POST" and kind.form.largest_file:
        request.upload_handlers = [Small(request, most=kind.form.largest_file)]
    return _answer(request, project, kind)


@csrf_protect
def _answer(request: HttpRequest, project: Project, kind: kinds.Kind) -> HttpResponse:
    if request.method == "GET":
        form = _form(kind, project)
        form.begin_with(request.GET)
        return _shown(request, project, kind, form)
    form = _form(kind, project, request.POST, request.FILES)
    pressed = request.POST.get("do", "")
    if pressed != "export":
        return _shown(request, project, kind, form.changed_by(pressed))
    if not form.is_valid():
        return _shown(request, project, kind, form, problem=str(UNFINISHED))
    try:
        export = _requested(request, project, kind, form)
    except kinds.Unplannable as refusal:
        return _shown(request, project, kind, form, problem=str(refusal))
    address = reverse("export", args=[export.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)  # type: ignore[attr-defined]


UNFINISHED = gettext_lazy("Nothing was exported yet: something in the form needs another value first.")


def _form(kind: kinds.Kind, project: Project, *typed: Any) -> KindForm:
    last = project.exports.filter(kind=kind.key).order_by("-job__created_at").select_related("job").first()
    return kind.form(*(typed or (None,)), project=project, last=last)


def _requested(request: HttpRequest, project: Project, kind: kinds.Kind, form: KindForm) -> Export:
    title = form.cleaned_data["title"]
    export, new = Export.request_once(project, kind=kind.key, options=form.options, title=title)
    if not new:
        messages.info(request, _("Just this is being exported already. Here it is."))
    for remark in form.remarks:
        messages.info(request, remark)
    return export


def _shown(
    request: HttpRequest, project: Project, kind: kinds.Kind, form: KindForm, *, problem: str = ""
) -> HttpResponse:
    context = {"project": project, "kind": kind, "form": form, "problem": problem, "lacks": kind.lacks()}
    context["says_why"] = project.owner.is_staff  # what to do for it is nothing to others
    context["today"] = minutes.of(project.owner, timezone.now()).said
    context["shut"] = Intake.told(kind.key, project.owner_id)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "kinds/form.html", context)
    return render(request, "kinds/ask.html", context, status=422 if problem else 200)
