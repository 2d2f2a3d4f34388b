"""An account ends: what goes with it, and in which order."""

from dataclasses import dataclass
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from exports import leftovers, uploads
from exports.models import Attempt, Export, Source, User
from exports.tools import Tools
from progress.models import Wish


class Refused(Exception):
    """It cannot end yet; the sentence says what to do."""


class UnderWay(Refused):
    """What runs is being stopped; who asks within a transaction, which is taken back now, stops it once more."""


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What would go with the account."""

    projects: int
    clips: int
    exports: int
    under_way: int

    @property
    def said(self) -> str:
        parts = (
            ngettext("%(n)d project", "%(n)d projects", self.projects) % {"n": self.projects},
            ngettext("%(n)d uploaded clip", "%(n)d uploaded clips", self.clips) % {"n": self.clips},
            ngettext("%(n)d export", "%(n)d exports", self.exports) % {"n": self.exports},
        )
        return ", ".join(parts)


def leaves_behind(user: User) -> Behind:
    exports = Export.objects.filter(job__owner=user)
    return Behind(
        projects=user.projects.count(),
        clips=Source.objects.filter(project__owner=user).count(),
        exports=exports.count(),
        under_way=_under_way(user).count(),
    )


def leave(user: User, tools: Tools) -> None:
    """Nothing may still run for who is no more: what is under way is stopped first, and then it is asked again."""
    if user.is_superuser and not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists():
        raise Refused(_("This is the only account that may do everything here. Make another one first, in the admin."))
    try:
        gone = _gone(user, tools)
    except IntegrityError:
        said = _("Something was being written for this account at that moment, so nothing was deleted. Ask again.")
        raise Refused(said) from None
    if not gone:
        stop(user)
        raise UnderWay(
            _("Exports of this account were still under way. They are being stopped: ask again in half a minute.")
        )


def _gone(user: User, tools: Tools) -> bool:
    """At once, or not at all while something runs: who begins an export of a project holds that project, too."""
    with transaction.atomic():
        # Its projects begin one by one, too. What was given keeps its key, should this not end.
        going = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        if going is None:
            return True  # somebody else was first
        list(user.projects.select_for_update().order_by("pk"))
        if _under_way(user).exists() or Attempt.objects.filter(export__job__owner=user, gone_at__isnull=True).exists():
            return False
        folders, coming = _folders(user), list(_coming(user))
        going.delete()
        leftovers.clear_later(folders)
        for source in coming:
            transaction.on_commit(partial(uploads.throw_away, source, tools))
    return True


def _coming(user: User) -> QuerySet[Source]:
    """Held, so that none of them is completed meanwhile."""
    return Source.objects.select_for_update(of=("self",)).filter(project__owner=user, state=Source.State.UPLOADING)


def _under_way(user: User) -> QuerySet[Export]:
    return Export.objects.filter(job__owner=user, job__settled_at__isnull=True)


def stop(user: User) -> None:
    for export in _under_way(user).exclude(job__wish=Wish.CANCEL).select_related("job"):
        export.cancel(actor=f"user {user.pk}")


def _folders(user: User) -> list[str]:
    projects = (f"projects/{pk}" for pk in user.projects.values_list("pk", flat=True))
    attempts = (f"attempts/{pk}" for pk in Export.objects.filter(job__owner=user).values_list("pk", flat=True))
    return [*projects, *attempts]
