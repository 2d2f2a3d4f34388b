"""clip_post: a finished clip, posted to TikTok and Instagram by its owner's own token, one click a post."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from exports import connecting, letting_go
from exports.kinds.asking import KindForm, SourceField
from exports.kinds.base import USUAL_ERRORS, Error, Kind, Unplannable, known
from modal_functions import needs
from modal_functions.publishing.tiktok import PRIVACY
from modal_functions.wire import chunks_of
from progress.pipelines import Pipeline, Stage, register

if TYPE_CHECKING:
    from exports.models import Connection, Export, Project, Result
    from progress.models import Job

PLATFORMS = {"tiktok": "TikTok", "instagram": "Instagram"}
ALLOWED = {"comment": gettext_lazy("Comments"), "duet": gettext_lazy("Duets"), "stitch": gettext_lazy("Stitches")}
PROMOTES = {
    "none": gettext_lazy("Nothing"),
    "own": gettext_lazy("My own business"),
    "paid": gettext_lazy("Somebody else's: a paid partnership"),
}
USUAL: Mapping[str, Any] = {
    "clip": "",
    "platforms": (),
    "caption": "",
    "privacy": "",
    "allow": (),
    "promotes": "none",
    "rights": False,
    "looked": False,
}
SEEN_BY = (gettext_lazy("Everyone"), gettext_lazy("Friends"), gettext_lazy("Followers"), gettext_lazy("Only you"))
LONGEST_CAPTION = 2200  # of both platforms, as UTF-16 counts
ENDS = ".mp4"

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


class ClipField(SourceField):
    """One of the finished clips of the project."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Clip"),
            error_messages={"required": gettext_lazy("Expected a clip, got nothing. Make one first.")},
        )

    def offer(self, project: "Project") -> None:
        said = _("%(name)s of %(title)s")
        self.choices = [
            (_named(result), said % {"name": result.name, "title": result.export.job.title})
            for result in _clips_of(project)
        ]


