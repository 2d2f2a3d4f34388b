"""{% job_card job %}: a job that tells its own progress. {% job_indicator %}: all that is under way.
{{ name|isolated }}: where no markup may be, as in a title."""

from functools import partial
from typing import Any

from django import template
from django.conf import settings
from django.middleware.csrf import get_token
from django.template import RequestContext
from django.utils.safestring import SafeString

from progress import markup
from progress.isolating import isolated
from progress.models import Job
from progress.snapshot import Snapshot, snapshot
from progress.tray import tray

register = template.Library()
register.filter("isolated", isolated)


@register.inclusion_tag("progress/card.html")
def job_card(job: Job | Snapshot, *, nav: bool = False, poll_at: str = "") -> dict[str, Any]:
    """The card in its place on a page, with the lines beside it that speak; see `job_section` for what may be said."""
    seen = snapshot(job) if isinstance(job, Job) else job
    return {"seen": seen, "nav": nav, "poll_at": poll_at}


@register.simple_tag
def job_section(seen: Snapshot, *, nav: bool = False, oob: bool = False, poll_at: str = "") -> SafeString:
    """The card alone, as a poll brings it."""
    return markup.section(seen, nav=nav, oob=oob, poll_at=poll_at)


@register.simple_tag(takes_context=True)
def job_indicator(context: RequestContext, *, polls: bool = True, oob: bool = False) -> SafeString:
    request = context.get("request")
    if request is None:
        return markup.indicator(tray(None, polls=False), oob=oob)
    return markup.indicator(tray(request.user.pk, polls=polls), token=partial(get_token, request), oob=oob)


@register.simple_tag
def push_place() -> str:
    """Where news is pushed: nowhere, at this address too (/), or at a port of its own (:8001)."""
    return str(getattr(settings, "PROGRESS_PUSH", ""))
