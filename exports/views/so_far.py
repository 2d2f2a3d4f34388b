"""What there is of an export before it is finished: the section of its page, and its pictures."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from exports import so_far
from exports.models import Export
from exports.tools import tools
from exports.views import pictures
from progress import access


@require_GET
@never_cache
def section(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Asked for when the card has moved; 204 where there is nothing new."""
    interim = so_far.of(_own(request, job_id), tools())
    if request.GET.get("so-far") == interim.mark:
        return HttpResponse(status=204)
    return render(request, "exports/so_far_inside.html", {"interim": interim})


@require_safe
def preview(request: HttpRequest, job_id: uuid.UUID, name: str) -> HttpResponse:
    return pictures.shown(so_far.preview_key(_own(request, job_id), name))


def _own(request: HttpRequest, job_id: uuid.UUID) -> Export:
    """Of its owner alone: what is not finished is nobody else's to look at."""
    export = Export.objects.select_related("job__owner", "project").filter(pk=job_id).first()
    if export is None or not access.is_owner(request, export.job):
        raise Http404
    return export
