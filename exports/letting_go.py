"""Whether a clip may be posted by another export than the one that was asked to before: only if that one never did, and
never can any more. The register in the store decides it, as it does between two attempts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from modal_functions.publishing.going import SITE
from modal_functions.publishing.kept import Kept, Let
from modal_functions.store import StoreError
from modal_functions.wire import chunks_of

if TYPE_CHECKING:
    from exports.models import Export, Posting, Result

ASKED = frozenset({"tiktok"})  # platforms that say what became of whatever they were sent, so that nobody has to look


def let_go(clip: "Result", platforms: Iterable[str], *, looked: bool) -> None:
    """Unplannable with what is to be done, where the one before may have posted it. `looked`: the person says that it
    is not there. What is being posted at this moment is left to who asks for the next."""
    from exports.models import Posting  # noqa: PLC0415 - the models know the kinds

    for posting in Posting.held(clip_of=clip.export_id, place=clip.place):
        if posting.platform in platforms and _has_ended(posting):
            _judge(posting, _asked(posting, clip.export, looked=looked), looked=looked)
            posting.let_go(timezone.now())


def _has_ended(posting: "Posting") -> bool:
    from exports.models import Export  # noqa: PLC0415 - the models know the kinds
    from progress.models import Job  # noqa: PLC0415

    return not Export.objects.filter(pk=posting.export_id, job__in=Job.objects.active()).exists()


def _asked(posting: "Posting", clip_of: "Export", *, looked: bool) -> Let:
    from exports.kinds.base import Unplannable  # noqa: PLC0415 - a kind asks here
    from exports.tools import tools  # noqa: PLC0415 - which know the models

    place = chunks_of(str(clip_of.project_id))
    kept = Kept(store=tools().store, place=place, export=str(posting.export_id), platform=posting.platform)
    try:
        return kept.let_go(SITE, looked=looked and posting.platform not in ASKED)
    except StoreError:
        said = _("The store does not answer, so nobody can tell whether this clip was posted already. Try again later.")
        raise Unplannable(said) from None


def _judge(posting: "Posting", let: Let, *, looked: bool) -> None:
    from exports.kinds.base import Unplannable  # noqa: PLC0415 - a kind asks here

    label = posting.get_platform_display()
    if let == "posted":
        said = _("This clip is on %(platform)s already. To post it once more, make its clips anew.")
        raise Unplannable(said % {"platform": label}, option="platforms")
    if let == "claimed" and posting.platform in ASKED:
        said = _("TikTok was sent this clip before. Retry that export: it asks TikTok what became of it.")
        raise Unplannable(said, option="platforms")
    if let == "claimed" and not looked:
        said = _(
            "%(platform)s did not say whether it took this clip. Look at your %(platform)s account; if it is not there,"
            " say so below, then post it."
        )
        raise Unplannable(said % {"platform": label}, option="looked")
