"""What a drill works with and nobody else owns: an account, a project with footage that is made here, its exports."""

import math
import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from exports import sample, sources
from exports.models import Attempt, Clip, Drill, Export, Project, User
from exports.reconcile import reconcile
from exports.tools import Tools
from progress.models import Job

FORGOTTEN = timedelta(days=1)  # a drill that has run for so long runs no more
US = 1_000_000
CLIP = sample.SECONDS - 0.5


@dataclass(frozen=True, kw_only=True)
class Staged:
    account: User
    password: str = field(repr=False)
    project: Project


def stage(drill: Drill, tools: Tools, *, seconds: float) -> Staged:
    """The film is one clip again and again, each time from another frame on, so that no two pieces are the same."""
    password = secrets.token_urlsafe(18)
    account = User.objects.create_user(f"drill-{secrets.token_hex(6)}", password=password)
    Drill.objects.filter(pk=drill.pk).update(account=account)
    project = Project.objects.create(owner=account, name="Recovery drill")
    with tempfile.TemporaryDirectory(prefix="longhaul-drill-") as folder:
        path = Path(folder, "Drill.mp4")
        sample.make(path, 2)
        source = sources.take_in(project, path, tools)
    count = max(1, math.ceil(seconds / CLIP))
    Clip.objects.bulk_create(
        Clip(project=project, source=source, position=place, in_us=start, out_us=start + round(CLIP * US))
        for place, start in ((place, (place * 37_000) % 500_000) for place in range(count))
    )
    return Staged(account=account, password=password, project=project)


def clear(drill: Drill, tools: Tools, *, wait: Callable[[Callable[[], bool]], bool]) -> str:
    """All of it goes once nothing runs for it any more; else it is left for the next drill. Rows go first: objects
    without a row are tidied away, while a row without its objects would be a loss."""
    account = User.objects.filter(pk=Drill.objects.values_list("account").get(pk=drill.pk)[0]).first()
    if account is None:
        return ""
    exports = list(Export.objects.filter(job__owner=account))
    for export in exports:
        export.cancel(actor="drill")
    if not wait(lambda: _is_over(account, exports, tools)):
        return f"Something still runs for {account.username}; the next drill clears it away."
    prefixes = [f"attempts/{export.pk}" for export in exports]
    prefixes += [f"projects/{pk}" for pk in account.projects.values_list("pk", flat=True)]
    account.delete()
    for prefix in prefixes:
        for key in list(tools.store.keys(prefix)):
            tools.store.delete(key)
    return ""


def left_by_others(drill: Drill) -> list[Drill]:
    """Drills that were killed before they could clear away what is theirs."""
    before = timezone.now() - FORGOTTEN
    return list(Drill.objects.filter(account__isnull=False, at__lt=before).exclude(pk=drill.pk))


def _is_over(account: User, exports: Sequence[Export], tools: Tools) -> bool:
    """Asked again and again: where no cluster works, this is what drives them to their end."""
    for export in exports:
        reconcile(export.pk, tools)
    active = Job.objects.filter(owner=account, settled_at__isnull=True)
    running = Attempt.objects.filter(export__job__owner=account, gone_at__isnull=True)
    return not active.exists() and not running.exists()
