"""Notices are told on the next page their owner opens, each once, whichever of two tabs is first."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from exports.asides import aside
from exports.models import Notice
from progress.isolating import isolated

AT_ONCE = 10
LEVELS = {Notice.Event.DONE: messages.SUCCESS, Notice.Event.FAILED: messages.WARNING}


def tell(request: HttpRequest, *, on: Any = None) -> int:
    """Returns how many were told. The page of the export `on` tells its own ending by itself."""
    told: list[bool] = []
    with aside("A notice"):
        owed = Notice.objects.filter(told_at__isnull=True, owner_id=request.user.pk).select_related("export__job")
        told += [_tell_one(request, notice, on) for notice in owed[:AT_ONCE]]
    return sum(told)


def _tell_one(request: HttpRequest, notice: Notice, on: Any) -> bool:
    told = Notice.objects.filter(pk=notice.pk, told_at__isnull=True).update(told_at=timezone.now())
    if told and notice.export_id != on:
        page = reverse("export", args=[notice.export_id])
        said = format_html('{} <a href="{}">{}</a>', _said(notice), page, _("Open it"))
        messages.add_message(request, LEVELS.get(Notice.Event(notice.event), messages.INFO), said)
    return bool(told)


def _said(notice: Notice) -> str:
    """In the language of who reads it; why something failed, as it was said when it did."""
    if notice.event == Notice.Event.DONE:
        return _("“%(title)s” is ready.") % {"title": isolated(notice.export.job.title)}
    return notice.text
