"""A project ends because its owner wants it to: what goes with it, what stays, and in which order."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from exports import leftovers, uploads
from exports.models import Attempt, Delivery, Export, Project, Source, User, Worked
from exports.tools import Tools
from progress.isolating import isolated

LATELY = timedelta(days=1)  # as far back as minutes of work are counted


class Refused(Exception):
    """It cannot end yet; the sentence says what to do."""


def delete(project: Project, tools: Tools) -> None:
    """At once, or not at all while an export of it is under way: what was started ends. Its bytes are cleared by the
    cluster, and by tidy_store where that fails. What was counted stays counted, without a name."""
    with transaction.atomic():
        # Its owner's uploads begin one by one, too.
        User.objects.select_for_update(no_key=True).filter(pk=project.owner_id).first()
        mine = Project.objects.select_for_update().filter(pk=project.pk).first()
        if mine is None:
            return  # somebody else was first
        _check(mine)
        coming = list(mine.sources.select_for_update().filter(state=Source.State.UPLOADING))
        _forget_exports(mine, tools)
        mine.delete()
    for source in coming:
        uploads.throw_away(source, tools)


def _check(project: Project) -> None:
    under_way = project.exports.filter(job__settled_at__isnull=True).select_related("job").first()
    if under_way is not None:
        said = _("“%(title)s” is not finished yet. Wait for it, or cancel it; then delete the project.")
        raise Refused(said % {"title": isolated(under_way.job.title)})
    if Attempt.objects.filter(export__project=project, gone_at__isnull=True).exists():
        raise Refused(_("What worked on an export of it is still being stopped: ask again in half a minute."))


def _forget_exports(project: Project, tools: Tools) -> None:
    exports = list(Export.objects.filter(project=project).values_list("pk", flat=True))
    _keep_minutes(project)
    Delivery.objects.filter(export__project=project).update(export=None)
    tools.tracker.disown(exports)
    for counted in (project.owner.tallies, project.owner.summaries):
        counted.all().delete()  # they count what is this account's no more
    leftovers.clear_later([f"projects/{project.pk}", *(f"attempts/{pk}" for pk in exports)])


def _keep_minutes(project: Project) -> None:
    """What machines have worked today is not given back with what they made."""
    since = timezone.now() - LATELY
    lately = Attempt.objects.filter(export__project=project, greeted_at__isnull=False, gone_at__gt=since)
    spans = lately.values_list("greeted_at", "gone_at")
    Worked.objects.filter(owner=project.owner_id, ended__lte=since).delete()
    Worked.objects.bulk_create(
        Worked(owner_id=project.owner_id, began=began, ended=ended) for began, ended in spans if began and ended
    )
