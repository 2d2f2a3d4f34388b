"""What became of the posts of an export's clips, for its own page."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from exports.models import Export, Posting
from progress.models import Job, Status


@dataclass(frozen=True, kw_only=True)
class Post:
    export_id: UUID
    said: str


def of(export: Export) -> dict[int, tuple[Post, ...]]:
    """By the place of the clip."""
    rows = list(Posting.objects.filter(clip_of=export, let_go_at__isnull=True))
    jobs = Job.objects.in_bulk([row.export_id for row in rows])
    found: dict[int, list[Post]] = defaultdict(list)
    for row in rows:
        if row.export_id in jobs:
            found[row.place].append(Post(export_id=row.export_id, said=_said(row, jobs[row.export_id])))
    return {place: tuple(posts) for place, posts in found.items()}


def _said(row: Posting, job: Job) -> str:
    platform = row.get_platform_display()
    if job.status in (Status.COMPLETE, Status.EXPIRED):
        return _("Posted to %(platform)s") % {"platform": platform}
    if job.settled:
        return _("Post to %(platform)s: see what became of it") % {"platform": platform}
    return _("Being posted to %(platform)s") % {"platform": platform}
