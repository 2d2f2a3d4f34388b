"""{% job_card job %}: a job that tells its own progress. {% job_indicator %}: all that is under way."""

from typing import Any

from django import template
from django.conf import settings
from django.template import RequestContext

from progress.models import Job
from progress.snapshot import Snapshot, snapshot
from progress.views import tray

register = template.Library()


@register.inclusion_tag("progress/card.html", takes_context=True)
def job_card(context: RequestContext, job: Job | Snapshot, *, nav: bool = False, poll_at: str = "") -> dict[str, Any]:
    """With `nav`, each change of the card brings the page's indicator with it, which then need not poll itself.
    `poll_at`: the address of its fragment, where that is not this app's own."""
    seen = snapshot(job) if isinstance(job, Job) else job
    return {"seen": seen, "nav": nav, "poll_at": poll_at, "request": context.get("request")}


@register.inclusion_tag("progress/indicator.html", takes_context=True)
def job_indicator(context: RequestContext, *, polls: bool = True) -> dict[str, Any]:
    request = context.get("request")
    return tray(request.user.pk if request else None, polls=polls)


@register.simple_tag
def push_place() -> str:
    """Where news is pushed: nowhere, at this address too (/), or at a port of its own (:8001)."""
    return str(getattr(settings, "PROGRESS_PUSH", ""))


@register.simple_tag
def poll_seconds() -> float:
    every: float = getattr(settings, "PROGRESS_POLL_SECONDS", 2)
    return every
