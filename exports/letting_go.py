"""Whether a clip may be posted by another export than the one that was asked to before: only if that one never did, and
never can any more. The register in the store decides it, as it does between two attempts."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from modal_functions.publishing.going import SITE
from modal_functions.publishing.kept import Kept, Let
from modal_functions.store import StoreError
from modal_functions.wire import chunks_of

if TYPE_CHECKING:
    from exports.models import Export, Posting, Project

ASKED = frozenset({"tiktok"})  # platforms that say what became of whatever they were sent, so that nobody has to look

OTHER_ACCOUNT = "other_account"  # the cause of an export that asked as another account than it was sent as


def let_go(project: "Project", clip: Mapping[str, Any], platforms: Iterable[str], *, looked: bool) -> None:
    """Unplannable with what is to be done, where one before may have posted it: then nobody lets it go. `looked`: the
    person says that it is not there. While one posts it at this moment, all is left to who asks for the next."""
    from exports.models import Posting  # noqa: PLC0415 - the models know the kinds

    held = [each for each in Posting.held(clip_of=clip["export"], place=clip["place"]) if each.platform in platforms]
    if any(each.is_under_way for each in held):
        return
    for posting in held:
        _judge(posting, "posted" if posting.is_posted else _answer(_register(posting, project).would_let_go), looked)
    for posting in held:
        said_so = looked and not _can_be_asked(posting)
        _judge(posting, _answer(_register(posting, project).let_go, looked=said_so), looked)
        posting.let_go(timezone.now())


def given(export: "Export") -> list[str]:
    """Platforms that another export has its clip for. Whoever is killed between the two has let it go for none."""
    from exports.models import Posting  # noqa: PLC0415 - the models know the kinds

    clip = export.spec["clip"]
    held = Posting.held(clip_of=clip["export"], place=clip["place"])
    return [each.platform for each in held if each.export_id != export.pk]


def _register(posting: "Posting", project: "Project") -> Kept:
    from exports.tools import tools  # noqa: PLC0415 - which know the models

    place = chunks_of(str(project.pk))
    return Kept(store=tools().store, place=place, export=str(posting.export_id), platform=posting.platform)


def _answer(ask: Callable[..., Let], **more: bool) -> Let:
    from exports.kinds.base import Unplannable  # noqa: PLC0415 - a kind asks here

    try:
        return ask(SITE, **more)
    except StoreError:
        said = _("The store does not answer, so nobody can tell whether this clip was posted already. Try again later.")
        raise Unplannable(said) from None


def _can_be_asked(posting: "Posting") -> bool:
    """By a retry of its export; but not where that is deleted, or has asked as an account that is told nothing."""
    return posting.platform in ASKED and posting.job is not None and posting.job.cause != OTHER_ACCOUNT


def _judge(posting: "Posting", let: Let, looked: bool) -> None:
    from exports.kinds.base import Unplannable  # noqa: PLC0415 - a kind asks here

    label = posting.get_platform_display()
    if let == "posted":
        said = _("This clip is on %(platform)s already. To post it once more, make its clips anew.")
        raise Unplannable(said % {"platform": label}, option="platforms")
    if let == "claimed" and _can_be_asked(posting):
        said = _("TikTok was sent this clip before. Retry that export: it asks TikTok what became of it.")
        raise Unplannable(said, option="platforms")
    if let == "claimed" and not looked:
        said = _(
            "%(platform)s did not say whether it took this clip. Look at your %(platform)s account; if it is not there,"
            " say so below, then post it."
        )
        raise Unplannable(said % {"platform": label}, option="looked")