class ClipPostForm(KindForm):
    clip = ClipField()
    platforms = forms.MultipleChoiceField(
        label=gettext_lazy("Post it to"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Expected TikTok, Instagram or both, got neither.")},
    )
    caption = forms.CharField(
        label=gettext_lazy("Caption"),
        max_length=LONGEST_CAPTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    privacy = forms.ChoiceField(label=gettext_lazy("On TikTok it is seen by"), required=False)
    allow = forms.MultipleChoiceField(
        label=gettext_lazy("On TikTok people may add"),
        choices=list(ALLOWED.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    promotes = forms.ChoiceField(label=gettext_lazy("On TikTok it advertises"), choices=list(PROMOTES.items()))
    rights = forms.BooleanField(
        label=gettext_lazy("I have the right to post this clip and its sound"),
        required=False,
        help_text=gettext_lazy("Posting to TikTok, you agree to its Music Usage Confirmation."),
    )
    looked = forms.BooleanField(
        label=gettext_lazy("I have looked: it is not there"),
        required=False,
        help_text=gettext_lazy("Only after a post of which nobody knows whether it was taken."),
    )

    def __init__(self, *typed: Any, **kwargs: Any) -> None:
        super().__init__(*typed, **kwargs)
        self.initial = {**USUAL, **self.initial}
        self.connections = _connections(self.project)
        connected = [(key, label) for key, label in PLATFORMS.items() if key in self.connections]
        self.fields["platforms"].choices = connected  # type: ignore[attr-defined]
        if not connected:
            self.fields["platforms"].error_messages["required"] = _("Connect an account first; the link is above.")
        if not _did_not_end_well(self.project):
            self.fields["looked"].widget = forms.HiddenInput()
        self._offer_privacy()

    def begin_with(self, named: Mapping[str, str]) -> None:
        """Who may see a post is asked of TikTok each time, since people change it there."""
        clip = next((each for each in _clips_of(self.project) if _named(each) == named.get("clip")), None)
        if clip is not None:
            self.initial.update(clip=_named(clip), title=clip.name)
        if tiktok := self.connections.get("tiktok"):
            connecting.look_again(tiktok)
            self._offer_privacy()

    def as_it_was(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Who may see it, and the right to it, are chosen anew for each post."""
        kept = {name: spec[name] for name in ("platforms", "caption", "allow")}
        return {**kept, "clip": f"{spec['clip']['export']}:{spec['clip']['place']}", "promotes": spec["promotes"]}

    def clean(self) -> dict[str, Any]:
        chosen = self.cleaned_data
        if "tiktok" in chosen.get("platforms", ()) and not chosen.get("privacy"):
            self.add_error("privacy", _("Expected who may see it on TikTok, got nothing."))
        if not chosen.get("rights"):
            self.add_error("rights", _("Confirm that you have the right to post it."))
        return chosen

    def _offer_privacy(self) -> None:
        told = self.connections["tiktok"].facts.get("privacy") if "tiktok" in self.connections else None
        offered = [(key, label) for key, label in zip(PRIVACY, SEEN_BY, strict=True) if not told or key in told]
        self.fields["privacy"].choices = [("", _("Choose")), *offered]  # type: ignore[attr-defined]


class ClipPost(Kind):
    key = "clip_post"
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
    made_of_results_of = frozenset({"clip_it"})
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
        letting_go.let_go(clip, platforms, looked=chosen["looked"] is True)
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
        return {"chunks": kept, "sources": [], **told, "addresses": addresses, "pace": dict(settings.POSTING_PACE)}

    def reads(self, spec: Mapping[str, Any]) -> tuple[str, ...]:
        return (f"{spec['clip']['key'].rpartition('/')[0]}/",)

    def carried(self, export: "Export") -> dict[str, Any]:
        """Of what is no longer connected, nothing: the work says so."""
        if not settings.POSTING:
            return {}
        found = _connections(export.project)
        lent = {key: found[key].lent() for key in export.spec["platforms"] if key in found}
        return {key: each for key, each in lent.items() if each}

    def parent(self, spec: Mapping[str, Any]) -> "Job | None":
        from progress.models import Job  # noqa: PLC0415 - the models know the kinds

        return Job.objects.filter(pk=spec["clip"]["export"]).first()

    def requested(self, export: "Export") -> None:
        from exports.models.posting import Posting, Taken  # noqa: PLC0415 - the models know the kinds

        clip, platforms = export.spec["clip"], export.spec["platforms"]
        try:
            Posting.take(export, clip_of=uuid.UUID(clip["export"]), place=clip["place"], platforms=platforms)
        except Taken:
            said = _("This clip is being posted already. Wait for that post to end, or change what it is posted to.")
            raise Unplannable(said, option="platforms") from None


def _clips_of(project: "Project") -> "Iterable[Result]":
    from exports.models import Result  # noqa: PLC0415 - the models know the kinds
    from progress.models import Status  # noqa: PLC0415

    found = Result.objects.filter(export__project=project, export__kind__in=ClipPost.made_of_results_of)
    found = found.filter(export__job__status=Status.COMPLETE, name__endswith=ENDS)
    return found.select_related("export__job").order_by("-export__job__created_at", "place")


def _named(result: "Result") -> str:
    return f"{result.export_id}:{result.place}"


def _clip(project: "Project", named: str) -> "Result":
    clip = next((each for each in _clips_of(project) if _named(each) == named), None)
    if clip is None:
        said = _("Clip: expected a finished clip of the project, as in export:place. Choose one, or make one first.")
        raise Unplannable(said, option="clip")
    return clip


def _connections(project: "Project") -> "dict[str, Connection]":
    from exports.models import Connection  # noqa: PLC0415 - the models know the kinds

    return {each.platform: each for each in Connection.objects.filter(owner_id=project.owner_id)}


def _are_connected(project: "Project", platforms: Iterable[str]) -> None:
    found = _connections(project)
    for key in platforms:
        if key not in found:
            said = _("%(platform)s is not connected yet. Connect it on your account's page for posting.")
            raise Unplannable(said % {"platform": PLATFORMS[key]}, option="platforms")


def _did_not_end_well(project: "Project") -> bool:
    """Some post of it: whether it was taken may be known to nobody."""
    from progress.models import Status  # noqa: PLC0415 - the models know the kinds

    posts = project.exports.filter(kind=ClipPost.key)
    return posts.filter(job__status__in=(Status.FAILED, Status.CANCELLED)).exists()


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
    caption = typed.strip() if isinstance(typed, str) else ""
    if not isinstance(typed, str) or len(caption.encode("utf-16-le", "replace")) > 2 * LONGEST_CAPTION:
        said = _("Caption: expected text of at most %(most)d characters.") % {"most": LONGEST_CAPTION}
        raise Unplannable(said, option="caption")
    return caption.replace("\r\n", "\n").replace("\x00", "")


KIND = ClipPost()
