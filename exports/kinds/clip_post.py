"""clip_post: a finished clip, posted to TikTok and Instagram by its owner's own token, one click a post."""

import math
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from exports import letting_go
from exports.kinds.base import USUAL_ERRORS, Around, Error, Kind, Unplannable, known
from exports.kinds.clip_post_form import (
    ALLOWED,
    ENDS,
    KEY,
    LONGEST_CAPTION,
    MADE_OF,
    PLATFORMS,
    PROMOTES,
    USUAL,
    ClipPostForm,
    clips_of,
    connections_of,
    named_by,
)
from modal_functions import needs
from modal_functions.publishing.tiktok import PRIVACY
from modal_functions.wire import chunks_of
from progress.estimate.shapes import Part
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Export, Project, Result, Source
    from exports.posted import Posts
    from progress.models import Job

PIPELINE = register(
    Pipeline(
        name="clip_post",
        version=1,
        title=gettext_noop("Posting your clip..."),
        pausable=True,
        keeps_parts=True,
        uploads=False,
        completed="posting_completed",
        stages=(
            Stage(
                key="waiting", label=gettext_noop("Waiting for the platform"), start=0, end=80, unit="bytes", seconds=60
            ),
            Stage(
                key="posting_tiktok",
                label=gettext_noop("Posting to TikTok"),
                optional=True,
                start=80,
                end=85,
                unit=gettext_noop("posts"),
                seconds=5,
            ),
            Stage(
                key="posting_instagram",
                label=gettext_noop("Posting to Instagram"),
                optional=True,
                start=85,
                end=100,
                unit=gettext_noop("posts"),
                seconds=5,
            ),
        ),
    )
)


