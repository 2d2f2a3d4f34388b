"""What became of the posts of an export's clips, and where each can still be posted."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from exports.models import Connection, Export, Posting, Result
from progress.models import Job


@dataclass(frozen=True, kw_only=True)
class Post:
    export_id: UUID
    said: str


@dataclass(frozen=True, kw_only=True)
class Posts:
    """Of one clip."""

    told: tuple[Post, ...] = ()
    everywhere: bool = False  # that is connected, or on its way there: there is nothing left to ask for


NONE = Posts()


def of(export: Export) -> Mapping[int, Posts]:
    """By the place of the clip; nothing of a clip that nobody asked to post."""
    connected = set(Connection.objects.filter(owner=export.job.owner_id).values_list("platform", flat=True))
    return {place: _posts(mine, connected) for place, mine in _rows(export).items()}


def closed_to(clip: Result) -> set[str]:
    """Platforms that it is on, or on its way to."""
    return _closed(_rows(clip.export).get(clip.place, []))


def _rows(export: Export) -> dict[int, list[Posting]]:
    rows = list(Posting.objects.filter(clip_of=export, let_go_at__isnull=True))
    jobs = Job.objects.in_bulk([row.export_id for row in rows])
    found: dict[int, list[Posting]] = defaultdict(list)
    for row in rows:
        row.job = jobs.get(row.export_id)
        found[row.place].append(row)
    return found


def _posts(rows: list[Posting], connected: set[str]) -> Posts:
    told = tuple(Post(export_id=row.export_id, said=_said(row)) for row in rows if row.job)
    return Posts(told=told, everywhere=bool(connected) and connected <= _closed(rows))


def _closed(rows: list[Posting]) -> set[str]:
    return {row.platform for row in rows if row.is_posted or row.is_under_way}


def _said(row: Posting) -> str:
    platform = row.get_platform_display()
    if row.is_posted:
        return _("Posted to %(platform)s") % {"platform": platform}
    if row.is_under_way:
        return _("Being posted to %(platform)s") % {"platform": platform}
    return _("Post to %(platform)s: see what became of it") % {"platform": platform}