class ClipPost(Kind):
    key = KEY
    label = gettext_noop("Post of a clip")
    noun = gettext_noop("Post")
    told = gettext_noop("A finished clip, posted to TikTok and Instagram in your name: one click for each post.")
    order = 35
    pieces = gettext_noop("steps")
    several = True
    press = gettext_noop("Post")
    form = ClipPostForm
    template = "kinds/clip_post.html"
    pipeline = PIPELINE
    made_of_results_of = MADE_OF
    repeatable = False
    leaves = {
        "pause": gettext_noop(
            "Pausing keeps what the platforms have of the clip. What TikTok has whole, it posts all the same."
        ),
        "resume": gettext_noop("Resuming asks the platforms what they have, and goes on from there."),
        "stop": gettext_noop(
            "Stopping keeps the clip from being posted where it is not yet. What is posted stays, and what TikTok"
            " has whole, it posts all the same."
        ),
        "cancel": gettext_noop("Cancelling ends it before a platform is sent anything."),
        "retry": gettext_noop("A retry asks the platforms what they have first. Nothing is posted twice."),
    }
    errors = {
        **USUAL_ERRORS,
        "not_connected": Error(retryable=False),
        "other_account": Error(retryable=False),
        "platform_slow": Error(retryable=True),
        "platform_unreachable": Error(retryable=True),
        "posting_refused": Error(retryable=False),
        "posting_unknown": Error(retryable=False),
        "rate_limited": Error(retryable=False),
        "superseded": Error(retryable=False),
    }

    @property
    def offered(self) -> bool:
        return settings.POSTING

    def lacks(self) -> str:
        if not settings.POSTING:
            return "its operator to allow it (LONGHAUL_POSTING=on)"
        return "" if settings.RUNNER == "modal" else needs.of(self.key).missing_here()

    def takes_result(self, result: "Result") -> bool:
        return result.name.endswith(ENDS)

    def plan(self, project: "Project", options: Mapping[str, Any]) -> dict[str, Any]:
        chosen = {**USUAL, **options}
        platforms = _some("platforms", chosen["platforms"], PLATFORMS)
        privacy = known("privacy", str(chosen["privacy"]), PRIVACY) if chosen["privacy"] else ""
        allow = _some("allow", chosen["allow"], ALLOWED)
        promotes = known("promotes", str(chosen["promotes"]), PROMOTES)
        clip = _clip(project, str(chosen["clip"] or ""))
        caption = _caption(chosen["caption"])
        if not platforms:
            raise Unplannable(_("Platforms: expected TikTok, Instagram or both, got neither."), option="platforms")
        if "tiktok" in platforms and not privacy:
            raise Unplannable(_("Privacy: expected who may see it on TikTok, got nothing."), option="privacy")
        if chosen["rights"] is not True:
            raise Unplannable(_("Confirm that you have the right to post this clip, then post it."), option="rights")
        _are_connected(project, platforms)
        told = {"export": str(clip.export_id), "place": clip.place, "key": clip.key, "bytes": clip.bytes}
        more = {"sha256": clip.sha256, "name": clip.name, "seconds": clip.facts.get("seconds")}
        wanted = {"caption": caption, "privacy": privacy, "allow": allow, "promotes": promotes}
        return {"clip": {**told, **more}, "platforms": platforms, **wanted}

    def made_of(self, spec: Mapping[str, Any]) -> set[str]:
        return set()

    def spec(self, export: "Export") -> dict[str, Any]:
        told = {name: export.spec[name] for name in ("clip", "platforms", "caption", "privacy", "allow", "promotes")}
        addresses = {
            "tiktok": settings.TIKTOK_API,
            "instagram": settings.INSTAGRAM_API,
            "instagram_uploads": settings.INSTAGRAM_UPLOADS,
        }
        kept = chunks_of(str(export.project_id))
        more = {"addresses": addresses, "pace": dict(settings.POSTING_PACE), "given": letting_go.given(export)}
        return {"chunks": kept, "sources": [], **told, **more}

    def parts(self, spec: Mapping[str, Any], sources: "Iterable[Source]", around: Around) -> tuple[Part, ...]:
        """Of a platform that it is not posted to, nothing is to be done."""
        left_out = {f"posting_{key}" for key in PLATFORMS if key not in spec["platforms"]}
        usual = super().parts(spec, sources, around)
        return tuple(replace(part, work=0.0) if part.stage in left_out else part for part in usual)

    def reads(self, spec: Mapping[str, Any]) -> tuple[str, ...]:
        return (f"{spec['clip']['key'].rpartition('/')[0]}/",)

    def carried(self, export: "Export") -> dict[str, Any]:
        """Of what is no longer connected, nothing: the work says so."""
        if not settings.POSTING:
            return {}
        found = connections_of(export.project)
        lent = {key: found[key].lent() for key in export.spec["platforms"] if key in found}
        return {key: each for key, each in lent.items() if each}

    def became(self, export: "Export") -> "Mapping[int, Posts]":
        from exports import posted  # noqa: PLC0415 - it knows the models

        return posted.of(export)

    def parent(self, spec: Mapping[str, Any]) -> "Job | None":
        from progress.models import Job  # noqa: PLC0415 - the models know the kinds

        return Job.objects.filter(pk=spec["clip"]["export"]).first()

    def make_way(self, project: "Project", spec: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        looked = options.get("looked") is True
        letting_go.let_go(project, spec["clip"], spec["platforms"], looked=looked)

    def requested(self, export: "Export") -> None:
        from exports.models.posting import Posting, Taken  # noqa: PLC0415 - the models know the kinds
        from progress.models import Job, Status  # noqa: PLC0415

        clip, platforms = export.spec["clip"], export.spec["platforms"]
        if not Job.objects.filter(pk=clip["export"], status=Status.COMPLETE).exists():
            raise _no_clip()  # it was let go, or deleted, since this was planned
        try:
            Posting.take(export, clip_of=uuid.UUID(clip["export"]), place=clip["place"], platforms=platforms)
        except Taken:
            said = _("This clip is being posted already. Wait for that post to end, or change what it is posted to.")
            raise Unplannable(said, option="platforms") from None


def _clip(project: "Project", named: str) -> "Result":
    clip = next((each for each in clips_of(project) if named_by(each) == named), None)
    if clip is None:
        raise _no_clip()
    return clip


def _no_clip() -> Unplannable:
    said = _("Clip: expected a finished clip of the project, as in export:place. Choose one, or make one first.")
    return Unplannable(said, option="clip")


def _are_connected(project: "Project", platforms: Iterable[str]) -> None:
    found = connections_of(project)
    for key in platforms:
        if key not in found:
            said = _("%(platform)s is not connected yet. Connect it on your account's page for posting.")
            raise Unplannable(said % {"platform": PLATFORMS[key]}, option="platforms")


def _some(name: str, asked: Any, choices: Collection[str]) -> list[str]:
    """In the order of the choices, each once."""
    if not isinstance(asked, list | tuple) or not all(isinstance(each, str) and each in choices for each in asked):
        said = _("%(name)s: expected some of %(choices)s, got %(value)s.") % {
            "name": name.capitalize(),
            "choices": ", ".join(choices),
            "value": repr(str(asked)[:40]),
        }
        raise Unplannable(said, option=name)
    return [each for each in choices if each in asked]


def _caption(typed: Any) -> str:
    caption = typed.strip().replace("\r\n", "\n").replace("\x00", "") if isinstance(typed, str) else ""
    if not isinstance(typed, str) or _counted(caption) > LONGEST_CAPTION:
        said = _("Caption: expected text of at most %(most)d characters.") % {"most": LONGEST_CAPTION}
        raise Unplannable(said, option="caption")
    return caption


def _counted(text: str) -> float:
    """As the platforms count; half a character, as JSON can tell of, is taken by no page and no database."""
    try:
        return len(text.encode("utf-16-le")) / 2
    except UnicodeEncodeError:
        return math.inf


KIND = ClipPost()
